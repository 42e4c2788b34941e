"""Special functions: their accuracy, identities between them, and what rows of single calls cannot show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framework as torch
from framework.operations.gamma_function import lgamma

# Values of 40 digits (mpmath's), rounded.
REFERENCES = {
    "erf": {1e-10: 1.1283791670955126e-10, 0.3: 0.3286267594591274, -1.2: -0.9103139782296353, 3.0: 0.9999779095030014},
    "erfc": {
        0.3: 0.6713732405408726,
        -1.2: 1.9103139782296354,
        5.0: 1.537459794428035e-12,
        20.0: 5.395865611607901e-176,
    },
    "erfcx": {
        0.3: 0.7345993345676551,
        -3.0: 16205.988853999586,
        5.0: 0.11070463773306863,
        1000000.0: 5.641895835474742e-07,
    },
    "erfinv": {
        1e-10: 8.862269254527581e-11,
        0.3: 0.2724627147267543,
        -0.9: -1.1630871536766743,
        0.99: 1.8213863677184494,
    },
    "ndtr": {0.3: 0.6179114221889527, -1.2: 0.11506967022170828, -12.0: 1.776482112077679e-33, 3.0: 0.9986501019683699},
    "ndtri": {1e-10: -6.361340902404057, 0.3: -0.5244005127080408, 0.9: 1.2815515655446006, 0.99: 2.3263478740408408},
    "log_ndtr": {
        0.3: -0.4814101615884812,
        -1.2: -2.1622175060437394,
        -30.0: -454.3212439563432,
        3.0: -0.0013508099647481938,
    },
    "gammaln": {
        1e-10: 23.025850929882736,
        0.3: 1.0957979948180756,
        1.7: -0.09580769740706588,
        2.2: 0.09694746679063887,
        5.5: 3.9578139676187165,
        1000000.0: 12815504.569147611,
        -0.3: 1.4648400508576025,
        -2.7: -0.07140708531564569,
    },
    "digamma": {
        1e-10: -10000000000.577215,
        0.3: -3.502524222200133,
        1.7: 0.2085478748734939,
        5.5: 1.6110931485817512,
        1000000.0: 13.815510057964191,
        -0.3: 2.113309779635399,
        -2.7: -1.1153471291406896,
    },
    "i0": {0.3: 1.022626879351597, -5.0: 27.239871823604446, 20.0: 43558282.559553534},
    "i0e": {
        0.3: 0.7575806251825479,
        -5.0: 0.18354081260932836,
        20.0: 0.08978031188482602,
        1000000.0: 0.00039894233026924577,
    },
    "i1": {0.3: 0.15169384000359276, -5.0: -24.335642142450528, 20.0: 42454973.38512777},
    "i1e": {
        0.3: 0.1123775606398388,
        -5.0: -0.16397226694454237,
        20.0: 0.08750622218328867,
        1000000.0: 0.0003989421307980308,
    },
    "bessel_j0": {0.3: 0.9776262465382961, -4.0: -0.39714980986384735, 20.0: 0.16702466434058316},
    "bessel_j1": {0.3: 0.148318816273104, -4.0: 0.06604332802354913, 20.0: 0.06683312417585005},
    "bessel_y0": {0.3: -0.8072735778045195, 4.5: -0.19470500862950454, 20.0: 0.06264059680938383},
    "bessel_y1": {0.3: -2.2931051383885293, 4.0: 0.3979257105571, 20.0: -0.1655116143625213},
    "modified_bessel_k0": {0.3: 1.3724600605442974, 4.0: 0.011159676085853025, 20.0: 5.741237815336525e-10},
    "modified_bessel_k1": {0.3: 3.055992033457325, 4.0: 0.012483498887268431, 20.0: 5.883057969557038e-10},
    "scaled_modified_bessel_k0": {0.3: 1.8526273007720142, 4.0: 0.6092976692566953, 1000000.0: 0.0012533139806513213},
    "scaled_modified_bessel_k1": {0.3: 4.12515776224447, 4.0: 0.681575945185671, 1000000.0: 0.0012533146073081549},
    "spherical_bessel_j0": {0.3: 0.9850673555377986, 4.0: -0.18920062382698205, 20.0: 0.045647262536381385},
    "airy_ai": {
        0.3: 0.2788064819550049,
        -1.5: 0.4642565777488694,
        -6.0: -0.3291451736298231,
        4.0: 0.0009515638512048018,
        20.0: 1.6916728686705404e-27,
    },
}

# a, x, the lower and the upper function.
INCOMPLETE_GAMMA = [
    (0.1, 0.3, 0.9083579897300342, 0.09164201026996573),
    (0.001, 2.0, 0.999951023082169, 4.897691783098148e-05),
    (3.0, 2.0, 0.32332358381693654, 0.6766764161830635),
    (2.0, 9.0, 0.9987659019591332, 0.0012340980408667955),
    (50.0, 20.0, 1.245892607971938e-08, 0.9999999875410739),
    (50.0, 48.0, 0.40540439500476144, 0.5945956049952386),
    (50.0, 70.0, 0.994859497541494, 0.005140502458505894),
    (2000.0, 1990.0, 0.41428973515016027, 0.5857102648498397),
    (2000.0, 2100.0, 0.9863525323166297, 0.013647467683370378),
]


def double(values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("name", sorted(REFERENCES))
@pytest.mark.parametrize("copies", [1, 40])
def test_values(name, copies):
    """By the `math` module where there are few, and by NumPy's chains where there are many."""
    places, expected = zip(*REFERENCES[name].items(), strict=True)
    found = getattr(torch.special, name)(double(places * copies)).numpy()
    np.testing.assert_allclose(found, np.array(expected * copies), rtol=1e-13)
    single = getattr(torch.special, name)(torch.tensor(places * copies)).numpy()
    assert single.dtype == np.float32
    exact = np.abs(np.array(expected * copies)) > 1e-37
    tolerance = 3e-6 * np.maximum(1, np.abs(np.array(places * copies, np.float64)))
    assert np.all((np.abs(single / np.array(expected * copies) - 1) < tolerance)[exact])


