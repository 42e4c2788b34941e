"""Zeroes elements or whole channels at random, as layers do in training: the dropout functions of PyTorch's top level.

Where their argument `train` is not set they give back the input itself. What is random comes from the default
generator. They raise RuntimeError for a probability outside 0 to 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import constant
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.activation_call import in_place, number
from framework.operations.arguments import check_tensors
from framework.random import default_generator

__all__ = [
    "alpha_dropout",
    "alpha_dropout_",
    "dropout",
    "dropout_",
    "feature_alpha_dropout",
    "feature_alpha_dropout_",
    "feature_dropout",
    "feature_dropout_",
    "native_dropout",
]

# What selu tends to for very negative inputs, the other way round: the value that alpha dropout leaves in place of 0.
_ALPHA = 1.7580993408473766


def _drawn(input: Any, kept: float, feature: bool) -> Any:
    """True with probability `kept`: for each element in the order of the input's memory, or for each channel (N, C)."""
    shape = input.shape
    if feature:
        return default_generator.bernoulli(kept, (*shape[:2], *[1 for _ in shape[2:]]))
    if len(shape) < 2 or (type(input) is np.ndarray and input.flags.c_contiguous):
        return default_generator.bernoulli(kept, shape)
    axes = sorted(range(len(shape)), key=lambda axis: -abs(input.strides[axis]))
    drawn = default_generator.bernoulli(kept, tuple([shape[axis] for axis in axes]))
    return np.transpose(drawn, np.argsort(axes))


@operation(residuals=("noise",), grad_fn="MulBackward0")
def _dropout(input: Any, kept: float, feature: bool) -> Any:
    noise = _drawn(input, kept, feature) / constant(kept, input.dtype) if kept else np.zeros_like(input)
    return input * noise, noise


@operation(residuals=("noise",), grad_fn="AddBackward0")
def _alpha_dropout(input: Any, kept: float, feature: bool) -> Any:
    # What is left out becomes -alpha; then all is scaled and shifted back to mean 0 and variance 1.
    scale = 1 / math.sqrt((_ALPHA * _ALPHA * (1 - kept) + 1) * kept)
    drawn = np.astype(_drawn(input, kept, feature), input.dtype)
    shift = (drawn - 1.0) * (_ALPHA * scale) + _ALPHA * scale * (1 - kept)
    noise = drawn * scale
    return input * noise + shift, noise


@operation(residuals=("mask", "noise"), outputs=2)
def _native_dropout(input: Any, kept: float, train: bool) -> Any:
    if train:
        mask = _drawn(input, kept, False) if kept else np.zeros_like(input, dtype=np.bool_)
        noise = mask * constant(1 / kept if kept else 0.0, input.dtype)
    else:
        mask, noise = np.ones_like(input, dtype=np.bool_), np.ones_like(input)
    return input * noise, mask, noise


for _row in (_dropout, _alpha_dropout, _native_dropout):
    _row.add_derivative(lambda g, noise: g * noise, "input")


def _applied(name: str, row: Any, feature: bool, input: Tensor, p: float, train: bool, inplace: bool) -> Tensor:
    check_tensors(name, input=input)
    p = number(p, name, "p", kind="float")
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    array = input._array
    if p == 0 or not train or not math.prod(array.shape):
        return input
    if p == 1:
        row, feature = _dropout, False
    elif feature and array.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    elif array.dtype.kind != "f":
        kind = "Long" if array.dtype.kind == "b" and row is _alpha_dropout else input.dtype.scalar_name
        raise RuntimeError(f"result type Float can't be cast to the desired output type {kind}")
    kept = 1.0 - p
    return in_place(row, input, kept, feature) if inplace else row.function(input, kept, feature)


def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Each element is zeroed with probability `p`, and the others are scaled by 1 / (1 - p)."""
    return _applied("dropout", _dropout, False, input, p, train, False)


def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout`, written into the tensor."""
    return _applied("dropout_", _dropout, False, input, p, train, True)


def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` of whole channels of an input (N, C, …)."""
    return _applied("feature_dropout", _dropout, True, input, p, train, False)


def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout`, written into the tensor."""
    return _applied("feature_dropout_", _dropout, True, input, p, train, True)


def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout that keeps the mean and the variance of what `selu` gives."""
    return _applied("alpha_dropout", _alpha_dropout, False, input, p, train, False)


def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout`, written into the tensor."""
    return _applied("alpha_dropout_", _alpha_dropout, False, input, p, train, True)


def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout` of whole channels of an input (N, C, …)."""
    return _applied("feature_alpha_dropout", _alpha_dropout, True, input, p, train, False)


def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_alpha_dropout`, written into the tensor."""
    return _applied("feature_alpha_dropout_", _alpha_dropout, True, input, p, train, True)


def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """`dropout`, and the mask of what was kept: all, if not `train` (None stands for True)."""
    check_tensors("native_dropout", input=input)
    p = number(p, "native_dropout", "p", kind="float")
    if not math.prod(input._array.shape):
        return input, input.detach().clone()
    training = train is None or train
    if training and input._array.dtype.kind != "f":
        raise RuntimeError(f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}")
    result: tuple[Tensor, Tensor] = _native_dropout(input, 1.0 - p, training)
    return result
