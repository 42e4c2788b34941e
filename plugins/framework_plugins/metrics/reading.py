"""Reads a model's predictions and their targets as samples, each of one class, or with labels of its own.

prediction          target                  what it is
(N,) or (N, 1)      (N,) or (N, 1)          two classes: one logit each, positive for class 1 (a probability, above a half)
(N, C, d1, …)       (N, d1, …)              C classes: a logit for each, one sample at each of d1, …
(N, 1, d1, …)       (N, d1, …)              two classes
(N, L)              (N, L)                  L labels: of each, whether a sample has it
(N, d1, d2, …)      (N, d1, d2, …)          two classes

Classes are whole numbers from 0 up, of any type. Targets of two classes and of labels may be probabilities: above a
half means 1.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from framework.extend import Tensor, UserError

Kind: TypeAlias = Literal["two", "classes", "labels"]
Array: TypeAlias = NDArray[Any]


class Samples(NamedTuple):
    """Scores and targets of some samples, in arrays.

    two: scores (n,), targets (n,) of 0 and 1. classes: scores (n, C), targets (n,). labels: scores and targets (n, L),
    where a target of -1 is left out.
    """

    kind: Kind
    scores: Array
    targets: Array

    @property
    def size(self) -> int:
        """How many classes or labels there are."""
        return 2 if self.kind == "two" else self.scores.shape[1]


def read(name: str, prediction: Tensor, target: Tensor, ignored: int, *, labels: bool = True) -> Samples:
    """The samples whose target is not `ignored`; without `labels`, a label is a sample of its own.

    UserError, in which the metric is called `name`, where prediction and target do not fit.
    """
    scores, targets = prediction.detach().numpy(), target.detach().numpy()
    if (
        scores.ndim == targets.ndim + 1 > 1
        and scores.shape[1] > 1
        and scores.shape[:1] + scores.shape[2:] == targets.shape
    ):
        return _of_classes(name, scores, targets, ignored)
    if not _alike(scores.shape, targets.shape):
        raise UserError(
            f"{name}: predictions of shape {scores.shape} do not fit targets of shape {targets.shape}. Classes are in "
            "dimension 1 of the predictions, (N, C, …) for targets (N, …); labels and two classes have one shape."
        )
    several = labels and scores.ndim == 2 and targets.shape == scores.shape and scores.shape[1] > 1
    if _all_kept(targets, 1, ignored):
        ones = (targets > 0.5).astype(np.int64)
        return Samples("labels", scores, ones) if several else Samples("two", scores.reshape(-1), ones.reshape(-1))
    kept = targets != ignored
    wrong = targets[kept & ~((targets >= 0) & (targets <= 1))]
    if wrong.size:
        raise UserError(
            f"{name}: with predictions and targets of one shape, {scores.shape}, a target must be 0 or 1, or {ignored} to "
            f"be left out, not {wrong.flat[0]}."
        )
    if several:
        return Samples("labels", scores, np.where(kept, targets > 0.5, -1))
    return Samples("two", scores.reshape(targets.shape)[kept], (targets[kept] > 0.5).astype(np.int64))


def _of_classes(name: str, scores: Array, targets: Array, ignored: int) -> Samples:
    classes = scores.shape[1]
    targets = targets.reshape(-1)
    scores = np.moveaxis(scores, 1, -1).reshape(-1, classes)
    if targets.dtype.kind != "f" and _all_kept(targets, classes - 1, ignored):
        return Samples("classes", scores, targets.astype(np.int64))
    kept = targets != ignored
    if not kept.all():
        scores, targets = scores[kept], targets[kept]
    right = (targets >= 0) & (targets < classes)
    if targets.dtype.kind == "f":
        right &= targets == np.floor(targets)
    if not right.all():
        raise UserError(
            f"{name}: a target must be a class from 0 to {classes - 1}, as there are {classes} logits, or {ignored} to be "
            f"left out, not {targets[~right][0]}."
        )
    return Samples("classes", scores, targets.astype(np.int64))


def _all_kept(targets: Array, highest: int, ignored: int) -> bool:
    """Whether all targets are from 0 to `highest`, as is soon seen, and none can be `ignored`."""
    if 0 <= ignored <= highest or not targets.size:
        return False
    return bool(targets.min() >= 0 and targets.max() <= highest)


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether shapes are equal, a dimension of one in place 1 being as none."""
    return _without_one(one) == _without_one(other)


def _without_one(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:1] + shape[2:] if len(shape) > 1 and shape[1] == 1 else shape


def checked(name: str, before: tuple[Kind, int] | None, samples: Samples) -> tuple[Kind, int]:
    """Kind and number of classes, which are the same for all of a split."""
    now = samples.kind, samples.size
    if before is not None and before != now:
        words = {"two": "one logit for two classes", "classes": "classes", "labels": "labels"}
        one, two = (f"{size} {words[kind]}" if kind != "two" else words[kind] for kind, size in (before, now))
        raise UserError(
            f"{name}: first there were predictions of {one}, then of {two}. Where each element of a (N, L) prediction is "
            'a sample of its own, give average="binary".'
        )
    return now
