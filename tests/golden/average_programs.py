"""Programs that use `torch.optim.swa_utils`; what each prints is in average_transcripts.json."""

_START = """
W = room("optim.swa_utils")
def trained(model, average, steps=4):
    torch.manual_seed(1)
    for i in range(steps):
        with torch.no_grad():
            for p in model.parameters():
                p.add_(torch.rand(p.shape, dtype=p.dtype) - 0.5)
        average.update_parameters(model)
        print(average.n_averaged.item())
        if average.multi_avg_fn is None:
            for p in average.module.parameters():
                values(p)
        else:
            # PyTorch's lerp is a fused multiply-add: the last bit may differ.
            print(list(average.module.parameters()))
"""

PROGRAMS = {
    name: _START + program
    for name, program in {
        "equal weights": """
torch.manual_seed(0)
model = nn.Linear(3, 2)
average = W.AveragedModel(model)
print(average)
print(dict(average.state_dict()))
trained(model, average)
x = torch.ones(2, 3)
print(average(x), average.module(input=x), average(input=x).requires_grad)
print(average.training, average.eval().training, list(dict(average.named_parameters())), list(dict(average.named_buffers())))
""",
        "exponential": """
for make in (W.get_ema_multi_avg_fn, W.get_ema_avg_fn):
    for decay in (0.999, 0.3, 0.0, 1.0):
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        name = "multi_avg_fn" if "multi" in make.__name__ else "avg_fn"
        trained(model, W.AveragedModel(model, **{name: make(decay)}), 3)
torch.manual_seed(0)
model = nn.Linear(3, 2, dtype=torch.float64)
trained(model, W.AveragedModel(model, avg_fn=W.get_swa_avg_fn()), 3)
trained(model, W.AveragedModel(model, multi_avg_fn=W.get_swa_multi_avg_fn()), 3)
trained(model, W.AveragedModel(model, avg_fn=lambda a, b, n: a * n - b), 3)
attempt(W.get_ema_avg_fn, 1.5)
attempt(W.get_ema_multi_avg_fn, -0.1)
attempt(lambda: W.AveragedModel(model, avg_fn=W.get_ema_avg_fn(), multi_avg_fn=W.get_ema_multi_avg_fn()))
""",
        "functions alone": """
a, b = [torch.tensor([1.0, 2.0]), torch.ones(3)], [torch.tensor([2.0, -2.0]), torch.zeros(3)]
W.get_swa_multi_avg_fn()(a, b, 2)
print(a)
W.get_swa_multi_avg_fn()(a, b, torch.tensor(2))
print(a)
W.get_ema_multi_avg_fn(0.9)(a, b, None)
print(a)
whole = [torch.tensor([10, 20])]
W.get_ema_multi_avg_fn(0.9)(whole, [torch.tensor([20, 0])], None)
print(whole)
refused(W.get_swa_multi_avg_fn(), whole, [torch.tensor([20, 0])], 2)
print(W.get_swa_avg_fn()(torch.tensor([1, 2]), torch.tensor([4, 6]), 2), W.get_ema_avg_fn(0.5)(torch.tensor(3), torch.tensor(4), 1))
""",
        "buffers": """
class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("count", torch.tensor(0))
for options in [{}, dict(use_buffers=True), dict(use_buffers=True, multi_avg_fn=W.get_ema_multi_avg_fn(0.5)), dict(use_buffers=True, avg_fn=W.get_ema_avg_fn(0.5))]:
    model = Counting()
    average = W.AveragedModel(model, **options)
    for i in range(3):
        with torch.no_grad():
            model.weight += 1; model.mean += 2; model.count += 4
        average.update_parameters(model)
    print(dict(average.state_dict()))
again = W.AveragedModel(Counting())
again.load_state_dict(average.state_dict())
print(again.n_averaged, again.module.count)
import copy, pickle
twin = copy.deepcopy(average)
twin.update_parameters(model)
print(twin.n_averaged, average.n_averaged, twin.module.weight)
""",
        "schedule": """
def optimizer(*lrs):
    return optim.SGD([{"params": [nn.Parameter(torch.ones(1))], "lr": lr} for lr in lrs], lr=0.1)
for options in [dict(), dict(anneal_strategy="linear"), dict(anneal_epochs=3), dict(anneal_epochs=0), dict(anneal_epochs=1, anneal_strategy="linear")]:
    s = W.SWALR(optimizer(0.5, 1.0), swa_lr=[0.05, 0.1], **options)
    trace = [s.get_last_lr()]
    for i in range(5):
        s.optimizer.step(); s.step()
        trace.append(s.get_last_lr())
    print(options, trace)
    print(s.state_dict())
t = W.SWALR(optimizer(0.5, 1.0), swa_lr=0.05)
t.load_state_dict(s.state_dict())
print(t.state_dict() == s.state_dict(), t.anneal_func(0.25), W.SWALR(optimizer(0.5), 0.1).anneal_func(0.25))
s.get_lr()
attempt(W.SWALR, optimizer(0.5, 1.0), [0.1])
attempt(W.SWALR, optimizer(0.5), 0.1, anneal_strategy="step")
attempt(W.SWALR, optimizer(0.5), 0.1, anneal_epochs=-1)
attempt(W.SWALR, optimizer(0.5), 0.1, anneal_epochs=2.5)
o = optimizer(0.5)
decay, swa = torch.optim.lr_scheduler.ExponentialLR(o, 0.9), W.SWALR(o, 0.05, anneal_epochs=3)
for i in range(8):
    o.step()
    (swa if i > 3 else decay).step()
    print(o.param_groups[0]["lr"])
""",
    }.items()
}
