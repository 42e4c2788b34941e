"""Programs that use `torch.nn`; what each prints is in nn_transcripts.json."""

_TWO_LAYERS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Sequential(nn.ReLU(), nn.Linear(4, 2, bias=False))
        self.scale = nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("cache", torch.zeros(1), persistent=False)
        self.register_parameter("absent", None)

    def forward(self, x):
        return self.second(self.first(x - self.mean)) * self.scale

torch.manual_seed(3)
net = Net()
"""

PROGRAMS = {
    "reprs": """
for module in [
    nn.Identity(), nn.Identity(54, unused=1), nn.Linear(3, 4), nn.Linear(3, 4, bias=False),
    nn.ReLU(), nn.ReLU(inplace=True), nn.Sigmoid(), nn.Tanh(), nn.Softmax(dim=1), nn.Softmax(),
    nn.LogSoftmax(dim=-1), nn.Flatten(), nn.Flatten(0, 2), nn.Unflatten(1, (2, 3)),
    nn.Dropout(), nn.Dropout(0.25, inplace=True), nn.BCEWithLogitsLoss(), nn.MSELoss(),
    nn.L1Loss(), nn.NLLLoss(), nn.CrossEntropyLoss(), nn.Sequential(), nn.Module(),
]:
    print(module)
    print(module.extra_repr())
""",
    "nested repr": """
from collections import OrderedDict
class Block(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.norm = nn.Linear(2, 2)
        self.act = nn.ReLU()
        if depth:
            self.inner = Block(depth - 1)
        self.absent = None
    def extra_repr(self):
        return "first line\\nsecond line"
print(Block(2))
net = nn.Sequential(OrderedDict([("encode", nn.Linear(3, 2)), ("act", nn.Tanh())]))
print(net)
net.add_module("nothing", None)
print(net)
print(nn.Sequential(net, Block(0), nn.Sequential()))
""",
    "parameter reprs": """
print(nn.Parameter(torch.ones(2, 3)))
print(nn.Parameter(torch.ones(2), requires_grad=False))
print(nn.Parameter(torch.tensor(1.5, dtype=torch.float64)))
print([nn.Parameter(torch.zeros(1))])
print(nn.Buffer(torch.zeros(2)))
print(nn.Parameter())
""",
    "parameter": """
base = torch.ones(2)
p = nn.Parameter(base)
q = nn.Parameter(p)
base[0] = 5
print(p.tolist(), q.tolist(), q is p, p.is_leaf, p.requires_grad, isinstance(p, torch.Tensor))
print(type(p + 1) is torch.Tensor, type(p.detach()) is torch.Tensor, type(p.data) is torch.Tensor)
print(nn.Parameter(torch.ones(2, requires_grad=True) * 2).is_leaf)
attempt(nn.Parameter, torch.ones(2, dtype=torch.int64))
print(nn.Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False).dtype)
import copy
r = copy.deepcopy(p)
r.data[0] = 7
print(type(r) is nn.Parameter, r.requires_grad, p.tolist())
p.tag = "kept"
print(p.tag)
""",
    "linear draws": """
for seed in (0, 1, 2**40 + 7):
    torch.manual_seed(seed)
    layer = nn.Linear(5, 3)
    values(layer.weight); values(layer.bias)
    values(nn.Linear(7, 2, bias=False).weight)
    values(nn.Linear(3, 4, dtype=torch.float64).weight)
    values(torch.rand(2))
torch.manual_seed(0)
layer = nn.Linear(30, 1)
values(layer.weight); values(layer.bias)
layer.reset_parameters()
values(layer.weight); values(layer.bias)
""",
    "linear": _TWO_LAYERS
    + """
x = torch.arange(6.).reshape(2, 3)
out = net(x)
print(out.shape, out.requires_grad)
print([round(v, 5) for v in out.flatten().tolist()])
out.sum().backward()
for name, p in net.named_parameters():
    print(name, [round(v, 5) for v in p.grad.flatten().tolist()])
