"""Muon: a matrix moves by its momentum with all singular values brought near one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.optim.optimizer import Optimizer, ParamsT
from framework.optim.options import check_at_least_zero, check_lr

__all__ = ["Muon"]

_ADJUSTMENTS = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """`buffer = momentum * buffer + (1 - momentum) * grad; parameter -= lr * ratio * orthogonal(buffer)`; matrices alone.

    `nesterov` looks one step ahead. `orthogonal` is `ns_steps` of Newton's and Schulz's iteration, whose polynomials have
    `ns_coefficients`, computed as PyTorch does in bfloat16: rounded to eight significant bits after each operation.
    `ratio` goes by the matrix's shape; "match_rms_adamw" makes it such that AdamW's `lr` and `weight_decay` may be used.
    `weight_decay` is taken off the parameter itself.
    Jordan, "Muon: an optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is scalable for LLM
    training", 2025.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_lr(lr, "Learning rate should be >= 0 but is")
        check_at_least_zero(momentum, "momentum should be >= 0 but is")
        check_at_least_zero(weight_decay, "weight decay should be >= 0 but is")
        if adjust_lr_fn not in _ADJUSTMENTS:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(
            params,
            {
                "lr": lr,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "nesterov": nesterov,
                "ns_coefficients": ns_coefficients,
                "eps": eps,
                "ns_steps": ns_steps,
                "adjust_lr_fn": adjust_lr_fn,
            },
        )
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {parameter.size()}"
                    )

    def initial_state(self, parameter: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"momentum_buffer": np.zeros_like(parameter)}

    def scalars(self, group: dict[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        lr, momentum = float(group["lr"]), group["momentum"]
        return {
            "left": 1 - lr * group["weight_decay"],
            "momentum": momentum,
            "rest": 1 - momentum,
            "nesterov": group["nesterov"],
            "polynomials": (tuple(group["ns_coefficients"]),) * group["ns_steps"],
            "eps": group["eps"],
            "lr": lr,
            "adjust_lr_fn": group["adjust_lr_fn"],
        }

    def update(
        self,
        parameter: np.ndarray,
        grad: np.ndarray,
        state: dict[str, Any],
        scalars: dict[str, Any],
    ) -> tuple[np.ndarray, dict[str, Any]]:
        if grad.ndim != 2:
            raise ValueError("Param gradient must be a 2D matrix")
        momentum, rest = scalars["momentum"], scalars["rest"]
        buffer = momentum * state["momentum_buffer"] + rest * grad
        direction = momentum * buffer + rest * grad if scalars["nesterov"] else buffer
        direction = _orthogonal(direction, scalars["polynomials"], scalars["eps"])
        rate = scalars["lr"] * _ratio(parameter.shape, scalars["adjust_lr_fn"])
        new = scalars["left"] * parameter - rate * np.astype(direction, parameter.dtype)
        return new, {"momentum_buffer": buffer}


def _orthogonal(matrix: np.ndarray, polynomials: tuple[tuple[float, ...], ...], eps: float) -> np.ndarray:
    """A matrix with the singular vectors of another, and singular values near one. float32."""
    wide = matrix.shape[0] <= matrix.shape[1]
    x = _rounded(np.astype(matrix if wide else np.transpose(matrix), np.float32))
    norm = _rounded(np.sqrt(np.sum(x * x)))
    x = _rounded(x / _rounded(np.maximum(norm, eps)))
    for a, b, c in polynomials:
        gram = _rounded(np.matmul(x, np.transpose(x)))
        factor = _rounded(_sum(b, gram, c * np.matmul(gram, gram)))
        x = _rounded(_sum(a, x, np.matmul(factor, x)))
    return x if wide else np.transpose(x)


def _sum(scale: float, x: np.ndarray, product: np.ndarray) -> np.ndarray:
    """`scale * x + product`, rounded to float32 once."""
    # PyTorch's processors multiply and add in one instruction. In float64 the product of two float32 is exact.
    exact = float(np.float32(scale)) * np.astype(x, np.float64) + np.astype(product, np.float64)
    return np.astype(exact, np.float32)


def _rounded(x: np.ndarray) -> np.ndarray:
    """float32 rounded to the eight significant bits of bfloat16, to even between two."""
    # Veltkamp's splitting: adding and taking away 2 ** 16 times x leaves no more.
    large = 65537.0 * x
    return large - (large - x)


def _ratio(shape: tuple[int, ...], adjust_lr_fn: str | None) -> float:
    rows, columns = shape
    if adjust_lr_fn == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
