"""A run that is taken up again is, to the bit, the run that was never interrupted: at every step, compiled or not."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.data import DataLoader, Dataset, IterableDataset, RandomSampler, TensorDataset, WeightedRandomSampler
from framework.training.recipe import Recipe
from tests.training.exactness import assert_exact_at_every_step

N, BATCH = 20, 6


def data() -> TensorDataset:
    x = framework.randn(N, 5)
    return TensorDataset(x, (x[:, :1] > 0).float())


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))


def plain(**changes) -> Recipe:
    model = changes.pop("model", None) or network()
    make = changes.pop("optimizer", lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9))
    optimizer = make(model.parameters())
    scheduler = changes.pop("scheduler", None)
    parts = {
        "loss": nn.BCEWithLogitsLoss(),
        "train": data(),
        "validate": data(),
        "metrics": ["accuracy"],
        "batch_size": BATCH,
        "epochs": 2,
    }
    return Recipe(
        model=model,
        optimizer=optimizer,
        scheduler=scheduler(optimizer) if scheduler else None,
        **{**parts, **changes},
    )


OPTIMIZERS = {
    "adamw": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "lbfgs": lambda p: optim.LBFGS(p, lr=0.1, history_size=3, max_iter=4),
    "adafactor": lambda p: optim.Adafactor(p),
    "muon": lambda p: optim.Muon([each for each in p if each.ndim == 2], lr=0.01),
    "asgd": lambda p: optim.ASGD(p, lr=0.01),
    "rprop": lambda p: optim.Rprop(p),
}

SCHEDULERS = {
    "one cycle, a step": {"scheduler": lambda o: optim.lr_scheduler.OneCycleLR(o, 0.1, 12), "scheduler_every": "step"},
    "cosine": {"scheduler": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 3)},
    "plateau": {"scheduler": lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0)},
    "one after the other": {
        "scheduler": lambda o: optim.lr_scheduler.SequentialLR(
            o, [optim.lr_scheduler.LinearLR(o, 0.1, total_iters=3), optim.lr_scheduler.ExponentialLR(o, 0.9)], [4]
        ),
        "scheduler_every": "step",
    },
    "lambda": {"scheduler": lambda o: optim.lr_scheduler.LambdaLR(o, lambda epoch: 0.5**epoch)},
}


class Noisy(Dataset):
    """Draws from every global generator as it is read."""

    def __init__(self):
        self.rows = framework.randn(N, 5)

    def __getitem__(self, index):
        noise = random.random() + np.random.rand() + framework.rand(()).item()
        return self.rows[index] + noise, (self.rows[index, :1] > 0).float()

    def __len__(self):
        return N


class Stream(IterableDataset):
    def __iter__(self):
        for _ in range(N):
            x = framework.randn(5)
            yield x, (x[:1] > 0).float()


class OwnBatches:
    """Shuffles an order of its own, in place, each time it is gone through."""

    def __init__(self):
        self.order = list(range(4))
        self.rng = random.Random(3)
        self.batches = [(framework.randn(5, 5), framework.rand(5, 1)) for _ in range(4)]

    def __iter__(self):
        self.rng.shuffle(self.order)
        for place in self.order:
            yield self.batches[place]


class Lazy(RandomSampler):
    """Draws each index when it is asked for, from the generator that dropout draws from too."""

    def __iter__(self):
        for _ in range(N):
            yield int(framework.randint(0, N, ()).item())


DATA = {
    "noisy": lambda: {"train": Noisy()},
    "stream": lambda: {"train": Stream()},
    "own batches": lambda: {"train": OwnBatches()},
    "weighted": lambda: {"train": DataLoader(d := data(), BATCH, sampler=WeightedRandomSampler([1.0] * len(d), N))},
    "a generator": lambda: {
        "train": DataLoader(data(), BATCH, shuffle=True, generator=framework.Generator().manual_seed(3))
    },
    "with replacement": lambda: {
        "train": DataLoader(
            d := data(),
            8,
            sampler=RandomSampler(d, replacement=True, num_samples=80, generator=framework.Generator().manual_seed(3)),
        )
    },
    "drawn in parts": lambda: {
        "train": DataLoader(
            d := data(),
            8,
            sampler=RandomSampler(d, replacement=True, num_samples=80, generator=framework.random.default_generator),
        ),
        "epochs": 1,
    },
    "workers": lambda: {"train": DataLoader(Noisy(), BATCH, shuffle=True, num_workers=1), "epochs": 2},
    "persistent workers": lambda: {
        "train": DataLoader(d := data(), BATCH, shuffle=True, num_workers=1, persistent_workers=True),
        "validate": DataLoader(d, BATCH, num_workers=1, persistent_workers=True),
        "epochs": 2,
    },
    "drawn lazily": lambda: {"train": DataLoader(d := data(), BATCH, sampler=Lazy(d))},
    "shuffled validation": lambda: {"validate": DataLoader(data(), 3, shuffle=True)},
    "threads": lambda: {"train": DataLoader(data(), BATCH, shuffle=True, num_workers=2, worker_method="thread")},
}


class Tempered(nn.Module):
    """Has a number of its own that goes down with each step."""

    def __init__(self):
        super().__init__()
        self.linear, self.temperature, self.seen = nn.Linear(5, 1), 2.0, []
        self.register_buffer("steps", framework.zeros(()), persistent=False)

    def forward(self, x):
        if self.training:
            self.temperature *= 0.9
            self.steps += 1
        return self.linear(x) / (self.temperature + self.steps)


def adversarial() -> Recipe:
    """Two networks, two optimizers, one of them in the closure of the step."""
    generator, judge = nn.Linear(3, 5), nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.2), nn.Linear(4, 1))
    second = optim.Adam(judge.parameters(), lr=0.01)
    loss, count = nn.BCEWithLogitsLoss(), 0

    def step(model, batch):
        nonlocal count
        real = batch[0]
        made = model(framework.randn(len(real), 3))
        if model.training:
            count += 1
            second.zero_grad()
            target = framework.ones(len(real), 1)
            (loss(judge(real), target) + loss(judge(made.detach()), 0 * target)).backward()
            second.step()
        return loss(judge(made), framework.ones(len(real), 1)) / (1 + 0.01 * count)

    return plain(model=generator, loss=None, step=step, metrics=(), optimizer=lambda p: optim.Adam(p, lr=0.01))


CASES = {
    "plain": plain,
    **{name: (lambda make=make: plain(optimizer=make)) for name, make in OPTIMIZERS.items()},
    **{name: (lambda changes=changes: plain(**changes)) for name, changes in SCHEDULERS.items()},
    **{name: (lambda changes=changes: plain(**changes())) for name, changes in DATA.items()},
    "attributes": lambda: plain(model=Tempered()),
    "two networks": adversarial,
}


COMPILED = ["plain", *OPTIMIZERS, "one cycle, a step", "noisy", "drawn in parts", "attributes", "two networks"]
"""How the data is read, and most schedules, have nothing to do with how a step runs."""


QUICK = ["plain", "adamw", "lbfgs", "one cycle, a step", "noisy", "stream", "own batches", "workers", "two networks"]


@pytest.mark.parametrize(
    ("name", "compiled"),
    [
        pytest.param(name, compiled, marks=() if (name == "plain" if compiled else name in QUICK) else pytest.mark.slow)
        for compiled, names in ((False, CASES), (True, COMPILED))
        for name in names
    ],
)
@pytest.mark.filterwarnings("ignore::framework.compiler.CompileWarning")
@pytest.mark.filterwarnings("ignore:No checkpoint can hold this")
def test_it_is_exact_at_every_step(name, compiled, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    stride = 1 if name == "plain" else 4
    assert assert_exact_at_every_step(CASES[name], tmp_path, stride, compile=compiled) >= 7