print(nn.Linear(3, 2)(torch.ones(4, 5, 3)).shape, nn.Linear(3, 2)(torch.ones(3)).shape)
attempt(nn.Linear(2, 3), torch.ones(2, 5))
""",
    "zero-element linear": """
print(nn.Linear(2, 0).weight.shape, nn.Linear(0, 2).weight.shape)
""",
    "names and order": _TWO_LAYERS
    + """
print([n for n, _ in net.named_parameters()])
print([n for n, _ in net.named_parameters(prefix="net", recurse=False)])
print([n for n, _ in net.named_buffers()])
print([(n, type(m).__name__) for n, m in net.named_modules()])
print([n for n, _ in net.named_children()])
print(len(list(net.parameters())), len(list(net.buffers())), len(list(net.modules())))
print(list(net.state_dict()))
print(net.state_dict()._metadata["second.1"], list(net.state_dict()._metadata))
print(list(net.state_dict(prefix="a.")))
print([n for n in dir(net) if n in ("first", "mean", "scale", "training", "forward")])
""",
    "shared parameters": """
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = nn.Linear(2, 2)
        self.b.weight = self.a.weight
        self.c = self.a
net = Tied()
print([n for n, _ in net.named_parameters()])
print([n for n, _ in net.named_parameters(remove_duplicate=False)])
print([n for n, _ in net.named_modules()])
print([n for n, _ in net.named_modules(remove_duplicate=False)])
print([n for n, _ in net.named_children()])
print(list(net.state_dict()))
import copy
twin = copy.deepcopy(net)
print(twin.b.weight is twin.a.weight, twin.c is twin.a, twin.a.weight is net.a.weight)
""",
    "attributes": """
class Net(nn.Module):
    pass
net = Net()
net.w = nn.Parameter(torch.ones(1))
print(list(net._parameters), "w" in net.__dict__)
def assign(name, value):
    setattr(net, name, value)
    return (list(net._parameters), list(net._buffers), list(net._modules), name in net.__dict__)
attempt(assign, "w", torch.ones(1))
attempt(assign, "w", 3)
attempt(assign, "w", None)
attempt(assign, "w", 5)
attempt(assign, "w", nn.Parameter(torch.ones(2)))
net.register_buffer("b", torch.zeros(2))
attempt(assign, "b", torch.ones(3))
attempt(assign, "b", [1])
attempt(assign, "b", None)
attempt(assign, "b", nn.Parameter(torch.ones(2)))
attempt(assign, "m", nn.Linear(1, 1))
attempt(assign, "m", nn.Tanh())
attempt(assign, "m", "text")
attempt(assign, "m", None)
attempt(assign, "plain", torch.ones(1))
attempt(assign, "plain", nn.Parameter(torch.ones(1)))
attempt(assign, "buffer", nn.Buffer(torch.ones(1)))
attempt(assign, "quiet", nn.Buffer(torch.ones(1), persistent=False))
print(list(net.state_dict()))
def remove(name):
    delattr(net, name)
    return hasattr(net, name)
for name in ("plain", "buffer", "quiet", "m", "missing"):
    attempt(remove, name)
attempt(lambda: net.missing)
attempt(lambda: nn.Linear(1, 1).wieght)
""",
    "registration errors": """
class Early(nn.Module):
    def __init__(self, what):
        what(self)
