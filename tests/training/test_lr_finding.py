"""The learning rate range test: what it measures, what it leaves behind (nothing), and where there is no rate to find."""

from __future__ import annotations

import math

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.data import TensorDataset
from framework.errors import UserError
from framework.extend import hookimpl
from framework.training.lr_finding import LRFinding, find_lr
from framework.training.nonfinite.policy import NonFiniteError
from framework.training.recipe import Recipe, build
from framework.training.trainer import Trainer

N = 60


def patterns(seed: int = 0, **changes) -> Recipe:
    """A small network that tells noisy patterns apart, built by a recipe with a rate of 0.1."""

    def recipe(*, lr: float = 0.1) -> Recipe:
        x = framework.randn(N, 5)
        target = framework.randint(0, 3, (N,))
        x += 2 * framework.randn(3, 5)[target]
        model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
        make = changes.pop("optimizer", lambda m: optim.SGD(m.parameters(), lr=lr, momentum=0.9))
        optimizer = make(model)
        scheduler = changes.pop("scheduler", lambda o: None)(optimizer)
        parts = {
            "model": model,
            "loss": nn.CrossEntropyLoss(),
            "optimizer": optimizer,
            "scheduler": scheduler,
            "train": TensorDataset(x, target),
            "validate": TensorDataset(x, target),
            "metrics": ["accuracy"],
            "batch_size": 10,
            "epochs": 5,
        }
        return Recipe(**{**parts, **changes})

    return build(recipe, seed=seed)


def everything(recipe: Recipe) -> list[bytes | object]:
    """All that the test may change: model, gradients, modes, optimizer and generators."""
    model, optimizer = recipe.model, recipe.optimizer
    assert isinstance(optimizer, optim.Optimizer)
    found: list[bytes | object] = [value.numpy().tobytes() for value in model.state_dict().values()]
    found += [None if each.grad is None else each.grad.numpy().tobytes() for each in model.parameters()]
    found += [module.training for module in model.modules()]
    found += [{name: each for name, each in group.items() if name != "params"} for group in optimizer.param_groups]
    found += [
        slot.numpy().tobytes() for slots in optimizer.state.values() for slot in slots.values() if slot is not None
    ]
    return [*found, framework.get_rng_state().numpy().tobytes(), np.random.random_sample()]


@pytest.mark.parametrize("compiled", [True, False])
def test_the_recipe_is_left_as_it_was(compiled):
    recipe = patterns()
    np.random.seed(3)
    before = everything(recipe)
    np.random.seed(3)
    finding = find_lr(recipe, compile=compiled)
    assert everything(recipe) == before
    assert len(finding.rates) > 50
    # Training gives what it gives without the test before it.
    framework.manual_seed(1)
    tested = Trainer(recipe).fit()["train/loss"]
    fresh = patterns()
    framework.manual_seed(1)
    assert Trainer(fresh).fit()["train/loss"] == tested


def test_a_recipe_that_was_trained_keeps_its_momentum():
    recipe = patterns()
    Trainer(recipe).fit()
    recipe.model.eval()
    recipe.model[0].bias.grad = framework.ones(8)
    recipe.model[4].bias.requires_grad_(False)
    assert isinstance(recipe.optimizer, optim.Optimizer)
    buffers = [slots["momentum_buffer"] for slots in recipe.optimizer.state.values()]
    assert buffers
    np.random.seed(3)
    before = everything(recipe)
    np.random.seed(3)
    find_lr(recipe, steps=20)
    assert everything(recipe) == before


def test_a_buffer_that_a_module_replaces_is_put_back():
    class Replacing(nn.Linear):
        def __init__(self):
            super().__init__(5, 3)
            self.register_buffer("last", framework.zeros(5))

        def forward(self, input):
            self.last = input.mean(dim=0)
            return super().forward(input)

    model = Replacing()
    last = model.last
    recipe = patterns(model=model, optimizer=lambda m: optim.SGD(model.parameters(), lr=0.1))
    find_lr(recipe, steps=10, compile=False)
    assert model.last is last and not last.any()


def test_compiled_and_as_written_are_the_same():
    compiled, eager = (find_lr(patterns(), compile=compile) for compile in (True, False))
    assert compiled == eager


def test_rates_grow_by_the_same_factor():
    finding = find_lr(patterns(), start=1e-4, end=1e-2, steps=21)
    assert finding.rates[0] == 1e-4
    assert finding.rates[-1] == pytest.approx(1e-2)
    assert np.diff(np.log(finding.rates)) == pytest.approx(math.log(100) / 20)
    assert len(finding.losses) == len(finding.smoothed) == 21
    assert not finding.diverged


