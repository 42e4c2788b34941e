"""Programs that use every optimizer of `torch.optim`; what each prints is in optimizer_transcripts.json."""

_ALL = """
import copy, inspect, io, pickle
NAMES = ["Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD", "Adafactor", "Muon"]
def matrix(dtype=torch.float32):
    return nn.Parameter(torch.tensor([[1.037, -2.119], [0.571, 4.193], [3.079, 0.237]], dtype=dtype))
def near(t):
    print(str(t.dtype), list(t.shape), [f"{x:.4g}" for x in t.detach().flatten().tolist()])
def give(p, step=1):
    p.grad = torch.tensor([[0.5371, -0.2719], [2.131, 0.1173], [-1.097, 0.7319]], dtype=p.dtype) * step
"""

_PROGRAMS = {
    "signatures": """
for name in [*NAMES, "SGD", "LBFGS"]:
    parameters = inspect.signature(getattr(optim, name).__init__).parameters.values()
    print(name, [(each.name, each.default, each.kind.name) for each in parameters if each.name != "self" and each.default is not each.empty])
""",
    "repr and defaults": """
for name in [*NAMES, "LBFGS"]:
    opt = getattr(optim, name)([matrix()])
    print(opt)
    print(list(opt.defaults.items()))
    print(opt.state_dict())
""",
    "arguments of Adam": """
p = matrix()
two, one, ten = torch.ones(2), torch.tensor([0.5]), torch.tensor(0.1)
for kind in (optim.Adam, optim.AdamW):
    for options in (
        dict(lr=-1.0), dict(lr=float("nan")), dict(lr=two), dict(lr=torch.tensor(-1.0)), dict(lr=one), dict(lr=ten, foreach=True),
        dict(eps=-1e-3), dict(eps=float("nan")), dict(betas=(1.0, 0.9)), dict(betas=(-0.1, 0.9)), dict(betas=(0.9, 1.5)),
        dict(betas=(0, 0.9)), dict(betas=(0.5, ten)), dict(betas=(ten, ten)), dict(betas=(one, one)), dict(betas=(ten, ten), foreach=True),
        dict(weight_decay=-0.1), dict(fused=True, foreach=True), dict(fused=True, differentiable=True), dict(lr="0.1"), dict(betas=0.9),
        dict(lr=ten, foreach=True, capturable=True), dict(lr=0), dict(weight_decay=1),
    ):
        attempt(kind, [p], **options)
    attempt(kind, [])
    attempt(kind, p)
    attempt(kind, [p], amsgrd=True)
""",
    "arguments of the others": """
p = matrix()
lr = [dict(lr=-1.0), dict(lr=float("nan")), dict(lr=torch.ones(2)), dict(lr=torch.tensor([0.5])), dict(lr=torch.tensor(-2.0)), dict(lr=0)]
decay = [dict(weight_decay=-0.5)]
eps = [dict(eps=-1.0)]
betas = [dict(betas=(1.0, 0.9)), dict(betas=(0.9, -0.5)), dict(betas=(0, 0))]
for name, all_ in dict(
    Adagrad=[*lr, *decay, *eps, dict(lr_decay=-1), dict(initial_accumulator_value=-1), dict(fused=True, foreach=True), dict(fused=True, differentiable=True)],
    RMSprop=[*lr, *decay, *eps, dict(momentum=-1), dict(alpha=-0.5), dict(alpha=1.5)],
    Adadelta=[*lr, *decay, *eps, dict(rho=-0.5), dict(rho=1.5), dict(rho=1)],
    Adamax=[*lr, *decay, *eps, *betas],
    NAdam=[*lr, *decay, *eps, *betas, dict(momentum_decay=-1)],
    RAdam=[*lr, *decay, *eps, *betas],
    Rprop=[*lr, dict(etas=(0.5, 0.9)), dict(etas=(0, 1.2)), dict(etas=(1.0, 1.2)), dict(step_sizes=(1, 0))],
    ASGD=[*lr, *decay, dict(lambd=-1)],
    Adafactor=[*lr, *decay, dict(eps=(-1, 1e-3)), dict(eps=(0.1, -1)), dict(beta2_decay=0.5), dict(d=0.5), dict(eps=(None, 0))],
    Muon=[*lr, *decay, dict(momentum=-0.1), dict(adjust_lr_fn="other"), dict(adjust_lr_fn="original"), dict(ns_steps=200)],
    LBFGS=[*lr, dict(max_iter=7), dict(max_eval=3)],
).items():
    for options in all_:
        print(name, options)
        attempt(getattr(optim, name), [p], **options)
attempt(optim.Muon, [nn.Parameter(torch.ones(3))])
attempt(optim.Muon, [p, nn.Parameter(torch.ones(2, 2, 2))])
attempt(optim.LBFGS, [{"params": [p]}, {"params": [matrix()]}])
attempt(optim.LBFGS, [p], line_search_fn="armijo")
""",
    "errors of a step": """
p = matrix()
give(p)
attempt(optim.Muon([p], ns_steps=100).step)
attempt(optim.Muon([p], ns_coefficients=(1.0, 2.0)).step)
attempt(optim.LBFGS([p], line_search_fn="armijo").step, lambda: (p * p).sum())
for name in NAMES:
    if "capturable" in inspect.signature(getattr(optim, name).__init__).parameters and name not in ("Adadelta", "NAdam", "ASGD"):
        attempt(getattr(optim, name)([p], capturable=True).step)
attempt(optim.Adam([p], capturable=True, fused=True).step)
p.grad = None
attempt(optim.RAdam([p]).step)
opt = optim.LBFGS([p])
opt.add_param_group({"params": [matrix()]})
attempt(opt.step, lambda: (p * p).sum())
""",
    "state dict": """
for name in NAMES:
    a, b = matrix(), matrix(torch.float64)
    opt = getattr(optim, name)([{"params": [a]}, {"params": [b], "lr": 0.5}])
    give(a)
    opt.step()
    print(opt.state_dict())
    give(b, 2)
    opt.step()
    print(name, {n: {k: (v.dtype, v.shape) for k, v in s.items()} for n, s in opt.state_dict()["state"].items()})
    near(a); near(b)
""",
    "what options add to the state": """
for name, options in (
    ("Adam", dict(amsgrad=True)), ("AdamW", dict(amsgrad=True, fused=True)), ("RMSprop", dict(momentum=0.5)), ("RMSprop", dict(centered=True)),
    ("RMSprop", dict(centered=True, momentum=0.5)), ("Adagrad", dict(initial_accumulator_value=2)), ("ASGD", dict(t0=0)),
):
    p = matrix()
    opt = getattr(optim, name)([p], **options)
    for step in (1, -2, 3):
        give(p, step)
        opt.step()
    print(name, opt.state_dict())
    near(p)
""",
    "default type": """
torch.set_default_dtype(torch.float64)
for name in NAMES:
    p = matrix(torch.float32)
    give(p)
    opt = getattr(optim, name)([p])
    opt.step()
    print(name, {k: v.dtype for k, v in opt.state[p].items()})
p = matrix()
give(p)
opt = optim.Adam([p], fused=True)
opt.step()
print({k: v.dtype for k, v in opt.state[p].items()})
torch.set_default_dtype(torch.float32)
""",
    "scalars and empty parameters": """
for name in NAMES[:-1]:
    a, b = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.ones(0, 3))
    opt = getattr(optim, name)([a, b] if name != "Adafactor" else [a])
    for step in (1.0, -3.0):
        a.grad, b.grad = torch.tensor(step), torch.ones(0, 3)
        opt.step()
    print(name, a, opt.state_dict()["state"])
""",
    "a number as a tensor": """
for name in [*NAMES, "SGD"]:
    for lr in (torch.tensor(0.125), torch.tensor([0.25])):
        p = matrix()
        opt = getattr(optim, name)([p], lr=lr)
        give(p)
        opt.step()
        lr.mul_(0.5)
        opt.step()
        near(p)
        print(opt.param_groups[0]["lr"], opt.state_dict()["param_groups"][0]["lr"])
p = matrix()
opt = optim.Adam([p], lr=torch.tensor(0.5), betas=(torch.tensor([0.5]), torch.tensor(0.75)))
for step in (1, 2):
    give(p, step)
    opt.step()
print(opt.state_dict())
near(p)
print(opt)
""",
    "load state dict": """
for name in NAMES:
    a, b = matrix(), matrix(torch.float64)
    first, second = getattr(optim, name)([a], lr=0.25), getattr(optim, name)([b])
    for step in (1, -1, 2):
        give(a, step)
        first.step()
    second.load_state_dict(first.state_dict())
    print(name, {k: (v.dtype, v) for k, v in second.state[b].items()}, second.param_groups[0]["lr"], sorted(second.defaults.items(), key=str) == sorted(first.defaults.items(), key=str))
    give(b, 3)
    second.step()
    near(b)
""",
    "load an old state dict": """
old = lambda: {"exp_avg": torch.ones(3, 2), "exp_avg_sq": torch.full((3, 2), 2.0), "exp_inf": torch.ones(3, 2), "sum": torch.ones(3, 2), "square_avg": torch.ones(3, 2),
    "acc_delta": torch.ones(3, 2), "prev": torch.ones(3, 2), "step_size": torch.ones(3, 2), "ax": torch.ones(3, 2), "eta": 0.5, "mu": 1, "mu_product": 0.25,
    "variance": torch.ones(3, 2), "row_var": torch.ones(3, 1), "col_var": torch.ones(1, 2), "momentum_buffer": torch.ones(3, 2)}
for name in NAMES:
    p = matrix()
    opt = getattr(optim, name)([p])
    keys = {k for k in opt.param_groups[0]} - {"params", "foreach", "maximize", "capturable", "differentiable", "fused", "amsgrad", "centered", "momentum", "decoupled_weight_decay"}
    group = {k: opt.param_groups[0][k] for k in opt.param_groups[0] if k in keys}
    if name == "Muon":
        group["momentum"] = 0.5
    names = ["momentum_buffer"] if name == "Muon" else ["step", *(k for k in old() if k != "momentum_buffer")]
    attempt(opt.load_state_dict, {"state": {0: {k: old().get(k, 7) for k in names}}, "param_groups": [{**group, "params": [0]}]})
    print(opt)
    print({k: v for k, v in opt.state[p].items() if k in ("step", "mu_product", "eta", "mu")})
    if name not in ("Adafactor",):
        give(p)
        opt.step()
        near(p)
p = matrix()
opt = optim.Adam([p])
attempt(opt.load_state_dict, {"state": {0: {"momentum_buffer": torch.ones(3, 2)}}, "param_groups": [{"params": [0]}]})
opt = optim.AdamW([p])
opt.load_state_dict(optim.Adam([matrix()]).state_dict())
print(opt.param_groups[0]["decoupled_weight_decay"], opt.param_groups[0]["weight_decay"])
""",
    "fused and capturable when loaded": """
p, q = matrix(torch.float64), matrix(torch.float64)
first = optim.Adam([p])
give(p)
torch.set_default_dtype(torch.float64)
first.step()
torch.set_default_dtype(torch.float32)
print(first.state[p]["step"].dtype)
second = optim.Adam([q], fused=True)
second.load_state_dict(first.state_dict())
print(second.state[q]["step"].dtype, second.param_groups[0]["fused"])
state = first.state_dict()
state["param_groups"][0]["fused"] = True
second.load_state_dict(state)
print(second.state[q]["step"].dtype)
""",
    "deepcopy and pickle": """
for name in NAMES:
    p = matrix()
    opt = getattr(optim, name)([p], lr=0.25)
    give(p)
    opt.step()
    twins = [copy.deepcopy(opt), pickle.loads(pickle.dumps(opt))]
    give(p, 2)
    opt.step()
    for twin in twins:
        q = twin.param_groups[0]["params"][0]
        give(q, 2)
        twin.step()
        print(name, q is p, torch.equal(p, q), type(twin).__name__, list(twin.state[q]) == list(opt.state[p]), str(twin) == str(opt))
""",
    "groups of their own": """
for name in NAMES:
    a, b = matrix(), matrix()
    opt = getattr(optim, name)([("a", a)], lr=0.5)
    opt.add_param_group({"params": [("b", b)], "lr": 0.25})
    attempt(opt.add_param_group, {"params": [a]})
    for step in (1, -2):
        give(a, step); give(b, step)
        opt.step()
    print(opt.state_dict()["param_groups"])
    near(a); near(b)
    opt.zero_grad()
    print(a.grad, b.grad)
""",
    "hooks and closures": """
for name in NAMES:
    p = matrix()
    opt = getattr(optim, name)([p])
    log = []
    opt.register_step_pre_hook(lambda o, args, kwargs: log.append(("pre", len(args), sorted(kwargs))))
    opt.register_step_post_hook(lambda o, args, kwargs: log.append(("post", len(args), sorted(kwargs))))
    def closure():
        opt.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss
    print(name, opt.step(closure), round(opt.step(closure=closure).item(), 2), log)
""",
    "steps go in place": """
for name in NAMES:
    p = matrix()
    opt = getattr(optim, name)([p])
    give(p)
    opt.step()
    kept, pointer, version = dict(opt.state[p]), p.data_ptr(), p._version
    give(p)
    opt.step()
    print(name, p.data_ptr() == pointer, p._version > version, all(opt.state[p][k] is v for k, v in kept.items()), p.is_leaf)
""",
    "a parameter without gradient": """
for name in NAMES:
    a, b = matrix(), matrix()
    opt = getattr(optim, name)([a, b])
    give(a)
    opt.step()
    give(b)
    opt.step()
    a.grad = None
    opt.step()
    print(name, {n: s.get("step") for n, s in opt.state_dict()["state"].items()}, len(opt.state))
    near(a); near(b)
""",
    "L-BFGS": """
def run(steps, decimals=5, **options):
    torch.manual_seed(0)
    w, unused, v = nn.Parameter(torch.tensor([[0.5, -1.0], [2.0, 0.25]], dtype=torch.float64)), nn.Parameter(torch.ones(3)), nn.Parameter(torch.tensor([0.3, 0.6], dtype=torch.float64))
    x, y = torch.tensor([[1.0, 2.0], [-1.0, 0.5], [0.25, -2.0]], dtype=torch.float64), torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    opt = optim.LBFGS([w, v], **options)
    calls = []
    def closure():
        opt.zero_grad()
        loss = ((torch.tanh(x @ w) @ v - y) ** 2).mean() + 0.1 * (w * w).sum()
        loss.backward()
        calls.append(round(loss.item(), decimals))
        return loss
    for _ in range(steps):
        calls.append("step")
        print(round(opt.step(closure).item(), decimals))
    print(calls)
    print([round(each, decimals) for each in [*w.flatten().tolist(), *v.tolist()]])
    return opt
opt = run(3, lr=0.1, max_iter=4)
state = opt.state_dict()["state"][0]
print({k: type(v).__name__ for k, v in state.items()}, state["func_evals"], state["n_iter"], len(state["old_dirs"]), len(state["al"]))
print(state["d"], state["t"], state["ro"], state["H_diag"], state["prev_flat_grad"])
run(2, max_iter=8, line_search_fn="strong_wolfe")
run(2, max_iter=5, lr=8, line_search_fn="strong_wolfe", history_size=2)
run(1, max_iter=8, max_eval=4, lr=3, line_search_fn="strong_wolfe")
run(2, max_iter=1, lr=torch.tensor([0.25]))
run(1, tolerance_grad=10.0)
run(2, lr=0.5, tolerance_change=0.05)
run(1, max_iter=0)
""",
    "L-BFGS goes on": """
p = nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
def make(p):
    opt = optim.LBFGS([p], lr=0.25, max_iter=3, history_size=2)
    def closure():
        opt.zero_grad()
        loss = (p ** 4).sum() + (p[0] - p[1] * 2) ** 2
        loss.backward()
        return loss
    return opt, closure
opt, closure = make(p)
opt.step(closure)
q = nn.Parameter(p.detach().clone())
other, again = make(q)
other.load_state_dict(copy.deepcopy(opt.state_dict()))
opt.step(closure)
other.step(again)
print(torch.equal(p, q), other.state[q]["n_iter"], other.param_groups[0]["lr"])
near(p)
print([type(each).__name__ for each in other.state[q]["al"]], other.state[q]["t"])
twin = copy.deepcopy(opt)
print(twin, twin.state[twin.param_groups[0]["params"][0]]["func_evals"])
attempt(opt.step)
""",
    "other parameters for a while": """
swap = optim.swap_in_optimizer_params_and_state
def enter(*args):
    with swap(*args):
        pass
a, b = matrix(), matrix()
opt = optim.AdamW([{"params": [a]}, {"params": [b], "lr": 0.5}])
given = opt.state_dict()
attempt(enter, opt, {"a": a, "b": b}, given)
give(a); give(b)
opt.step()
given = copy.deepcopy(opt.state_dict())
given["param_groups"][0]["lr"] = 0.25
others = {"a": matrix(), "b": matrix()}
for each in others.values():
    give(each, -2)
own, state = opt.param_groups[0]["params"], opt.state
with swap(opt, others, given):
    opt.step()
    print(opt.param_groups[0]["lr"], opt.param_groups[0]["params"][0] is others["a"], len(opt.state))
print(opt.param_groups[0]["lr"], opt.param_groups[0]["params"] is own, opt.state is state)
near(others["a"]); near(others["b"]); near(a); near(b)
print(given["state"][0], opt.state_dict()["state"][0]["step"])
try:
    with swap(opt, others, given):
        raise ValueError
except ValueError:
    print(opt.state is state)
group = given["param_groups"]
attempt(enter, opt, others, 3)
attempt(enter, opt, others, {})
attempt(enter, opt, others, {"state": {a: {}}, "param_groups": group})
attempt(enter, opt, others, {"state": {0: 3}, "param_groups": group})
attempt(enter, opt, others, {"state": {}})
attempt(enter, opt, others, {"state": {}, "param_groups": group[:1]})
attempt(enter, opt, others, {"state": {}, "param_groups": [3, 4]})
attempt(enter, opt, others, {"state": {}, "param_groups": [{}, {}]})
attempt(enter, opt, others, {"state": {}, "param_groups": [{**group[0], "params": [0, 1]}, group[1]]})
attempt(enter, opt, others, {"state": {}, "param_groups": [{**group[0], "more": 1}, group[1]]})
attempt(enter, opt, others, {"state": {}, "param_groups": [{"params": [0]}, group[1]]})
attempt(enter, opt, others, {"state": {5: {}}, "param_groups": group})
attempt(enter, opt, {"a": a}, given)
""",
    "where a class is": """
print([getattr(optim, name).__module__.rpartition(".")[0] != "" for name in NAMES], all(issubclass(getattr(optim, name), optim.Optimizer) for name in NAMES), issubclass(optim.AdamW, optim.Adam))
""",
}

PROGRAMS = {name: _ALL + program for name, program in _PROGRAMS.items()}