attempt(Early, lambda self: setattr(self, "w", nn.Parameter(torch.ones(1))))
attempt(Early, lambda self: setattr(self, "m", nn.ReLU()))
attempt(Early, lambda self: self.register_buffer("b", torch.ones(1)))
attempt(Early, lambda self: self.register_parameter("b", None))
net = nn.Linear(1, 1)
attempt(net.register_buffer, "a.b", torch.ones(1))
attempt(net.register_buffer, "", torch.ones(1))
attempt(net.register_buffer, 5, torch.ones(1))
attempt(net.register_buffer, "weight", torch.ones(1))
attempt(net.register_buffer, "new", [1.0])
attempt(net.register_parameter, "a.b", None)
attempt(net.register_parameter, "", None)
attempt(net.register_parameter, 5, None)
attempt(net.register_parameter, "forward", None)
attempt(net.register_parameter, "new", torch.ones(1))
attempt(net.register_parameter, "new", 3)
attempt(net.add_module, "a.b", nn.ReLU())
attempt(net.add_module, "", nn.ReLU())
attempt(net.add_module, 5, nn.ReLU())
attempt(net.add_module, "weight", nn.ReLU())
attempt(net.add_module, "new", 5)
attempt(net.add_module, "new", torch.ones(1))
attempt(nn.Module, 3)
attempt(lambda: nn.Module(a=3))
attempt(nn.Module(), torch.ones(1))
""",
    "modules only": """
attempt(nn.Sequential, 3)
attempt(nn.Sequential, "text")
""",
    "load_state_dict": _TWO_LAYERS
    + """
import copy
other = copy.deepcopy(net)
with torch.no_grad():
    for p in other.parameters():
        p.add_(1)
print(net.load_state_dict(other.state_dict()))
print(all((a == b).all().item() for a, b in zip(net.parameters(), other.parameters())))
state = other.state_dict()
del state["first.bias"]
state["surplus"] = torch.ones(1)
state["first.deep.x"] = torch.ones(1)
state["third.x"] = torch.ones(1)
state["scale"] = torch.ones(3)
state["second.1.weight"] = 5
attempt(net.load_state_dict, state)
attempt(net.load_state_dict, state, strict=False)
del state["scale"], state["second.1.weight"]
attempt(net.load_state_dict, state, strict=False)
attempt(net.load_state_dict, [1])
attempt(net.load_state_dict, {})
print(net.load_state_dict({}, strict=False))
attempt(net.load_state_dict, {k: v.double() for k, v in other.state_dict().items()})
print(net.scale.dtype)
scalar = nn.Module()
scalar.s = nn.Parameter(torch.tensor(1.0))
print(scalar.load_state_dict({"s": torch.tensor([4.0])}), scalar.s.item())
attempt(scalar.load_state_dict, {"s": torch.tensor([4.0, 5.0])})
result = net.load_state_dict({}, strict=False)
missing, unexpected = result
print(missing == result.missing_keys, unexpected == result.unexpected_keys)
""",
    "load assign": """
net = nn.Linear(2, 2)
new = {"weight": torch.full((2, 2), 3.0, dtype=torch.float64), "bias": nn.Parameter(torch.ones(2))}
net.weight.requires_grad_(False)
print(net.load_state_dict(new, assign=True))
print(net.weight.dtype, type(net.weight) is nn.Parameter, net.weight.requires_grad)
print(net.bias is new["bias"], net.bias.requires_grad)
""",
    "state dict shares memory": """
net = nn.Linear(2, 1)
state = net.state_dict()
state["weight"].fill_(7)
print(net.weight.tolist(), state["weight"].requires_grad, type(state["weight"]) is torch.Tensor)
kept = net.state_dict(keep_vars=True)
print(kept["weight"] is net.weight)
print(type(state).__name__)
""",
    "extra state": """
class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.count = 3
    def get_extra_state(self):
        return {"count": self.count}
    def set_extra_state(self, state):
        self.count = state["count"]
net = nn.Sequential(Counter(), nn.ReLU())
print(dict(net.state_dict()))
print(net.load_state_dict({"0._extra_state": {"count": 9}}), net[0].count)
attempt(net.load_state_dict, {})
attempt(nn.ReLU().load_state_dict, {"_extra_state": 1})
""",
    "state dict hooks": """
net = nn.Sequential(nn.Linear(1, 1))
log = []
pre = net.register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("pre", prefix, keep)))
def post(module, state, prefix, metadata):
    log.append(("post", prefix, sorted(state)))
    state["added"] = torch.ones(1)