def test_rates_that_do_nothing_give_no_suggestion():
    finding = find_lr(patterns(), start=1e-30, end=1e-29, steps=30)
    assert all(0.5 < loss < 5 for loss in finding.losses)
    assert finding.suggestion is None and finding.cautious is None


def test_it_ends_when_the_loss_diverges():
    finding = find_lr(patterns(), end=1e6, steps=100)
    assert finding.diverged and len(finding.rates) < 100
    assert finding.suggestion is not None and 1e-3 < finding.suggestion < 3


def test_a_loss_that_ends_up_infinite_has_diverged():
    model = nn.Linear(1, 1)
    x = framework.ones(4, 1)
    recipe = Recipe(
        model=model,
        loss=lambda prediction, target: ((prediction - target) ** 2).exp().mean(),
        optimizer=optim.SGD(model.parameters(), lr=0.1),
        train=[(x, 0.5 * x)],
        epochs=1,
    )
    finding = find_lr(recipe, end=1e9, steps=40)
    assert finding.diverged and all(map(math.isfinite, finding.losses))
    assert framework.isfinite(model.weight).all()


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_the_suggestion_trains_well(kind):
    make = {"sgd": lambda m: optim.SGD(m.parameters(), lr=0.1), "adam": lambda m: optim.Adam(m.parameters(), lr=0.1)}
    finding = find_lr(patterns(optimizer=make[kind]))

    def trained(rate: float) -> float:
        recipe = patterns(optimizer=make[kind])
        assert isinstance(recipe.optimizer, optim.Optimizer)
        recipe.optimizer.param_groups[0]["lr"] = rate
        loss: float = Trainer(recipe).fit().final["validation/loss"]
        return loss

    assert finding.suggestion is not None and finding.cautious is not None
    assert trained(finding.suggestion) < 0.7 * trained(finding.suggestion / 30)
    assert trained(finding.cautious) < 0.8 * trained(finding.cautious / 30)


class Rates:
    """Notes every group's rate, and what the trainer was asked to do, before each batch."""

    def __init__(self):
        self.rates, self.steps, self.losses = [], [], []

    @hookimpl
    def after_backward(self, trainer):
        self.rates.append([group["lr"] for group in trainer.optimizer.param_groups])
        self.steps.append(trainer.step)
        self.losses.append(trainer.loss)


def test_groups_keep_their_proportion():
    def make(model):
        groups = [{"params": model[0].parameters(), "lr": 0.05}, {"params": model[4].parameters()}]
        return optim.SGD(groups, lr=0.2)

    recipe, spy = patterns(optimizer=make), Rates()
    finding = find_lr(recipe, start=1e-3, end=1, steps=12, plugins=[spy])
    # In units of the hyperparameter lr, which is 0.1.
    assert [rates[0] for rates in spy.rates] == pytest.approx([0.5 * rate for rate in finding.rates])
    assert [rates[1] for rates in spy.rates] == pytest.approx([2 * rate for rate in finding.rates])
    assert isinstance(recipe.optimizer, optim.Optimizer)
    assert [group["lr"] for group in recipe.optimizer.param_groups] == [0.05, 0.2]


@pytest.mark.parametrize(
    ("scheduler", "unit"),
    [
        (lambda o: optim.lr_scheduler.OneCycleLR(o, 0.4, 100), 4.0),
        (lambda o: optim.lr_scheduler.LinearLR(o, 0.01), 1.0),
        (lambda o: optim.lr_scheduler.ReduceLROnPlateau(o), 1.0),
    ],
)
def test_schedules_are_left_out(scheduler, unit):
    recipe, spy = patterns(scheduler=scheduler), Rates()
    before, attributes = recipe.scheduler.state_dict(), dict(vars(recipe.optimizer))
    rate = recipe.optimizer.param_groups[0]["lr"]
    finding = find_lr(recipe, start=1e-3, end=1, steps=12, plugins=[spy])
    assert [rates[0] for rates in spy.rates] == pytest.approx([unit * each for each in finding.rates])
    assert recipe.scheduler.state_dict() == before
    assert vars(recipe.optimizer) == attributes
    assert recipe.optimizer.param_groups[0]["lr"] == rate
    assert recipe.scheduler is not None and recipe.metrics


def test_batches_that_are_accumulated_count_as_one():
    class EveryThird:
        @hookimpl
        def should_update(self, trainer):
            return trainer.batch % 3 == 0

    spy = Rates()
    finding = find_lr(patterns(), start=1e-3, end=1, steps=10, plugins=[EveryThird(), spy])
    assert len(spy.losses) == 30 and len(finding.losses) == 10
    assert finding.losses == pytest.approx(np.reshape(spy.losses, (10, 3)).mean(axis=1))
    assert [rates[0] for rates in spy.rates] == pytest.approx(np.repeat(finding.rates, 3))


