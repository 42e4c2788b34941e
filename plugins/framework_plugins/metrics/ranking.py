"""Metrics of how well scores put the samples of a class before the others, at every threshold at once.

They depend on the order of all scores, so these are kept until the end of the split, in memory and in checkpoints: four
bytes for each float32 logit, and eight for a target.
"""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from framework.extend import Metric, Tensor
from framework_plugins.metrics.reading import Array, Kind, Samples, checked, read


class Ranking(Metric):
    """One number for two classes; for more, the mean over the classes, each against the rest, or over the labels.

    The score of one of two classes is its logit, or the difference of the two; of one of several classes, its
    probability. Equal scores are ranked alike. A class without samples, or with all of them, has no ranking: it is
    left out, with a warning, and where none remains the number is nan. So it is where a prediction is nan.
    """

    name: str

    def __init__(self, *, ignore_index: int = -100) -> None:
        self.ignore_index = ignore_index
        self.warned = False
        self.reset()

    @staticmethod
    @abstractmethod
    def of_groups(positives: Array, negatives: Array) -> float:
        """The number, from how many samples of both kinds have each score, the lowest score first."""

    def reset(self) -> None:
        self.seen: tuple[Kind, int] | None = None
        self.scores: list[Array] = []
        self.targets: list[Array] = []

    def update(self, prediction: Tensor, target: Tensor) -> None:
        samples = read(self.name, prediction, target, self.ignore_index)
        self.seen = checked(self.name, self.seen, samples)
        self.scores.append(np.array(samples.scores))
        self.targets.append(np.array(samples.targets))

    def compute(self) -> float:
        if self.seen is None or not any(map(len, self.targets)):
            return math.nan
        samples = Samples(self.seen[0], np.concatenate(self.scores), np.concatenate(self.targets))
        with np.errstate(invalid="ignore"):  # infinite logits may leave nothing to compare: nan
            numbers = {name: self._number(scores, positive) for name, scores, positive in _each(samples)}
        undefined = [name for name, number in numbers.items() if number is None]
        defined = [number for number in numbers.values() if number is not None]
        if undefined and not self.warned:
            self.warned = True
            self._warn(undefined, len(defined))
        return sum(defined) / len(defined) if defined else math.nan

    def _number(self, scores: Array, positive: Array) -> float | None:
        if np.isnan(scores).any():
            return math.nan
        positives, negatives = _groups(scores, positive)
        return self.of_groups(positives, negatives) if positives.sum() and negatives.sum() else None

    def _warn(self, undefined: list[str], defined: int) -> None:
        shown = ", ".join(undefined[:5]) + (", …" if len(undefined) > 5 else "")
        left = f"the mean is over the {defined} others" if defined else "it is nan"
        warnings.warn(
            f"{self.name} is not defined for {shown}, which none or all of the samples have: {left}.",
            UserWarning,
            stacklevel=3,
        )


class ROCAUC(Ranking):
    """The chance that a sample of a class has a higher score than one of another, a tie being half; see `Ranking`."""

    name = "roc_auc"

    @staticmethod
    def of_groups(positives: Array, negatives: Array) -> float:
        below = np.cumsum(negatives) - negatives
        halves = int((positives * (2 * below + negatives)).sum())
        return halves / (2 * int(positives.sum()) * int(negatives.sum()))


class AveragePrecision(Ranking):
    """The mean, over a class's samples, of the precision among those of its score or a higher one; see `Ranking`."""

    name = "average_precision"

    @staticmethod
    def of_groups(positives: Array, negatives: Array) -> float:
        positives, negatives = positives[::-1], negatives[::-1]
        found = np.cumsum(positives)
        precision = found / (found + np.cumsum(negatives))
        return float((positives * precision).sum() / found[-1])


def _each(samples: Samples) -> Iterator[tuple[str, Array, Array]]:
    """Name, scores, and which samples are positive: of two classes, or of each class or label."""
    scores, targets = samples.scores, samples.targets
    if samples.kind == "two":
        yield "class 1", scores, targets == 1
    elif samples.kind == "labels":
        for label in range(samples.size):
            kept = targets[:, label] >= 0
            yield f"label {label}", scores[kept, label], targets[kept, label] == 1
    elif samples.size == 2:
        wide = scores.astype(np.float64)
        yield "class 1", wide[:, 1] - wide[:, 0], targets == 1
    else:
        for number, column in enumerate(log_probabilities(scores)):
            yield f"class {number}", column, targets == number


def log_probabilities(scores: Array) -> Iterator[Array]:
    """Of each class in turn, in float64. What is equal by the formula is equal to the bit, for ties to be seen:

    neither the order of a row's logits nor, where no digit of them is lost by it, what is added to all of them counts.
    """
    highest = scores.max(1).astype(np.float64)
    total = np.log(np.exp(np.sort(scores, axis=1) - highest[:, None]).sum(1))
    for column in scores.T:
        yield column - highest - total


def _groups(scores: Array, positive: Array) -> tuple[Array, Array]:
    """How many positive and negative samples have each score that occurs, the lowest first."""
    order = np.argsort(scores)
    ordered = scores[order]
    first = np.ones(len(scores), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(first)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    positives = np.add.reduceat(positive[order].astype(np.int64), starts)
    return positives, np.diff(np.append(starts, len(scores))) - positives