handle = net.register_state_dict_post_hook(post)
print(list(net.state_dict()), log)
handle.remove(); pre.remove()
print(list(net.state_dict()), len(log))
net.register_state_dict_post_hook(lambda *args: 3)
attempt(net.state_dict)
net = nn.Linear(1, 1)
def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
    state[prefix + "weight"] = state.pop(prefix + "old")
net.register_load_state_dict_pre_hook(rename)
def forgive(module, keys):
    keys.missing_keys.clear()
net.register_load_state_dict_post_hook(forgive)
print(net.load_state_dict({"old": torch.full((1, 1), 2.0)}), net.weight.item())
net.register_load_state_dict_post_hook(lambda module, keys: 3)
attempt(net.load_state_dict, {"old": torch.full((1, 1), 2.0)})
""",
    "forward hooks": """
net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
net[0].weight.data.fill_(2.0)
x = torch.ones(1, 1)
log = []
a = net[0].register_forward_pre_hook(lambda m, args: log.append(("pre", len(args))))
b = net[0].register_forward_hook(lambda m, args, out: log.append(("post", out.item())))
print(net(x).item(), log)
a.remove(); b.remove()
c = net[0].register_forward_pre_hook(lambda m, args: args[0] * 3)
d = net[0].register_forward_hook(lambda m, args, out: out + 1)
e = net[0].register_forward_hook(lambda m, args, out: out * 10, prepend=True)
print(net(x).item())
e.remove()
print(net(x).item())
c.remove(); d.remove()
print(net(x).item())
class Named(nn.Module):
    def forward(self, x, *, scale=1):
        return x * scale
named = Named()
named.register_forward_pre_hook(lambda m, args, kwargs: (args, {"scale": 5}), with_kwargs=True)
named.register_forward_hook(lambda m, args, kwargs, out: out + kwargs["scale"], with_kwargs=True)
print(named(x, scale=2).item())
bad = Named()
bad.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
attempt(bad, x)
""",
    "hooks when forward raises": """
class Fails(nn.Module):
    def forward(self, x):
        raise ValueError("no")
net = Fails()
log = []
net.register_forward_hook(lambda m, args, out: log.append("skipped"))
net.register_forward_hook(lambda m, args, out: log.append(("called", out)), always_call=True)
attempt(net, 1)
print(log)
def raises(m, args, out):
    raise KeyError("hook")
net.register_forward_hook(raises, always_call=True)
attempt(net, 1)
print(log)
""",
    "global hooks": """
place = room("nn.modules.module", "nn.module")
log = []
a = place.register_module_forward_pre_hook(lambda m, args: log.append(("pre", type(m).__name__)))
b = place.register_module_forward_hook(lambda m, args, out: log.append(("post", type(m).__name__)))
net = nn.Sequential(nn.ReLU(), nn.Tanh())
net(torch.ones(1))
print(log)
a.remove(); b.remove()
net(torch.ones(1))
print(len(log))
""",
    "modes": _TWO_LAYERS
    + """
print(net.training, net.eval() is net, net.training, net.second[1].training)
net.train()
print(net.second[1].training)
attempt(net.train, 1)
net.requires_grad_(False)
print([p.requires_grad for p in net.parameters()])
net.requires_grad_()
net(torch.ones(1, 3)).sum().backward()
print([p.grad is None for p in net.parameters()])
net.zero_grad(set_to_none=False)
print([p.grad.abs().sum().item() for p in net.parameters()])
net.zero_grad()
print([p.grad is None for p in net.parameters()])
names = []
print(net.apply(lambda m: names.append(type(m).__name__)) is net, names)
""",
    "dtypes": _TWO_LAYERS
    + """