def test_batches_of_several_sizes_count_by_them():
    class EveryThird:
        @hookimpl
        def should_update(self, trainer):
            return trainer.batch % 3 == 0

    spy = Rates()
    finding = find_lr(patterns(batch_size=25), start=1e-3, end=1, steps=10, plugins=[EveryThird(), spy])
    means = np.average(np.reshape(spy.losses, (10, 3)), axis=1, weights=[25, 25, 10])
    assert finding.losses == pytest.approx(means)


def test_a_step_of_the_recipes_own():
    def step(model, batch):
        return nn.functional.cross_entropy(model(batch[0]), batch[1])

    own, usual = find_lr(patterns(loss=None, step=step, metrics=())), find_lr(patterns())
    assert own.losses == usual.losses


def test_a_rate_that_something_else_sets_is_noticed():
    class Halves:
        @hookimpl
        def before_step(self, trainer):
            if trainer.step == 2:
                trainer.optimizer.param_groups[0]["lr"] = 0.5

    with pytest.raises(
        UserError, match="Something else sets the learning rate too: it was 0.5 in update 3 of the test"
    ):
        find_lr(patterns(), plugins=[Halves()])


def test_the_end_of_an_epoch_and_of_training_is_not_reached():
    class Never:
        @hookimpl
        def epoch_end(self):
            raise AssertionError

        @hookimpl
        def train_end(self):
            raise AssertionError

    find_lr(patterns(), steps=20, plugins=[Never()])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": lambda m: optim.LBFGS(m.parameters())}, "LBFGS searches for the length of each step itself"),
        (
            {
                "optimizer": lambda m: optim.LBFGS(m.parameters()),
                "scheduler": lambda o: optim.lr_scheduler.StepLR(o, 2),
            },
            "LBFGS searches",
        ),
        (
            {"optimizer": lambda m: None, "loss": None, "step": lambda model, batch: 0, "metrics": ()},
            "The recipe has no optimizer",
        ),
    ],
)
def test_where_there_is_no_rate_to_find(changes, message):
    with pytest.raises(UserError, match=message):
        find_lr(patterns(**changes))


def test_a_model_without_shapes_yet():
    model = nn.LazyLinear(3)
    with pytest.raises(UserError, match="The model's 'weight' takes its shape from the first batch"):
        find_lr(patterns(model=model, optimizer=lambda m: optim.SGD(model.parameters(), lr=0.1)))


def test_a_manager_of_plugins_is_given_back_as_it_was():
    from framework.extend import PluginManager

    manager = PluginManager()
    find_lr(patterns(), plugins=manager, steps=10)
    names = [plugin.name for plugin in manager.plugins]
    assert "lr-find" not in names
    with pytest.raises(UserError):
        find_lr(patterns(optimizer=lambda m: optim.LBFGS(m.parameters())), plugins=manager)
    assert [plugin.name for plugin in manager.plugins] == names


def test_a_loss_that_is_nan_at_once():
    recipe = patterns(train=[(framework.full((4, 5), math.nan), framework.zeros(4, dtype=framework.int64))])
    np.random.seed(3)
    before = everything(recipe)
    np.random.seed(3)
    with pytest.raises(NonFiniteError, match="input holds nan in row 0"):
        find_lr(recipe)
    assert everything(recipe) == before


def test_data_that_can_be_read_only_once():
    once = iter([(framework.zeros(4, 5), framework.zeros(4, dtype=framework.int64))] * 4)
    with pytest.raises(UserError, match="The train data gave no batch: it is empty, or can be gone through only once"):
        find_lr(patterns(train=Once(once)))


class Once:
    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return self.batches


@pytest.mark.parametrize("given", [{"start": 0.0}, {"start": 2.0, "end": 1.0}, {"end": math.inf}, {"steps": 3}])
def test_rates_that_make_no_sense(given):
    with pytest.raises(UserError, match="must grow|needs 10 updates"):
        find_lr(patterns(), **given)


def test_the_suggestion_is_where_the_curve_is_steepest():
    rates = np.logspace(-6, 1, 141)
    losses = 1 - 0.8 / (1 + (1e-2 / rates) ** 2) + (rates > 1) * 5 * np.log(np.maximum(rates, 1))
    finding = LRFinding.of(rates.tolist(), losses.tolist(), False)
    assert finding.suggestion == pytest.approx(1e-2, rel=0.15)
    assert finding.cautious is not None and finding.cautious <= finding.suggestion


def test_noise_alone_gives_no_suggestion():
    rng = np.random.default_rng(0)
    suggestions = [
        LRFinding.of(np.logspace(-6, 1, 100).tolist(), (1 + 0.1 * rng.standard_normal(100)).tolist(), False).suggestion
        for _ in range(20)
    ]
    assert suggestions.count(None) >= 17
