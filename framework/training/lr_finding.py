"""Finds a learning rate: the loss over a few updates, as the rate grows from far too small to far too large.

    finding = find_lr(build("recipe.py"))
    finding.suggestion     # where the loss falls most steeply

The learning rate range test of Leslie Smith, "Cyclical Learning Rates for Training Neural Networks" (2015),
https://arxiv.org/abs/1506.01186, with the rate growing exponentially. The recipe is left as it was.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.nn.parameter import is_lazy
from framework.plugin.markers import hookimpl
from framework.training.checkpoints.generators import generator_states, set_generator_states
from framework.training.checkpoints.module_state import module_state, set_module_state
from framework.training.nonfinite.policy import NonFiniteError
from framework.training.parts import takes_argument
from framework.training.trainer import Trainer

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe

__all__ = ["LRFinder", "LRFinding", "find_lr"]

START, END, STEPS = 1e-7, 10.0, 100
WORSE = 4.0
"""A loss of so many times the best one has diverged."""

FEWEST = 10
"""Updates without which nothing can be told."""


@dataclass(frozen=True)
class LRFinding:
    """The loss at each rate, as measured and smoothed, and what follows; rates are those of the first group.

    `suggestion` is where the smoothed loss falls most steeply, `cautious` a tenth of the rate at its minimum where
    that is less; both are None when it does not fall.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggestion: float | None
    cautious: float | None
    diverged: bool
    """Whether the test ended early, since the loss had grown."""

    @classmethod
    def of(cls, rates: list[float], losses: list[float], diverged: bool) -> LRFinding:
        """What the losses at growing rates say."""
        smoothed = _smoothed(losses)
        best = int(np.argmin(smoothed))
        slopes = np.gradient(smoothed, np.log(rates))[: best + 1]
        steepest = int(np.argmin(slopes))
        suggestion = cautious = None
        if slopes[steepest] < 0 and _falls(losses, smoothed, best):
            suggestion = _rounded(rates[steepest])
            cautious = min(suggestion, _rounded(rates[best] / 10))
        return cls(rates, losses, smoothed.tolist(), suggestion, cautious, diverged)


class LRFinder:
    """The test as a plugin: sets the rate before each update, notes the loss after it, and ends training at the end.

    `unit` is what a rate of 1 is: groups whose rates are other multiples of it keep their proportion.
    """

    def __init__(self, start: float, end: float, steps: int, unit: float | None = None) -> None:
        self.start, self.end, self.steps, self.unit = start, end, steps, unit
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.diverged = False
        self._gathered: list[tuple[float, float]] = []
        self._average = self._best = math.inf
        self._counted = 0

    @hookimpl(trylast=True)
    def prepare_data(self, trainer: Trainer, split: str, data: Iterable[Any]) -> Iterable[Any] | None:
        return Endless(data) if split == "train" else None

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        bases = [_base(group) for group in trainer.optimizer.param_groups]
        unit = self.unit or next((base for base in bases if base), 1.0)
        self._shares = [base / unit for base in bases]
        self._set_rate(trainer)

    @hookimpl
    def batch_start(self, trainer: Trainer, batch: Any) -> None:
        if trainer.batch > self._counted + 1:  # the one before made no update
            self._gather(trainer, trainer.batch - 1)

    @hookimpl(trylast=True)
    def after_step(self, trainer: Trainer) -> None:
        self._check_rate(trainer)
        self._gather(trainer, trainer.batch)
        weights = [count for _, count in self._gathered]
        mean = not trainer.summed and sum(weights) > 0
        loss = float(np.average([loss for loss, _ in self._gathered], weights=weights if mean else None))
        self._gathered = []
        self.rates.append(self.rate(len(self.rates)))
        self.losses.append(loss)
        self._watch(loss)
        self._set_rate(trainer)

    @hookimpl(tryfirst=True)
    def should_stop(self, trainer: Trainer) -> None:
        if self.diverged or len(self.rates) >= self.steps:
            raise Enough

    def rate(self, update: int) -> float:
        """The rate of an update, counted from 0."""
        return float(self.start * (self.end / self.start) ** (update / max(1, self.steps - 1)))

    def _set_rate(self, trainer: Trainer) -> None:
        for group, share in zip(trainer.optimizer.param_groups, self._shares, strict=True):
            group["lr"] = self.rate(len(self.rates)) * share

    def _check_rate(self, trainer: Trainer) -> None:
        for group, share in zip(trainer.optimizer.param_groups, self._shares, strict=True):
            if group["lr"] != self.rate(len(self.rates)) * share:
                raise UserError(
                    f"Something else sets the learning rate too: it was {group['lr']:g} in update "
                    f"{len(self.rates) + 1} of the test. Leave out what does, such as a plugin of schedules or the "
                    "recipe's own step."
                )

    def _gather(self, trainer: Trainer, batch: int) -> None:
        if batch > self._counted:
            self._gathered.append((trainer.loss, trainer.count))
            self._counted = batch

    def _watch(self, loss: float) -> None:
        """Look whether the loss, over a few updates, is many times the best it was, and worse than at the start."""
        self._average = loss if math.isinf(self._average) else 0.6 * self._average + 0.4 * loss
        self._best = min(self._best, self._average)
        room = max(abs(self._best), self.losses[0] - self._best)  # where the best is nearly 0, or below it
        self.diverged = len(self.losses) > FEWEST and self._average > self._best + (WORSE - 1) * room