net.register_buffer("steps", torch.zeros(1, dtype=torch.int64))
net(torch.ones(1, 3)).sum().backward()
before = net.scale
print(net.double() is net, net.scale is before, {n: str(t.dtype) for n, t in net.state_dict().items()})
print(net.scale.grad.dtype)
net.to(torch.float32)
print(net.scale.dtype, net.scale.grad.dtype, net.steps.dtype)
net.to("cpu", torch.float64)
print(net.scale.dtype)
net.to(torch.ones(1))
print(net.scale.dtype)
net.to(dtype=torch.float64, non_blocking=True).float()
print(net.scale.dtype)
attempt(net.to, torch.int64)
print(net.half().scale.dtype, net.cpu() is net)
print(nn.Linear(2, 2).type(torch.float64).weight.dtype)
""",
    "lookup by name": _TWO_LAYERS
    + """
print(net.get_submodule("") is net, net.get_submodule("second.1"))
print(net.get_parameter("first.bias") is net.first.bias, net.get_buffer("mean") is net.mean)
for target in ("third", "second.5", "scale", "second.1.weight"):
    attempt(net.get_submodule, target)
for target in ("first", "first.wieght", "mean", "third.weight"):
    attempt(net.get_parameter, target)
for target in ("scale", "median", "first.weight"):
    attempt(net.get_buffer, target)
net.set_submodule("second.1", nn.Tanh())
print(net.second)
net.set_submodule("extra", nn.Tanh())
print(net.extra)
attempt(net.set_submodule, "other", nn.Tanh(), strict=True)
attempt(net.set_submodule, "", nn.Tanh())
attempt(net.set_submodule, "scale", nn.Tanh())
attempt(net.set_submodule, "a.b", nn.Tanh())
""",
    "sequential": """
import copy
from collections import OrderedDict
net = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3))
print(len(net), net[1], net[-1], net[0:2], type(net[::2]) is nn.Sequential)
attempt(lambda: net[3])
attempt(lambda: net[-4])
attempt(lambda: net["0"])
attempt(lambda: net[1.5])
net[1] = nn.Tanh()
print(net)
del net[1]
print(net)
net.append(nn.Sigmoid()).insert(0, nn.Flatten())
net.extend([nn.ReLU(), nn.ReLU()])
print(net)
attempt(net.insert, 9, nn.ReLU())
refused(net.insert, 0, 3)
net.insert(-1, nn.Identity())
print(net.pop(0), net.pop(-1), net)
del net[1:3]
print(net, list(net.state_dict()))
print(nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh()))
attempt(lambda: nn.Sequential() + [nn.ReLU()])
small = nn.Sequential(nn.ReLU(), nn.Tanh())
print(small * 2, 2 * small)
refused(lambda: small * 0)
refused(lambda: small * 1.5)
small *= 2
print(small)
small += nn.Sequential(nn.Sigmoid())
print(small, [type(m).__name__ for m in small], small[0] is small[2])
attempt(small.__iadd__, 3)
named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh(), c=nn.Sigmoid()))
print(named[1:], named.b)
del named[0]
print(named)
print(small(torch.ones(1)).shape)
""",
    "activations": """
x = torch.tensor([[-1.0, 0.0, 2.0], [3.0, -4.0, 0.5]])
for layer in [nn.ReLU(), nn.Sigmoid(), nn.Tanh(), nn.Softmax(dim=1), nn.LogSoftmax(dim=0)]:
    print(type(layer).__name__, [round(v, 5) for v in layer(x).flatten().tolist()])
y = x.clone()
out = nn.ReLU(inplace=True)(y)
print(out is y, y.tolist())
print(nn.Softmax()(torch.zeros(2)).tolist(), nn.LogSoftmax()(torch.zeros(2, 2)).shape)
print(F.softmax(x, dim=1, dtype=torch.float64).dtype, F.relu(x, inplace=True) is x)
""",
    "shapes": """
x = torch.arange(24.).reshape(2, 3, 4)
print(nn.Flatten()(x).shape, nn.Flatten(0, 1)(x).shape, nn.Unflatten(1, (3, 1))(x).shape)
print(nn.Unflatten(2, [2, -1])(x).shape)
attempt(nn.Unflatten, 1, 3)
attempt(nn.Unflatten, 1, (2.0, 3))
attempt(nn.Unflatten(1, (2, 2)), x)
attempt(nn.Flatten(1, 5), x)
""",
    "dropout": """
