"""Learning-rate schedules: the rate of each update, of each group, by steps, epochs or updates."""

from __future__ import annotations

import math

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.data import IterableDataset
from framework.extend import UserError, hookimpl
from framework.training.checkpoints.files import newest_valid
from framework.training.recipe import Recipe, build
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import schedules
from framework_plugins.accumulation import Accumulate
from framework_plugins.schedules import (
    KINDS,
    Schedule,
    WarmupConstant,
    WarmupCosine,
    WarmupLinear,
    make_plugins,
    parsed,
)
from tests.tiny import tiny

BATCHES, EPOCHS, LR = 5, 4, 0.2


class Rates:
    """The rate of each group, at each update."""

    def __init__(self):
        self.rates = []

    @hookimpl
    def before_step(self, trainer):
        self.rates.append([group["lr"] for group in trainer.optimizer.param_groups])


class Stream(IterableDataset):
    def __iter__(self):
        for number in range(BATCHES * 4):
            yield framework.tensor([number / 20.0]), framework.tensor([1.0])


def recipe(**changes):
    model = nn.Linear(1, 1)
    groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": LR / 10}]
    batches = [(framework.ones(2, 1), framework.ones(2, 1))] * BATCHES
    parts = {
        "model": model,
        "optimizer": optim.SGD(groups, lr=LR),
        "train": batches,
        "validate": None,
        "epochs": EPOCHS,
    }
    return tiny(**{**parts, **changes})


def rates(plugin, *plugins, **changes):
    noted = Rates()
    Trainer(recipe(**changes), plugins=[plugin, noted, *plugins]).fit()
    found = np.array(noted.rates)
    np.testing.assert_allclose(found[:, 1], found[:, 0] / 10, rtol=1e-12)  # groups keep their proportion
    return found[:, 0] / LR


def of_scheduler(make, steps):
    """The same with a scheduler of PyTorch's."""
    parameter = nn.Parameter(framework.zeros(1))
    optimizer = optim.SGD([parameter], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


TOTAL = BATCHES * EPOCHS
LIKE = {
    "constant": lambda o: optim.lr_scheduler.ConstantLR(o, 1.0),
    "linear": lambda o: optim.lr_scheduler.PolynomialLR(o, TOTAL, 1.0),
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, TOTAL, 0.1),
    "polynomial": lambda o: optim.lr_scheduler.PolynomialLR(o, TOTAL, 2.0),
    "exponential": lambda o: optim.lr_scheduler.ExponentialLR(o, 0.01 ** (1 / TOTAL)),
}


@pytest.mark.parametrize("kind", LIKE)
def test_like_the_schedulers_of_pytorch(kind):
    floor = {"cosine": 0.1, "exponential": 0.01}.get(kind, 0.0)
    np.testing.assert_allclose(rates(Schedule(kind, floor=floor)), of_scheduler(LIKE[kind], TOTAL), rtol=1e-9)


