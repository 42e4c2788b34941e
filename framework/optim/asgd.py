"""ASGD: gradient descent whose parameters are averaged over the last steps besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_flags, check_lr

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """`parameter = (1 - lambd * eta) * parameter - eta * grad`, with `eta = lr / (1 + lambd * lr * step) ** alpha`.

    `state[parameter]["ax"]` is the mean of the parameter over the steps after the first `t0`, until then the parameter.
    `weight_decay` adds that much of the parameter to its gradient; `maximize` climbs.
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
    """

    elementwise = True
    counters = ("step", "eta", "mu")
    added_options = FLAGS

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
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
            "eta": counter(float(group["lr"]), group),
            "mu": counter(1, group),
            "ax": np.zeros_like(parameter),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        lr, lambd = float(group["lr"]), group["lambd"]
        eta, mu, step = float(state["eta"]), float(state["mu"]), float(state["step"]) + 1
        # PyTorch's foreach goes on in the type of the count.
        count = state["step"] + 1 if group["foreach"] else step
        return {
            "maximize": group["maximize"],
            "weight_decay": float(group["weight_decay"]) or None,
            "averaging": mu != 1,
            "eta": eta,
            "left": 1 - lambd * eta,
            "mu": mu,
            # Rounded as PyTorch does, though a state that was loaded may be of another type.
            "next_eta": float(counter(lr / (1 + lambd * lr * count) ** group["alpha"], group)),
            "next_mu": float(counter(1 / max(1, step - group["t0"]), group)),
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
        parameter = scalars["left"] * parameter - scalars["eta"] * grad
        mean = state["ax"]
        after = {
            "step": state["step"] + 1,
            "eta": np.zeros_like(state["eta"]) + scalars["next_eta"],
            "mu": np.zeros_like(state["mu"]) + scalars["next_mu"],
            "ax": mean + scalars["mu"] * (parameter - mean) if scalars["averaging"] else parameter,
        }
        return parameter, after
