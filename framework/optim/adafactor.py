"""Adafactor: mean squares of a matrix's gradient kept by row and by column alone, and steps in units of the parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT, counter
from framework.optim.options import check_at_least_zero, check_lr

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """`parameter -= min(lr, 1 / sqrt(step)) * max(eps2, rms(parameter)) * change / max(1, rms(change) / d)`.

    `change = grad / sqrt(square)`; `square`, a running average that takes in `step ** beta2_decay` of what is new, is
    kept as the product of its means over the last dimension and over the one before. `eps` is (eps1, eps2): the
    square and the row means are at least eps1, by default the precision of the type. `weight_decay` is taken off the
    parameter itself; `maximize` climbs.
    Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018.
    """

    counters = ("step",)
    added_options = {"foreach": None}

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_lr(lr, "Learning rate should be >= 0 but is")
        if not 0.0 >= beta2_decay:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None:
            check_at_least_zero(eps[0], "epsilon1 should be >= 0 but is")
        check_at_least_zero(eps[1], "epsilon2 should be >= 0 but is")
        if not 1.0 <= d:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        check_at_least_zero(weight_decay, "weight_decay should be >= 0 but is")
        super().__init__(
            params,
            {
                "lr": lr,
                "beta2_decay": beta2_decay,
                "eps": eps,
                "d": d,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
            },
        )

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        if parameter.ndim < 2:
            return {"step": counter(0, group), "variance": np.zeros_like(parameter)}
        *outer, rows, columns = parameter.shape
        return {
            "step": counter(0, group),
            "row_var": np.zeros_like(parameter, shape=(*outer, rows, 1)),
            "col_var": np.zeros_like(parameter, shape=(*outer, 1, columns)),
        }

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        lr, step = float(group["lr"]), float(state["step"]) + 1
        new = step ** group["beta2_decay"]
        eps1, eps2 = group["eps"]
        return {
            "maximize": group["maximize"],
            "left": 1 - lr * group["weight_decay"] if group["weight_decay"] else None,
            "old": 1 - new,
            "new": new,
            "rate": min(lr, step**-0.5),
            "eps1": eps1,
            "eps2": eps2,
            "d": group["d"],
        }

    def update(
        self,
        parameter: np.ndarray,
        grad: np.ndarray,
        state: dict[str, Any],
        scalars: dict[str, Any],
    ) -> tuple[np.ndarray, dict[str, Any]]:
        old, new = scalars["old"], scalars["new"]
        eps1 = float(np.finfo(parameter.dtype).eps) if scalars["eps1"] is None else scalars["eps1"]
        if scalars["maximize"]:
            grad = -grad
        # As Python's max does, fmax takes the other number where one is nan.
        rate = scalars["rate"] * np.fmax(_rms(parameter), scalars["eps2"])
        after = {"step": state["step"] + 1}
        if grad.ndim > 1:
            rows = old * state["row_var"] + new * np.mean(grad * grad, axis=-1, keepdims=True)
            columns = old * state["col_var"] + new * np.mean(grad * grad, axis=-2, keepdims=True)
            after |= {"row_var": rows, "col_var": columns}
            square = rows * columns / np.maximum(np.mean(rows, axis=-2, keepdims=True), eps1)
        else:
            square = after["variance"] = old * state["variance"] + new * grad * grad
        change = grad / np.sqrt(np.maximum(square, eps1 * eps1))
        rate = rate / np.fmax(_rms(change) / scalars["d"], 1.0)
        if scalars["left"] is not None:
            parameter = scalars["left"] * parameter
        return parameter - rate * change, after


def _rms(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(values * values))
