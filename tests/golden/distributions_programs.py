"""Programs that use `torch.distributions`; what each prints is in distributions_transcripts.json."""

SHOW = """
D = torch.distributions
from math import inf, nan
def ask(f):
    try:
        print(f())
    except NotImplementedError:
        print("not implemented")
def show(d, value, *more):
    print(d, tuple(d.batch_shape), tuple(d.event_shape), d.has_rsample, d.has_enumerate_support, d.support)
    for name in ("mean", "mode", "variance", "stddev"):
        ask(lambda: getattr(d, name))
    attempt(d.entropy)
    attempt(d.log_prob, value)
    for name in more:
        attempt(getattr(d, name), value)
    torch.manual_seed(0)
    attempt(d.sample)
    attempt(d.sample, (2,))
    attempt(d.rsample)
    print(d.expand((2, *d.batch_shape)).batch_shape)
"""

FAMILIES = {
    "Normal": 'show(D.Normal(0.5, 2.0), t(1.0), "cdf")\nshow(D.Normal(t([0.5, -1]), t([1.0, 2])), t(0.25), "cdf", "icdf")',
    "LogNormal": 'show(D.LogNormal(t([0.5, -1]), 0.5), t(0.25), "cdf", "icdf")',
    "LogisticNormal": "show(D.LogisticNormal(t([0.0, 1]), t([1.0, 2])), t([0.2, 0.3, 0.5]))",
    "Uniform": 'show(D.Uniform(t([0.0, 1]), 3.0), t(1.5), "cdf", "icdf")',
    "Bernoulli": "show(D.Bernoulli(t([0.2, 0.5, 0.3])), t([0.0, 1, 1]))\nshow(D.Bernoulli(logits=0.7), t(1.0))",
    "ContinuousBernoulli": 'show(D.ContinuousBernoulli(t([0.1, 0.9])), t(0.25), "cdf", "icdf")\n'
    "d = D.ContinuousBernoulli(0.4999)\nprint(d.mean, d.variance, 1 + d.log_prob(t(0.25)), d.cdf(t(0.25)), d.icdf(t(0.25)))",
    "RelaxedBernoulli": "show(D.RelaxedBernoulli(t(0.7), t([0.2, 0.9])), t(0.25))",
    "Categorical": "show(D.Categorical(t([2.0, 3, 5])), t(1))\nshow(D.Categorical(logits=t([[1.0, 2, 3], [0, 0, -1]])), t([0, 2]))\n"
    "print(D.Categorical(torch.ones(2, 3)).enumerate_support().shape, D.Categorical(torch.ones(2, 3)).probs)",
    "OneHotCategorical": "show(D.OneHotCategorical(t([0.2, 0.3, 0.5])), t([0.0, 1, 0]))\n"
    "show(D.OneHotCategoricalStraightThrough(logits=t([0.2, 0.3, 0.5])), t([0.0, 0, 1]))",
    "RelaxedOneHotCategorical": "show(D.RelaxedOneHotCategorical(t(0.7), t([0.2, 0.3, 0.5])), t([0.2, 0.3, 0.5]))",
    "Multinomial": "show(D.Multinomial(5, t([0.2, 0.3, 0.5])), t([1.0, 2, 2]))",
    "Binomial": "show(D.Binomial(5, t([0.2, 0.5])), t(3.0))\nshow(D.Binomial(t([3.0, 8]), logits=t([0.0, 1])), t(2.0))\n"
    "show(D.Binomial(100, t(0.4)), t(42.0))",
    "NegativeBinomial": "show(D.NegativeBinomial(5, t([0.2, 0.5])), t(3.0))",
    "Geometric": "show(D.Geometric(t([0.2, 0.9])), t(3.0))",
    "Poisson": "show(D.Poisson(t([0.5, 4, 20])), t(3.0))",
    "Exponential": 'show(D.Exponential(t([0.5, 3])), t(0.25), "cdf", "icdf")',
    "Gamma": 'show(D.Gamma(t([0.5, 3, 20]), t([1.0, 2, 3])), t(0.25), "cdf")\nshow(D.Chi2(3.0), t(2.0))',
    "InverseGamma": "show(D.InverseGamma(t([0.5, 3]), t([1.0, 2])), t(0.25))",
    "Beta": "show(D.Beta(t([1.0, 2, 0.3]), t([3.0, 0.5, 8])), t(0.25))\nshow(D.Beta(2, 3), t(0.5))",
    "Dirichlet": "show(D.Dirichlet(t([[0.5, 0.5, 2], [9.0, 8, 7]])), t([0.2, 0.3, 0.5]))",
    "StudentT": "show(D.StudentT(t([0.5, 1.5, 3]), 1.0, t([1.0, 2, 3])), t(0.25))",
    "FisherSnedecor": "show(D.FisherSnedecor(t([1.0, 4]), t([2.0, 9])), t(0.25))",
    "Laplace": 'show(D.Laplace(t([1.0, 2]), t([0.5, 3])), t(0.25), "cdf", "icdf")',
    "Cauchy": 'show(D.Cauchy(t([1.0, 2]), t([0.5, 3])), t(0.25), "cdf", "icdf")',
    "HalfNormal": 'show(D.HalfNormal(t([0.5, 3])), t(0.25), "cdf", "icdf")\nshow(D.HalfCauchy(2.0), t(0.25), "cdf", "icdf")',
    "Gumbel": 'show(D.Gumbel(t([1.0, 2]), t([0.5, 3])), t(0.25), "cdf", "icdf")',
    "Weibull": 'show(D.Weibull(t([1.0, 2]), t([1.5, 3])), t(0.25), "cdf", "icdf")',
    "Pareto": 'show(D.Pareto(t([1.0, 2]), t([0.5, 3])), t(2.25), "cdf")',
    "GeneralizedPareto": 'show(D.GeneralizedPareto(t([0.0, 0.1, 0.2]), t([0.5, 3, 1]), t([0.0, -0.5, 0.7])), t(0.25), "cdf", "icdf")',
    "Kumaraswamy": 'show(D.Kumaraswamy(t([1.0, 2, 0.5]), t([0.5, 3, 0.7])), t(0.25), "cdf", "icdf")',
    "VonMises": "show(D.VonMises(t([0.0, 1]), t([0.5, 30])), t(0.25))",
    "LKJCholesky": "show(D.LKJCholesky(3, 2.0), torch.linalg.cholesky(t([[1.0, 0.2, 0], [0.2, 1, -0.3], [0, -0.3, 1]])))",
    "MultivariateNormal": """
cov = t([[2.0, 0.5], [0.5, 1]])
for d in (D.MultivariateNormal(t([1.0, 2]), cov), D.MultivariateNormal(torch.zeros(3, 2), precision_matrix=cov)):
    show(d, t([0.5, 1.5]))
    print(d.scale_tril[..., 0, :], d.covariance_matrix[..., 1, :], d.precision_matrix[..., 0, :])
tril = t([[[2.0, 0], [0.5, 1]], [[1, 0], [-1, 0.5]]])
print(D.MultivariateNormal(torch.zeros(2), scale_tril=tril).log_prob(torch.ones(3, 1, 2)))
""",
    "LowRankMultivariateNormal": """
d = D.LowRankMultivariateNormal(t([1.0, 2, 3]), t([[1.0], [2], [0.5]]), t([1.0, 2, 3]))
show(d, t([0.5, 1.5, 2]))
print(d.scale_tril, d.precision_matrix)
""",
    "Wishart": """
d = D.Wishart(t([4.0, 5]), t([[2.0, 0.5], [0.5, 1]]))
show(d, t([[3.0, 1], [1, 2]]))
attempt(D.Wishart, 0.5, torch.eye(2))
""",
    "MixtureSameFamily": """
mix = D.MixtureSameFamily(D.Categorical(t([0.3, 0.7])), D.Normal(t([0.0, 5]), t([1.0, 2])))
show(mix, t(0.25), "cdf")
parts = D.Independent(D.Normal(torch.arange(12.0).reshape(3, 2, 2), 1.0), 1)
show(D.MixtureSameFamily(D.Categorical(torch.ones(3, 2)), parts), t([0.5, 1]))
""",
}

