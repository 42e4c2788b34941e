"""Zeroes elements at random, as layers do in training."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.arguments import check_tensors
from framework.random import default_generator

__all__ = ["dropout", "dropout_"]


def _noise(input: Any, kept: float) -> Any:
    """1 / `kept` where an element is kept, else 0. Drawn in the order of the input's memory, as PyTorch does."""
    if not kept:
        return np.zeros_like(input)
    axes = sorted(range(input.ndim), key=lambda axis: -abs(input.strides[axis]))
    drawn = default_generator.bernoulli(kept, tuple([input.shape[axis] for axis in axes]))
    return np.astype(np.transpose(drawn, np.argsort(axes)), input.dtype) * (1.0 / kept)


@operation(residuals=("noise",), grad_fn="MulBackward0")
def _dropout(input: Any, kept: float) -> Any:
    noise = _noise(input, kept)
    return input * noise, noise


_dropout.derivative("input")(lambda g, noise: g * noise)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """If `train`, each element is zeroed with probability `p` and the others are scaled by 1 / (1 - p).

    The random numbers are the default generator's. RuntimeError for a probability outside 0 to 1.
    """
    check_tensors("dropout", input=input)
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or not input.numel():
        return input
    if input._array.dtype.kind != "f" and p < 1:
        raise RuntimeError(f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}")
    return _dropout(input, 1.0 - p)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout`, written into the tensor."""
    if p == 0 or not train or not input.numel():
        return input
    return input.mul_(dropout(wrap(np.ones_like(input._array)), p, train))