@pytest.mark.parametrize(("a", "x", "lower", "upper"), INCOMPLETE_GAMMA)
def test_incomplete_gamma(a, x, lower, upper):
    assert torch.special.gammainc(double(a), double(x)).item() == pytest.approx(lower, rel=1e-13)
    assert torch.special.gammaincc(double(a), double(x)).item() == pytest.approx(upper, rel=1e-13)


@given(st.floats(1e-3, 1e5), st.floats(1e-3, 1e5))
def test_the_incomplete_gamma_functions_add_up_to_one(a, x):
    lower, upper = torch.igamma(double(a), double(x)).item(), torch.igammac(double(a), double(x)).item()
    assert 0 <= lower <= 1 and lower + upper == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("s", "q", "value"),
    [
        (1.5, 0.3, 8.237761671459724),
        (3, 1, 1.2020569031595942),
        (20, 7, 1.3493973313343205e-17),
        (2, 1e3, 0.0010005001666666333),
    ],
)
def test_zeta(s, q, value):
    assert torch.special.zeta(double(s), double(q)).item() == pytest.approx(value, rel=1e-13)


@given(st.floats(-1e3, 1e3))
def test_erf_is_odd_and_complements_erfc(x):
    x = double([x] * 70)
    erf = torch.erf(x).numpy()
    np.testing.assert_array_equal(torch.erf(-x).numpy(), -erf)
    np.testing.assert_allclose(erf + torch.erfc(x).numpy(), 1, rtol=1e-15)


def test_erf_keeps_the_sign_of_zero():
    for dtype in (torch.float32, torch.float64):
        for count in (1, 100):
            assert torch.signbit(torch.erf(torch.full((count,), -0.0, dtype=dtype))).all()


@given(st.floats(0.01, 100))
def test_recurrences_of_the_gamma_function(x):
    at, after = double(x), double(x + 1)
    step = (torch.lgamma(after) - torch.lgamma(at)).item()
    assert step == pytest.approx(math.log(x), abs=1e-12)
    assert (torch.digamma(after) - torch.digamma(at)).item() == pytest.approx(1 / x, rel=1e-9)
    assert (torch.polygamma(1, at) - torch.polygamma(1, after)).item() == pytest.approx(1 / x**2, rel=1e-7)


@given(st.floats(1e-300, 0.999))
def test_ndtri_inverts_ndtr(p):
    assert torch.special.ndtr(torch.special.ndtri(double(p))).item() == pytest.approx(p, rel=1e-11)


def test_the_scalar_way_of_lgamma_knows_the_poles():
    poles = torch.tensor([0.0, -0.0, -1.0, -7.0, -math.inf, math.inf, 1e308])
    assert torch.lgamma(poles).tolist() == [math.inf] * 7


