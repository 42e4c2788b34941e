"""Rprop: each element has a step of its own, which grows while its gradient keeps its sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import FLAGS, check_flags, check_lr

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """`parameter -= sign(grad) * step_size`, for gradients of all data at once.

    `step_size` begins at `lr`; it is multiplied by the second of `etas` where the gradient has the sign of the last one,
    by the first where it has the other, which is then left out; and it stays within `step_sizes`. `maximize` climbs.
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm", 1993.
    """

    elementwise = True
    counters = ("step",)
    added_options = FLAGS

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
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
            "prev": np.zeros_like(parameter),
            "step_size": np.full_like(parameter, float(group["lr"])),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        return {
            "maximize": group["maximize"],
            "shrink": shrink,
            "grow": grow,
            "smallest": smallest,
            "largest": largest,
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
        product = grad * state["prev"]
        same, turned = product > 0, product < 0
        size = state["step_size"]
        size = np.where(same, scalars["grow"] * size, np.where(turned, scalars["shrink"] * size, size))
        size = np.minimum(np.maximum(size, scalars["smallest"]), scalars["largest"])
        grad = np.where(turned, np.zeros_like(grad), grad)
        return parameter - np.sign(grad) * size, {"step": state["step"] + 1, "prev": grad, "step_size": size}
