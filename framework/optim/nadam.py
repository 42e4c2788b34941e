"""NAdam: Adam with Nesterov's look ahead, its momentum warmed up step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_betas, check_flags, check_lr

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """`parameter -= lr * ((1 - mu) / (1 - product) * grad + mu_next / (1 - product_next) * mean) / (sqrt(square) + eps)`.

    `mean` and `square` are Adam's; `mu = beta1 * (1 - 0.96 ** (step * momentum_decay) / 2)`, `product` is that of all so
    far. `weight_decay` adds that much of the parameter to its gradient, or, if decoupled, takes it off the parameter
    itself; `maximize` climbs.
    Dozat, "Incorporating Nesterov momentum into Adam", 2016.
    """

    elementwise = True
    counters = ("step", "mu_product")
    added_options = {**FLAGS, "decoupled_weight_decay": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_at_least_zero(momentum_decay, "Invalid momentum_decay value")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "step": counter(0, group),
            "mu_product": counter(1, group),
            "exp_avg": np.zeros_like(parameter),
            "exp_avg_sq": np.zeros_like(parameter),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        decoupled, momentum_decay = group["decoupled_weight_decay"], group["momentum_decay"]
        beta1, beta2 = map(float, group["betas"])
        step = float(state["step"]) + 1
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (each * momentum_decay)) for each in (step, step + 1))
        # Rounded as the state will be.
        product = float(state["mu_product"] * mu)
        # The correction of the square is taken out of its root, to both sides of the fraction.
        root = math.sqrt(1 - beta2**step)
        return {
            "maximize": group["maximize"],
            "left": 1 - lr * decay if decay and decoupled else None,
            "weight_decay": decay if decay and not decoupled else None,
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rest2": 1 - beta2,
            "mu": mu,
            "grad_rate": lr * root * (1 - mu) / (1 - product),
            "mean_rate": lr * root * mu_next / (1 - product * mu_next),
            "eps": group["eps"] * root,
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
        ahead = scalars["grad_rate"] * grad + scalars["mean_rate"] * mean
        after = {
            "step": state["step"] + 1,
            "mu_product": state["mu_product"] * scalars["mu"],
            "exp_avg": mean,
            "exp_avg_sq": square,
        }
        return parameter - ahead / (np.sqrt(square) + scalars["eps"]), after
