"""Programs about what every module can do; what each prints is in module_transcripts.json."""

PROGRAMS = {
    "backward hooks": """
def shapes(gradients):
    return [None if g is None else (tuple(g.shape), g.flatten()[:2].tolist()) for g in gradients]
log = []
class Two(nn.Module):
    def forward(self, a, b, k=3):
        return a * b, a + 1
net = Two()
h1 = net.register_full_backward_pre_hook(lambda m, go: log.append(("pre", shapes(go))))
h2 = net.register_full_backward_hook(lambda m, gi, go: log.append(("post", shapes(gi), shapes(go))))
h3 = net.register_full_backward_hook(lambda m, gi, go: log.append(("first",)), prepend=True)
h4 = net.register_full_backward_pre_hook(lambda m, go: log.append(("pre first",)), prepend=True)
a, b = torch.ones(2, requires_grad=True), torch.full((2,), 2.0)
x, y = net(a, b)
(x * 3).sum().backward()
print(log)
log.clear()
(net(a, b)[0].sum() + net(a, b)[1].sum()).backward()
print(log, a.grad)
for handle in (h1, h2, h3, h4):
    handle.remove()
h = net.register_full_backward_pre_hook(lambda m, go: (go[0] * 10, None))
a.grad = None
net(a, b)[0].sum().backward()
print(a.grad)
h.remove()
h = net.register_full_backward_pre_hook(lambda m, go: (go[0],))
attempt(lambda: net(a, b)[0].sum().backward())
h.remove()
h = net.register_full_backward_hook(lambda m, gi, go: (gi[0] * 5, None))
a.grad = None
net(a, b)[0].sum().backward()
print(a.grad)
h.remove()
h = net.register_full_backward_hook(lambda m, gi, go: (gi[0],))
attempt(lambda: net(a, b)[0].sum().backward())
h.remove()
linear = nn.Linear(2, 1)
h = linear.register_full_backward_hook(lambda m, gi, go: log.append(shapes(gi)))
log.clear()
linear(torch.ones(1, 2)).sum().backward()
print(log)
h.remove()
h = linear.register_full_backward_hook(lambda m, gi, go: gi)
linear(torch.ones(1, 2)).sum().backward()
h.remove()
h = linear.register_full_backward_hook(lambda m, gi, go: (torch.ones(1, 2),))
attempt(lambda: linear(torch.ones(1, 2)).sum().backward())
h.remove()
class Nested(nn.Module):
    def forward(self, x):
        return {"a": x}
net = Nested()
net.register_full_backward_hook(lambda m, gi, go: None)
print(type(net(torch.ones(1, requires_grad=True))["a"]).__name__)
class Words(nn.Module):
    def forward(self, x, word):
        return "text", x * 2
net = Words()
net.register_full_backward_hook(lambda m, gi, go: log.append((shapes(gi), shapes(go))))
log.clear()
net(torch.ones(1, requires_grad=True), "w")[1].sum().backward()
print(log)
attempt(linear.register_backward_hook, lambda *a: None)
print(linear(torch.ones(1, 2, requires_grad=True)).grad_fn.name())
x = torch.ones(1, 2, requires_grad=True)
h.remove()
h = linear.register_full_backward_hook(lambda m, gi, go: log.append("again"))
log.clear()
g, = torch.autograd.grad(linear(x).pow(2).sum(), x, create_graph=True)
g.sum().backward()
print(log)
""",
    "older backward hooks": """
log = []
act = nn.ReLU()
h = act.register_backward_hook(lambda m, gi, go: log.append((type(m).__name__, len(gi), gi[0].tolist(), go[0].tolist())))
x = torch.ones(2, requires_grad=True)
act(x * 2).sum().backward()
print(log)
attempt(act.register_full_backward_hook, lambda *a: None)
h.remove()
h = act.register_backward_hook(lambda m, gi, go: (gi[0] * 7,))
x.grad = None
act(x * 2).sum().backward()
print(x.grad)
class Two(nn.Module):
    def forward(self, x):
        return x * 2, x * 3
net = Two()
net.register_backward_hook(lambda m, gi, go: None)
net(x)
class Listed(nn.Module):
    def forward(self, x):
        return [x * 2]
net = Listed()
net.register_backward_hook(lambda m, gi, go: None)
net(x)
act(x.detach())
""",
    "global hooks": """
place = room("nn.modules.module")
log = []
handles = [
    place.register_module_forward_pre_hook(lambda m, args: log.append(("forward pre", type(m).__name__))),
    place.register_module_forward_hook(lambda m, args, kwargs, out: log.append(("forward", type(m).__name__, kwargs)), with_kwargs=True),
    place.register_module_full_backward_pre_hook(lambda m, go: log.append(("backward pre", type(m).__name__))),
    place.register_module_full_backward_hook(lambda m, gi, go: log.append(("backward", type(m).__name__))),
]
net = nn.Sequential(nn.ReLU(), nn.Tanh())
net[0].register_forward_hook(lambda m, a, o: log.append("own"))
net(torch.ones(1, requires_grad=True)).sum().backward()
print(log)
attempt(place.register_module_backward_hook, lambda *a: None)
for handle in handles:
    handle.remove()
log.clear()
net[1](torch.ones(1, requires_grad=True)).sum().backward()
print(log)
class Fails(nn.Module):
    def forward(self, x):
        raise ValueError("no")
handle = place.register_module_forward_hook(lambda m, a, o: log.append(("always", o)), always_call=True)
attempt(Fails(), 1)
print(log)
handle.remove()
""",
    "registration hooks": """
place = room("nn.modules.module")
log = []
def note(kind):
    return lambda module, name, value: log.append((kind, type(module).__name__, name, type(value).__name__))
handles = [place.register_module_buffer_registration_hook(note("buffer")),
           place.register_module_module_registration_hook(note("module")),
           place.register_module_parameter_registration_hook(note("parameter"))]
net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
net.extra = nn.Parameter(torch.ones(1))
net.extra = None
net.cache = nn.Buffer(torch.ones(1))
net.cache = torch.zeros(2)
net.inner = nn.ReLU()
net.inner = None
net.register_buffer("none", None)
net.register_parameter("nothing", None)
for each in log:
    print(*each)
for handle in handles:
    handle.remove()
handle = place.register_module_parameter_registration_hook(lambda m, n, p: nn.Parameter(p * 2))
print(nn.LayerNorm(2).weight)
handle.remove()
handle = place.register_module_module_registration_hook(lambda m, n, s: nn.Tanh())
print(nn.Sequential(nn.ReLU()))
handle.remove()
""",
    "handles": """
import copy
act = nn.ReLU()
log = []
with act.register_forward_hook(lambda m, a, o: log.append(1)):
    act(torch.ones(1))
act(torch.ones(1))
print(log, len(act._forward_hooks))
handle = act.register_forward_pre_hook(lambda m, a: log.append(2))
handle.remove(); handle.remove()
print(len(act._forward_pre_hooks))
a = act.register_forward_hook(lambda m, a, o: log.append("a"))
b = act.register_forward_hook(lambda m, a, o: log.append("b"))
act._forward_hooks.move_to_end(b.id, last=False)
log.clear()
act(torch.ones(1))
print(log)
act._forward_hooks.clear()
act(torch.ones(1))
print(log)
def inner(m, a):
    h.remove()
    log.append("once")
h = act.register_forward_pre_hook(inner)
act(torch.ones(1)); act(torch.ones(1))
print(log)
""",
    "conversions": """
net = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Flatten())
def kinds():
    return [(name, str(tensor.dtype)) for name, tensor in net.state_dict().items()]
weight = net[0].weight
for change in (lambda: net.double(), lambda: net.half(), lambda: net.float(), lambda: net.to(torch.float64), lambda: net.to(dtype=torch.float32),
               lambda: net.to("cpu"), lambda: net.to(device="cpu", dtype=torch.float64), lambda: net.to(torch.ones(1)),
               lambda: net.to(torch.device("cpu"), torch.float64, True), lambda: net.type(torch.float32), lambda: net.cpu()):
    print(change() is net, net[0].weight is weight, kinds()[0], kinds()[-1])
net.type("torch.DoubleTensor")
print(kinds())
attempt(net.to, torch.int32)
attempt(net.to, dtype=torch.bool)
net.float()
x = torch.ones(1, 1, 3, 3)
net(x).sum().backward()
grad = net[0].weight.grad
net.double()
print(net[0].weight.grad.dtype, net[0].weight.grad is grad, net[0].bias.grad.dtype)
net.to_empty(device="cpu")
print(net[0].weight.shape, net[0].weight.dtype)
print(net.share_memory() is net, net[0].weight.is_leaf, net[0].weight.requires_grad)
a, b = nn.Linear(2, 2), nn.Linear(2, 2)
b.weight = a.weight
pair = nn.Sequential(a, b)
pair.double()
print(a.weight is b.weight, a.weight.dtype)
""",
    "pickle and copies": """
import copy, pickle
net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.3), nn.ModuleDict({"a": nn.ReLU()}), nn.ParameterList([torch.ones(2)]))
net[0].tag = [1, 2]
net.eval()
for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), copy.copy(net)):
    print(repr(twin) == repr(net), twin.training, twin[0].tag, twin[0] is net[0], twin[0].weight is net[0].weight,
          torch.equal(twin[0].weight, net[0].weight), type(twin[0].weight).__name__, list(twin.state_dict()) == list(net.state_dict()))
twin = copy.copy(net)
twin.extra = nn.ReLU()
print(hasattr(net, "extra"))
class Old(nn.Module):
    def __setstate__(self, state):
        super().__setstate__(state)
        self.seen = True
old = copy.deepcopy(Old())
print(old.seen, old.__getstate__().keys() == {k for k in old.__dict__ if k != "_compiled_call_impl"})
bare = nn.ReLU.__new__(nn.ReLU)
bare.__setstate__({"_parameters": {}, "_buffers": {}, "_modules": {}, "_forward_hooks": {}, "_backward_hooks": {}, "training": True, "inplace": False})
print(bare(torch.tensor([-1.0, 1.0])), bare.state_dict())
p = nn.Parameter(torch.ones(2))
p.grad = torch.ones(2)
q = copy.deepcopy(p)
print(q.grad, type(q).__name__, q.requires_grad, copy.deepcopy([p, p])[0] is copy.deepcopy([p, p])[1])
twins = copy.deepcopy([p, p])
print(twins[0] is twins[1], pickle.loads(pickle.dumps(p)))
""",
    "lazy": """
import copy, pickle
net = nn.Sequential(nn.LazyConv2d(2, 3), nn.LazyBatchNorm2d(track_running_stats=False), nn.Flatten(), nn.LazyLinear(3))
print(net, nn.LazyBatchNorm1d().running_mean)
print([type(p).__name__ for p in net.parameters()], net[0].has_uninitialized_params(), net[0].weight.dtype)
attempt(lambda: net[0].weight.shape)
for function in (lambda w: w + 1, lambda w: w.sum(), lambda w: w[0]):
    refused(function, net[0].weight)
twin = copy.deepcopy(net)
other = pickle.loads(pickle.dumps(net))
print(type(twin[0]).__name__, type(other[3].weight).__name__, list(net.state_dict()), net.state_dict()["0.weight"])
torch.manual_seed(0)
out = net(torch.ones(2, 1, 5, 5))
print(out.shape, net, [(n, tuple(p.shape)) for n, p in net.named_parameters()], hasattr(net[0], "_initialize_hook"), len(net[0]._forward_pre_hooks))
norm = nn.LazyBatchNorm1d()
norm(torch.ones(2, 3))
print(type(net[0].weight) is nn.Parameter, type(norm.running_mean) is torch.Tensor, norm.num_batches_tracked, net[3].in_features)
print(twin.load_state_dict(net.state_dict()), torch.equal(twin[0].weight, net[0].weight), twin)
twin(torch.ones(2, 1, 5, 5))
print(twin)
attempt(nn.Linear(2, 3).load_state_dict, nn.LazyLinear(3).state_dict())
print(nn.LazyLinear(3).load_state_dict(nn.LazyLinear(3).state_dict()))
lazy = nn.LazyLinear(3)
lazy.load_state_dict(nn.Linear(4, 3).state_dict())
print(lazy.weight.shape, lazy.in_features)
refused(lazy, torch.ones(1, 5))
lazy(torch.ones(1, 4))
print(lazy)
lazy = nn.LazyLinear(3).double()
print(lazy.weight, lazy.weight.dtype, lazy(torch.ones(1, 2).double()).dtype)
lazy = nn.LazyLinear(3, dtype=torch.float64)
print(lazy.weight.dtype, lazy(torch.ones(1, 2).double()).dtype, lazy.weight.dtype)
print(sum(1 for _ in nn.LazyLinear(3).parameters()))
attempt(nn.LazyLinear(3).share_memory)
optimizer = optim.SGD((lazy := nn.LazyLinear(1)).parameters(), lr=0.1)
lazy(torch.ones(1, 2)).sum().backward()
before = lazy.weight.detach().clone()
optimizer.step()
print((before - lazy.weight).detach())
class Mine(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()
    def initialize_parameters(self, x):
        with torch.no_grad():
            self.scale.materialize((x.shape[-1],))
            self.scale.fill_(2)
    def forward(self, x):
        return x * self.scale
mine = Mine()
print(mine(torch.ones(2, 3)), mine.scale)
class Bad(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.UninitializedParameter()
attempt(Bad(), 1)
Bad.initialize_parameters = lambda self, x: None
attempt(Bad(), 1)
print(nn.UninitializedParameter(), nn.UninitializedParameter(False).requires_grad, nn.UninitializedBuffer())
u = nn.UninitializedParameter(dtype=torch.float64)
u.materialize((2, 3))
print(type(u).__name__, u.shape, u.dtype, u.requires_grad)
""",
    "buffers": """
net = nn.Module()
net.a = nn.Buffer(torch.ones(1))
net.b = nn.Buffer(torch.ones(2), persistent=False)
print(list(net.state_dict()), [n for n, _ in net.named_buffers()], type(net.a).__name__, isinstance(net.a, nn.Buffer), isinstance(torch.ones(1), nn.Buffer))
net.b = torch.zeros(3)
net.a = nn.Buffer(torch.zeros(1), persistent=False)
print(list(net.state_dict()))
net.register_buffer("a", torch.ones(4))
print(list(net.state_dict()))
class Own(nn.Module):
    def register_buffer(self, name, tensor):
        print("own", name)
        super().register_buffer(name, tensor)
own = Own()
own.c = nn.Buffer(torch.ones(1))
def worse():
    own.d = nn.Buffer(torch.ones(1), persistent=False)
attempt(worse)
print(nn.Buffer(torch.ones(2, requires_grad=True)).requires_grad, nn.Buffer().shape, nn.Buffer(torch.ones(2)))
""",
    "module": """
net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
print(net.register_module("third", nn.Tanh()), net)
print(nn.Module.dump_patches, nn.Module._version, nn.Module.call_super_init, net._get_name())
print(net.extra_repr() == "", [type(m).__name__ for m in net.modules()])
print([n for n in "add_module apply buffers call_super_init children compile cpu cuda double dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half load_state_dict modules named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to to_empty train type zero_grad".split() if not hasattr(nn.Module, n)])
print([n for n, _ in net.named_modules(prefix="net")], [n for n, _ in net.named_parameters("net")], [n for n, _ in net.named_buffers(prefix="p", recurse=False)])
a = nn.Linear(1, 1)
pair = nn.Sequential(a, a)
print(len(list(pair.modules())), len(list(pair.modules(remove_duplicate=False))), len(list(pair.children())), len(pair))
net = nn.Sequential(nn.Sequential(nn.Linear(1, 1)))
for target in ("0.0", "0.1", "", "1", "0.0.weight"):
    attempt(net.set_submodule, target, nn.Linear(3, 3))
    print(net)
attempt(net.set_submodule, "0.7", nn.ReLU(), strict=True)
attempt(net.set_submodule, "0.0", nn.ReLU(), strict=True)
attempt(net.set_submodule, "0.0", 3)
attempt(net.set_submodule, "5.0", nn.ReLU())
print(net)
class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.sub = nn.Linear(2, 2)
    def forward(self, x, *, scale):
        return self.sub(x) * scale
mixed = Mixed()
attempt(mixed, torch.ones(2))
print(mixed(torch.ones(2), scale=2).shape)
def seen(m, args, kwargs):
    return (args[0] * 0,), {"scale": kwargs["scale"] + 1}
mixed.register_forward_pre_hook(seen, with_kwargs=True)
print(mixed(torch.ones(2), scale=2).shape)
attempt(lambda: nn.Linear(1, 1)(torch.ones(1), torch.ones(1)))
attempt(lambda: nn.Linear.forward(3))
""",
    "load hooks": """
net = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
log = []
def pre(module, state, prefix, metadata, strict, missing, unexpected, errors):
    log.append((type(module).__name__, prefix, sorted(state), metadata, strict))
h = net[1].register_load_state_dict_pre_hook(pre)
net._register_load_state_dict_pre_hook(lambda state, prefix, *rest: log.append(("plain", prefix)))
net._register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: log.append((type(module).__name__, prefix)), with_module=True)
state = net.state_dict()
net.load_state_dict(state)
print(log)
h.remove()
log.clear()
post = net.register_load_state_dict_post_hook(lambda m, keys: log.append((type(keys).__name__, list(keys.missing_keys), list(keys.unexpected_keys))))
del state["0.weight"]
state["x"] = torch.ones(1)
attempt(net.load_state_dict, state)
print(net.load_state_dict(state, strict=False), log)
print(net._register_state_dict_hook(lambda m, s, p, l: {"only": 1}) is not None, net.state_dict())
import copy
twin = copy.deepcopy(net)
log.clear()
twin.load_state_dict({}, strict=False)
print(log)
class Versioned(nn.Module):
    _version = 2
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))
    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        print(prefix, local_metadata.get("version"), strict)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
outer = nn.Sequential(Versioned())
outer.load_state_dict(outer.state_dict())
outer.load_state_dict(dict(outer.state_dict()))
outer.load_state_dict({"0.w": torch.zeros(1)}, assign=True)
print(outer.state_dict(), outer.state_dict()._metadata)
print(outer.state_dict(destination={}, prefix="p."), outer.state_dict({}, "q.", True))
attempt(outer.load_state_dict, {"0.w": [1.0]})
attempt(outer.load_state_dict, None)
attempt(outer.load_state_dict, {"0.w": torch.ones(2)}, strict=False)
attempt(outer.load_state_dict, {"0.w": torch.ones(2)}, assign=True)
""",
    "factory_kwargs": """
attempt(nn.factory_kwargs, None)
attempt(nn.factory_kwargs, {})
print(sorted(nn.factory_kwargs({"dtype": torch.float64, "device": "cpu"})))
attempt(nn.factory_kwargs, {"factory_kwargs": {"dtype": torch.float64}, "device": "cpu"})
attempt(nn.factory_kwargs, {"factory_kwargs": {"dtype": torch.float64}, "dtype": torch.float32})
attempt(nn.factory_kwargs, {"bias": True})
""",
    "paths": """
from importlib import import_module
import sys
base = torch.__name__
for path, names in {"activation": "ReLU Softmax2d", "adaptive": "AdaptiveLogSoftmaxWithLoss", "batchnorm": "_BatchNorm _NormBase BatchNorm2d SyncBatchNorm",
                    "channelshuffle": "ChannelShuffle", "container": "Sequential ModuleList ParameterDict Container", "conv": "_ConvNd _ConvTransposeNd _ConvTransposeMixin Conv2d LazyConv1d",
                    "distance": "PairwiseDistance", "dropout": "_DropoutNd Dropout", "flatten": "Flatten", "fold": "Unfold",
                    "instancenorm": "_InstanceNorm InstanceNorm1d", "lazy": "LazyModuleMixin", "linear": "Linear NonDynamicallyQuantizableLinear Identity",
                    "loss": "_Loss _WeightedLoss CrossEntropyLoss TripletMarginLoss", "module": "Module _IncompatibleKeys", "normalization": "LayerNorm CrossMapLRN2d", "padding": "_ReflectionPadNd ZeroPad2d",
                    "pixelshuffle": "PixelShuffle", "pooling": "_MaxPoolNd _AvgPoolNd _AdaptiveAvgPoolNd MaxPool2d", "sparse": "Embedding", "upsampling": "Upsample",
                    "utils": "_pair _triple _ntuple _single _quadruple"}.items():
    found = import_module(f"{base}.nn.modules.{path}")
    print(path, [hasattr(found, name) for name in names.split()], getattr(nn.modules, path) is found)
    for name in names.split():
        if hasattr(nn, name):
            print(getattr(found, name) is getattr(nn, name), issubclass(getattr(found, name), nn.Module) if isinstance(getattr(found, name), type) else None)
from_types = import_module(f"{base}.nn.common_types")
print(from_types._size_2_t, from_types._size_any_t)
parameter = import_module(f"{base}.nn.parameter")
print(parameter.Parameter is nn.Parameter, parameter.is_lazy(nn.LazyLinear(1).weight), parameter.UninitializedTensorMixin.__name__)
print(isinstance(nn.BatchNorm2d(1), nn.modules.batchnorm._BatchNorm), isinstance(nn.Conv1d(1, 1, 1), nn.modules.conv._ConvNd), isinstance(nn.ConvTranspose1d(1, 1, 1), nn.modules.conv._ConvTransposeNd))
print(isinstance(nn.ZeroPad2d(1), nn.ConstantPad2d), isinstance(nn.LazyConv2d(1, 1), nn.Conv2d), isinstance(nn.SyncBatchNorm(1), nn.modules.batchnorm._BatchNorm), isinstance(nn.Dropout(), nn.modules.dropout._DropoutNd))
print(nn.modules.utils._pair(2), nn.modules.Linear is nn.Linear, "Linear" in nn.modules.__all__, nn.modules.module.Module is nn.Module)
""",
}
