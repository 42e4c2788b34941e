"""Adagrad: each element of a parameter moves the less, the more it was pushed so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import check_at_least_zero, check_flags, check_lr

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """`sum += grad ** 2; parameter -= lr / (1 + (step - 1) * lr_decay) * grad / (sqrt(sum) + eps)`.

    `sum` begins at `initial_accumulator_value`; `weight_decay` adds that much of the parameter to its gradient;
    `maximize` climbs.
    Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", 2011.
    """

    elementwise = True
    counters = ("step",)
    added_options = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_at_least_zero(lr_decay, "Invalid lr_decay value")
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        check_at_least_zero(initial_accumulator_value, "Invalid initial_accumulator_value value")
        check_at_least_zero(eps, "Invalid epsilon value")
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        check_flags(self.defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.initial_state(parameter._array, group)
                self.state[parameter] = {name: Tensor._wrap(value) for name, value in state.items()}

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        start = self.defaults["initial_accumulator_value"]
        return {"step": counter(0, group), "sum": np.full_like(parameter, start)}

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        steps = float(state["step"])
        return {
            "maximize": group["maximize"],
            "weight_decay": float(group["weight_decay"]) or None,
            "rate": float(group["lr"]) / (1 + steps * group["lr_decay"]),
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
        total = state["sum"] + grad * grad
        after = {"step": state["step"] + 1, "sum": total}
        return parameter - scalars["rate"] * (grad / (np.sqrt(total) + scalars["eps"])), after
