"""Programs of activations, dropout and losses; what each prints is in activation_transcripts.json."""

_ACTIVATIONS = """
named = {
    "celu": lambda x: F.celu(x, 1.5), "elu": lambda x: F.elu(x, 0.7), "leaky_relu": F.leaky_relu, "relu6": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, -0.4, 1.2), "hardswish": F.hardswish, "hardsigmoid": F.hardsigmoid,
    "hardshrink": F.hardshrink, "softshrink": lambda x: F.softshrink(x, 0.2), "softsign": F.softsign,
    "tanhshrink": F.tanhshrink, "mish": F.mish, "selu": F.selu, "silu": F.silu, "sigmoid": torch.sigmoid,
    "softplus": lambda x: F.softplus(x, 2, 3), "logsigmoid": F.logsigmoid, "rrelu": F.rrelu,
    "threshold": lambda x: F.threshold(x, 0.3, -2.5), "softmin": lambda x: F.softmin(x, 0),
    "prelu": lambda x: F.prelu(x, torch.tensor([0.3])),
}
"""

PROGRAMS = {
    "activations and their gradients": _ACTIVATIONS
    + """
for name, f in named.items():
    x = torch.tensor([-7.3, -2.2, -0.45, 0.25, 0.9, 2.6, 30.2], requires_grad=True)
    y = f(x)
    print(name, type(y.grad_fn).__name__)
    print(y.detach() + 0, torch.autograd.grad((y * y).sum(), x)[0] + 0)
""",
    "activations at the ends and of nan": _ACTIVATIONS
    + """
for name, f in named.items():
    x = torch.tensor([float("nan"), float("inf"), -float("inf")])
    print(name, f(x).tolist())
""",
    "activations of other types": _ACTIVATIONS
    + """
for name, f in named.items():
    print(name)
    for kind in (torch.float64, torch.float16, torch.int64, torch.bool, torch.uint8):
        attempt(lambda: f(torch.tensor([[0, 1, 2]]).to(kind)))
""",
    "activations in place": """
for f in (F.celu_, F.elu_, F.leaky_relu_, F.hardtanh_, F.selu_, F.rrelu_, torch.celu_, torch.selu_, torch.rrelu_):
    x = torch.tensor([-1.5, 0.3, 2.0], requires_grad=True)
    y = x * 1
    print(f(y) is y, y.detach(), type(y.grad_fn).__name__, torch.autograd.grad(y.sum(), x)[0])
for f in (F.celu, F.elu, F.leaky_relu, F.relu6, F.hardtanh, F.hardswish, F.hardsigmoid, F.mish, F.selu, F.silu, F.rrelu):
    x = torch.tensor([-1.5, 0.3, 2.0])
    print(f(x, inplace=True) is x, x)
y = torch.tensor([-1.5, 0.3, 2.0])
print(F.threshold(y, 0.5, 9.0, inplace=True) is y, y, F.threshold_(y, 3, 1) is y, y)
x = torch.ones(2, requires_grad=True)
attempt(lambda: F.elu_(x))
""",
    "what activations refuse": """
x = torch.ones(2, 3)
for f in (F.celu, F.elu, F.leaky_relu, F.hardshrink, F.softshrink, F.softplus):
    attempt(lambda: f(x, "a"))
    attempt(lambda: f(2.5))
attempt(lambda: F.celu(x, 0.0))
attempt(lambda: F.softshrink(x, -0.5))
attempt(lambda: F.hardtanh(x, 2, 1))
attempt(lambda: F.rrelu(x, 0.5, 0.1))
attempt(lambda: F.threshold(torch.tensor([1], dtype=torch.uint8), 0.5, -2.5))
for shape, weights in (((2, 3), 2), ((), 3), ((3,), 3), ((2, 3), (1, 1)), ((2, 3), 3), ((2, 3, 2), 3), ((3,), 1)):
    attempt(lambda: F.prelu(-torch.ones(shape), torch.ones(weights) / 4))
attempt(lambda: F.prelu(x, torch.ones(1).double()))
attempt(lambda: F.prelu(x, 0.5))
attempt(lambda: x.prelu(torch.tensor(0.5)))
attempt(lambda: x.hardshrink(2))
""",
    "random activations": """
torch.manual_seed(3)
x = torch.linspace(-2, 2, 12).reshape(3, 4)
print(F.rrelu(x, training=True), torch.rrelu(x, 0.1, 0.9, True))
print(F.rrelu(x.T.double(), training=True))
print(F.gumbel_softmax(x), F.gumbel_softmax(x, 0.5, dim=0), F.gumbel_softmax(x, hard=True))
""",
    "dropout of every kind": """
torch.manual_seed(1)
x = torch.arange(1.0, 13.0).reshape(2, 3, 2)
print(F.dropout(x, 0.3), F.dropout(x.permute(2, 0, 1), 0.3), F.dropout(x, 1.0), F.dropout(x, 0.3, False) is x)
print(F.dropout1d(x, 0.4), F.dropout1d(x[0], 0.4))
print(F.dropout2d(x.reshape(2, 3, 2, 1), 0.4), F.dropout3d(x.reshape(2, 3, 2, 1), 0.4))
print(F.alpha_dropout(x, 0.3, True), F.feature_alpha_dropout(x, 0.3, True), F.alpha_dropout(x))
print(torch.feature_dropout(x, 0.5, True), torch.alpha_dropout(x, 0.5, True), torch.feature_alpha_dropout(x, 0.5, True))
print(*torch.native_dropout(x, 0.5, True), *torch.native_dropout(x, 0.5, False))
y = x.clone()
print(F.dropout(y, 0.5, inplace=True) is y, y, torch.alpha_dropout_(y, 0.5, True), F.dropout1d(y, 0.5, True, True))
""",
    "what dropout refuses": """
x = torch.ones(2, 3)
for f in (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout):
    attempt(lambda: f(x, 1.5))
for f in (torch.dropout, torch.feature_dropout, torch.alpha_dropout, torch.feature_alpha_dropout):
    attempt(lambda: f(x, -0.5, True))
    attempt(lambda: f(x.long(), 0.5, True))
    attempt(lambda: f(3.0, 0.5, True))
attempt(lambda: F.dropout1d(torch.ones(2)))
attempt(lambda: torch.feature_dropout(torch.ones(2), 0.5, True))
attempt(lambda: torch.native_dropout(x, 1.5, True))
""",
    "losses by margins and their gradients": """
x = torch.tensor([[0.3, -1.2, 2.1], [0.8, 0.1, -0.4]], requires_grad=True)
y = torch.tensor([[1.3, 0.2, -0.6], [-0.7, 0.9, 0.5]])
z = torch.tensor([[-0.3, 1.1, 0.2], [0.6, -1.4, 0.7]])
signs = torch.tensor([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
for reduction in ("mean", "sum", "none"):
    for name, loss in {
        "margin_ranking": F.margin_ranking_loss(x, y, signs, 0.5, reduction=reduction),
        "hinge_embedding": F.hinge_embedding_loss(x, signs, 0.7, reduction=reduction),
        "cosine_embedding": F.cosine_embedding_loss(x, y, signs[:, 1] * torch.tensor([1.0, -1.0]), -0.9, reduction=reduction),
        "soft_margin": F.soft_margin_loss(x, signs, reduction=reduction),
        "multi_margin": F.multi_margin_loss(x, torch.tensor([2, 0]), 2, 1.1, torch.tensor([1.0, 2.0, 0.5]), reduction=reduction),
        "multilabel_margin": F.multilabel_margin_loss(x, torch.tensor([[2, 0, -1], [1, -1, 0]]), reduction=reduction),
        "multilabel_soft_margin": F.multilabel_soft_margin_loss(x, (signs > 0).float(), torch.tensor([1.0, 2.0, 0.5]), reduction=reduction),
        "triplet": F.triplet_margin_loss(x, y, z, 1.5, swap=True, reduction=reduction),
        "triplet with distance": F.triplet_margin_with_distance_loss(x, y, z, margin=2, reduction=reduction, distance_function=lambda a, b: (a - b).abs().sum(-1)),
        "poisson": F.poisson_nll_loss(x, y.abs() * 3, full=True, reduction=reduction),
        "gaussian": F.gaussian_nll_loss(x, y, z.abs(), full=True, reduction=reduction),
    }.items():
        print(name, reduction, type(loss.grad_fn).__name__, loss.detach())
        print(torch.autograd.grad(loss.sum(), x)[0])
""",
    "what losses by margins refuse": """
x, t = torch.ones(2, 3), torch.tensor([0, 1])
attempt(lambda: F.margin_ranking_loss(x, x[0], x))
attempt(lambda: F.hinge_embedding_loss(x, x, reduction="all"))
attempt(lambda: F.cosine_embedding_loss(x, x, x))
attempt(lambda: F.cosine_embedding_loss(x, x, torch.tensor(1.0)))
attempt(lambda: F.soft_margin_loss(x, torch.ones(4)))
attempt(lambda: F.soft_margin_loss(torch.ones(3, 1), torch.ones(3)))
attempt(lambda: F.multi_margin_loss(x, torch.tensor([0, 3])))
attempt(lambda: F.multi_margin_loss(x, t, 3))
attempt(lambda: F.multi_margin_loss(x, t[:1]))
attempt(lambda: F.multi_margin_loss(x, t.int()))
attempt(lambda: F.multi_margin_loss(x, t, weight=torch.ones(2)))
attempt(lambda: F.multi_margin_loss(torch.ones(2, 3, 1), t))
attempt(lambda: F.multilabel_margin_loss(x, torch.ones(2, 2).long()))
attempt(lambda: F.multilabel_margin_loss(x, torch.full((2, 3), 3)))
attempt(lambda: F.multilabel_soft_margin_loss(x, x, reduction="all"))
attempt(lambda: F.triplet_margin_loss(x, x, x, margin=0))
attempt(lambda: F.triplet_margin_loss(x, x[0], x))
attempt(lambda: F.gaussian_nll_loss(x, x, -x))
attempt(lambda: F.gaussian_nll_loss(x, x, torch.ones(3)))
attempt(lambda: F.gaussian_nll_loss(x, x, x, reduction="all"))
attempt(lambda: F.kl_div(x, x.long()))
attempt(lambda: F.nll_loss(torch.ones(2, 3, 4), torch.zeros(2, 4, dtype=torch.uint8)))
""",
    "linear_cross_entropy": """
x = torch.tensor([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]], requires_grad=True)
w = torch.arange(8.0).reshape(4, 2) / 5
t = torch.tensor([1, 3, 0])
for loss in (
    F.linear_cross_entropy(x, w, t), F.linear_cross_entropy(x, w, t, linear_bias=w[:, 0], reduction="none"),
    F.linear_cross_entropy(x, w, t, weight=w[:, 1], ignore_index=3, label_smoothing=0.1),
    F.linear_cross_entropy(x[0], w, t[0]), F.linear_cross_entropy(x, w.reshape(2, 2, 2), t[:, None].expand(3, 2) % 2),
    F.linear_cross_entropy(x, w, torch.full((3, 4), 0.25)),
):
    print(loss.detach(), torch.autograd.grad(loss.sum(), x)[0])
attempt(lambda: F.linear_cross_entropy(x[None], w, t))
attempt(lambda: F.linear_cross_entropy(x, w[0], t))
attempt(lambda: F.linear_cross_entropy(x, w.T, t))
attempt(lambda: F.linear_cross_entropy(x, w, t, linear_bias=t))
attempt(lambda: F.linear_cross_entropy(x[0], w.reshape(2, 2, 2), t[0]))
attempt(lambda: F.linear_cross_entropy(x, w, torch.full((3, 4), 0.25), ignore_index=1))
""",
    "ctc_loss": """
torch.manual_seed(0)
x = torch.randn(7, 3, 5, requires_grad=True)
scores = x.log_softmax(2)
targets, lengths, counts = torch.tensor([[1, 2, 2], [3, 1, 4], [4, 4, 4]]), (7, 5, 4), (3, 2, 3)
for reduction in ("mean", "sum", "none"):
    for zero_infinity in (False, True):
        loss = F.ctc_loss(scores, targets, lengths, counts, reduction=reduction, zero_infinity=zero_infinity)
        print(type(loss.grad_fn).__name__, loss.detach())
loss = F.ctc_loss(scores, torch.tensor([1, 2, 2, 3, 1, 4, 4, 4]), torch.tensor(lengths), torch.tensor(counts), zero_infinity=True)
print(torch.autograd.grad(loss, x)[0])
attempt(lambda: F.ctc_loss(scores[:, 0], targets[0], (7,), (2,), 3, "none"))
attempt(lambda: torch.ctc_loss(scores, targets, lengths, counts, 0, 2, True))
""",
    "what ctc_loss refuses": """
x, targets = torch.zeros(6, 2, 5), torch.tensor([[1, 2], [3, 0]])
for lengths, counts, blank in (
    ((6, 5, 4), (2, 1), 0), ((6, 5), (2, 1, 1), 0), ((7, 5), (2, 1), 0), ((-1, 5), (2, 1), 0), ((6, 5), (-2, 1), 0),
    ((6, 5), (3, 1), 0), ((6, 5), (2, 1), 5), (torch.tensor([6.0, 5.0]), torch.tensor([2, 1]), 0),
):
    attempt(lambda: F.ctc_loss(x, targets, lengths, counts, blank))
attempt(lambda: F.ctc_loss(x, targets[0], (6, 5), (2, 1)))
attempt(lambda: F.ctc_loss(x, targets[None], (6, 5), (2, 1)))
attempt(lambda: F.ctc_loss(x.half(), targets, (6, 5), (2, 1)))
attempt(lambda: F.ctc_loss(x, targets, (6, 5), (2, 1), reduction="all"))
""",
}
