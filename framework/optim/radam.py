"""RAdam: Adam that goes by the mean square only once enough gradients have been seen to trust it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_betas, check_flags, check_lr

__all__ = ["RAdam"]


class RAdam(Optimizer):
    """Adam's step times a factor for the variance of `square`; while that is beyond telling, `parameter -= lr * mean`.

    `weight_decay` adds that much of the parameter to its gradient, or, if decoupled, takes it off the parameter itself;
    `maximize` climbs.
    Liu et al., "On the variance of the adaptive learning rate and beyond", 2020.
    """

    elementwise = True
    counters = ("step",)
    added_options = {**FLAGS, "decoupled_weight_decay": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "Invalid epsilon value")
        check_betas(betas)
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "step": counter(0, group),
            "exp_avg": np.zeros_like(parameter),
            "exp_avg_sq": np.zeros_like(parameter),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        decoupled = group["decoupled_weight_decay"]
        beta1, beta2 = map(float, group["betas"])
        step = float(state["step"]) + 1
        factor = _rectification(beta2, step)
        rate = lr / (1 - beta1**step)
        return {
            "maximize": group["maximize"],
            "adaptive": factor is not None,
            "left": 1 - lr * decay if decay and decoupled else None,
            "weight_decay": decay if decay and not decoupled else None,
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rest2": 1 - beta2,
            "rate": rate if factor is None else rate * factor * math.sqrt(1 - beta2**step),
            "eps": group["eps"],
        }

    def update(
        self,
        parameter: np.ndarray,
        grad: np.ndarray,
        state: dict[str, Any],
        scalars: dict[str, Any],
    ) -> tuple[np.ndarray, dict[str, Any]]:
        if scalars["maximize"]:
            grad = -grad
        if scalars["weight_decay"] is not None:
            grad = grad + scalars["weight_decay"] * parameter
        if scalars["left"] is not None:
            parameter = scalars["left"] * parameter
        mean = scalars["beta1"] * state["exp_avg"] + scalars["rest1"] * grad
        square = scalars["beta2"] * state["exp_avg_sq"] + scalars["rest2"] * grad * grad
        direction = mean / (np.sqrt(square) + scalars["eps"]) if scalars["adaptive"] else mean
        after = {"step": state["step"] + 1, "exp_avg": mean, "exp_avg_sq": square}
        return parameter - scalars["rate"] * direction, after


def _rectification(beta2: float, step: float) -> float | None:
    """The factor for the variance of the mean square, by the length of its memory; None where that is too short."""
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5:
        return None
    return math.sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
