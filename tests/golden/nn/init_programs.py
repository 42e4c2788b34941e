"""Programs that fill tensors by `nn.init`; what each prints is in init_transcripts.json."""

# Sums weighted by place stand for draws that take a long calculation; the rest is printed to the last digit.
_CLOSE = """
def close(t):
    t = t.detach().double().reshape(-1)
    return float("%.5g" % (t * torch.arange(1, t.numel() + 1, dtype=torch.float64).cos()).sum().item())
"""

PROGRAMS = {
    "trunc_normal_": """
for seed in (0, 5):
    torch.manual_seed(seed)
    t = torch.empty(3, 7)
    for bounds in [(), (0.0, 1.0, -0.5, 0.5), (0.0, 1.0, 3.0, 4.0), (1.0, 0.5, 0.0, 2.0), (0.0, 0.02), (0.0, 1.0, -3.0, -2.0), (2.0, 0.1, 2.0, 3.0)]:
        values(nn.init.trunc_normal_(t, *bounds))
    values(nn.init.trunc_normal_(torch.empty(5, dtype=torch.float64), a=-1, b=1))
    values(torch.rand(1))
    g = torch.Generator().manual_seed(seed)
    values(nn.init.trunc_normal_(torch.empty(2, 2), 0.0, 1.0, 2.0, 3.0, generator=g))
    values(torch.rand(1))
print(nn.init.trunc_normal_(torch.empty(3), 9.0).le(2).all())
print(nn.init.trunc_normal_(torch.empty(0)).shape)
p = nn.Parameter(torch.empty(4))
print(nn.init.trunc_normal_(p) is p, p.requires_grad, p.is_leaf, p._version > 0)
""",
    "dirac_ and eye_": """
print(nn.init.eye_(torch.empty(3, 2)), nn.init.eye_(torch.empty(2, 3, dtype=torch.float64)))
for shape, groups in [((3, 2, 3), 1), ((2, 3, 2), 1), ((4, 2, 3), 2), ((2, 2, 3, 4), 1), ((4, 1, 2, 2, 3), 4), ((0, 2, 3), 1), ((2, 0, 3), 1)]:
    t = nn.init.dirac_(torch.empty(shape), groups)
    print(t.shape, t.nonzero().tolist())
attempt(nn.init.dirac_, torch.empty(3, 3))
attempt(nn.init.dirac_, torch.empty(3, 3, 3), 2)
attempt(nn.init.dirac_, torch.empty(1, 1, 1, 1, 1, 1))
attempt(nn.init.eye_, torch.empty(3))
p = nn.Parameter(torch.empty(2, 2, 1))
print(nn.init.dirac_(p) is p, p.requires_grad, p.grad_fn)
""",
    "orthogonal_ and sparse_": _CLOSE
    + """
for seed in (0, 3):
    torch.manual_seed(seed)
    for shape in [(3, 3), (4, 2), (2, 5), (3, 2, 2), (1, 4), (5, 1), (2, 3, 1, 2)]:
        for dtype in (torch.float32, torch.float64):
            t = nn.init.orthogonal_(torch.empty(shape, dtype=dtype), 1.5)
            flat = t.reshape(t.shape[0], -1)
            small = flat @ flat.t() if flat.shape[0] <= flat.shape[1] else flat.t() @ flat
            print(shape, close(t), (small - 2.25 * torch.eye(small.shape[0], dtype=dtype)).abs().max().item() < 1e-5)
    values(torch.rand(1))
    values(nn.init.sparse_(torch.empty(5, 4), 0.3))
    values(nn.init.sparse_(torch.empty(3, 2), 0.0, 1.0))
    values(nn.init.sparse_(torch.empty(3, 2), 1.0, 1.0))
    g = torch.Generator().manual_seed(seed)
    values(nn.init.sparse_(torch.empty(4, 3), 0.5, generator=g))
    print(close(nn.init.orthogonal_(torch.empty(3, 3), generator=g)))
    values(torch.rand(1))
attempt(nn.init.orthogonal_, torch.empty(3))
attempt(nn.init.sparse_, torch.empty(3), 0.1)
attempt(nn.init.sparse_, torch.empty(3, 3, 3), 0.1)
print(nn.init.orthogonal_(torch.empty(0, 3)).shape)
p = nn.Parameter(torch.empty(2, 2))
print(nn.init.orthogonal_(p) is p, nn.init.sparse_(p, 0.5) is p, p.requires_grad, p.grad_fn)
""",
    "older names": """
for name, args in [("uniform", ()), ("normal", ()), ("constant", (3,)), ("eye", ()), ("xavier_uniform", ()), ("xavier_normal", ()),
                   ("kaiming_uniform", ()), ("kaiming_normal", ()), ("orthogonal", ()), ("sparse", (0.5,))]:
    torch.manual_seed(0)
    a = getattr(nn.init, name)(torch.empty(3, 3), *args)
    torch.manual_seed(0)
    print(name, torch.equal(a, getattr(nn.init, name + "_")(torch.empty(3, 3), *args)), getattr(nn.init, name).__name__)
print(nn.init.dirac(torch.empty(1, 1, 1)))
""",
    "draws of layers": """
layers = ["Linear(3, 2)", "Bilinear(2, 3, 2)", "Conv1d(2, 4, 3)", "Conv1d(4, 4, 2, groups=2, bias=False)", "Conv2d(2, 2, (2, 1))", "Conv3d(1, 2, 2)",
          "ConvTranspose1d(2, 4, 3)", "ConvTranspose2d(4, 2, 2, groups=2)", "ConvTranspose3d(1, 1, 2)", "Embedding(3, 2)", "Embedding(9, 3, 0)",
          "EmbeddingBag(4, 5)", "PReLU(2)", "LayerNorm(2)", "AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4])", "Linear(20, 3)", "Conv2d(3, 4, 3)"]
for dtype in (None, torch.float64):
    torch.manual_seed(2)
    for call in layers:
        layer = eval(f"nn.{call[:-1]}, dtype=dtype)")
        print(call)
        for name, tensor in layer.state_dict().items():
            values(tensor.reshape(-1)[:5])
    values(torch.rand(1))
torch.manual_seed(2)
layer = nn.LazyConv2d(2, 2)
values(torch.rand(1))
layer(torch.ones(1, 2, 3, 3))
values(layer.weight); values(layer.bias)
layer = nn.LazyLinear(2)
layer(torch.ones(1, 3))
values(layer.weight); values(layer.bias)
layer.reset_parameters()
values(layer.weight)
""",
    "arguments": """
t = torch.empty(3, 4)
g = torch.Generator().manual_seed(1)
for fill in ("uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "trunc_normal_"):
    values(getattr(nn.init, fill)(t, generator=g))
values(nn.init.kaiming_normal_(t, 0.1, "fan_out", "tanh", g))
values(nn.init.kaiming_uniform_(t, mode="FAN_OUT", nonlinearity="selu", generator=g))
values(nn.init.uniform_(t, -1, 1, g))
attempt(nn.init.kaiming_uniform_, t, nonlinearity="nothing")
attempt(nn.init.kaiming_normal_, t, mode="fan")
attempt(nn.init.calculate_gain, "leaky_relu", "x")
attempt(nn.init.xavier_normal_, torch.empty(()))
print(nn.init.calculate_gain("conv_transpose2d"), nn.init.calculate_gain("tanh"), nn.init.calculate_gain("leaky_relu", 0.3))
print(nn.init._calculate_fan_in_and_fan_out(torch.empty(2, 3, 4, 5)), nn.init._calculate_correct_fan(torch.empty(2, 3), "fan_out"))
attempt(nn.init._calculate_correct_fan, torch.empty(2, 3), "x")
attempt(nn.init.constant_, torch.empty(2, dtype=torch.int64), 3)
""",
}
