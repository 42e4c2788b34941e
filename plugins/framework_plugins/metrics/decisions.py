"""Metrics of what is decided for each sample: a class (the largest logit), or yes or no (a logit above 0).

Where the loss says that the model returns probabilities, these are compared with a half.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, get_args

import numpy as np

from framework.extend import Metric, Tensor, UserError, decided
from framework_plugins.metrics.reading import Array, Kind, Samples, checked, read
from framework_plugins.metrics.tables import labels_table, matrix_table

Average = Literal["binary", "micro", "macro", "weighted"]


class Counted(Metric):
    """Precision, recall and F1: ratios of how often each class was decided, was right to decide, and was there.

    average: "binary" is class 1's (labels are then samples of their own). "macro" is the mean over the classes that
        were decided or there, "weighted" the mean by how often each was there; of labels, all count. "micro" is the ratio
        of the classes' sums. None takes "binary" for two classes, else "macro".
    threshold: a sample of two classes or a label with one logit is decided positive above it; without one, above 0, and a
        probability above a half.
    A ratio of 0 to 0 is 0, as in scikit-learn: the precision of a class never decided, the recall of one that was
    never there. The number is nan where a prediction is, or where there is no sample.
    """

    title: ClassVar[str]

    def __init__(
        self, average: Average | None = None, *, threshold: float | None = None, ignore_index: int = -100
    ) -> None:
        if average is not None and average not in get_args(Average):
            raise UserError(f"{self.title}: average must be one of {', '.join(get_args(Average))}, not {average!r}.")
        self.name = f"{self.title}_{average}" if average else self.title
        self.average, self.threshold, self.ignore_index = average, threshold, ignore_index
        self.reset()

    @staticmethod
    @abstractmethod
    def ratio(right: Any, decided: Any, there: Any) -> tuple[Any, Any]:
        """Numerator and denominator, of one class or of all."""

    def reset(self) -> None:
        self.seen: tuple[Kind, int] | None = None
        self.defined = True
        self.right = self.decided = self.there = np.zeros(0, np.int64)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        samples = read(self.name, prediction, target, self.ignore_index, labels=self.average != "binary")
        if self.seen is None:
            self.right = self.decided = self.there = np.zeros(samples.size, np.int64)
        self.seen = checked(self.name, self.seen, samples)
        self.defined = self.defined and not np.isnan(samples.scores).any()
        taken, targets = decide(self, samples, self.threshold), samples.targets
        if samples.kind == "labels":
            right, taken, there = (taken == 1) & (targets == 1), (taken == 1) & (targets >= 0), targets == 1
            counts = [each.sum(0) for each in (right, taken, there)]
        else:
            counts = [np.bincount(each, minlength=samples.size) for each in (targets[taken == targets], taken, targets)]
        self.right, self.decided, self.there = self.right + counts[0], self.decided + counts[1], self.there + counts[2]

    def compute(self) -> float:
        kind, classes = self.seen or ("two", 0)
        counts = self.right, self.decided, self.there
        if not self.defined or (kind != "labels" and not self.there.sum()):
            return math.nan
        average = self.average or ("binary" if classes == 2 and kind != "labels" else "macro")
        if average == "binary":
            if classes != 2:
                raise UserError(f'{self.name}: there are {classes} classes, so average cannot be "binary".')
            return float(divided(*self.ratio(*(each[1] for each in counts))))
        if average == "micro":
            return float(divided(*self.ratio(*(each.sum() for each in counts))))
        ratios = divided(*self.ratio(*counts))
        if average == "weighted":
            return float(divided(ratios @ self.there, self.there.sum()))
        counted = self.decided + self.there > 0
        return float(ratios.mean() if kind == "labels" else ratios[counted].mean())


class Precision(Counted):
    """How many of those decided to be of a class are; see `Counted`."""

    title = "precision"

    @staticmethod
    def ratio(right: Any, decided: Any, there: Any) -> tuple[Any, Any]:
        return right, decided


class Recall(Counted):
    """How many of those of a class are found; see `Counted`."""

    title = "recall"

    @staticmethod
    def ratio(right: Any, decided: Any, there: Any) -> tuple[Any, Any]:
        return right, there


class F1(Counted):
    """The harmonic mean of precision and recall; see `Counted`."""

    title = "f1"

    @staticmethod
    def ratio(right: Any, decided: Any, there: Any) -> tuple[Any, Any]:
        return 2 * right, decided + there


class ConfusionMatrix(Metric):
    """How often samples of a class (a row) were decided to be of each class (a column): a list of rows of counts.

    With labels, a list of such tables of two classes, no and yes, one for each label. A sample with a nan prediction is in
    no cell. The matrix of the last epoch is shown when training ends.
    """

    name = "confusion_matrix"

    def __init__(self, *, threshold: float | None = None, ignore_index: int = -100) -> None:
        self.threshold, self.ignore_index = threshold, ignore_index
        self.reset()

    def reset(self) -> None:
        self.seen: tuple[Kind, int] | None = None
        self.counts = np.zeros((0, 0), np.int64)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        samples = read(self.name, prediction, target, self.ignore_index)
        self.seen = checked(self.name, self.seen, samples)
        defined: Array = ~np.isnan(samples.scores)
        taken, targets = decide(self, samples, self.threshold), samples.targets
        size = samples.size
        shape: tuple[int, ...] = (size, 2, 2) if samples.kind == "labels" else (size, size)
        if samples.kind == "labels":
            cells, defined = 4 * np.arange(size) + 2 * targets + taken, defined & (targets >= 0)
        else:
            cells, defined = size * targets + taken, np.asarray(defined.all(axis=tuple(range(1, defined.ndim))))
        counts: Array = np.bincount(cells[defined], minlength=math.prod(shape)).reshape(shape)
        self.counts = self.counts + counts if self.counts.size else counts

    def compute(self) -> list[Any]:
        rows: list[Any] = self.counts.tolist()
        return rows

    def describe(self, value: Any, classes: Sequence[str] | None) -> str | None:
        """A table with the classes' names."""
        counts = np.array(value)
        return matrix_table(counts, classes) if counts.ndim == 2 else labels_table(counts, classes)


