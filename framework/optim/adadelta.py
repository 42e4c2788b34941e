"""Adadelta: each element moves as far as it used to, in units of the gradients it used to have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_flags, check_lr

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """`delta = grad * sqrt(delta_square + eps) / sqrt(square + eps); parameter -= lr * delta`.

    `square` and `delta_square` are running averages of the squares of `grad` and `delta`, which keep `rho` of what they
    were. `weight_decay` adds that much of the parameter to its gradient; `maximize` climbs.
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    elementwise = True
    counters = ("step",)
    added_options = FLAGS

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_at_least_zero(eps, "Invalid epsilon value")
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "step": counter(0, group),
            "square_avg": np.zeros_like(parameter),
            "acc_delta": np.zeros_like(parameter),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "maximize": group["maximize"],
            "weight_decay": float(group["weight_decay"]) or None,
            "rho": group["rho"],
            "rest": 1 - group["rho"],
            "lr": float(group["lr"]),
            "eps": group["eps"],
        }

    def update(
        self,
        parameter: np.ndarray,
        grad: np.ndarray,
        state: dict[str, Any],
        scalars: dict[str, Any],
    ) -> tuple[np.ndarray, dict[str, Any]]:
        rho, rest, eps = scalars["rho"], scalars["rest"], scalars["eps"]
        if scalars["maximize"]:
            grad = -grad
        if scalars["weight_decay"] is not None:
            grad = grad + scalars["weight_decay"] * parameter
        square = rho * state["square_avg"] + rest * grad * grad
        delta = np.sqrt(state["acc_delta"] + eps) / np.sqrt(square + eps) * grad
        moved = rho * state["acc_delta"] + rest * delta * delta
        after = {"step": state["step"] + 1, "square_avg": square, "acc_delta": moved}
        return parameter - scalars["lr"] * delta, after
