"""The focal loss, for `Recipe(loss="focal")`: samples that are classified well count little, so a rare class is not lost.

Its operation has a derivative of its own, which is stable where the model is sure: as a chain of others, it would be nan
for a fractional `gamma` at logits of 100.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.extend import Module, Operation, Register, Tensor, UserError, hookimpl, operation

TINY = 1e-30
"""The least probability of a miss: its powers, and quotients by it, are finite in float32."""


@operation(name="focal_loss", promote="float")
def focal_loss(input: Any, target: Any, gamma: float = 2.0) -> Any:
    """`(1 - p) ** gamma * -log(p)` of each logit, p being the probability given to its target (0, 1, or between).

    Lin et al., "Focal loss for dense object detection", 2017, arXiv 1708.02002.
    """
    return _miss(input, target) ** gamma * _cross_entropy(input, target)


@focal_loss.derivative("input")
def _(g: Any, input: Any, target: Any, gamma: float) -> Any:
    p, miss = _sigmoid(input), _miss(input, target)
    slope = gamma * (1 - 2 * target) * (p * _sigmoid(-input) / miss) * _cross_entropy(input, target)
    return g * miss**gamma * (slope + p - target)


@focal_loss.derivative("target")
def _(g: Any, input: Any, target: Any, gamma: float) -> Any:
    miss = _miss(input, target)
    slope = gamma * ((_sigmoid(-input) - _sigmoid(input)) / miss) * _cross_entropy(input, target)
    return g * miss**gamma * (slope - input)


def _miss(input: Any, target: Any) -> Any:
    """The probability of what the target is not: a sum without cancellation, where `1 - p` would lose all digits."""
    return np.maximum(_sigmoid(input) * (1 - target) + _sigmoid(-input) * target, TINY)


def _cross_entropy(input: Any, target: Any) -> Any:
    return np.maximum(input, 0) - input * target + np.log1p(np.exp(-np.abs(input)))


def _sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))


class FocalLoss(Module):
    """The mean focal loss of logits, of any shape, and targets of the same; "sum" adds up, "none" gives each.

    alpha: the weight of target 1; that of 0 is `1 - alpha`. Below 0, both weigh 1. As torchvision's sigmoid_focal_loss.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: str = "mean") -> None:
        super().__init__()
        if alpha > 1 or not gamma >= 0 or reduction not in ("mean", "sum", "none"):
            raise UserError(
                "FocalLoss takes alpha up to 1, gamma of 0 or more, and 'mean', 'sum' or 'none' as its reduction, not "
                f"alpha={alpha}, gamma={gamma}, reduction={reduction!r}."
            )
        self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        if prediction.shape != target.shape:
            raise UserError(
                f"FocalLoss: logits of shape {tuple(prediction.shape)} do not fit targets of shape {tuple(target.shape)}."
            )
        loss = focal_loss(prediction, target, self.gamma)
        if self.alpha >= 0:
            loss = (self.alpha * target + (1 - self.alpha) * (1 - target)) * loss
        return loss if self.reduction == "none" else getattr(loss, self.reduction)()


@hookimpl
def register_operations(register: Register[Operation]) -> None:
    register("focal_loss", focal_loss)


@hookimpl
def register_losses(register: Register[Any]) -> None:
    register("focal", FocalLoss)
