"""Parts of a person's own that say nothing of their state, or not all, are taken up again to the bit."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import framework
from framework import nn, optim
from framework.data import TensorDataset
from framework.extend import hookimpl
from framework.training.checkpoints.files import newest_valid, read_checkpoint
from framework.training.metrics import Metric
from framework.training.recipe import Recipe
from tests.training.exactness import assert_exact_at_every_step, differences, train


def recipe(**changes: Any) -> Recipe:
    x = framework.randn(14, 4)
    data = TensorDataset(x, (x[:, :1] > 0).float())
    model = changes.pop("model", None) or nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    optimizer = changes.pop("optimizer", lambda p: optim.SGD(p, lr=0.1))(model.parameters())
    scheduler = changes.pop("scheduler", lambda o: None)(optimizer)
    parts = {"loss": nn.BCEWithLogitsLoss(), "train": data, "validate": data, "batch_size": 4, "epochs": 2} | changes
    return Recipe(model=model, optimizer=optimizer, scheduler=scheduler, **parts)


class Stateless:
    """An optimizer without state_dict."""

    def __init__(self, parameters):
        self.parameters, self.steps = list(parameters), 0
        self.momenta = [framework.zeros_like(each) for each in self.parameters]

    def zero_grad(self):
        for each in self.parameters:
            each.grad = None

    @framework.no_grad()
    def step(self):
        self.steps += 1
        for index, each in enumerate(self.parameters):
            self.momenta[index] = 0.9 * self.momenta[index] + each.grad
            each.sub_(self.momenta[index] / self.steps)


class Counting(optim.Optimizer):
    """Has a number and a generator of its own beside its state."""

    def __init__(self, parameters):
        super().__init__(parameters, {"lr": 0.1})
        self.steps, self.noise = 0, random.Random(3)

    @framework.no_grad()
    def step(self, closure=None):
        self.steps += 1
        for group in self.param_groups:
            for each in group["params"]:
                each.sub_(group["lr"] / self.steps * (1 + self.noise.random()) * each.grad)


class Halving:
    """A schedule without state_dict."""

    def __init__(self, optimizer):
        self.optimizer, self.steps = optimizer, 0

    def step(self):
        self.steps += 1
        self.optimizer.param_groups[0]["lr"] = 0.1 / (1 + self.steps)


class Drawn(optim.lr_scheduler.LRScheduler):
    """A schedule with a generator."""

    def __init__(self, optimizer):
        self.rng = random.Random(1)
        super().__init__(optimizer)

    def get_lr(self):
        return [self.rng.random() for _ in self.base_lrs]


def counting_function(optimizer):
    calls = 0

    def rate(epoch):
        nonlocal calls
        calls += 1
        return 0.9**calls

    return optim.lr_scheduler.LambdaLR(optimizer, rate)


class Splits(Metric):
    """Counts the splits that it was computed for."""

    name = "splits"

    def __init__(self):
        self.splits = 0

    def reset(self):
        self.sum = 0.0

    def update(self, prediction, target):
        self.sum += float(prediction.sum())

    def compute(self):
        self.splits += 1
        return self.sum + self.splits


def counting_metric():
    calls = [0]

    def counted(prediction, target):
        calls[0] += 1
        return calls[0] + float(prediction.mean())

    return counted


class Toggling:
    """A step whose state goes back, every other batch, to what it was at the start."""

    def __init__(self):
        self.on, self.counts = False, [0]

    def __call__(self, model, batch):
        loss = nn.functional.binary_cross_entropy_with_logits(model(batch[0]), batch[1]) * (2 if self.on else 1)
        if model.training:
            self.on, self.counts[0] = not self.on, 1 - self.counts[0]
        return loss * (1 + self.counts[0])


CASES = {
    "optimizer without state_dict": lambda: recipe(optimizer=Stateless),
    "attributes of an optimizer": lambda: recipe(optimizer=Counting),
    "schedule without state_dict": lambda: recipe(scheduler=Halving, scheduler_every="step"),
    "schedule with a generator": lambda: recipe(scheduler=Drawn, scheduler_every="step"),
    "function of a schedule": lambda: recipe(scheduler=counting_function, scheduler_every="step"),
    "metric over epochs": lambda: recipe(metrics=[Splits()]),
    "function as a metric": lambda: recipe(metrics=[counting_metric()]),
    "back and forth": lambda: recipe(loss=None, step=Toggling(), batch_size=2),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::framework.compiler.CompileWarning")
def test_it_is_exact_at_every_step(name, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    assert assert_exact_at_every_step(CASES[name], tmp_path, compile=False) >= 7


class StopLater:
    """Interrupts in the step after the one that is saved."""

    @hookimpl
    def batch_start(self, trainer):
        if trainer.step == 3:
            raise KeyboardInterrupt


def test_it_is_exact_when_taken_up_twice_in_one_epoch(tmp_path: Path, monkeypatch):
    """A normed weight shares memory, until the first step, with the parameter that it is made of."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)

    def make():
        model = nn.Sequential(nn.utils.spectral_norm(nn.Linear(4, 3)), nn.Linear(3, 1))
        return recipe(model=model, validate=None, epochs=1)

    train(make, tmp_path / "whole", compile=False)  # without a warning of what is computed anew
    first = tmp_path / "whole" / "checkpoints" / "step-00000002"
    part = tmp_path / "part"
    (part / "checkpoints").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        train(make, part, compile=False, checkpoint=read_checkpoint(first), plugins=lambda: [StopLater()])
    again = newest_valid(part, print)
    assert again is not None and again.info["step"] == 3
    train(make, part, compile=False, checkpoint=again)
    whole, resumed = (newest_valid(folder, print) for folder in (tmp_path / "whole", part))
    assert whole is not None and resumed is not None
    assert not differences(whole.weights, resumed.weights, "weights")
