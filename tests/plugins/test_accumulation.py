"""Accumulation: the update of several batches is, to rounding, that of one batch with all their samples."""

from __future__ import annotations

import random

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.data import DataLoader, TensorDataset
from framework.extend import UserError, hookimpl
from framework.training.recipe import Recipe
from framework.training.trainer import Trainer
from framework_plugins.accumulation import Accumulate, make_plugins
from framework_plugins.gradient_clipping import ClipNorm, ClipValue
from tests.tiny import tiny

CLASSES, IGNORED = 4, 2


def own_step(model, batch):
    """A loss that is a mean over what the step says it is, not over samples."""
    x, labels = batch
    kept = labels > 0
    losses = nn.functional.cross_entropy(model(x), labels, reduction="none")
    return {"loss": (losses * kept).sum() / kept.sum(), "count": int(kept.sum().item())}


def numbers(labels):
    return (labels.double() / 3 - 0.5).reshape(-1, 1).expand(-1, CLASSES).contiguous()


LOSSES = {
    "cross entropy": {"loss": nn.CrossEntropyLoss()},
    "weights, ignored": {
        "loss": nn.CrossEntropyLoss(
            weight=framework.tensor([0.2, 3.0, 1.0, 0.7], dtype=framework.float64), ignore_index=IGNORED
        )
    },
    "summed": {"loss": nn.CrossEntropyLoss(reduction="sum")},
    "mean squares": {"loss": nn.MSELoss(), "target": numbers},
    "summed squares": {"loss": nn.MSELoss(reduction="sum"), "target": numbers},
    "smooth": {"loss": nn.HuberLoss(), "target": numbers},
    "a step of its own": {"step": own_step},
}


class Stream:
    """Batches that do not say how many they are."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def sizes(seed):
    """Batches of 2 to 7 samples, so many that windows do not divide them."""
    chance = random.Random(seed)
    return [chance.randint(2, 7) for _ in range(chance.randint(3, 9))]


def batches_of(sizes, seed, target=None):
    generator = np.random.default_rng(seed)
    made = []
    for size in sizes:
        x = framework.from_numpy(generator.standard_normal((size, 3)))
        # The first two always count, whatever is ignored.
        labels = framework.from_numpy(np.concatenate([[1, 3], generator.integers(0, CLASSES, size - 2)]))
        made.append((x, target(labels) if target else labels))
    return made


def together(batches, count):
    """Each so many batches as one, the last one of what is left."""
    windows = [batches[start : start + count] for start in range(0, len(batches), count)]
    return [tuple(framework.cat(parts) for parts in zip(*window, strict=True)) for window in windows]


class Network(nn.Module):
    """Has a layer that gets no gradient."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, CLASSES)), nn.Linear(2, 2)

    def forward(self, x):
        return self.used(x)


def trained(batches, plugins, *, loss=None, step=None, scheduler=None, compile=False, **_):
    framework.manual_seed(0)
    model = Network().double()
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    recipe = Recipe(
        model=model,
        loss=loss,
        step=step,
        optimizer=optimizer,
        train=batches,
        epochs=3,
        scheduler=scheduler(optimizer) if scheduler else None,
        scheduler_every="step",
    )
    trainer = Trainer(recipe, plugins=plugins, compile=compile)
    trainer.fit()
    return trainer, [each.detach().numpy().copy() for each in model.parameters()]


def assert_like_one_batch(batches, count, *more, given=None, **options):
    kind, one = trained(together(batches, count), [make() for make in more], **options)
    several, other = trained(
        batches if given is None else given, [Accumulate(count), *(make() for make in more)], **options
    )
    assert several.step == kind.step
    for left, right in zip(one, other, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_update_of_one_batch(name, seed):
    batches = batches_of(sizes(seed), seed, LOSSES[name].get("target"))
    for count in (2, 3, len(batches), 20):
        assert_like_one_batch(batches, count, **LOSSES[name])


@pytest.mark.parametrize("name", ["weights, ignored", "summed"])
def test_compiled(name):
    batches = batches_of([4, 4, 4, 4, 2], 0)
    assert_like_one_batch(batches, 2, compile=True, **LOSSES[name])


def test_a_stream_without_a_length():
    batches = batches_of(sizes(1), 1)
    assert_like_one_batch(batches, 2, given=Stream(batches), **LOSSES["weights, ignored"])


@pytest.mark.parametrize("drop_last", [False, True])
def test_a_loader(drop_last):
    x, labels = batches_of([23], 5)[0]
    loader = DataLoader(TensorDataset(x, labels), 4, drop_last=drop_last)
    assert_like_one_batch([tuple(batch) for batch in loader], 4, given=loader, **LOSSES["weights, ignored"])


@pytest.mark.parametrize("clip", [lambda: ClipNorm(0.05), lambda: ClipValue(0.01)], ids=["norm", "value"])
def test_what_is_clipped_is_the_whole(clip):
    batches = batches_of(sizes(2), 2)
    assert_like_one_batch(batches, 3, clip, **LOSSES["cross entropy"])
    first = trained(batches, [clip(), Accumulate(3)], **LOSSES["cross entropy"])[1]
    last = trained(batches, [Accumulate(3), clip()], **LOSSES["cross entropy"])[1]
    assert all((left == right).all() for left, right in zip(first, last, strict=True))


def test_a_scheduler_counts_updates():
    batches = batches_of(sizes(3), 3)
    step = lambda optimizer: optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    assert_like_one_batch(batches, 2, scheduler=step, **LOSSES["cross entropy"])


@pytest.mark.parametrize("compile", [False, True])
def test_an_update_of_one_batch_is_that_without_accumulation_to_the_bit(compile):
    for batches, count in ((batches_of(sizes(4), 4), 1), (batches_of([6], 4), 3)):
        plain = trained(batches, [], compile=compile, **LOSSES["cross entropy"])[1]
        for one, other in zip(
            plain, trained(batches, [Accumulate(count)], compile=compile, **LOSSES["cross entropy"])[1], strict=True
        ):
            assert (one == other).all()


def test_a_plugin_that_lets_updates_wait_longer():
    class Wait:
        @hookimpl
        def should_update(self, trainer):
            return trainer.batch >= 4

    batches = batches_of([3, 2, 5, 4, 3], 6)
    trainer, several = trained(batches, [Accumulate(2), Wait()], **LOSSES["cross entropy"])
    window = [together(batches[:4], 4)[0], batches[4]]
    kind, one = trained(window, [], **LOSSES["cross entropy"])
    assert trainer.step == kind.step
    for left, right in zip(one, several, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("batches", [0, -1, 2.0, True, "4"])
def test_wrong_numbers(batches):
    with pytest.raises(UserError, match="over 1 batch or more, such as --accumulate 4, not"):
        Accumulate(batches)


def test_an_optimizer_that_takes_a_closure_is_refused():
    recipe = tiny(model=(model := nn.Linear(1, 1)), optimizer=optim.LBFGS(model.parameters()))
    with pytest.raises(UserError, match="LBFGS evaluates the loss of one batch as often as it needs"):
        Trainer(recipe, plugins=[Accumulate(2)]).fit()


def test_a_step_that_updates_the_model_itself_is_refused():
    recipe = tiny(optimizer=None, loss=None, step=lambda model, batch: (model(batch[0]) - batch[1]).square().mean())
    with pytest.raises(UserError, match="step updates the model itself"):
        Trainer(recipe, plugins=[Accumulate(2)]).fit()


def test_the_option():
    assert make_plugins({"accumulate": None}) is None
    assert make_plugins({"accumulate": 3}).batches == 3
