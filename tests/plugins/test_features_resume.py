"""A run with features that is taken up again is, to the bit, the run that was never interrupted: alone and together."""

from __future__ import annotations

from pathlib import Path

import pytest

import framework
from framework import optim
from framework.data import DataLoader, IterableDataset
from framework.extend import hookimpl
from framework.training.checkpoints.files import read_checkpoint
from framework_plugins.accumulation import Accumulate
from framework_plugins.early_stopping import EarlyStopping
from framework_plugins.gradient_clipping import ClipNorm, ClipValue
from framework_plugins.limits import Limit, Overfit
from framework_plugins.schedules import Schedule, WarmupCosine
from framework_plugins.weight_average import AverageWeights
from tests.training.exactness import assert_exact_at_every_step
from tests.training.test_resuming import BATCH, Noisy, OwnBatches, Stream, data, plain


class Positioned:
    """Keeps its own place in a pass, as loaders with a state do."""

    def __init__(self):
        self.batches = [(framework.randn(5, 5), framework.rand(5, 1)) for _ in range(4)]
        self.place = 0

    def __iter__(self):
        while self.place < len(self.batches):
            self.place += 1
            yield self.batches[self.place - 1]
        self.place = 0

    def state_dict(self):
        return {"place": self.place}

    def load_state_dict(self, state):
        self.place = state["place"]


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            x = framework.randn(5)
            yield x, (x[:1] > 0).float()


def grouped():
    """Two groups of parameters, the second of which has a rate of its own."""

    def make(parameters):
        first, *others = parameters
        return optim.SGD([{"params": [first]}, {"params": others, "lr": 0.01}], lr=0.1, momentum=0.9)

    return make


FEATURES = {
    "clip norm": (lambda: [ClipNorm(0.1)], {}),
    "clip value": (lambda: [ClipValue(0.01)], {}),
    "accumulate": (lambda: [Accumulate(3)], {}),
    "accumulate, a stream": (lambda: [Accumulate(3)], {"train": Stream}),
    "early stopping": (lambda: [EarlyStopping("max:train/loss", patience=2)], {"epochs": lambda: 4}),
    "early stopping, going on": (lambda: [EarlyStopping("validation/accuracy", patience=9)], {}),
    "cosine": (lambda: [Schedule("cosine", "4steps", 0.1)], {"optimizer": grouped}),
    "linear, a part": (lambda: [Schedule("linear", "30%")], {}),
    "inverse square root, a stream": (lambda: [Schedule("inverse_sqrt", "4steps")], {"train": Stream}),
    "polynomial, epochs": (lambda: [Schedule("polynomial", "1epoch", every="epoch")], {}),
    "exponential, updates": (lambda: [Schedule("exponential", floor=0.01, steps=9)], {"train": Stream}),
    "average": (lambda: [AverageWeights(0.9)], {}),
    "average, warm-up": (lambda: [AverageWeights(0.999, warmup=True)], {}),
    "limit": (lambda: [Limit(3)], {}),
    "limit, a part": (lambda: [Limit(0.7)], {}),
    "limit, own batches": (lambda: [Limit(3)], {"train": OwnBatches}),
    "limit, noisy": (lambda: [Limit(3)], {"train": Noisy}),
    "limit, a stream": (lambda: [Limit(3)], {"train": Endless}),
    "limit, its own place": (lambda: [Limit(3)], {"train": Positioned}),
    "limit, threads": (
        lambda: [Limit(3)],
        {"train": lambda: DataLoader(data(), BATCH, shuffle=True, num_workers=2, worker_method="thread")},
    ),
    "overfit": (lambda: [Overfit(3)], {}),
    "overfit, noisy": (lambda: [Overfit(3)], {"train": Noisy}),
    "accumulate, clip, average, stop, schedule": (
        lambda: [
            Accumulate(3),
            ClipNorm(0.1),
            AverageWeights(0.9),
            EarlyStopping(patience=2, min_delta=0.1),
            Schedule("cosine", "2steps"),
        ],
        {},
    ),
    "the same, given otherwise": (
        lambda: [
            Schedule("linear", "1epoch"),
            EarlyStopping(patience=2),
            AverageWeights(0.9, warmup=True),
            ClipValue(0.01),
            Limit(3),
            Accumulate(2),
        ],
        {},
    ),
    "accumulate, a scheduler each step": (
        lambda: [Accumulate(2)],
        {"scheduler": lambda: lambda o: WarmupCosine(o, 6, 2), "scheduler_every": lambda: "step"},
    ),
}


# What is compiled is the step that each has in common with others.
COMPILED = [
    "clip norm",
    "accumulate",
    "cosine",
    "average, warm-up",
    "accumulate, clip, average, stop, schedule",
    "the same, given otherwise",
    "accumulate, a scheduler each step",
]
QUICK = ["accumulate", "early stopping, going on", "accumulate, clip, average, stop, schedule"]


@pytest.mark.parametrize(
    ("name", "compiled"),
    [
        pytest.param(name, compiled, marks=() if name in QUICK and not compiled else pytest.mark.slow)
        for compiled, names in ((False, FEATURES), (True, COMPILED))
        for name in names
    ],
)
@pytest.mark.filterwarnings("ignore::framework.compiler.CompileWarning")
def test_it_is_exact_at_every_step(name, compiled, tmp_path: Path):
    features, changes = FEATURES[name]

    def make():
        return plain(plugins=features(), **{part: make() for part, make in changes.items()})

    stride = 1 if name == "accumulate, clip, average, stop, schedule" else 3
    assert assert_exact_at_every_step(make, tmp_path, stride, compile=compiled) >= 3


class EveryBatch:
    """Asks for a checkpoint after each batch, also where an update waits for others."""

    @hookimpl
    def after_backward(self, trainer):
        trainer.request_checkpoint("a batch")


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
def test_an_update_that_waits_is_kept(compiled, tmp_path: Path):
    """Checkpoints have the step's number, so of those of one step the last stays: in the midst of the next update."""

    def make():
        return plain(plugins=[EveryBatch(), Accumulate(3), ClipNorm(0.1), AverageWeights(0.9)])

    assert assert_exact_at_every_step(make, tmp_path, compile=compiled, every="100steps") >= 4
    assert any(
        read_checkpoint(path).state["plugins"]["Accumulate"]["taken"]
        for path in (tmp_path / "whole" / "checkpoints").iterdir()
    )
