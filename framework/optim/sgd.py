"""Stochastic gradient descent, with momentum if asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT
from framework.optim.options import check_flags

__all__ = ["SGD"]


class SGD(Optimizer):
    """`parameter -= lr * grad`; with momentum, `buffer = momentum * buffer + grad` in its place.

    `dampening` scales the gradient's part in the buffer, `nesterov` looks one step ahead,
    `weight_decay` adds that much of the parameter to its gradient, `maximize` climbs.
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
    """

    elementwise = True
    added_options = {"nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        # Unlike other optimizers it takes nan.
        for name, value in (("learning rate", lr), ("momentum value", momentum), ("weight_decay value", weight_decay)):
            if value < 0.0:
                raise ValueError(f"Invalid {name}: {value}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
            },
        )
        check_flags(self.defaults)

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, float | bool | None]:
        momentum = group["momentum"]
        weight_decay = group["weight_decay"]
        scalars: dict[str, float | bool | None] = {
            "lr": float(group["lr"]),
            "weight_decay": float(weight_decay) if weight_decay else None,
            "momentum": float(momentum) if momentum else None,
            "maximize": group["maximize"],
        }
        if momentum:
            dampening = group["dampening"]
            scalars["first"] = state.get("momentum_buffer") is None
            scalars["gain"] = 1.0 - dampening if dampening else None
            scalars["nesterov"] = group["nesterov"]
        return scalars

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
        momentum = scalars["momentum"]
        if momentum is not None:
            if scalars["first"]:
                buffer = grad
            elif scalars["gain"] is None:
                buffer = momentum * state["momentum_buffer"] + grad
            else:
                buffer = momentum * state["momentum_buffer"] + scalars["gain"] * grad
            state = {"momentum_buffer": buffer}
            grad = grad + momentum * buffer if scalars["nesterov"] else buffer
        return parameter - scalars["lr"] * grad, state
