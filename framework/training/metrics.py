"""Numbers about a whole split (the training data, a validation set), exact however it is cut into batches.

A metric is a function `(prediction, target) -> number`, called once with all of the split's predictions, or, where
these would not fit in memory, an object that adds batches up: a `Metric`. Predictions are what the model returned
(for classification: logits, or what the loss takes), without their graph. More of them are in `framework_plugins.metrics`.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError
from framework.training.decisions import decided
from framework.training.metric_state import attributes_state, load_attributes

__all__ = [
    "Accuracy",
    "Mean",
    "MeanAbsoluteError",
    "Metric",
    "RootMeanSquaredError",
    "SplitMeter",
    "named_metrics",
]

FLUSH = 2**20
"""Predictions of this many elements are gathered before a `Metric` is given them: per step, gathering costs nothing."""


KNOWN_OUTPUTS = frozenset({"loss", "prediction", "target", "count"})
"""What a step returns by these names is for the trainer; any other number is averaged over the split and logged."""


IGNORED = -100
"""A target that no loss looks at, so no metric does: `ignore_index` of `nn.CrossEntropyLoss`."""


class Metric(ABC):
    """Adds batches up: `update(prediction, target)` for some samples, then `compute()` for all of them.

    An object with a `name` is called that in records, another by its class. `of_probabilities` is set where the recipe's
    loss says that predictions are these (`nn.BCELoss`), and not logits: see `framework.extend.decided`.
    """

    of_probabilities = False

    @abstractmethod
    def reset(self) -> None:
        """Forget all samples; called at the start of each split."""

    @abstractmethod
    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add some samples."""

    @abstractmethod
    def compute(self) -> Any:
        """The number for all samples since `reset`; or what else JSON can hold, such as a table in lists of rows."""

    def state_dict(self) -> dict[str, Any]:
        """What was added up so far, for a checkpoint: all attributes; UserError for one that cannot be kept."""
        return attributes_state(self, f"The metric {_name(self)!r}")

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        load_attributes(self, state)

    def describe(self, value: Any, classes: Sequence[str] | None) -> str | None:
        """How a value that is no number is shown when training ends; None where only the records hold it.

        `classes` are the names that the recipe gives.
        """
        return None


class Mean(Metric):
    """The mean, over all elements, of what `each(prediction, target)` returns for some."""

    @abstractmethod
    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        """One number for each sample or element."""

    def reset(self) -> None:
        self.total, self.count = 0.0, 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        numbers = self.each(prediction, target)
        self.total += float(numbers.numpy().sum(dtype=np.float64))
        self.count += numbers.numel()

    def compute(self) -> float:
        return self.total / self.count if self.count else math.nan


class Accuracy(Mean):
    """The share of samples that are classified rightly.

    Classes in dimension 1 and targets without it: the largest logit wins. Prediction and target of one size: each is
    a class of two, and a positive logit, or a probability above a half, means 1. Targets of -100 do not count.
    """

    name = "accuracy"

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        from framework.operations import from_numpy

        shape = tuple(prediction.shape)
        several = len(shape) > 1 and shape[1] > 1 and shape[:1] + shape[2:] == tuple(target.shape)
        if not several:
            prediction, target = _same_shape("accuracy", prediction, target)
        outputs = prediction.detach().numpy()
        classes = from_numpy(decided(outputs, several=several, probabilities=self.of_probabilities))
        right = classes == (target if several else target > 0.5)
        all_kept = (target.numpy() != IGNORED).all()
        return right if all_kept else right[target != IGNORED]


class MeanAbsoluteError(Mean):
    """The mean distance of prediction and target."""

    name = "mae"

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        prediction, target = _same_shape("mae", prediction, target)
        return (prediction - target).abs()


class RootMeanSquaredError(Mean):
    """The root of the mean squared distance of prediction and target."""

    name = "rmse"

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        prediction, target = _same_shape("rmse", prediction, target)
        return (prediction - target) ** 2

    def compute(self) -> float:
        return super().compute() ** 0.5


