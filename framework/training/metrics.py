"""Numbers about a whole split (the training data, a validation set), exact however it is cut into batches.

A metric is a function `(prediction, target) -> number`, called once with all of the split's predictions, or, where
these would not fit in memory, an object that adds batches up: a `Metric`. Predictions are what the model returned
(for classification: logits), without their graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError

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


class Metric(ABC):
    """Adds batches up: `update(prediction, target)` for some samples, then `compute()` for all of them."""

    @abstractmethod
    def reset(self) -> None:
        """Forget all samples; called at the start of each split."""

    @abstractmethod
    def update(self, prediction: Tensor, target: Tensor) -> None:
        """Add some samples."""

    @abstractmethod
    def compute(self) -> float:
        """The number for all samples since `reset`."""


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
        return self.total / self.count


class Accuracy(Mean):
    """The share of samples that are classified rightly.

    Classes in dimension 1 and targets without it: the largest logit wins. Prediction and target of one size: each is
    a class of two, and a positive logit means 1.
    """

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        if prediction.ndim == target.ndim + 1 and prediction.shape[1] > 1:
            return prediction.argmax(1) == target
        prediction, target = _same_shape("accuracy", prediction, target)
        return (prediction > 0) == (target > 0.5)


class MeanAbsoluteError(Mean):
    """The mean distance of prediction and target."""

    def each(self, prediction: Tensor, target: Tensor) -> Tensor:
        prediction, target = _same_shape("mae", prediction, target)
        return (prediction - target).abs()


class RootMeanSquaredError(Mean):
    """The root of the mean squared distance of prediction and target."""

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
        from framework.operations import cat

        number = self.function(cat(self.predictions), cat(self.targets))
        try:
            return float(number)
        except (TypeError, ValueError):
            raise UserError(f"The metric {self.name!r} must return a number, not {number!r}.") from None


def named_metrics(metrics: Any, registry: Mapping[str, Any]) -> dict[str, Metric]:
    """What `Recipe(metrics=…)` holds, as Metric objects by name; names are looked up in `registry`."""
    if isinstance(metrics, str | Metric) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Mapping):
        metrics = {_name(metric): metric for metric in metrics}
    return {name: _as_metric(name, metric, registry) for name, metric in metrics.items()}


def _as_metric(name: str, metric: Any, registry: Mapping[str, Any]) -> Metric:
    metric = registry[metric] if isinstance(metric, str) else metric
    metric = metric() if isinstance(metric, type) else metric
    if isinstance(metric, Metric):
        return metric
    if callable(metric):
        return WholeSplit(name, metric)
    raise UserError(f"The metric {name!r} must be a name, a function (prediction, target) or a Metric, not {metric!r}.")


def _name(metric: Any) -> str:
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
    return str(name)


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

    def result(self, epoch: int) -> dict[str, float]:
        """The loss, then what else the steps returned, then the metrics, as "train/loss" and so on."""
        if not self.count:
            again = " on the second pass: an iterator can be read once, a list or a DataLoader often"
            raise UserError(f"The {self.split} data gave no batch{again if epoch > 1 else ': it is empty'}.")
        self._flush()
        numbers = {name: total / self.count for name, total in self._totals.items()}
        if self._summed:
            numbers["loss"] = self._totals["loss"]
        numbers |= {name: metric.compute() for name, metric in self.metrics.items()}
        return {f"{self.split}/{name}": number for name, number in numbers.items()}

    def _add_others(self, count: float, outputs: Mapping[str, Any]) -> None:
        for name, value in outputs.items():
            if name not in KNOWN_OUTPUTS:
                self._totals[name] = self._totals.get(name, 0.0) + float(value) * count

    def _flush(self) -> None:
        if self._predictions:
            from framework.operations import cat

            prediction, target = cat(self._predictions), cat(self._targets)
            for metric in self.metrics.values():
                metric.update(prediction, target)
            self._predictions, self._targets, self._gathered = [], [], 0
