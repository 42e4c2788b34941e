"""Programs that use `torch.optim.lr_scheduler`; what each prints is in schedule_transcripts.json."""

_START = """
S = torch.optim.lr_scheduler
def optimizer(*lrs, **options):
    return optim.SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in lrs], lr=0.1, **options)
def show(s, steps=4):
    print(s.get_last_lr())
    for i in range(steps):
        s.optimizer.step()
        s.step()
        print(s.get_last_lr())
class Betas(optim.Optimizer):
    def __init__(self, params, lr=0.1, betas=(0.9, 0.99)):
        super().__init__(params, dict(lr=lr, betas=betas))
    def step(self, closure=None):
        return None
"""

PROGRAMS = {
    name: _START + program
    for name, program in {
        "recursions": """
show(S.StepLR(optimizer(0.3, 1.0), 2, gamma=0.7), 5)
show(S.MultiStepLR(optimizer(0.3), [3, 1, 3, 6], gamma=0.3), 7)
show(S.ConstantLR(optimizer(0.3, 1), total_iters=2))
show(S.ConstantLR(optimizer(0.3), 0.25, 0))
show(S.LinearLR(optimizer(0.3, 1), total_iters=4), 6)
show(S.LinearLR(optimizer(0.3), 1.0, 0.1, 3))
show(S.ExponentialLR(optimizer(0.3, 1), 0.9))
show(S.PolynomialLR(optimizer(0.3, 1), 4, 0.7), 6)
show(S.CosineAnnealingLR(optimizer(0.3, 1), 3, eta_min=0.01), 8)
show(S.CosineAnnealingWarmRestarts(optimizer(0.3, 1), 2, 2, eta_min=0.01), 8)
show(S.LambdaLR(optimizer(0.3, 1), [lambda e: 0.95 ** e, lambda e: e // 2]))
show(S.MultiplicativeLR(optimizer(0.3, 1), lambda e: 0.95 / e))
""",
        "closed forms": """
for s in [S.StepLR(optimizer(0.3), 2, 0.7), S.MultiStepLR(optimizer(0.3), [1, 4, 4], 0.3), S.ConstantLR(optimizer(0.3)),
          S.LinearLR(optimizer(0.3)), S.ExponentialLR(optimizer(0.3), 0.9), S.PolynomialLR(optimizer(0.3), 6, 2.0),
          S.CosineAnnealingLR(optimizer(0.3), 5), S.LambdaLR(optimizer(0.3), lambda e: e + 1)]:
    for epoch in (3, 5, 1, 12):
        s.optimizer.step()
        s.step(epoch)
        print(type(s).__name__, s.last_epoch, s.get_last_lr())
s = S.CosineAnnealingWarmRestarts(optimizer(0.3), 3, 2)
for epoch in (0, 0.5, 2.25, 3, 8.5, 9, 21.75, None, 4, None, None):
    s.step(epoch)
    print(s.last_epoch, s.T_cur, s.T_i, s.get_last_lr())
s = S.CosineAnnealingWarmRestarts(optimizer(0.3), 3)
for epoch in (2.5, 7.25, None):
    s.step(epoch)
    print(s.last_epoch, s.T_cur, s.T_i, s.get_last_lr())
attempt(s.step, -1)
""",
        "cycles": """
def momenta(s, steps):
    for i in range(steps):
        print(s.get_last_lr(), [g.get("betas", g.get("momentum")) for g in s.optimizer.param_groups])
        s.optimizer.step()
        s.step()
momenta(S.CyclicLR(optimizer(0.3, 1, momentum=0.9), 0.01, [0.1, 0.2], step_size_up=2, step_size_down=3), 7)
momenta(S.CyclicLR(optimizer(0.3, momentum=0.9), 0.01, 0.1, 2, mode="triangular2", base_momentum=0.5), 7)
momenta(S.CyclicLR(optimizer(0.3), 0.01, 0.1, 2, mode="exp_range", gamma=0.9, cycle_momentum=False), 7)
momenta(S.CyclicLR(optimizer(0.3), 0.01, 0.1, 2, scale_fn=lambda x: 0.5 ** x, scale_mode="iterations"), 4)
momenta(S.CyclicLR(Betas([nn.Parameter(torch.ones(1))]), 0.01, 0.1, 2), 4)
momenta(S.OneCycleLR(optimizer(0.3, 1, momentum=0.9), [0.1, 0.2], total_steps=8), 8)
momenta(S.OneCycleLR(optimizer(0.3, momentum=0.9), 0.1, 8, anneal_strategy="linear", three_phase=True), 8)
momenta(S.OneCycleLR(Betas([nn.Parameter(torch.ones(1))]), 0.1, epochs=2, steps_per_epoch=3, pct_start=0.5), 6)
s = S.OneCycleLR(optimizer(0.3), 0.1, total_steps=2, cycle_momentum=False)
s.optimizer.step(); s.step(); s.step()
attempt(s.step)
print({k: v for k, v in s.optimizer.param_groups[0].items() if k != "params"})
""",
        "plateau": """
losses = [1.0, 0.9, 0.9, 0.95, 0.9, float("nan"), 0.85, 0.86, 0.86, 0.86, 0.86, 0.86]
for options in [dict(patience=1), dict(patience=1, cooldown=2), dict(mode="max", patience=2), dict(patience=0, min_lr=0.08),
                dict(threshold=0.2, patience=1), dict(threshold=0.04, threshold_mode="abs", patience=1),
                dict(mode="max", threshold=0.04, threshold_mode="abs", patience=1), dict(factor=0.99, eps=0.01, patience=0),
                dict(min_lr=[0.05, 0.02], patience=0)]:
    s = S.ReduceLROnPlateau(optimizer(0.3, 0.2), **options)
    trace = []
    for loss in losses:
        s.step(torch.tensor(loss))
        trace.append(s.get_last_lr())
    print(options, trace)
    print(s.state_dict())
s = S.ReduceLROnPlateau(optimizer(0.3), patience=0)
s.step(1.0, epoch=7)
print(s.last_epoch, s.in_cooldown)
s.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 1.0})
s.step(2.0)
print(s.get_last_lr(), s.min_lrs)
s = S.ReduceLROnPlateau(optimizer(0.3), patience=0, min_lr=[0.1])
s.optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))], "lr": 1.0})
s.step(1.0)
attempt(s.step, 2.0)
attempt(s.step)
""",
        "composed": """
def warm_up_and_decay(o):
    return S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=3), S.ExponentialLR(o, 0.9), S.StepLR(o, 2)], [3, 6])
show(warm_up_and_decay(optimizer(0.3, 1)), 10)
def chain(o):
    return S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])
show(chain(optimizer(0.3, 1)), 4)
o = optimizer(0.3)
show(S.SequentialLR(o, [chain(o), S.CosineAnnealingLR(o, 3)], [2]), 5)
o = optimizer(0.3)
show(S.SequentialLR(o, [S.ConstantLR(o), S.CosineAnnealingWarmRestarts(o, 2)], [0]), 3)
s = warm_up_and_decay(optimizer(0.3))
for i in range(4):
    s.optimizer.step(); s.step()
print(s.state_dict())
t = warm_up_and_decay(optimizer(0.3))
t.load_state_dict(s.state_dict())
t.optimizer.load_state_dict(s.optimizer.state_dict())
show(s); show(t)
c = chain(optimizer(0.3))
print(c.state_dict())
other = optimizer(0.5)
o = optimizer(0.3)
attempt(S.SequentialLR, o, [], [])
attempt(S.SequentialLR, o, [S.StepLR(o, 1), S.StepLR(o, 1)], [])
attempt(S.SequentialLR, o, [S.StepLR(o, 1), S.StepLR(other, 1)], [1])
attempt(S.SequentialLR, o, [S.ReduceLROnPlateau(o)], [])
attempt(S.SequentialLR, o, [3], [])
attempt(S.ChainedScheduler, [])
attempt(S.ChainedScheduler, [S.StepLR(o, 1), S.ReduceLROnPlateau(o)])
attempt(S.ChainedScheduler, [S.StepLR(o, 1), S.StepLR(other, 1)])
attempt(S.ChainedScheduler, [S.StepLR(o, 1)], other)
attempt(S.ChainedScheduler, [S.StepLR(o, 1), 3])
""",
        "arguments": """
o = optimizer(0.3, 1)
for cls in (S.LRScheduler, S.StepLR, S.CyclicLR, S.OneCycleLR, S.ReduceLROnPlateau):
    attempt(lambda: cls(3, *[2] * {"LRScheduler": 0, "CyclicLR": 2, "ReduceLROnPlateau": 0}.get(cls.__name__, 1)))
attempt(S.LambdaLR, 3, len)
attempt(S.LambdaLR, o, [len])
attempt(S.MultiplicativeLR, o, [len, 3])
attempt(S.ConstantLR, o, 1.5)
attempt(S.LinearLR, o, 0)
attempt(S.LinearLR, o, 1, 2)
attempt(S.CosineAnnealingWarmRestarts, o, 0)
attempt(S.CosineAnnealingWarmRestarts, o, 2, 0.5)
attempt(S.CosineAnnealingWarmRestarts, o, 2, eta_min="a")
attempt(S.CyclicLR, o, [0.1], 0.2)
attempt(S.CyclicLR, o, 0.1, [0.2])
attempt(S.CyclicLR, o, 0.1, 0.2, mode="other")
attempt(S.CyclicLR, o, 0.1, 0.2, base_momentum=[0.1])
attempt(S.OneCycleLR, o, 0.1)
attempt(S.OneCycleLR, o, 0.1, total_steps=2.5)
attempt(S.OneCycleLR, o, 0.1, epochs=0, steps_per_epoch=2)
attempt(S.OneCycleLR, o, 0.1, epochs=2, steps_per_epoch=-2)
attempt(S.OneCycleLR, o, 0.1, 10, pct_start=2.0)
attempt(S.OneCycleLR, o, 0.1, 10, pct_start=1)
attempt(S.OneCycleLR, o, 0.1, 10, anneal_strategy="step")
attempt(S.OneCycleLR, o, [0.1], 10)
attempt(S.ReduceLROnPlateau, o, "least")
attempt(S.ReduceLROnPlateau, o, threshold_mode="least")
attempt(S.ReduceLROnPlateau, o, factor=1.0)
attempt(S.ReduceLROnPlateau, o, min_lr=[0.1])
attempt(S.ExponentialLR, optimizer(0.3), 0.5, last_epoch=3)
class Plain(optim.Optimizer):
    def __init__(self):
        super().__init__([nn.Parameter(torch.ones(1))], dict(lr=0.1))
attempt(S.CyclicLR, Plain(), 0.1, 0.2)
attempt(S.OneCycleLR, Plain(), 0.1, 5)
print(sorted(S.__all__), issubclass(S._LRScheduler, S.LRScheduler), S._LRScheduler.__name__)
""",
        "warnings": """
s = S.StepLR(optimizer(0.3), 2)
s.step(); s.step()
s.get_lr()
s = S.StepLR(optimizer(0.3), 2)
s.optimizer.step = lambda: None
s.step()
s = S.StepLR(optimizer(0.3), 2)
s.optimizer.step(); s.step(3)
print(s.get_lr(), hasattr(s.optimizer.step, "_wrapped_by_lr_sched"))
o = optimizer(0.3)
first, second = S.StepLR(o, 2), S.ExponentialLR(o, 0.5)
o.step(); first.step(); second.step()
print(o.param_groups[0]["lr"])
import copy
twin = copy.deepcopy(s)
twin.step()
print(twin.get_last_lr(), twin.optimizer is s.optimizer)
fresh = copy.deepcopy(S.StepLR(optimizer(0.3), 2))
fresh.optimizer.step(); fresh.step()
""",
        "states": """
class Power:
    def __init__(self, base):
        self.base = base
    def __call__(self, epoch):
        return self.base ** epoch
made = {
    "LambdaLR": lambda: S.LambdaLR(optimizer(0.3, 1, momentum=0.9), [Power(0.5), lambda e: 0.9 ** e]),
    "MultiplicativeLR": lambda: S.MultiplicativeLR(optimizer(0.3, 1, momentum=0.9), Power(0.9)),
    "StepLR": lambda: S.StepLR(optimizer(0.3, 1, momentum=0.9), 2),
    "MultiStepLR": lambda: S.MultiStepLR(optimizer(0.3, 1, momentum=0.9), [2, 5, 5]),
    "CosineAnnealingLR": lambda: S.CosineAnnealingLR(optimizer(0.3, 1, momentum=0.9), 3),
    "CosineAnnealingWarmRestarts": lambda: S.CosineAnnealingWarmRestarts(optimizer(0.3, 1, momentum=0.9), 2),
    "CyclicLR": lambda: S.CyclicLR(optimizer(0.3, 1, momentum=0.9), 0.1, 0.4, 2),
    "CyclicLR of an object": lambda: S.CyclicLR(optimizer(0.3, 1, momentum=0.9), 0.1, 0.4, 2, scale_fn=Power(0.9)),
    "OneCycleLR": lambda: S.OneCycleLR(optimizer(0.3, 1, momentum=0.9), 0.1, 12),
}
for name, make in made.items():
    s = make()
    for i in range(3):
        s.optimizer.step(); s.step()
    state = s.state_dict()
    print(name, state)
    t = make()
    t.load_state_dict(dict(state))
    t.optimizer.load_state_dict(s.optimizer.state_dict())
    for i in range(4):
        for each in (s, t):
            each.optimizer.step(); each.step()
    print(t.get_last_lr() == s.get_last_lr(), t.get_last_lr(), t.optimizer.param_groups[0]["momentum"], t.state_dict() == s.state_dict())
""",
        "resumed by last_epoch": """
for make in [lambda o, **k: S.StepLR(o, 2, **k), lambda o, **k: S.ExponentialLR(o, 0.9, **k), lambda o, **k: S.CosineAnnealingLR(o, 6, **k),
             lambda o, **k: S.LinearLR(o, total_iters=6, **k), lambda o, **k: S.ConstantLR(o, **k), lambda o, **k: S.PolynomialLR(o, 9, **k),
             lambda o, **k: S.CyclicLR(o, 0.1, 0.5, 3, **k), lambda o, **k: S.OneCycleLR(o, 0.1, 12, **k), lambda o, **k: S.LambdaLR(o, lambda e: 0.9 ** e, **k),
             lambda o, **k: S.MultiplicativeLR(o, lambda e: 0.9, **k), lambda o, **k: S.CosineAnnealingWarmRestarts(o, 4, **k), lambda o, **k: S.MultiStepLR(o, [3, 4], **k)]:
    s = make(optimizer(0.3, momentum=0.9))
    for i in range(3):
        s.optimizer.step(); s.step()
    before = s.get_last_lr()
    t = make(s.optimizer, last_epoch=2)
    print(type(t).__name__, before, t.get_last_lr(), end=" ")
    s.optimizer.step(); t.step()
    print(t.get_last_lr(), t.base_lrs, t.last_epoch)
""",
        "a tensor as the rate": """
for make in [lambda o: S.StepLR(o, 1), lambda o: S.CosineAnnealingLR(o, 4), lambda o: S.LinearLR(o), lambda o: S.LambdaLR(o, lambda e: 0.9 ** e),
             lambda o: S.OneCycleLR(o, 0.1, 9), lambda o: S.CyclicLR(o, 0.1, 0.5, 3), lambda o: S.CosineAnnealingWarmRestarts(o, 3),
             lambda o: S.OneCycleLR(o, torch.tensor(0.1), 9), lambda o: S.SequentialLR(o, [S.ConstantLR(o), S.StepLR(o, 1)], [2])]:
    lr = torch.tensor(0.3)
    o = optimizer(lr, torch.tensor([0.5], dtype=torch.float64), momentum=0.9)
    s = make(o)
    for i in range(4):
        o.step(); s.step()
    held = [g["lr"] for g in o.param_groups]
    print(type(s).__name__, held[0] is lr, held, [v.tolist() for v in s.get_last_lr()], s.get_last_lr()[0] is lr)
s = S.ReduceLROnPlateau(optimizer(torch.tensor(0.3)), patience=0)
s.step(1); s.step(2)
print(s.get_last_lr(), s.optimizer.param_groups[0]["lr"])
""",
        "a schedule of one's own": """
class Halving(S._LRScheduler):
    def get_lr(self):
        if not self._get_lr_called_within_step:
            print("outside")
        return [lr / 2 ** self.last_epoch for lr in self.base_lrs]
s = Halving(optimizer(0.4, 1))
show(s, 3)
print(s.get_lr())
class WarmUp(S.LRScheduler):
    def __init__(self, optimizer, steps, after=None, last_epoch=-1):
        self.steps, self.after = steps, after
        super().__init__(optimizer, last_epoch)
    def get_lr(self):
        return [lr * min(1, (self.last_epoch + 1) / self.steps) for lr in self.base_lrs]
    def _get_closed_form_lr(self):
        return [lr * 7 for lr in self.base_lrs]
s = WarmUp(optimizer(0.4), 3)
show(s, 3)
s.step(1)
print(s.get_last_lr(), s.state_dict())
class Short(S.LRScheduler):
    def get_lr(self):
        return self.base_lrs[:1]
attempt(Short, optimizer(0.4, 1))
class Nothing(S.LRScheduler):
    pass
attempt(Nothing, optimizer(0.4))
import pickle, copy
s = S.CyclicLR(optimizer(0.3, momentum=0.9), 0.1, 0.5, 3, mode="exp_range", gamma=0.9)
again = pickle.loads(pickle.dumps(s))
print(again.get_last_lr(), again.optimizer.param_groups[0]["momentum"], again.scale_fn(2), s.scale_fn(2))
""",
    }.items()
}
