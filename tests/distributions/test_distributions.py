"""What the transcripts do not show: compiled and batched use, slopes of random numbers, states of the stream."""

import pickle

import pytest

import framework as torch
from framework.func import vmap

D = torch.distributions


def policy(p, x):
    dist = D.Categorical(logits=p)
    return (dist.log_prob(dist.sample()) + dist.entropy()).sum()


def autoencoder(p, x):
    q = D.Independent(D.Normal(p, p.exp()), 1)
    prior = D.Independent(D.Normal(torch.zeros_like(p), torch.ones_like(p)), 1)
    return (D.kl_divergence(q, prior) - D.Normal(q.rsample(), 1.0).log_prob(x).sum(-1)).mean()


def concentrations(p, x):
    return (D.Gamma(p.exp(), 1.0).rsample() * D.Dirichlet(p.exp()).rsample()).sum()


def squashed(p, x):
    return D.TransformedDistribution(D.Normal(p, 1.0), [D.TanhTransform()]).log_prob(x).sum()


def correlated(p, x):
    return D.MultivariateNormal(p, torch.eye(2) + 0.5).log_prob(x).sum()


@pytest.mark.parametrize("loss", [policy, autoencoder, concentrations, squashed, correlated])
def test_compiled_and_eager_are_equal(loss):
    def step(p, x):
        value = loss(p, x)
        return value.detach(), torch.autograd.grad(value, p)[0]

    compiled = torch.compile(step)
    for seed in range(3):
        torch.manual_seed(seed)
        p, x = torch.randn(3, 2).requires_grad_(), torch.rand(3, 2) * 0.9
        state = torch.get_rng_state()
        eager = step(p, x)
        torch.set_rng_state(state)
        assert all(map(torch.equal, compiled(p, x), eager))


@pytest.mark.parametrize("loss", [squashed, correlated])
def test_batched_by_vmap(loss):
    torch.manual_seed(0)
    p, x = torch.randn(4, 3, 2), torch.rand(4, 3, 2) * 0.9
    each = torch.stack([loss(*one) for one in zip(p, x, strict=True)])
    assert torch.allclose(vmap(loss)(p, x), each)


def test_a_compiled_program_still_refuses_what_is_invalid():
    compiled = torch.compile(lambda scale: D.Normal(0.0, scale).log_prob(torch.zeros(2)))
    for scale in (1.0, 2.0, 3.0):
        compiled(torch.full((2,), scale))
    with pytest.raises(ValueError, match="to satisfy the constraint GreaterThan"):
        compiled(torch.tensor([1.0, -1.0]))


def cdf_slope(cdf, a, step=1e-5):
    """The slope of a cdf by a concentration, by differences."""
    return (cdf(a + step) - cdf(a - step)) / (2 * step)


@pytest.mark.parametrize("concentration", [0.05, 0.5, 1.5, 6.0, 20.0, 300.0])
def test_gamma_numbers_move_with_their_concentration(concentration):
    torch.manual_seed(0)
    a = torch.full((50,), concentration, dtype=torch.float64, requires_grad=True)
    x = D.Gamma(a, 1.0).rsample()
    (slope,) = torch.autograd.grad(x.sum(), a)
    x, a = x.detach(), a.detach()
    density = D.Gamma(a, 1.0).log_prob(x).exp()
    expected = -cdf_slope(lambda a: torch.special.gammainc(a, x), a) / density
    assert torch.allclose(slope, expected, rtol=3e-3)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.0, 3.0), (9.0, 12.0), (0.7, 8.0), (40.0, 2.0)])
def test_beta_numbers_move_with_their_concentrations(a, b):
    torch.manual_seed(0)
    nodes = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    given = [torch.full((20,), each, dtype=torch.float64, requires_grad=True) for each in (a, b)]
    x = D.Beta(*given).rsample()
    slopes = torch.autograd.grad(x.sum(), given)
    x = x.detach().clamp(0.02, 0.98)

    def cdf(a, b):
        # In t² in place of t, of which the density has no pole where a is a half or more.
        points = x[:, None].sqrt() * nodes
        log_density = D.Beta(torch.as_tensor(a).double(), torch.as_tensor(b).double()).log_prob(points**2)
        return (log_density.exp() * 2 * points).sum(-1) * x.sqrt() / 4000

    density = D.Beta(torch.tensor(a).double(), torch.tensor(b).double()).log_prob(x).exp()
    away = (x > 0.02) & (x < 0.98) & (density > 1e-3)
    by_a = -cdf_slope(lambda a: cdf(a, b), a, 1e-3) / density
    by_b = -cdf_slope(lambda b: cdf(a, b), b, 1e-3) / density
    assert away.sum() > 3
    assert torch.allclose(slopes[0][away], by_a[away], rtol=0.02, atol=1e-4)
    assert torch.allclose(slopes[1][away], by_b[away], rtol=0.02, atol=1e-4)


def test_gamma_numbers_share_the_normals_of_the_stream():
    torch.manual_seed(0)
    a = torch.tensor([0.5, 3.0, 20])
    whole = torch._standard_gamma(a)
    torch.manual_seed(0)
    parts = torch.stack([torch._standard_gamma(each) for each in a])
    assert torch.equal(whole, parts)


def test_validation_can_be_switched_off():
    try:
        D.Distribution.set_default_validate_args(False)
        assert D.Normal(0.0, -1.0).scale == -1
    finally:
        D.Distribution.set_default_validate_args(__debug__)
    with pytest.raises(ValueError, match="scale"):
        D.Normal(0.0, -1.0)


def test_transforms_are_pickled_without_their_inverse():
    exp = D.ExpTransform()
    assert exp.inv.inv is exp
    assert pickle.loads(pickle.dumps(exp)) == exp


def test_a_missing_name_is_explained():
    with pytest.raises(AttributeError, match="Did you mean 'Normal'"):
        _ = D.Norml
