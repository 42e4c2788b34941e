"""Adamax: Adam by the largest gradient of late in place of the mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_betas, check_flags, check_lr

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """`largest = max(beta2 * largest, |grad| + eps); parameter -= lr / (1 - beta1 ** step) * mean / largest`.

    `mean` is a running average of the gradient, which keeps `beta1` of what it was. `weight_decay` adds that much of the
    parameter to its gradient; `maximize` climbs.
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015.
    """

    elementwise = True
    counters = ("step",)
    added_options = FLAGS

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
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
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "step": counter(0, group),
            "exp_avg": np.zeros_like(parameter),
            "exp_inf": np.zeros_like(parameter),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        beta1, beta2 = map(float, group["betas"])
        step = float(state["step"]) + 1
        return {
            "maximize": group["maximize"],
            "weight_decay": float(group["weight_decay"]) or None,
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rate": float(group["lr"]) / (1 - beta1**step),
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
        mean = scalars["beta1"] * state["exp_avg"] + scalars["rest1"] * grad
        largest = np.maximum(scalars["beta2"] * state["exp_inf"], np.abs(grad) + scalars["eps"])
        after = {"step": state["step"] + 1, "exp_avg": mean, "exp_inf": largest}
        return parameter - scalars["rate"] * (mean / largest), after