class Enough(UserError):
    """The test is over: nothing that belongs to the end of a training, or of an epoch, is done."""

    def __init__(self) -> None:
        super().__init__("The learning rate range test is over.")


class Endless:
    """Batches, pass after pass."""

    def __init__(self, data: Iterable[Any]) -> None:
        self._data = data

    def __iter__(self) -> Iterator[Any]:
        while True:
            empty = True
            for batch in self._data:
                empty = False
                yield batch
            if empty:
                raise UserError("The train data gave no batch: it is empty, or can be gone through only once.")


def find_lr(
    recipe: Recipe,
    *,
    start: float = START,
    end: float = END,
    steps: int = STEPS,
    plugins: PluginManager | Iterable[object] = (),
    options: Mapping[str, Any] | None = None,
    compile: bool = True,
) -> LRFinding:
    """Train with growing rates for so many updates, and see what the loss does; the recipe is put back as it was.

    Parameters, buffers, gradients, optimizer and generators are put back; what other objects keep, such as a second
    optimizer in the recipe's `step` or its plugins, is not: build the recipe anew then. Rates are in units of the hyperparameter
    `lr`, if the recipe has one, else those of the first group; others are kept in proportion. Schedules are left out.
    UserError where there is no rate to be found: LBFGS, no optimizer, a loss that is not finite from the start.
    """
    if not 0 < start < end or not math.isfinite(end):
        raise UserError(f"The rates must grow from more than 0, not from {start} to {end}.")
    if steps < FEWEST:
        raise UserError(f"The test needs {FEWEST} updates or more to tell anything, not {steps}.")
    trial = copy.copy(recipe)
    trial.scheduler, trial.validate, trial.metrics = None, None, ()
    finder = LRFinder(start, end, steps, _unit(recipe))
    with _taking_part(finder, plugins) as manager:
        trainer = Trainer(trial, plugins=manager, options=options, compile=compile)
        _check(trainer.model, trainer.optimizer)
        before = Before(trainer.model, trainer.optimizer)
        try:
            trainer.fit()
        except Enough:
            pass
        except NonFiniteError:
            if len(finder.rates) < FEWEST:
                raise  # nothing that a rate has to do with
            finder.diverged = True
        finally:
            before.put_back()
    if len(finder.rates) < FEWEST:
        raise UserError(f"Training ended by itself after {len(finder.rates)} updates: {trainer.stop_reason}.")
    return LRFinding.of(finder.rates, finder.losses, finder.diverged)