def _same_shape(metric: str, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both of one shape, (N, 1) and (N,) being alike; broadcasting here would give a wrong number, silently."""
    if prediction.shape == target.shape:
        return prediction, target
    if prediction.numel() == target.numel() and prediction.squeeze().shape == target.squeeze().shape:
        return prediction.reshape(target.shape), target
    raise UserError(
        f"{metric}: predictions of shape {tuple(prediction.shape)} do not fit targets of shape {tuple(target.shape)}."
    )


class WholeSplit(Metric):
    """A function of the whole split as a metric: keeps all predictions until `compute`."""

    def __init__(self, name: str, function: Callable[[Tensor, Tensor], float]) -> None:
        self.name = name
        self.function = function
        self.reset()

    def reset(self) -> None:
        self.predictions: list[Tensor] = []
        self.targets: list[Tensor] = []

    def update(self, prediction: Tensor, target: Tensor) -> None:
        self.predictions.append(prediction)
        self.targets.append(target)

    def compute(self) -> float:
        shapes = {(tuple(each.shape[1:]), tuple(other.shape[1:])) for each, other in self._pairs()}
        if len(shapes) > 1:
            raise UserError(
                f"The metric {self.name!r} is a function of a whole split, whose batches must fit together, but have "
                f"samples of shapes {sorted(shape for shape, _ in shapes)}: pad them, or make it a Metric."
            )
        number = self.function(_joined(self.predictions), _joined(self.targets))
        try:
            return float(number)
        except (TypeError, ValueError):
            raise UserError(f"The metric {self.name!r} must return a number, not {number!r}.") from None

    def state_dict(self) -> dict[str, Any]:
        """What was gathered so far."""
        return {"gathered": list(self._pairs())}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.predictions, self.targets = (
            map(list, zip(*state["gathered"], strict=True)) if state["gathered"] else ([], [])
        )

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        return zip(self.predictions, self.targets, strict=True)


def named_metrics(metrics: Any, registry: Mapping[str, Any]) -> dict[str, Metric]:
    """What `Recipe(metrics=…)` holds, as Metric objects by name; names are looked up in `registry`.

    UserError for two metrics of one name.
    """
    if isinstance(metrics, str | Metric) or callable(metrics):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        return {name: _as_metric(name, metric, registry) for name, metric in metrics.items()}
    made = [(_name(metric), metric) for metric in map(_made, metrics)]
    twice = [name for name, number in Counter(name for name, _ in made).items() if number > 1]
    if twice:
        raise UserError(
            f"Recipe(metrics=[…]) has two metrics called {twice[0]!r}; give them names of their own: "
            f"metrics={{{twice[0]!r}: …, '{twice[0]}_2': …}}."
        )
    return {name: _as_metric(name, metric, registry) for name, metric in made}


def _made(metric: Any) -> Any:
    """A class of metrics, bare or with options in a `partial`, as an object of it."""
    maker = metric.func if isinstance(metric, partial) else metric
    return metric() if isinstance(maker, type) and issubclass(maker, Metric) else metric


def _as_metric(name: str, metric: Any, registry: Mapping[str, Any]) -> Metric:
    # A registered object is one for all trainings: each gets a copy.
    metric = copy.deepcopy(_made(registry[metric])) if isinstance(metric, str) else _made(metric)
    metric = metric() if isinstance(metric, type) else metric
    if isinstance(metric, Metric):
        return metric
    if callable(metric):
        return WholeSplit(name, metric)
    raise UserError(f"The metric {name!r} must be a name, a function (prediction, target) or a Metric, not {metric!r}.")


def _name(metric: Any) -> str:
    if isinstance(metric, str):
        return metric
    own = getattr(metric, "name", None) if isinstance(metric, Metric) else getattr(metric, "__name__", None)
    return own if isinstance(own, str) else type(metric).__name__


def _joined(tensors: Sequence[Tensor]) -> Tensor:
    from framework.operations import cat

    return cat(list(tensors))


class SplitMeter:
    """The loss and the metrics of one pass over a split; each element counts once, whatever batch it was in.

    `summed` when the loss adds up over a batch, not averages.
    """

    def __init__(self, split: str, metrics: Mapping[str, Metric], summed: bool = False) -> None:
        self.split = split
        self.metrics = metrics
        self.count = 0.0
        self._summed = summed
        self._totals = {"loss": 0.0}
        self._predictions: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._gathered = 0
        for metric in metrics.values():
            metric.reset()

    def add(self, loss: float, outputs: Mapping[str, Any], count: float) -> None:
        """Add a batch: its loss, what its step returned, and what the loss is a mean over."""
        self.count += count
        self._totals["loss"] += loss if self._summed else loss * count
        if self.metrics:
            prediction = outputs["prediction"].detach()
            self._predictions.append(prediction)
            self._targets.append(outputs["target"])
            self._gathered += prediction.numel()
            if self._gathered >= FLUSH:
                self._flush()
        if len(outputs) > 3:
            self._add_others(count, outputs)

    def result(self, epoch: int) -> dict[str, Any]:
        """The loss, then what else the steps returned, then the metrics, as "train/loss" and so on."""
        if not self.count:
            again = " on the second pass: an iterator can be read once, a list or a DataLoader often"
            raise UserError(f"The {self.split} data gave no batch{again if epoch > 1 else ': it is empty'}.")
        self._flush()
        numbers: dict[str, Any] = {name: total / self.count for name, total in self._totals.items()}
        if self._summed:
            numbers["loss"] = self._totals["loss"]
        numbers |= {name: metric.compute() for name, metric in self.metrics.items()}
        return {f"{self.split}/{name}": number for name, number in numbers.items()}

    def _add_others(self, count: float, outputs: Mapping[str, Any]) -> None:
        for name, value in outputs.items():
            if name not in KNOWN_OUTPUTS:
                self._totals[name] = self._totals.get(name, 0.0) + float(value) * count

    def state_dict(self) -> dict[str, Any]:
        """All that was added so far, in the midst of a pass; it changes nothing about how the pass goes on."""
        return {
            "count": self.count,
            "totals": dict(self._totals),
            "gathered": list(self._runs()),
            "metrics": {name: metric.state_dict() for name, metric in self.metrics.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; UserError when it was of other metrics."""
        then, now = sorted(state["metrics"]), sorted(self.metrics)
        if then != now:
            raise UserError(
                f"The pass over the {self.split} data was begun with the metrics {', '.join(then) or '(none)'}, and "
                f"cannot be ended with {', '.join(now) or '(none)'}: take a checkpoint from the end of an epoch."
            )
        self.count, self._totals = state["count"], dict(state["totals"])
        self._predictions = [prediction for prediction, _ in state["gathered"]]
        self._targets = [target for _, target in state["gathered"]]
        self._gathered = sum(prediction.numel() for prediction in self._predictions)
        for name, metric in self.metrics.items():
            metric.load_state_dict(state["metrics"][name])

    def _flush(self) -> None:
        for prediction, target in self._runs():
            for metric in self.metrics.values():
                metric.update(prediction, target)
        self._predictions, self._targets, self._gathered = [], [], 0

    def _runs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """What was gathered, joined as far as it fits: sequences may be of another length in each batch."""
        pairs = zip(self._predictions, self._targets, strict=True)
        for _, run in groupby(pairs, key=lambda pair: (pair[0]._array.shape[1:], pair[1]._array.shape[1:])):
            predictions, targets = zip(*run, strict=True)
            yield _joined(predictions), _joined(targets)