PROGRAMS = {name: f"{SHOW}t = torch.tensor\n{program}\n" for name, program in FAMILIES.items()} | {
    "errors": """
D = torch.distributions
t = torch.tensor
attempt(D.Normal, 0.0, -1.0)
attempt(D.Normal, t([0.0, float("nan")]), t([1.0, 1]))
print(D.Normal(0.0, -1.0, validate_args=False).log_prob(t(0.5)))
attempt(D.Normal, "a", 1.0)
attempt(D.Normal(0.0, 1.0).log_prob, 0.5)
attempt(D.Normal(t([0.0, 1]), 1.0).log_prob, torch.ones(3))
attempt(D.Bernoulli)
attempt(D.Bernoulli, 0.5, 0.5)
attempt(D.Bernoulli, t([0.5, 1.5]))
attempt(D.Bernoulli(0.5).log_prob, t([0.0, 0.5]))
attempt(D.Categorical, t(0.5))
attempt(D.Categorical, t([0.5, -0.5, 1]))
attempt(D.Categorical(torch.ones(3)).log_prob, t(3))
attempt(D.Uniform, 1.0, 0.0)
attempt(D.Uniform(0.0, 1.0).log_prob, t(2.0))
attempt(D.Gamma, t([1.0, 0]), 1.0)
attempt(D.Dirichlet, t(1.0))
attempt(D.Dirichlet(torch.ones(3)).log_prob, t([0.5, 0.5]))
attempt(D.Dirichlet(torch.ones(2)).log_prob, t([0.5, 0.6]))
attempt(D.MultivariateNormal, torch.zeros(2))
attempt(D.MultivariateNormal, torch.zeros(2), t([[1.0, 2], [2, 1]]))
attempt(D.MultivariateNormal, torch.zeros(2), scale_tril=t([[1.0, 2], [0, 1]]))
attempt(D.Geometric, t([0.5, 0.0]))
attempt(D.Binomial(t([1.0, 2]), t([0.5, 0.5])).entropy)
attempt(D.Multinomial, t(3), torch.ones(2))
attempt(D.Independent, D.Normal(0.0, 1.0), 1)
attempt(D.TransformedDistribution, D.Normal(0.0, 1.0), 3)
attempt(D.TransformedDistribution, D.Normal(0.0, 1.0), D.StickBreakingTransform())
attempt(D.MixtureSameFamily, D.Normal(0.0, 1.0), D.Normal(0.0, 1.0))
attempt(D.MixtureSameFamily, D.Categorical(torch.ones(3)), D.Normal(torch.zeros(2), 1.0))
attempt(D.LKJCholesky, 1)
attempt(D.Normal(0.0, 1.0).enumerate_support)
attempt(lambda: D.Independent(D.Normal(torch.zeros(2), 1.0), 1).cdf(torch.ones(2)))
refused(lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), D.ExpTransform()).mode)
attempt(D.kl_divergence, D.Normal(0.0, 1.0), D.StudentT(2.0))
attempt(D.kl_divergence, D.Normal(0.0, 1.0), D.Bernoulli(0.5))
attempt(D.biject_to, D.constraints.positive_definite)
attempt(D.constraints.dependent.check, t(1.0))
attempt(D.Distribution.set_default_validate_args, 3)
print(D.Normal(0.0, 1.0).sample_n(2).shape)
""",
    "subclasses": """
D = torch.distributions
class Shifted(D.Normal):
    def __init__(self, loc):
        super().__init__(loc + 1, 1.0)
class Plain(D.Normal):
    pass
class Own(D.Distribution):
    pass
print(Shifted(torch.zeros(2)), Plain(0.0, 1.0).expand((2,)))
attempt(Shifted(torch.zeros(2)).expand, (3, 2))
print(Own(torch.Size([2])).batch_shape, Own(validate_args=False).event_shape)
attempt(Own(validate_args=False).expand, (2,))
attempt(Own(validate_args=False).log_prob, torch.ones(1))
print(D.kl_divergence(Plain(0.0, 1.0), D.Normal(1.0, 2.0)), D.kl_divergence(Shifted(torch.zeros(1)), Plain(0.0, 1.0)))
@D.register_kl(Plain, D.Normal)
def plain(p, q):
    return "plain, normal"
@D.register_kl(D.Normal, Plain)
def normal(p, q):
    return "normal, plain"
print(D.kl_divergence(Plain(0.0, 1.0), D.Normal(0.0, 1.0)), D.kl_divergence(Plain(0.0, 1.0), Plain(0.0, 1.0)))
class Whole(D.ExponentialFamily):
    arg_constraints = {"rate": D.constraints.positive}
    support = D.constraints.nonnegative
    _mean_carrier_measure = 0
    def __init__(self, rate):
        self.rate = rate
        super().__init__(rate.shape)
    @property
    def _natural_params(self):
        return (-self.rate,)
    def _log_normalizer(self, x):
        return -torch.log(-x)
print(Whole(torch.tensor([1.0, 2])).entropy(), D.kl_divergence(Whole(torch.tensor([1.0, 2])), Whole(torch.tensor(3.0))))
""",
    "transforms": """
D = torch.distributions
t = torch.tensor
transforms = [D.ExpTransform(), D.AffineTransform(1.0, t([2.0, -3, 1])), D.SigmoidTransform(), D.TanhTransform(), D.SoftplusTransform(),
    D.SoftmaxTransform(), D.StickBreakingTransform(), D.CorrCholeskyTransform(), D.AbsTransform(), D.PowerTransform(t(2.0)),
    D.ComposeTransform([D.ExpTransform(), D.PowerTransform(0.5)]), D.IndependentTransform(D.TanhTransform(), 1),
    D.ReshapeTransform((3,), (3, 1)), D.CatTransform([D.ExpTransform(), D.TanhTransform()], -1, [1, 2]),
    D.StackTransform([D.ExpTransform(), D.TanhTransform(), D.AbsTransform()], -1), D.CumulativeDistributionTransform(D.Normal(0.0, 1.0))]
for f in transforms:
    x = t([[0.3, 0.1, 0.2], [0.5, 1, 0.25]])
    y = f(x)
    print(f, f.inv, f.domain, f.codomain, f.bijective, f == f.inv, f == f.inv.inv, f == f.with_cache(1))
    print(y, f.inv(y), f.forward_shape((4, 3)))
    attempt(lambda: f.log_abs_det_jacobian(x, y))
    attempt(lambda: f.sign)
    attempt(lambda: f.inverse_shape((2,)))
cached = D.ExpTransform(cache_size=1)
x = t([1.0, 2])
print(cached.inv(cached(x)) is x, D.ExpTransform().inv(D.ExpTransform()(x)) is x, D.ExpTransform() == D.ExpTransform())
attempt(D.ExpTransform, 2)
m = t([[0.5, 9.0], [0.1, -0.5]])
for f in (D.LowerCholeskyTransform(), D.PositiveDefiniteTransform()):
    print(f, f(m), f.inv(f(m)))
attempt(D.ReshapeTransform, (2,), (3,))
attempt(D.ReshapeTransform((2,), (2, 1)).forward_shape, (3,))
attempt(D.CorrCholeskyTransform().forward_shape, (4,))
""",
    "constraints": """
c = torch.distributions.constraints
t = torch.tensor
kinds = [c.real, c.positive, c.nonnegative, c.unit_interval, c.boolean, c.nonnegative_integer, c.positive_integer, c.integer_interval(0, 2),
    c.interval(-1, 1), c.half_open_interval(0, 1), c.greater_than(0.5), c.greater_than_eq(1), c.less_than(1), c.simplex, c.one_hot,
    c.real_vector, c.multinomial(2), c.independent(c.positive, 1), c.cat([c.positive, c.real], -1, [1, 2]), c.stack([c.real] * 3, -1), c.dependent]
x = t([[1.0, 0, 0], [0.5, -1, 2]])
for kind in kinds:
    print(kind)
    attempt(kind.check, x)
    attempt(lambda: (kind.event_dim, kind.is_discrete))
    for to in (torch.distributions.biject_to, torch.distributions.transform_to):
        attempt(lambda: (to(kind), to(kind)(t([[0.1, 0.5, 2.0]]))))
m = t([[[1.0, 0], [0.5, 2]], [[2, 1], [1, 2]], [[1, 2], [2, 1]], [[1, 0], [0, 1]]])
for kind in (c.lower_triangular, c.lower_cholesky, c.corr_cholesky, c.square, c.symmetric, c.positive_definite, c.positive_semidefinite):
    print(kind, kind.check(m), kind.check(m[1:2]))
attempt(c.independent, 3, 1)
attempt(c.cat, [c.real], 0, [1, 2])
""",
    "divergences": """
D = torch.distributions
t = torch.tensor
ds = [D.Normal(0.5, 2.0), D.Uniform(0.2, 0.7), D.Uniform(-1.0, 2.0), D.Bernoulli(0.3), D.Beta(2.0, 0.5), D.Gamma(2.0, 3.0),
    D.Exponential(2.0), D.Laplace(1.0, 0.5), D.Gumbel(1.0, 0.5), D.Pareto(1.0, 2.5), D.Poisson(1.5), D.Binomial(3, t(0.2)),
    D.ContinuousBernoulli(0.2), D.Geometric(0.4), D.HalfNormal(0.4), D.Cauchy(0.0, 1.0), D.LogNormal(0.0, 1.0), D.Chi2(3.0)]
for p in ds:
    row = []
    for q in ds:
        try:
            row.append(f"{D.kl_divergence(p, q).item():.4g}")
        except NotImplementedError:
            row.append("-")
    print(type(p).__name__, *row)
print(D.kl_divergence(D.Bernoulli(t([0.0, 1, 0.5])), D.Bernoulli(t([0.5, 1, 0.0]))))
print(D.kl_divergence(D.Categorical(t([[0.2, 0.8], [1, 0]])), D.Categorical(t([0.5, 0.5]))))
print(D.kl_divergence(D.OneHotCategorical(torch.ones(3)), D.OneHotCategorical(t([1.0, 2, 3]))))
print(D.kl_divergence(D.Dirichlet(t([1.0, 2])), D.Dirichlet(t([3.0, 1]))))
n = D.Independent(D.Normal(torch.zeros(2, 3), 1.0), 1)
print(D.kl_divergence(n, D.Independent(D.Normal(torch.ones(3), 2.0).expand((2, 3)), 1)))
attempt(D.kl_divergence, n, D.Independent(D.Normal(torch.ones(2, 3), 2.0), 2))
other = D.MultivariateNormal(torch.ones(2), torch.eye(2))
full = D.MultivariateNormal(torch.zeros(3, 2), t([[2.0, 0.5], [0.5, 1]]))
low = D.LowRankMultivariateNormal(t([1.0, 2]), t([[1.0], [2]]), t([1.0, 2]))
for p in (full, low):
    print([D.kl_divergence(p, q)  for q in (other, low)])
attempt(D.kl_divergence, full, D.MultivariateNormal(torch.zeros(3), torch.eye(3)))
""",
    "gradients pass samples": """
D = torch.distributions
a = torch.tensor([0.3, 2.0, 9, 30], requires_grad=True)
b = torch.tensor([5.0, 0.4, 12, 1], requires_grad=True)
made = {"Gamma": lambda: D.Gamma(a, b), "Beta": lambda: D.Beta(a, b), "Dirichlet": lambda: D.Dirichlet(a * b), "StudentT": lambda: D.StudentT(a, b),
    "Normal": lambda: D.Normal(a, b), "LogNormal": lambda: D.LogNormal(a / 9, b / 9), "Gumbel": lambda: D.Gumbel(a, b), "Weibull": lambda: D.Weibull(a, b),
    "FisherSnedecor": lambda: D.FisherSnedecor(a, b), "Laplace": lambda: D.Laplace(a, b), "Exponential": lambda: D.Exponential(a + b),
    "RelaxedBernoulli": lambda: D.RelaxedBernoulli(torch.tensor(0.5), logits=a - b), "ContinuousBernoulli": lambda: D.ContinuousBernoulli(logits=a - b),
    "RelaxedOneHotCategorical": lambda: D.RelaxedOneHotCategorical(torch.tensor(0.9), logits=a / b), "StraightThrough": lambda: D.OneHotCategoricalStraightThrough(a * b),
    "MultivariateNormal": lambda: D.MultivariateNormal(a, torch.diag_embed(b))}
for name, make in made.items():
    torch.manual_seed(0)
    x = make().rsample((2,))
    print(name, type(x.grad_fn).__name__, torch.autograd.grad((x * torch.arange(4.0)).sum(), (a, b), allow_unused=True))
attempt(lambda: torch.autograd.grad(torch.autograd.grad(D.Gamma(a, b).rsample().sum(), a, create_graph=True)[0].sum(), a))
print(D.Normal(a, b).sample().requires_grad, D.Gamma(a, b).log_prob(torch.tensor(0.5)))
""",
    "policy gradient": """
D = torch.distributions
torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
optimizer = optim.SGD(policy.parameters(), lr=0.1)
for step in range(3):
    state = torch.randn(5, 4)
    dist = D.Categorical(logits=policy(state))
    action = dist.sample()
    loss = -(dist.log_prob(action) * (action == 1)).mean() - 0.01 * dist.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(action.tolist(), f"{loss.item():.5f}")
""",
    "variational autoencoder": """
D = torch.distributions
torch.manual_seed(0)
encoder, decoder = nn.Linear(6, 4), nn.Linear(2, 6)
optimizer = optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=0.1)
x = (torch.rand(8, 6) < 0.5).float()
for step in range(3):
    mean, log_scale = encoder(x).chunk(2, -1)
    q = D.Independent(D.Normal(mean, log_scale.exp()), 1)
    p = D.Independent(D.Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1)
    likelihood = D.Independent(D.Bernoulli(logits=decoder(q.rsample())), 1)
    loss = (D.kl_divergence(q, p) - likelihood.log_prob(x)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.5f}", q, likelihood.event_shape)
""",
    "squashed normal": """
D = torch.distributions
torch.manual_seed(0)
class Squashed(D.TransformedDistribution):
    def __init__(self, loc, scale):
        super().__init__(D.Normal(loc, scale), [D.TanhTransform(cache_size=1)])
    @property
    def mean(self):
        return self.transforms[0](self.base_dist.loc)
loc = torch.zeros(3, requires_grad=True)
d = Squashed(loc, torch.ones(3))
x = d.rsample()
d.log_prob(x).sum().backward()
print(x, d.log_prob(x), loc.grad, d.mean, d.batch_shape)
flow = D.TransformedDistribution(D.Normal(torch.zeros(2), 1.0).expand((2,)), [D.AffineTransform(1.0, 2.0), D.ExpTransform(), D.SigmoidTransform()])
print(flow, flow.sample((2,)), flow.cdf(torch.tensor([0.6, 0.9])), flow.icdf(torch.tensor([0.1, 0.9])))
print(D.TransformedDistribution(D.Uniform(torch.zeros(2), 1.0), D.SigmoidTransform().inv).expand((3, 2)).sample())
""",
}