class Before:
    """Model, optimizer and generators as they are, to be put back."""

    def __init__(self, model: Any, optimizer: Any) -> None:
        self._model, self._optimizer = model, optimizer
        self._arrays = [(each, each._array.copy("K")) for each in (*model.parameters(), *model.buffers())]
        self._buffers = [(module._buffers, dict(module._buffers)) for module in model.modules()]
        self._state = copy.deepcopy(module_state(model))
        self._modes = [(module, module.training) for module in model.modules()]
        self._called = getattr(optimizer, "_opt_called", None)  # which a schedule asks of it
        self._options = [
            {name: each for name, each in group.items() if name != "params"} for group in optimizer.param_groups
        ]
        self._slots = {parameter: copy.deepcopy(slots) for parameter, slots in optimizer.state.items()}
        self._generators = generator_states()

    def put_back(self) -> None:
        """Put all of it back, in the same tensors."""
        from framework.autograd import no_grad
        from framework.operations import from_numpy

        for buffers, tensors in self._buffers:  # which a module may have replaced
            buffers.update(tensors)
        with no_grad():
            for tensor, array in self._arrays:
                tensor.copy_(from_numpy(array))
        set_module_state(self._model, self._state)
        for module, training in self._modes:
            module.training = training
        if self._called is not None:
            self._optimizer._opt_called = self._called
        for group, options in zip(self._optimizer.param_groups, self._options, strict=True):
            group.update(options)
        self._optimizer.state.clear()
        self._optimizer.state.update(self._slots)
        set_generator_states(self._generators)


@contextmanager
def _taking_part(
    finder: LRFinder, plugins: PluginManager | Iterable[object]
) -> Iterator[PluginManager | Iterable[object]]:
    """The plugins with the finder among them; a manager is given back without it."""
    from framework.plugin.manager import PluginManager

    if not isinstance(plugins, PluginManager):
        yield [*plugins, finder]
        return
    plugins.register(finder, "lr-find")
    try:
        yield plugins
    finally:
        plugins.unregister("lr-find")


def _unit(recipe: Recipe) -> float | None:
    lr = recipe.hyperparameters.get("lr")
    return float(lr) if isinstance(lr, int | float) and lr > 0 else None


def _base(group: Mapping[str, Any]) -> float:
    """A group's rate before a schedule changed it: the highest that it will reach, where it says so."""
    return float(group.get("max_lr", group.get("initial_lr", group["lr"])))


def _check(model: Any, optimizer: Any) -> None:
    name = type(optimizer).__name__
    lazy = [each for each, parameter in model.named_parameters() if is_lazy(parameter)]
    if lazy:
        raise UserError(
            f"The model's {lazy[0]!r} takes its shape from the first batch, so that it cannot be put back as it was: "
            "give a batch to the model in the recipe, before its optimizer is made."
        )
    if optimizer is None:
        raise UserError("The recipe has no optimizer: its own step updates the model, at a rate that only it knows.")
    if takes_argument(optimizer):
        raise UserError(
            f"{name} searches for the length of each step itself: a range test of rates says nothing of it."
        )
    groups = getattr(optimizer, "param_groups", None)
    if not groups or any("lr" not in group for group in groups):
        raise UserError(f"{name} has no learning rate: no 'lr' in its param_groups.")


def _smoothed(losses: list[float]) -> np.ndarray:
    """Each loss averaged with its neighbours on both sides, so that the curve is not moved to larger rates."""
    return np.asarray(_window(len(losses)) @ np.array(losses))


def _window(number: int) -> np.ndarray:
    """By row, the weights of all losses in each average."""
    places = np.arange(number)
    weights = np.exp(-0.5 * ((places[:, None] - places) / max(1.0, number / 30)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _falls(losses: list[float], smoothed: np.ndarray, best: int) -> bool:
    """Whether the average falls by more than chance makes it go up and down from batch to batch."""
    noise = np.std(np.array(losses[: best + 1]) - smoothed[: best + 1])
    of_average = noise * np.linalg.norm(_window(len(losses))[best // 2])
    return bool(smoothed[: best + 1].max() - smoothed[best] > 6 * of_average)


def _rounded(rate: float) -> float:
    """Two digits: more would claim too much."""
    return float(f"{rate:.1e}")
