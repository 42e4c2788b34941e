"""Adam: each element of a parameter moves by its mean gradient over the root of its mean square."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_at_least_zero, check_betas, check_flags, check_lr

__all__ = ["Adam"]


class Adam(Optimizer):
    """`parameter -= lr * mean / (sqrt(square) + eps)`, means that begin at 0 corrected for that.

    `mean` and `square` are running averages of the gradient and its square, which keep `betas` of what they were.
    `weight_decay` adds that much of the parameter to its gradient, or, if decoupled, takes it off the parameter itself;
    `amsgrad` goes by the largest square so far; `maximize` climbs.
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015; Reddi et al., "On the convergence of Adam and
    beyond", 2018.
    """

    elementwise = True
    counters = ("step",)
    added_options = {**FLAGS, "amsgrad": False, "decoupled_weight_decay": False, "fused": None}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        tensors = foreach and not capturable
        if tensors and isinstance(lr, Tensor):
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_lr(lr)
        check_at_least_zero(eps, "Invalid epsilon value")
        check_betas(betas)
        check_at_least_zero(weight_decay, "Invalid weight_decay value")
        if not (all(isinstance(each, float) for each in betas) or all(isinstance(each, Tensor) for each in betas)):
            raise ValueError("betas must be either both floats or both Tensors")
        for number, beta in enumerate(betas):
            if tensors and isinstance(beta, Tensor):
                raise ValueError(f"betas[{number}] as a Tensor is not supported for capturable=False and foreach=True")
            if isinstance(beta, Tensor) and beta.numel() != 1:
                raise ValueError(f"Tensor betas[{number}] must be 1-element")
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(each.squeeze() if isinstance(each, Tensor) else each for each in betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
            },
        )
        check_flags(self.defaults)

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if group["amsgrad"] else 2]
        return {"step": counter(0, group), **{name: np.zeros_like(parameter) for name in names}}

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        lr, decay = float(group["lr"]), float(group["weight_decay"])
        beta1, beta2 = map(float, group["betas"])
        step = float(state["step"]) + 1
        # The correction of the square is taken out of its root, to both sides of the fraction.
        root = math.sqrt(1 - beta2**step)
        decoupled = group["decoupled_weight_decay"]
        return {
            "maximize": group["maximize"],
            "amsgrad": group["amsgrad"],
            "left": 1 - lr * decay if decay and decoupled else None,
            "weight_decay": decay if decay and not decoupled else None,
            "beta1": beta1,
            "rest1": 1 - beta1,
            "beta2": beta2,
            "rest2": 1 - beta2,
            "rate": lr * root / (1 - beta1**step),
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
        after = {"step": state["step"] + 1, "exp_avg": mean, "exp_avg_sq": square}
        if scalars["amsgrad"]:
            square = after["max_exp_avg_sq"] = np.maximum(state["max_exp_avg_sq"], square)
        return parameter - scalars["rate"] * (mean / (np.sqrt(square) + scalars["eps"])), after
