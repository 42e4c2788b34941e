"""Rows of the special functions."""

from __future__ import annotations

import numpy as np

import framework.operations.gamma_sampling  # noqa: F401  its operations are called by `torch.distributions` alone
from tests.operations.sampling import Row


def _one(make):
    return lambda r: [(np.asarray(make(r, *shape)),) for shape in ((2, 3), (), (2, 1, 2))]


_any = _one(lambda r, *shape: r(*shape))
_wide = _one(lambda r, *shape: r(*shape) * 5)
_unit = _one(lambda r, *shape: r.unit(*shape))
_share = _one(lambda r, *shape: r.unit(*shape) * 0.5 + 0.5)
_positive = _one(lambda r, *shape: r.positive(*shape))
NO_TYPE = {"single": False}
# Steps: the gradient is zero, of no further derivative.
STEP = {"second_order": False}


def _degrees(r):
    return [
        (r.unit(2, 3), np.array([0.0, 3.0, 9.0])),
        (r.positive(3) + 1, np.full(3, 4.0)),
        (r.unit(), np.asarray(2.0)),
    ]


POLYNOMIALS = [
    *[f"{shifted}chebyshev_polynomial_{kind}" for shifted in ("", "shifted_") for kind in "tuvw"],
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
]

ROWS = [
    Row("erf", _any),
    Row("erfc", _any),
    Row("erfinv", _unit),
    Row("special_erfcx", _any),
    Row("special_ndtr", _any),
    Row("special_ndtri", _share),
    Row("special_log_ndtr", _wide),
    Row("lgamma", _wide),
    Row("digamma", _positive),
    Row("polygamma", lambda r: [(n, r.positive(2, 3)) for n in (0, 1, 3)]),
    Row("mvlgamma", lambda r: [(r.positive(2, 3) + 1, 2), (np.asarray(r.positive() + 1), 1)]),
    Row("i0", _wide),
    Row("special_i0e", _wide),
    Row("special_i1", _wide),
    Row("special_i1e", _wide),
    *[
        Row(f"special_{name}", _positive)
        for name in (
            *[f"bessel_{kind}" for kind in ("j0", "j1", "y0", "y1")],
            *[f"modified_bessel_{kind}" for kind in ("i0", "i1", "k0", "k1")],
            "scaled_modified_bessel_k0",
            "scaled_modified_bessel_k1",
            "spherical_bessel_j0",
            "airy_ai",
        )
    ],
    *[Row(f"special_{name}", _degrees) for name in POLYNOMIALS],
    Row("sinc", _any),
    Row(
        "logit",
        lambda r: [
            (r.unit(2, 3) * 0.4 + 0.5, None),
            (r.unit(2, 3) * 0.4 + 0.5, 0.2),
            (np.asarray(r.unit() * 0.4 + 0.5), -1.0),
        ],
    ),
    Row("special_entr", _positive),
    Row("special_xlog1py", lambda r: [(r(2, 3), r.positive(3)), (r.positive(3), r.unit(2, 1)), (r(), r.positive())]),
    Row("heaviside", lambda r: [(r.ints(3, 2, 3) - 1, r.ints(9, 3))], {"refuses": True}),
    Row("binomial", lambda r: []),
    Row("gcd", lambda r: [(r.ints(30, 2, 3), r.ints(30, 3))], NO_TYPE),
    Row("lcm", lambda r: [(r.ints(30, 2, 3), r.ints(30, 3))], NO_TYPE),
    Row("ldexp", lambda r: [(r(2, 3), r(3)), (r(), r(2))]),
    Row("frexp", lambda r: [(r(2, 3),), (r(),)]),
    Row("angle", _any, STEP),
    # By the first input they have no derivative, so it is of whole numbers here.
    *[
        Row(name, lambda r: [(r.ints(9, 2, 3) + 1, r.positive(3)), (r.ints(30, 2) + 20, r.positive(2) * 20)], NO_TYPE)
        for name in ("igamma", "igammac")
    ],
    Row("special_zeta", lambda r: [(r.ints(4, 2, 3) + 2, r.positive(3))], NO_TYPE),
    Row("nextafter", lambda r: [(r(2, 3), r(3)), (r(), r(2))]),
    # A number that was drawn is no function of the concentration: tests/distributions looks at how it moves.
    Row("_standard_gamma", lambda r: []),
    Row("_sample_dirichlet", lambda r: []),
    Row("_standard_gamma_grad", lambda r: [(r.ints(30, 2, 9) + 1, r.ints(30, 9) + 1)], {"refuses": True}),
    Row("_dirichlet_grad", lambda r: [(r.ints(2, 2, 9), r.ints(30, 9) + 1, r.ints(30, 9) + 40)], {"refuses": True}),
    Row("poisson", lambda r: [(r.positive(2, 3), r.positive(2, 3))], STEP),
]