attempt(nn.Dropout, 1.5)
attempt(nn.Dropout, -0.1)
attempt(F.dropout, torch.ones(2), 1.5)
x = torch.arange(1.0, 41.0).reshape(8, 5)
for p in (0.1, 0.5, 0.9):
    torch.manual_seed(5)
    layer = nn.Dropout(p)
    values(layer(x))
    values(layer(x.double()))
    print(layer.eval()(x) is x, nn.Dropout(0.0)(x) is x, nn.Dropout(1.0)(x).abs().sum().item())
    values(torch.rand(1))
y = x.clone()
torch.manual_seed(1)
print(nn.Dropout(0.5, inplace=True)(y) is y, y.tolist()[0])
w = torch.ones(6, requires_grad=True)
torch.manual_seed(2)
out = F.dropout(w, 0.4)
out.sum().backward()
print((w.grad == out.detach()).all().item())
torch.manual_seed(3)
print(F.dropout(x, 0.3, training=False) is x, F.dropout(torch.ones(0)).shape)
""",
    "losses": """
torch.manual_seed(0)
x = torch.tensor([[0.3, -1.2, 2.0], [0.1, 0.4, -0.7]], requires_grad=True)
t = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.25]])
c = torch.tensor([2, 0])
w = torch.tensor([0.5, 1.0, 2.0])
def show(loss, target):
    x.grad = None
    out = loss(x, target)
    out.sum().backward()
    print(type(loss).__name__, loss.reduction, [round(v, 5) for v in out.detach().flatten().tolist()],
          [round(v, 5) + 0.0 for v in x.grad.flatten().tolist()])
for reduction in ("mean", "sum", "none"):
    show(nn.BCEWithLogitsLoss(reduction=reduction), t)
    show(nn.BCEWithLogitsLoss(weight=w, pos_weight=w, reduction=reduction), t)
    show(nn.MSELoss(reduction=reduction), t)
    show(nn.L1Loss(reduction=reduction), t)
    show(nn.NLLLoss(reduction=reduction), c)
    show(nn.NLLLoss(weight=w, ignore_index=0, reduction=reduction), c)
    show(nn.CrossEntropyLoss(reduction=reduction), c)
    show(nn.CrossEntropyLoss(weight=w, label_smoothing=0.1, reduction=reduction), c)
    show(nn.CrossEntropyLoss(reduction=reduction, ignore_index=2), c)
    show(nn.CrossEntropyLoss(reduction=reduction), t / t.sum(1, keepdim=True))
print(dict(nn.BCEWithLogitsLoss(pos_weight=w).state_dict()), dict(nn.NLLLoss(weight=w).state_dict()))
attempt(lambda: nn.BCEWithLogitsLoss()(x, c))
attempt(lambda: nn.MSELoss(reduction="wrong")(x, t))
""",
    "older loss arguments": """
print(nn.MSELoss(size_average=False).reduction)
print(nn.MSELoss(reduce=False).reduction)
print(nn.L1Loss(size_average=True, reduce=True).reduction)
print(nn.CrossEntropyLoss(size_average=False, reduce=True).reduction)
print(nn.BCEWithLogitsLoss(reduce=False, size_average=False).reduction)
""",
    "loss size warning": """
print(nn.MSELoss()(torch.ones(2), torch.ones(2, 1)).item())
print(nn.L1Loss()(torch.ones(2), torch.ones(2, 1)).item())
attempt(nn.BCEWithLogitsLoss(), torch.ones(2), torch.ones(2, 1))
""",
    "init draws": """
