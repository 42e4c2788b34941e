"""Programs that use modules as lists and dicts; what each prints is in container_transcripts.json."""

_MADE = """
def names(module):
    return [(name, type(child).__name__) for name, child in module.named_children()]

def change(module, function):
    attempt(lambda: function(module))
    print(type(module).__name__, names(module))

def kinds():
    return [nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU()]
"""

PROGRAMS = {
    "sequential": _MADE
    + """
from collections import OrderedDict
net = nn.Sequential(*kinds())
for index in (0, -1, 3, 4, -5, slice(1, 3), slice(None, None, 2), slice(5, 9), "0", 1.0, True):
    attempt(lambda: net[index])
named = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh(), c=nn.GELU()))
print(named[1:], named["b":] if False else names(named))
change(named, lambda m: m.__setitem__(1, nn.Sigmoid()))
change(named, lambda m: m.__delitem__(0))
change(named, lambda m: m.append(nn.Softmax(0)).append(nn.ELU()))
change(net, lambda m: m.insert(1, nn.ELU()))
change(net, lambda m: m.insert(-1, nn.CELU()))
change(net, lambda m: m.insert(9, nn.CELU()))
refused(net.insert, 0, 3)
change(net, lambda m: m.extend([nn.Tanh(), nn.ReLU()]))
change(net, lambda m: m.pop(0))
change(net, lambda m: m.pop(slice(0, 2)))
change(net, lambda m: m.pop(20))
change(net, lambda m: m.__delitem__(slice(1, 3)))
change(net, lambda m: m.__delitem__(-7))
change(net, lambda m: m.__setitem__(0, 3))
change(net, lambda m: m.__setitem__(9, nn.ReLU()))
short = nn.Sequential(nn.ReLU(), nn.Tanh())
print(names(short + nn.Sequential(nn.GELU())), names(short * 2), names(2 * short))
attempt(lambda: short + [nn.ReLU()])
refused(lambda: short + nn.ModuleList())
refused(lambda: short * 0)
refused(lambda: short * -1)
refused(lambda: short * 1.5)
refused(lambda: short * "a")
short += nn.Sequential(nn.ELU())
print(names(short))
short *= 2
print(names(short), short[0] is short[3], len(short), list(iter(short))[1] is short[1])
def worse():
    global short
    short *= 0
refused(worse)
def worst():
    global short
    short += [nn.ReLU()]
attempt(worst)
print(nn.Sequential()(torch.ones(2)), len(nn.Sequential()), bool(nn.Sequential()))
refused(nn.Sequential, 3)
class Mine(nn.Sequential):
    pass
print(type(Mine(*kinds())[1:]).__name__, type(Mine(nn.ReLU()) + Mine(nn.Tanh())).__name__)
print([name for name in dir(net) if name.isdigit()])
net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
net[1] = net[0]
print(len(list(net.parameters())), list(net.state_dict()))
""",
    "module list": _MADE
    + """
layers = nn.ModuleList(kinds())
for index in (0, -1, 3, 4, -5, slice(1, 3), slice(None, None, -1), "0", 1.0, True):
    attempt(lambda: layers[index])
change(layers, lambda m: m.append(nn.ELU()))
change(layers, lambda m: m.extend([nn.CELU()]))
change(layers, lambda m: m.extend(nn.Sequential(nn.SELU())))
change(layers, lambda m: m.extend(3))
change(layers, lambda m: m.extend([3]))
change(layers, lambda m: m.insert(1, nn.Softmax(1)))
change(layers, lambda m: m.insert(20, nn.Softmax(1)))
change(layers, lambda m: m.__delitem__(slice(1, 4)))
change(layers, lambda m: m.__delitem__(-1))
change(layers, lambda m: m.__delitem__(9))
change(layers, lambda m: m.__setitem__(0, nn.Tanh()))
change(layers, lambda m: m.__setitem__(-1, nn.Tanh()))
change(layers, lambda m: m.__setitem__(0, 3))
change(layers, lambda m: m.__setitem__(0, None))
change(layers, lambda m: m.pop(1))
change(layers, lambda m: m.pop(slice(0, 1)))
layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])
print(names(layers + [nn.GELU()]), names(layers + nn.Sequential(nn.ELU())), type(layers + []).__name__)
attempt(lambda: layers + 3)
layers += [nn.ELU()]
print(names(layers), len(layers), [type(m).__name__ for m in layers], nn.ReLU in layers, layers[0] in layers)
refused(layers, 3)
print(list(reversed(layers))[0], [n for n in dir(layers) if n.isdigit()])
print(nn.ModuleList(m for m in kinds()), nn.ModuleList(nn.ModuleDict({"a": nn.ReLU()}).values()))
layers = nn.ModuleList([nn.Linear(1, 1), None, nn.Linear(1, 2)])
print(layers, list(layers.state_dict()))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
print(Net(), Net()(torch.ones(1, 2)).shape, len(list(Net().parameters())))
""",
    "module dict": _MADE
    + """
from collections import OrderedDict
group = nn.ModuleDict({"b": nn.ReLU(), "a": nn.Tanh()})
print(list(group), len(group), "a" in group, "c" in group, list(group.keys()), list(group.values()), list(group.items()))
attempt(lambda: group["c"])
change(group, lambda m: m.__setitem__("c", nn.GELU()))
change(group, lambda m: m.__setitem__("a", nn.GELU()))
change(group, lambda m: m.__setitem__("d", 3))
change(group, lambda m: m.__setitem__(3, nn.GELU()))
change(group, lambda m: m.__setitem__("x.y", nn.GELU()))
change(group, lambda m: m.__setitem__("", nn.GELU()))
change(group, lambda m: m.__setitem__("forward", nn.GELU()))
change(group, lambda m: m.update({"z": nn.ELU(), "y": nn.ELU()}))
change(group, lambda m: m.update(OrderedDict(q=nn.ELU())))
change(group, lambda m: m.update(nn.ModuleDict(dict(r=nn.ELU()))))
change(group, lambda m: m.update([("s", nn.ELU())]))
change(group, lambda m: m.update([("s", nn.ELU(), 3)]))
change(group, lambda m: m.update([3]))
change(group, lambda m: m.update(3))
change(group, lambda m: m.pop("z"))
change(group, lambda m: m.pop("nothing"))
change(group, lambda m: m.__delitem__("y"))
change(group, lambda m: m.__delitem__("y"))
change(group, lambda m: m.clear())
refused(group, 3)
print(group, nn.ModuleDict(), nn.ModuleDict([["k", nn.ReLU()]]).k)
""",
    "parameter list": """
def show(held):
    print(len(held), [(name, tuple(p.shape)) for name, p in held.named_parameters()])
held = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1, 3)), 5])
show(held)
print(held, held[2], type(held[0]) is nn.Parameter, held[0].requires_grad, list(held.state_dict()))
for index in (0, -1, 3, -4, slice(1, 3), "a", 1.5):
    attempt(lambda: held[index])
held.append(torch.ones(1)).extend([torch.ones(2, 2), "text"])
show(held)
held[0] = torch.zeros(7)
held[-1] = torch.zeros(1)
show(held)
attempt(held.__setitem__, 9, torch.ones(1))
attempt(held.__setitem__, 0, 3)
attempt(held.extend, torch.ones(2))
attempt(held.extend, 3)
attempt(held, 3)
attempt(lambda: held(a=3))
held += [torch.ones(9)]
show(held)
show(held[1:3])
attempt(lambda: held + [3])
attempt(lambda: held.pop())
print([type(each).__name__ for each in held], [name for name in dir(held) if name.isdigit()])
print(nn.ParameterList(nn.ParameterList([torch.ones(1)])), nn.ParameterList(torch.ones(1) for _ in range(2)))
import copy
twin = copy.deepcopy(held)
print(len(twin), twin[0] is held[0], twin.load_state_dict(held.state_dict()))
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.ones(2)) for _ in range(2)])
    def forward(self, x):
        return sum(x * w for w in self.weights)
net = Net()
net(torch.ones(2)).sum().backward()
print(net, [n for n, _ in net.named_parameters()], net.weights[1].grad)
""",
    "parameter dict": """
from collections import OrderedDict
def show(held):
    print(len(held), list(held), [(name, tuple(p.shape)) for name, p in held.named_parameters()])
held = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.zeros(1, 3)), "c": 5})
show(held)
print(held, held["c"], type(held["b"]) is nn.Parameter, held.a.shape, "a" in held, "x" in held)
attempt(lambda: held["x"])
attempt(lambda: held[3])
attempt(held.__setitem__, 3, torch.ones(1))
held = nn.ParameterDict(OrderedDict(b=torch.ones(2), a=torch.ones(1)))
held["z"] = torch.ones(4)
held["b"] = nn.Parameter(torch.ones(5))
show(held)
print(list(held.keys()), [tuple(v.shape) for v in held.values()], [(k, tuple(v.shape)) for k, v in held.items()], list(reversed(held)))
attempt(held.__delitem__, "nothing")
attempt(held.pop, "nothing")
print(held.pop("b").shape, held.get("b"), held.get("b", 3), held.get("a").shape, held.setdefault("a", 1).shape, held.setdefault("n"))
show(held)
print(held.popitem()[0], held.popitem()[0])
show(held)
twin = held.copy()
print(type(twin).__name__, twin["a"] is held["a"])
print(held.fromkeys(["k", "l"], 3), nn.ParameterDict({}).fromkeys(["k"]))
held.update({"y": torch.ones(1), "x": torch.ones(2)})
held.update([("w", torch.ones(3)), ["v", torch.ones(4)]])
held.update(nn.ParameterDict({"u": torch.ones(5)}))
show(held)
attempt(held.update, 3)
attempt(held.update, [3])
attempt(held.update, [(1, 2, 3)])
show(held | nn.ParameterDict({"new": torch.ones(1)}))
show(nn.ParameterDict({"new": torch.ones(1)}) | held)
held |= nn.ParameterDict({"more": torch.ones(1)})
show(held)
held.clear()
show(held)
attempt(held.popitem)
attempt(held, 3)
attempt(nn.ParameterDict, 3)
attempt(nn.ParameterDict, {"keys": torch.ones(1)})
print(nn.ParameterDict({"a": torch.ones(2, 3).double(), "b": torch.ones(1)}), list(held.state_dict()))
""",
    "container": """
attempt(lambda: nn.Container(a=nn.ReLU()))
""",
    "prefixes": """
place = room("nn.modules.utils")
state = nn.Sequential(nn.Sequential(nn.Linear(1, 1))).state_dict(prefix="module.")
place.consume_prefix_in_state_dict_if_present(state, "module.")
print(list(state), list(state._metadata))
print(place._single(3), place._pair(3), place._triple((1, 2, 3)), place._quadruple([1]), place._ntuple(5)(2))
print(place._reverse_repeat_tuple((1, 2), 2), place._list_with_default([None, 3], [4, 5, 6]), place._list_with_default(3, [1]))
attempt(place._list_with_default, [1, 2], [1, 2])
""",
}
