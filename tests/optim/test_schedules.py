"""Schedules within a training run: programs that keep, objects that go, layers that are found."""

import gc
import subprocess
import sys
import weakref

import pytest

import framework
from framework import nn, optim
from framework.errors import UserError
from framework.optim import lr_scheduler, swa_utils
from framework.training.recipe import build
from framework.training.trainer import Trainer
from tests.tiny import tiny


def optimizer(**options):
    return optim.SGD([nn.Parameter(framework.ones(1))], lr=0.1, **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: lr_scheduler.ExponentialLR(o, 0.9),
        lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=20),
        lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, step_size_up=3),
    ],
)
@pytest.mark.parametrize("rate", [lambda: 0.1, lambda: framework.tensor(0.1)])
def test_a_rate_that_changes_every_step_is_served_by_one_program(make, rate):
    def trained(compile):
        framework.manual_seed(0)
        model = nn.Linear(3, 1)
        steps = optim.SGD(model.parameters(), lr=rate(), momentum=0.9)
        schedule = make(steps)

        def step(x):
            loss = model(x).square().mean()
            loss.backward()
            steps.step()
            steps.zero_grad()
            return loss

        run = framework.compile(step, fullgraph=True) if compile else step
        losses = []
        for _ in range(8):
            losses.append(run(framework.randn(4, 3)).item())
            schedule.step()
        return losses, run

    losses, compiled = trained(True)
    # The first step finds no momentum yet.
    assert losses == trained(False)[0] and len(compiled.programs) <= 2


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("step", {"step_size": 1, "gamma": 0.5}),
        ("one_cycle", {"max_lr": 0.2, "total_steps": 4}),
        ("cosine_annealing_warm_restarts", {"T_0": 3}),
        ("polynomial", {}),
    ],
)
def test_a_recipe_names_its_schedule(name, values):
    def recipe(*, max_lr: float = 0.0, total_steps: int = 0, step_size: int = 0, gamma: float = 0.0, T_0: int = 0):
        model = nn.Linear(1, 1)
        steps = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        return tiny(model=model, optimizer=steps, scheduler=name, scheduler_every="step")

    trainer = Trainer(build(recipe, **values))
    assert trainer.fit().status == "finished"
    assert trainer.scheduler.last_epoch == 4
    assert trainer.scheduler.get_last_lr() == [trainer.optimizer.param_groups[0]["lr"]] != [0.1]


@pytest.mark.parametrize("validated", [True, False])
def test_a_schedule_by_a_metric_gets_the_loss(validated):
    changes = {} if validated else {"validate": None}
    model = nn.Linear(1, 1)
    steps = optim.SGD(model.parameters(), lr=0.1)
    schedule = lr_scheduler.ReduceLROnPlateau(steps)
    history = Trainer(tiny(model=model, optimizer=steps, scheduler=schedule, **changes)).fit()
    losses = [record["validation/loss" if validated else "train/loss"] for record in history.records]
    assert schedule.best == min(losses) and schedule.last_epoch == len(losses)
    with pytest.raises(UserError, match="ReduceLROnPlateau goes by the loss of an epoch: leave scheduler_every='step'"):
        Trainer(tiny(scheduler="reduce_lr_on_plateau", scheduler_every="step"))
    assert Trainer(tiny(scheduler="reduce_lr_on_plateau")).fit().status == "finished"


def test_an_optimizer_with_a_schedule_is_freed_at_once():
    steps = optimizer(momentum=0.9)
    gone = weakref.ref(steps)
    schedule = lr_scheduler.CyclicLR(steps, 0.1, 0.2)
    steps.step()
    gc.disable()
    try:
        del steps, schedule
        assert gone() is None
    finally:
        gc.enable()


def test_a_state_is_loaded_as_often_as_wanted():
    one, two = (lr_scheduler.CyclicLR(optimizer(momentum=0.9), 0.1, 0.2, 2) for _ in range(2))
    one.optimizer.step()
    one.step()
    state = one.state_dict()
    for _ in range(2):
        two.load_state_dict(state)
    assert two.state_dict() == state == one.state_dict()


def test_a_schedule_comes_without_layers():
    code = "import sys; from framework.optim import lr_scheduler; print('framework.optim.swa_utils' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("module", "name", "meant"), [(lr_scheduler, "StepLr", "StepLR"), (swa_utils, "AverageModel", "AveragedModel")]
)
def test_a_missing_name_gets_the_nearest(module, name, meant):
    with pytest.raises(AttributeError, match=f"no such name either. Did you mean '{meant}'"):
        getattr(module, name)


class BatchNorm(nn.Module):
    """Keeps a running mean, as a batch norm does."""

    def __init__(self):
        super().__init__()
        self.momentum = 0.1
        self.register_buffer("running_mean", framework.full((2,), 7.0))
        self.register_buffer("batches", framework.tensor(0))

    def reset_running_stats(self):
        self.running_mean.zero_()
        self.batches.zero_()

    def forward(self, x):
        if self.training:
            self.batches += 1
            part = 1 / self.batches.item() if self.momentum is None else self.momentum
            self.running_mean += part * (x.mean(0) - self.running_mean)
        return x - self.running_mean


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x, None], lambda x: (x, 3)])
def test_statistics_are_found_again_as_the_mean_of_all_batches(monkeypatch, wrap):
    monkeypatch.setattr(nn, "BatchNorm1d", BatchNorm, raising=False)
    model = nn.Sequential(BatchNorm(), nn.Dropout(0.0)).eval()
    batches = [framework.arange(8.0).reshape(4, 2) + i for i in range(3)]
    swa_utils.update_bn([wrap(batch) for batch in batches], model, device="cpu")
    assert model[0].running_mean.tolist() == [4.0, 5.0] and model[0].momentum == 0.1 and not model.training
    swa_utils.update_bn(None, nn.Linear(1, 1))
