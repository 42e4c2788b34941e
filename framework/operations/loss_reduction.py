"""What all losses share: how they are reduced over their elements, and what they accept."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd.direct import constant
from framework.autograd.errors import broadcast_error
from framework.autograd.grad_mode import mode
from framework.autograd.sums import add_up
from framework.autograd.tensor import Tensor

__all__ = ["fitting", "read_reduction", "reduced", "refuse_gradient", "size_differs", "spread"]

_REDUCTIONS = ("mean", "sum", "none")


def read_reduction(reduction: Any, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction meant, PyTorch's two older arguments included. ValueError for an unknown one."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """The mean, the sum, or all of the losses. The mean of none is nan."""
    if reduction == "none":
        return losses
    total = add_up(losses)
    return total if reduction == "sum" else total / _met(math.prod(losses.shape) or math.nan, losses.dtype)


def spread(g: Any, losses: Any, reduction: str) -> Any:
    """The gradient of each loss, from that of what `reduced` made of them; `losses` is only asked for its shape."""
    return g / _met(math.prod(losses.shape) or 1, g.dtype) if reduction == "mean" else g


def _met(count: float, dtype: Any) -> Any:
    return constant(count, dtype) if dtype.kind == "f" else count


def size_differs(input: Tensor, target: Tensor, stacklevel: int = 3) -> None:
    """Warns, in PyTorch's words, where a loss broadcasts its target."""
    if input.size() != target.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=stacklevel,
        )


def refuse_gradient(function: str, argument: str, value: Any) -> None:
    """Raises for a tensor that requires grad where the loss has no derivative."""
    if isinstance(value, Tensor) and value.requires_grad and mode.recording:
        raise RuntimeError(
            f"The function '{function}' is not differentiable with respect to argument '{argument}'. This input cannot "
            "have requires_grad True."
        )


def fitting(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor broadcast to a shape. RuntimeError where the two would meet in another."""
    error = broadcast_error([shape, value._array.shape])
    if error is not None:
        raise error
    whole = np.broadcast_shapes(shape, value._array.shape)
    if whole != shape:
        raise RuntimeError(f"output with shape {list(shape)} doesn't match the broadcast shape {list(whole)}")
    return value.expand(shape)