class TopAccuracy(Metric):
    """The share of samples whose class is among the `k` with the largest logits; of equal ones, the first count more."""

    def __init__(self, k: int = 5, *, ignore_index: int = -100) -> None:
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise UserError(f"TopAccuracy: k must be a whole number from 1 up, not {k!r}.")
        self.name = f"top{k}_accuracy"
        self.k, self.ignore_index = k, ignore_index
        self.reset()

    def reset(self) -> None:
        self.right = self.count = 0
        self.defined = True

    def update(self, prediction: Tensor, target: Tensor) -> None:
        samples = read(self.name, prediction, target, self.ignore_index)
        if samples.kind != "classes":
            raise UserError(f"{self.name}: needs logits of classes in dimension 1 of the predictions, (N, C, …).")
        scores, targets = samples.scores, samples.targets[:, None]
        own = np.take_along_axis(scores, targets, 1)
        before = (scores > own) | ((scores == own) & (np.arange(samples.size) < targets))
        self.right += int(np.count_nonzero(before.sum(1) < self.k))
        self.count += len(scores)
        self.defined = self.defined and not np.isnan(scores).any()

    def compute(self) -> float:
        return self.right / self.count if self.count and self.defined else math.nan


def decide(metric: Metric, samples: Samples, threshold: float | None) -> Array:
    """The class of each sample, or of each label whether it is there."""
    several, probabilities = samples.kind == "classes", metric.of_probabilities
    return decided(samples.scores, several=several, probabilities=probabilities, threshold=threshold)


def divided(numerator: Any, denominator: Any) -> Any:
    """A ratio, in which 0 / 0 is 0."""
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=np.asarray(denominator) > 0)
