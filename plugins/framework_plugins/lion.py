"""The optimizer Lion, for `Recipe(optimizer="lion")`: steps of one size, in the direction of a momentum's signs.

It needs a third to a tenth of AdamW's learning rate, three to ten times its weight decay, and half of its memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.extend import Optimizer, Register, UserError, hookimpl


class Lion(Optimizer):
    """`parameter -= lr * (sign(beta1 * m + (1 - beta1) * grad) + weight_decay * parameter)`, then `m` moves by beta2.

    Chen et al., "Symbolic discovery of optimization algorithms", 2023, arXiv 2302.06675.
    """

    elementwise = True  # so small parameters are updated together, as one array

    def __init__(
        self, params: Any, lr: float = 1e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
    ) -> None:
        if not lr >= 0 or not all(0 <= beta < 1 for beta in betas) or not weight_decay >= 0:
            raise UserError(
                "Lion takes lr and weight_decay of 0 or more and betas from 0 to below 1, not "
                f"lr={lr}, betas={tuple(betas)}, weight_decay={weight_decay}."
            )
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    def initial_state(self, parameter: np.ndarray, group: Mapping[str, Any]) -> dict[str, Any]:
        return {"exp_avg": np.zeros_like(parameter)}

    def scalars(self, group: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {"lr": group["lr"], "decay": 1 - group["lr"] * group["weight_decay"], "beta1": beta1, "beta2": beta2}

    def update(
        self, parameter: np.ndarray, grad: np.ndarray, state: Mapping[str, Any], scalars: Mapping[str, Any]
    ) -> tuple[np.ndarray, dict[str, Any]]:
        lr, decay, beta1, beta2 = (scalars[name] for name in ("lr", "decay", "beta1", "beta2"))
        momentum = state["exp_avg"]
        direction = np.sign(beta1 * momentum + (1 - beta1) * grad)
        return decay * parameter - lr * direction, {"exp_avg": beta2 * momentum + (1 - beta2) * grad}


@hookimpl
def register_optimizers(register: Register[Any]) -> None:
    register("lion", Lion)
