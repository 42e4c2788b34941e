"""RMSprop: each element moves by its gradient over the root of its mean square."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_flags, check_lr

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """`parameter -= lr * grad / (sqrt(square) + eps)`; `square`, a running average, keeps `alpha` of what it was.

    `centered` takes the square of the mean gradient off the mean square; with `momentum` the fraction goes through a
    buffer, as in SGD. `weight_decay` adds that much of the parameter to its gradient; `maximize` climbs.
    Hinton, "Neural networks for machine learning", lecture 6, 2012; Graves, "Generating sequences with recurrent neural
    networks", 2013.
    """

    elementwise = True
    counters = ("step",)
    added_options = {**FLAGS, "momentum": 0, "centered": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least_zero(eps, "Invalid epsilon value")
        check_at_least_zero(momentum, "Invalid momentum value")
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        check_at_least_zero(alpha, "Invalid alpha value")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        state = {"step": counter(0, group), "square_avg": np.zeros_like(parameter)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = np.zeros_like(parameter)
        if group["centered"]:
            state["grad_avg"] = np.zeros_like(parameter)
        return state

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        momentum = group["momentum"]
        return {
            "maximize": group["maximize"],
            "centered": group["centered"],
            "weight_decay": float(group["weight_decay"]) or None,
            "momentum": momentum if momentum > 0 else None,
            "alpha": group["alpha"],
            "rest": 1 - group["alpha"],
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
        if scalars["maximize"]:
            grad = -grad
        if scalars["weight_decay"] is not None:
            grad = grad + scalars["weight_decay"] * parameter
        square = scalars["alpha"] * state["square_avg"] + scalars["rest"] * grad * grad
        after = {"step": state["step"] + 1, "square_avg": square}
        if scalars["centered"]:
            # In this form the mean of equal gradients is the gradient.
            mean = after["grad_avg"] = state["grad_avg"] + scalars["rest"] * (grad - state["grad_avg"])
            square = square - mean * mean
        direction = grad / (np.sqrt(square) + scalars["eps"])
        if scalars["momentum"] is not None:
            direction = after["momentum_buffer"] = scalars["momentum"] * state["momentum_buffer"] + direction
        return parameter - scalars["lr"] * direction, after