for seed in (0, 11):
    torch.manual_seed(seed)
    for shape in ((3, 5), (4, 2, 3)):
        t = torch.empty(shape)
        for fill in (nn.init.uniform_, nn.init.xavier_uniform_, nn.init.kaiming_uniform_):
            values(fill(t))
        values(nn.init.uniform_(t, -2, 3))
        values(nn.init.xavier_uniform_(t, gain=nn.init.calculate_gain("relu")))
        values(nn.init.kaiming_uniform_(t, a=0.3, mode="fan_out"))
        values(nn.init.kaiming_uniform_(t, nonlinearity="relu"))
        values(nn.init.constant_(t, 0.25))
        values(nn.init.ones_(t))
        values(nn.init.zeros_(t))
    values(nn.init.eye_(torch.empty(2, 3)))
    values(nn.init.uniform_(torch.empty(3, dtype=torch.float64)))
    g = torch.Generator()
    g.manual_seed(seed)
    values(nn.init.xavier_uniform_(torch.empty(2, 2), generator=g))
    values(torch.rand(1))
p = nn.Parameter(torch.empty(2, 2))
print(nn.init.ones_(p) is p, p.requires_grad, p.grad_fn)
""",
    "init normal draws": """
torch.manual_seed(4)
for shape in ((3, 5), (4, 4), (5, 9)):
    t = torch.empty(shape)
    values(nn.init.normal_(t))
    values(nn.init.normal_(t, 1.0, 0.5))
    values(nn.init.xavier_normal_(t))
    values(nn.init.kaiming_normal_(t, nonlinearity="relu"))
    values(nn.init.normal_(t.double()))
""",
    "init errors": """
for name, param in [("linear", None), ("conv2d", None), ("conv_transpose3d", None), ("sigmoid", None),
                    ("tanh", None), ("relu", None), ("leaky_relu", None), ("leaky_relu", 0.2),
                    ("leaky_relu", 1), ("leaky_relu", True), ("leaky_relu", "a"), ("selu", None),
                    ("gelu", None)]:
    attempt(nn.init.calculate_gain, name, param)
attempt(nn.init.xavier_uniform_, torch.empty(3))
attempt(nn.init.kaiming_normal_, torch.empty(3))
attempt(nn.init.kaiming_uniform_, torch.empty(3, 3), mode="both")
attempt(nn.init.eye_, torch.empty(3))
print(nn.init.kaiming_uniform_(torch.empty(0, 3)).shape)
print(nn.init.kaiming_normal_(torch.empty(3, 0)).shape)
""",
    "deepcopy": _TWO_LAYERS
    + """
import copy
log = []
net.first.register_forward_hook(lambda m, a, o: log.append(m is net.first))
twin = copy.deepcopy(net)
twin(torch.ones(1, 3))
net(torch.ones(1, 3))
print(log, list(twin.state_dict()) == list(net.state_dict()))
with torch.no_grad():
    twin.scale.fill_(9)
print(net.scale.tolist())
""",
    "instance forward": """
net = nn.Linear(1, 1)
net.forward = lambda x: x + 41
print(net(1))
class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = [1, 2]
    def forward(self, *args, scale=1, **kwargs):
        return len(args), scale, sorted(kwargs)
print(Holder()(1, 2, scale=3, extra=4), Holder().items)
""",
    "call_super_init": """
class Base:
    def __init__(self, name="none"):
        self.name = name
class Both(nn.Module, Base):
    call_super_init = True
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
print(Both(name="given").name)
""",
    "writes to private dicts": """
class Block(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        for i, layer in enumerate(layers):
            self._modules[str(i)] = layer
    def forward(self, x):
        for layer in self._modules.values():
            x = layer(x)
        return x
net = Block(nn.Linear(2, 3), nn.ReLU())
print(net, net(torch.ones(1, 2)).shape)
net._modules["0"]._parameters["bias"] = nn.Parameter(torch.full((3,), 9.0))
net._modules["0"]._parameters["weight"] = nn.Parameter(torch.zeros(3, 2))
print(net(torch.ones(1, 2)).tolist())
layer = nn.Linear(2, 1)
weight = layer.weight
del layer.weight
layer.weight = torch.ones(1, 2)
layer.bias = None
print(layer(torch.ones(1, 2)).item(), list(layer.state_dict()))
""",
}
