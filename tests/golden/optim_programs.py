"""Programs that use `torch.optim`; what each prints is in optim_transcripts.json."""

PROGRAMS = {
    "repr": """
p = [nn.Parameter(torch.ones(2))]
print(optim.SGD(p))
print(optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4, maximize=True))
q = nn.Parameter(torch.ones(1))
print(optim.SGD([{"params": p, "lr": 0.5}, {"params": [q], "momentum": 0.1}], lr=0.1))
print(optim.SGD([("w", p[0]), ("b", q)], lr=0.1).param_groups[0]["param_names"])
""",
    "argument errors": """
p = nn.Parameter(torch.ones(2))
attempt(optim.SGD, [p], lr=-1.0)
attempt(optim.SGD, [p], momentum=-0.1)
attempt(optim.SGD, [p], weight_decay=-0.1)
attempt(optim.SGD, [p], nesterov=True)
attempt(optim.SGD, [p], nesterov=True, momentum=0.9, dampening=0.1)
attempt(optim.SGD, [p], lr=torch.ones(2))
attempt(optim.SGD, [], lr=0.1)
attempt(optim.SGD, p, lr=0.1)
attempt(optim.SGD, [3], lr=0.1)
attempt(optim.SGD, ["w"], lr=0.1)
attempt(optim.SGD, [p * 2], lr=0.1)
attempt(optim.SGD, [{"params": {p}}], lr=0.1)
attempt(optim.SGD, [{"params": [p]}, {"params": [p]}], lr=0.1)
attempt(optim.SGD, [{"params": [p]}, 5], lr=0.1)
attempt(optim.SGD, [("a", p), nn.Parameter(torch.ones(1))], lr=0.1)
attempt(optim.SGD, [{"params": [("a", p)]}, {"params": [nn.Parameter(torch.ones(1))]}], lr=0.1)
attempt(optim.SGD, [p], fused=True, foreach=True)
attempt(optim.SGD, [p], fused=True, differentiable=True)
optim.SGD([p], foreach=True); optim.SGD([p], fused=True); optim.SGD([p], foreach=False)
""",
    "duplicate parameters": """
p = nn.Parameter(torch.ones(2))
print(len(optim.SGD([p, p], lr=0.1).param_groups[0]["params"]))
""",
    "required option": """
required = room("optim.optimizer").required
class Needs(optim.Optimizer):
    def __init__(self, params, lr=required):
        super().__init__(params, dict(lr=lr))
p = nn.Parameter(torch.ones(1))
attempt(Needs, [p])
print(Needs([{"params": [p], "lr": 2}]).param_groups[0]["lr"], required)
""",
    "groups": """
a, b, c = (nn.Parameter(torch.ones(1)) for _ in range(3))
opt = optim.SGD([{"params": a, "lr": 0.5}, {"params": iter([b]), "weight_decay": 0.1}], lr=0.1, momentum=0.9)
opt.add_param_group({"params": [c], "nesterov": True})
print([{k: v for k, v in g.items() if k != "params"} for g in opt.param_groups])
print([len(g["params"]) for g in opt.param_groups], sorted(opt.defaults))
attempt(opt.add_param_group, [c])
attempt(opt.add_param_group, {"params": [c]})
attempt(opt.add_param_group, {"params": [("name", nn.Parameter(torch.ones(1)))]})
""",
    "state dict": """
torch.manual_seed(0)
a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1))
opt = optim.SGD([{"params": [a]}, {"params": [b], "momentum": 0.0}], lr=0.1, momentum=0.9)
print(opt.state_dict())
a.grad = torch.tensor([1.0, 2.0]); b.grad = torch.tensor([3.0])
opt.step()
print(opt.state_dict())
a.grad = torch.tensor([0.5, 0.5])
opt.step()
print(opt.state_dict())
buffer = opt.state[a]["momentum_buffer"]
opt.step()
print(opt.state[a]["momentum_buffer"] is buffer, buffer.tolist())
print(optim.SGD([a], lr=0.1).state_dict())
""",
    "load state dict": """
def make(dtype=torch.float32):
    a, b = nn.Parameter(torch.ones(2, dtype=dtype)), nn.Parameter(torch.ones(1, dtype=dtype))
    return a, b, optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1, momentum=0.9)
a, b, opt = make()
a.grad = torch.tensor([1.0, 2.0]); b.grad = torch.tensor([3.0])
opt.step()
state = opt.state_dict()
c, d, other = make(torch.float64)
state["param_groups"][0]["lr"] = 0.7
other.load_state_dict(state)
print(other)
print(other.state[c]["momentum_buffer"], other.state[c]["momentum_buffer"].dtype, other.param_groups[0]["params"][0] is c)
c.grad = torch.ones(2, dtype=torch.float64)
other.step()
values(c)
attempt(opt.load_state_dict, {"state": {}, "param_groups": []})
attempt(opt.load_state_dict, {"state": {}, "param_groups": [{"params": [0, 1]}, {"params": []}]})
old = {"state": {0: {"momentum_buffer": None}}, "param_groups": [
    {"params": [0], "lr": 1.0, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.0}, {"params": [1], "lr": 1.0, "momentum": 0.5, "dampening": 0.0, "weight_decay": 0.0}]}
opt.load_state_dict(old)
print(opt)
opt.step()
values(a)
""",
    "zero_grad": """
a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(1))
opt = optim.SGD([a, b], lr=0.1)
a.grad = torch.ones(2)
kept = a.grad
opt.zero_grad(set_to_none=False)
print(a.grad is kept, a.grad.tolist(), b.grad)
opt.zero_grad()
print(a.grad)
g = (a * 2).sum()
a.grad = torch.autograd.grad((a * a).sum(), a, create_graph=True)[0]
opt.zero_grad(set_to_none=False)
print(a.grad.grad_fn, a.grad.requires_grad)
""",
    "closure": """
a = nn.Parameter(torch.tensor([3.0]))
opt = optim.SGD([a], lr=0.1)
def closure():
    opt.zero_grad()
    loss = (a * a).sum()
    loss.backward()
    return loss
with torch.no_grad():
    print(opt.step(closure).item(), a.item())
print(opt.step())
""",
    "step hooks": """
a = nn.Parameter(torch.ones(1))
a.grad = torch.ones(1)
opt = optim.SGD([a], lr=0.1)
log = []
pre = opt.register_step_pre_hook(lambda o, args, kwargs: log.append(("pre", o is opt, len(args), kwargs)))
post = opt.register_step_post_hook(lambda o, args, kwargs: log.append(("post", o is opt, len(args), kwargs)))
opt.step()
print(log)
pre.remove()
opt.step(None)
print(len(log))
post.remove()
opt.step()
print(len(log))
bad = opt.register_step_pre_hook(lambda o, args, kwargs: 3)
try:
    opt.step()
except RuntimeError as error:
    print(str(error).split(" must ")[1])
""",
    "global step hooks": """
a = nn.Parameter(torch.ones(1))
opt = optim.SGD([a], lr=0.1)
log = []
pre = room("optim.optimizer").register_optimizer_step_pre_hook(lambda o, args, kwargs: log.append("pre"))
post = room("optim.optimizer").register_optimizer_step_post_hook(lambda o, args, kwargs: log.append("post"))
opt.register_step_post_hook(lambda o, args, kwargs: log.append("own"))
opt.step()
print(log)
pre.remove(); post.remove()
opt.step()
print(log)
""",
    "hooks of a subclass": """
class Plain(optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad, alpha=-group["lr"])
                    self.state[p]["count"] = self.state[p].get("count", 0) + 1
a = nn.Parameter(torch.ones(2))
opt = Plain([a], lr=0.25)
a.grad = torch.tensor([1.0, 2.0])
log = []
opt.register_step_post_hook(lambda o, args, kwargs: log.append(a.tolist()))
opt.step()
opt.step()
print(log, opt.state_dict())
print(opt)
other = Plain([a], lr=1.0)
other.load_state_dict(opt.state_dict())
print(other.state[a])
""",
    "state dict hooks": """
a = nn.Parameter(torch.ones(1))
opt = optim.SGD([a], lr=0.1)
log = []
opt.register_state_dict_pre_hook(lambda o: log.append("pre"))
opt.register_state_dict_pre_hook(lambda o: log.append("first"), prepend=True)
def post(o, state):
    state["extra"] = 1
opt.register_state_dict_post_hook(post)
handle = opt.register_state_dict_post_hook(lambda o, state: {"replaced": state})
print(opt.state_dict(), log)
handle.remove()
opt.register_load_state_dict_pre_hook(lambda o, state: {**state, "param_groups": [{**state["param_groups"][0], "lr": 9}]})
opt.register_load_state_dict_post_hook(lambda o: log.append(o.param_groups[0]["lr"]))
opt.load_state_dict(opt.state_dict())
print(log[-1])
""",
    "base class": """
p = nn.Parameter(torch.ones(1))
p.grad = torch.ones(1)
try:
    optim.Optimizer([p], {}).step()
except NotImplementedError as error:
    print("NotImplementedError")
import copy
opt = optim.SGD([p], lr=0.1, momentum=0.5)
opt.step()
twin = copy.deepcopy(opt)
q = twin.param_groups[0]["params"][0]
print(q is p, twin.state[q]["momentum_buffer"].tolist(), twin.param_groups[0]["lr"])
import pickle
again = pickle.loads(pickle.dumps(opt))
print(again.param_groups[0]["lr"], len(again.state))
again.step()
""",
    "learning rate changed": """
a = nn.Parameter(torch.tensor([1.0, 2.0]))
opt = optim.SGD([a], lr=torch.tensor(0.5))
a.grad = torch.ones(2)
opt.step()
print(a.tolist())
opt.param_groups[0]["lr"] = 0.25
opt.step()
print(a.tolist())
opt.param_groups[0]["momentum"] = 0.5
opt.step(); opt.step()
print(a.tolist(), opt.state[a]["momentum_buffer"].tolist())
opt.param_groups[0]["momentum"] = 0
opt.step()
print(a.tolist(), opt.state[a]["momentum_buffer"].tolist())
""",
    "a step is noticed by the graph": """
a = nn.Parameter(torch.ones(2))
opt = optim.SGD([a], lr=0.1)
out = (a * a).sum()
a.grad = torch.ones(2)
version = a._version
opt.step()
print(a._version > version)
try:
    out.backward()
except RuntimeError as error:
    print(str(error)[:90])
""",
}