@pytest.mark.parametrize("name", ["erf", "erfc", "lgamma", "digamma", "i0", "sinc"])
def test_large_arrays_go_by_blocks_and_keep_their_layout(name):
    x = torch.randn(300, 200, dtype=torch.float64).t()
    found = getattr(torch, name)(x)
    assert found.stride() == x.stride() == (1, 200)
    rows = torch.stack([getattr(torch, name)(row.contiguous()) for row in x])
    np.testing.assert_allclose(found.numpy(), rows.numpy(), rtol=1e-12, atol=1e-15)


def test_an_expanded_input_gives_a_contiguous_result():
    assert torch.erf(torch.ones(3).expand(2, 3)).is_contiguous()


@pytest.mark.parametrize("name", ["erf", "erfc"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_compiled_chains_equal_eager_to_the_bit(name, dtype):
    function = getattr(torch, name)
    compiled = torch.compile(lambda x: function(x) * 2, fullgraph=True)
    for _ in range(3):
        x = torch.randn(1000, dtype=dtype)
        assert torch.equal(compiled(x), function(x) * 2)


def test_formulas_refuse_in_backward_alone():
    a, x = double(2.0).requires_grad_(), double(3.0).requires_grad_()
    out = torch.igamma(a, x)
    with pytest.raises(NotImplementedError, match="the derivative for 'igamma: input' is not implemented"):
        out.backward()
    torch.igamma(a.detach(), x).backward()
    assert x.grad.item() == pytest.approx(3 * math.exp(-3))


def test_names_of_in_place_forms():
    x = torch.tensor([1.0, 4.0])
    assert torch.sqrt_(x) is x and x.tolist() == [1, 2]
    assert torch.clamp_(x, max=1.5).tolist() == [1, 1.5]
    with pytest.raises(TypeError, match=r"sqrt_\(\): argument 'input' \(position 1\) must be Tensor, not list"):
        torch.sqrt_([1.0])
    with pytest.raises(TypeError, match=r"sqrt_\(\) takes 1 positional argument but 2 were given"):
        torch.sqrt_(x, x)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_frexp_takes_apart_what_ldexp_puts_together(value):
    mantissa, exponent = torch.frexp(double(value))
    assert mantissa.item() * 2.0 ** min(exponent.item(), 1023) * (2.0 if exponent.item() == 1024 else 1) == value


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_gcd_and_lcm(a, b):
    assert torch.gcd(torch.tensor(a), torch.tensor(b)).item() == math.gcd(a, b)
    assert torch.lcm(torch.tensor(a), torch.tensor(b)).item() == math.lcm(a, b)


@given(st.integers(0, 12), st.floats(-3, 3))
def test_chebyshev_polynomials_are_cosines(n, angle):
    x = double(math.cos(angle))
    assert torch.special.chebyshev_polynomial_t(x, n).item() == pytest.approx(math.cos(n * angle), abs=1e-9)
    wave = torch.special.chebyshev_polynomial_u(x, n).item() * math.sin(angle)
    assert wave == pytest.approx(math.sin((n + 1) * angle), abs=1e-7)


def test_a_stream_goes_on_after_the_doubles_that_rejection_used():
    torch.manual_seed(0)
    first = torch.poisson(torch.full((5,), 30.0))
    state = torch.get_rng_state()
    torch.manual_seed(0)
    assert torch.equal(torch.poisson(torch.full((5,), 30.0)), first)
    assert torch.equal(torch.get_rng_state(), state)


def test_memory_laid_out_as_asked():
    assert torch.empty_strided((2, 3), (1, 4)).stride() == (1, 4)
    assert torch.empty_permuted((2, 3, 4), (2, 0, 1)).stride() == (3, 1, 6)
    buffer = bytearray(8)
    torch.frombuffer(buffer, dtype=torch.int32, offset=4)[0] = 1
    assert buffer == b"\0\0\0\0\1\0\0\0"


def test_no_complex_tensors():
    x = torch.tensor([1.0])
    assert torch.conj(x) is x and x.real is x and not torch.is_conj(x)
    with pytest.raises(RuntimeError, match="imag is not implemented for tensors with non-complex dtypes"):
        x.imag  # noqa: B018
    with pytest.raises(RuntimeError, match="view_as_real is only supported for complex tensors"):
        torch.view_as_real(x)


def test_special_functions_of_arrays_are_numpy_functions():
    np.testing.assert_allclose(lgamma(np.array([5.0])), math.log(24))
    assert np.sinc(torch.tensor([0.5])).item() == pytest.approx(2 / math.pi)
    assert np.gcd(torch.tensor([4]), torch.tensor([6])).item() == 2