@pytest.mark.parametrize("warmup", ["6steps", "6", "30%", "1.2epochs", "6 steps"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_warm_up_leads_to_the_whole_rate(kind, warmup):
    found = rates(Schedule(kind, warmup, 0.01))
    np.testing.assert_allclose(found[:7], np.arange(1, 8) / 7)
    assert (np.diff(found[6:]) < 0).all() or kind == "constant"
    assert (found > 0).all() and (found >= 0.01).all()


def test_what_comes_after_a_warm_up():
    found = rates(Schedule("cosine", "4steps", 0.1))
    p = np.arange(TOTAL - 4) / (TOTAL - 4)
    np.testing.assert_allclose(found[4:], 0.1 + 0.9 * (1 + np.cos(np.pi * p)) / 2)
    np.testing.assert_allclose(rates(Schedule("inverse_sqrt", "4steps"))[4:], np.sqrt(4 / np.arange(4, TOTAL)))


def test_by_epochs():
    found = rates(Schedule("linear", every="epoch"))
    np.testing.assert_allclose(found, np.repeat([1, 0.75, 0.5, 0.25], BATCHES))
    found = rates(Schedule("linear", "1epoch", every="epoch"))
    np.testing.assert_allclose(found, np.repeat([0.5, 1, 2 / 3, 1 / 3], BATCHES))


def test_with_accumulation_it_ends_where_training_does():
    found = rates(Schedule("linear"), Accumulate(2))  # updates after 2, 4 and all 5 batches
    done = np.array([[0, 2, 4], [5, 7, 9], [10, 12, 14], [15, 17, 19]]).ravel()
    np.testing.assert_allclose(found, 1 - done / TOTAL)


def test_a_warm_up_in_updates_is_one_with_accumulation_too():
    found = rates(Schedule("linear", "3steps"), Accumulate(2))
    np.testing.assert_allclose(found[:4], [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found[3:], (TOTAL - np.array([5, 7, 9, 10, 12, 14, 15, 17, 19])) / (TOTAL - 5))


def test_a_stream_needs_a_length():
    def on_stream(schedule):
        return rates(schedule, train=Stream(), batch_size=4)

    for schedule in (Schedule("linear"), Schedule("constant", "10%"), Schedule("inverse_sqrt", "1epoch")):
        with pytest.raises(UserError, match="does not say how many batches it has: .* --schedule-steps 1000, or"):
            on_stream(schedule)
    np.testing.assert_allclose(on_stream(Schedule("linear", steps=10)), [*(1 - np.arange(10) / 10), *[0] * 10])
    np.testing.assert_allclose(on_stream(Schedule("linear", "20%", steps=10))[:3], [1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(on_stream(Schedule("linear", every="epoch"))[::5], [1, 0.75, 0.5, 0.25])
    assert on_stream(Schedule("constant", "3steps")).tolist() == pytest.approx([0.25, 0.5, 0.75, *[1] * 17])
    assert on_stream(Schedule("inverse_sqrt", "4steps"))[16] == pytest.approx(0.5)


def test_a_group_that_is_added_keeps_its_proportion():
    class Add:
        @hookimpl
        def epoch_start(self, trainer):
            if trainer.epoch == 3:
                trainer.optimizer.add_param_group({"params": [nn.Parameter(framework.zeros(1))], "lr": 1.0})

    noted = Rates()
    Trainer(recipe(), plugins=[Schedule("linear"), noted, Add()]).fit()
    last = noted.rates[-1]
    assert last[0] == pytest.approx(LR * 0.05) and last[2] == pytest.approx(0.05)


def test_the_rate_may_be_a_tensor():
    model = nn.Linear(1, 1)
    rate = framework.tensor(0.5)
    optimizer = optim.SGD(model.parameters(), lr=rate)
    Trainer(recipe(model=model, optimizer=optimizer), plugins=[Schedule("linear")]).fit()
    assert optimizer.param_groups[0]["lr"] is rate and rate.item() == 0


def test_a_run_that_becomes_longer_goes_on_by_its_new_length(tmp_path):
    def trained(epochs, checkpoint=None):
        noted = Rates()
        run = (
            Run(tmp_path / "run", {"status": "running"}, {})
            if checkpoint
            else Run.create(recipe(), out=tmp_path / "run")
        )
        Trainer(recipe(epochs=epochs), plugins=[Schedule("linear"), noted], run=run, checkpoint=checkpoint).fit()
        return np.array(noted.rates)[:, 0] / LR

    trained(EPOCHS)
    found = trained(2 * EPOCHS, newest_valid(tmp_path / "run", print))
    np.testing.assert_allclose(found, 1 - np.arange(TOTAL, 2 * TOTAL) / (2 * TOTAL))


def test_a_recipe_with_a_scheduler_keeps_it():
    model = nn.Linear(1, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    made = recipe(model=model, optimizer=optimizer, scheduler=optim.lr_scheduler.StepLR(optimizer, 1))
    with pytest.raises(UserError, match="The recipe has a scheduler of its own, StepLR: train without --schedule"):
        Trainer(made, plugins=[Schedule()]).fit()


def test_without_an_optimizer():
    made = tiny(optimizer=None, loss=None, step=lambda model, batch: (model(batch[0]) - batch[1]).square().mean())
    with pytest.raises(UserError, match="no optimizer with param_groups"):
        Trainer(made, plugins=[Schedule()]).fit()


@pytest.mark.parametrize(
    "given, message",
    [
        ({"kind": "cosin"}, "no schedule 'cosin'. Did you mean 'cosine'?"),
        ({"floor": 1.5}, "from 0 to 1, such as --schedule-floor 0.01, not 1.5"),
        ({"floor": math.nan}, "from 0 to 1, such as --schedule-floor 0.01, not nan"),
        ({"kind": "exponential"}, "An exponential schedule never comes to 0"),
        ({"every": "batch"}, "every 'step' or every 'epoch', not every 'batch'"),
        ({"steps": 0}, "so many steps long, 1 or more, or goes by epochs; not 0 steps"),
        ({"steps": 5, "every": "epoch"}, "not 5 steps"),
        ({"warmup": "soon"}, "such as 500steps, 2epochs or 10%, not 'soon'"),
        ({"warmup": "-3steps"}, "not '-3steps'"),
        ({"warmup": "1.5steps"}, "not '1.5steps'"),
        ({"warmup": "100%"}, "not '100%'"),
        ({"warmup": "5steps", "every": "epoch"}, "its warm-up is in epochs, such as 2epochs, not '5steps'"),
        ({"warmup": "2epochs", "steps": 50}, "its warm-up is in steps or a part, such as 10%; not '2epochs'"),
    ],
)  # fmt: skip
def test_wrong_schedules(given, message):
    with pytest.raises(UserError) as error:
        Schedule(**given)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "schedule, message",
    [
        (Schedule("cosine", "20steps"), "A warm-up of 20 steps does not fit into a training of 20."),
        (Schedule("cosine", "5epochs", every="epoch"), "A warm-up of 5 epochs does not fit into a training of 4."),
    ],
)
def test_a_warm_up_that_is_too_long(schedule, message):
    with pytest.raises(UserError, match=message):
        rates(schedule)


def test_lengths():
    assert parsed(None) == (0, "")
    assert parsed("500steps") == parsed("500") == parsed("500 steps") == (500, "step")
    assert parsed("1step") == (1, "step") and parsed("1epoch") == parsed("1 epochs") == (1, "epoch")
    assert parsed("10%") == (0.1, "part") and parsed("0.5epochs") == (0.5, "epoch")


@pytest.mark.parametrize(
    "make",
    [
        lambda o: WarmupCosine(o, 12, 4, 0.1),
        lambda o: WarmupLinear(o, 12, 4),
        lambda o: WarmupConstant(o, 4),
    ],
)
def test_as_schedulers(make):
    found = of_scheduler(make, 12)
    np.testing.assert_allclose(found[:5], np.arange(1, 6) / 5)
    kind = {"WarmupCosine": ("cosine", 0.1), "WarmupLinear": ("linear", 0), "WarmupConstant": ("constant", 0)}
    made = make(optim.SGD([nn.Parameter(framework.zeros(1))], lr=1.0))
    name, floor = kind[type(made).__name__]
    np.testing.assert_allclose(found, [schedules.factor(name, floor, step, 4, 12) for step in range(12)])


def test_as_a_scheduler_that_does_not_fit():
    optimizer = optim.SGD([nn.Parameter(framework.zeros(1))], lr=1.0)
    with pytest.raises(UserError, match="A warm-up of 5 steps does not fit into total_steps=5"):
        WarmupCosine(optimizer, 5, 5)


def test_by_name():
    def named(*, lr: float = 0.5, total_steps: int = 20, warmup: int = 3) -> Recipe:
        return recipe(optimizer="sgd", scheduler="warmup_linear", scheduler_every="step")

    noted = Rates()
    Trainer(build(named), plugins=[schedules, noted]).fit()
    found = [each[0] for each in noted.rates]
    np.testing.assert_allclose(found[:4], [0.125, 0.25, 0.375, 0.5])
    np.testing.assert_allclose(found[3:], 0.5 * (1 - np.arange(17) / 17))


NONE = dict.fromkeys(["schedule", "warmup", "schedule_floor", "schedule_every", "schedule_steps"])


def test_the_options():
    assert make_plugins(NONE) is None
    made = make_plugins({**NONE, "schedule": "cosine", "warmup": "10%", "schedule_floor": 0.1})
    assert (made.kind, made.amount, made.unit, made.floor, made.every) == ("cosine", 0.1, "part", 0.1, "step")
    assert make_plugins({**NONE, "warmup": "10"}).kind == "constant"
    with pytest.raises(UserError, match="belong to --schedule KIND"):
        make_plugins({**NONE, "schedule_steps": 5})
