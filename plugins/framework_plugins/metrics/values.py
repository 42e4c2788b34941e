"""Metrics of predicted values and of predicted probabilities."""

from __future__ import annotations

import math

import numpy as np

from framework.extend import Metric, Tensor, UserError
from framework_plugins.metrics.reading import Array, read


class R2(Metric):
    """The share of the targets' variance that the predictions explain: 1 - residual / total sum of squares.

    Prediction and target have one shape, (N, 1) and (N,) being alike. The columns of a target (N, K) are outputs of their
    own, of which the mean is taken; one of more dimensions is one output. As in scikit-learn, a constant target gives 1
    if it is predicted exactly, else 0; fewer than two samples give nan.
    """

    name = "r2"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.count = 0
        self.origin = self.mean = self.total = self.residual = np.zeros(0)

    def update(self, prediction: Tensor, target: Tensor) -> None:
        predicted, targets = prediction.detach().numpy(), target.detach().numpy()
        if predicted.shape != targets.shape and {predicted.shape, targets.shape} != {
            targets.shape[:1],
            (*targets.shape[:1], 1),
        }:
            raise UserError(
                f"r2: predictions of shape {predicted.shape} do not fit targets of shape {targets.shape}: give both one shape."
            )
        if not targets.size:
            return
        outputs = targets.shape[1] if targets.ndim == 2 else 1
        if self.count and outputs != len(self.mean):
            raise UserError(f"r2: first there were targets with {len(self.mean)} outputs, then with {outputs}.")
        with np.errstate(invalid="ignore", over="ignore"):
            self._add(*(each.astype(np.float64).reshape(-1, outputs) for each in (predicted, targets)))

    def _add(self, predicted: Array, targets: Array) -> None:
        """Join two sets of samples: counts, means and sums of squares about the means (Chan, Golub and LeVeque, 1979)."""
        new = len(targets)
        if not self.count:
            # From the first target, so that a constant one has a variance of 0, without rounding.
            self.origin = targets[0].copy()
            self.mean = self.total = self.residual = np.zeros(targets.shape[1])
        residual = ((targets - predicted) ** 2).sum(0)
        targets = targets - self.origin
        mean = targets.mean(0)
        difference, count = mean - self.mean, self.count + new
        self.total = self.total + ((targets - mean) ** 2).sum(0) + difference**2 * (self.count * new / count)
        self.mean = self.mean + difference * (new / count)
        self.residual = self.residual + residual
        self.count = count

    def compute(self) -> float:
        if self.count < 2:
            return math.nan
        constant = np.where(self.residual == 0, 1.0, 0.0)
        with np.errstate(invalid="ignore", over="ignore"):
            explained = 1 - np.divide(self.residual, self.total, out=1 - constant, where=self.total != 0)
            return float(explained.mean())


class Perplexity(Metric):
    """The exponential of the mean cross-entropy of all targets: logits (N, C, d1, …) for classes (N, d1, …).

    As if that many classes were equally likely: 1 is perfect, C is a guess. Added up in float64. One target of probability
    0 makes it infinite; where there is no target it is nan.
    """

    name = "perplexity"

    def __init__(self, *, ignore_index: int = -100) -> None:
        self.ignore_index = ignore_index
        self.reset()

    def reset(self) -> None:
        self.loss, self.count = 0.0, 0

    def update(self, prediction: Tensor, target: Tensor) -> None:
        samples = read(self.name, prediction, target, self.ignore_index)
        if samples.kind != "classes":
            raise UserError(
                f"perplexity: needs logits (N, C, …) and classes (N, …), not predictions of shape {tuple(prediction.shape)} "
                f"and targets of shape {tuple(target.shape)}."
            )
        scores = samples.scores.astype(np.float64)
        own = np.take_along_axis(scores, samples.targets[:, None], 1)[:, 0]
        highest = scores.max(1, initial=-math.inf)
        with np.errstate(invalid="ignore"):  # logits that are all -inf: nan
            totals = np.log(np.exp(scores - highest[:, None]).sum(1)) + highest
            self.loss += float((totals - own).sum())
        self.count += len(own)

    def compute(self) -> float:
        try:
            return math.exp(self.loss / self.count) if self.count else math.nan
        except OverflowError:
            return math.inf
