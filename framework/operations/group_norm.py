"""Normalizes over groups of channels: `group_norm`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.layer_norm import check_kernel, check_mixture, check_number, check_parameters
from framework.operations.pointwise import rsqrt
from framework.operations.row_norm import row_norm
from framework.operations.statistics import var_mean

__all__ = ["group_norm", "native_group_norm"]

_group_norm = row_norm("group_norm", "NativeGroupNormBackward0")


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """The channels (dimension 1) of each image in `num_groups` groups, each brought to mean 0 and variance 1.

    `weight` scales and `bias` shifts each channel. RuntimeError where shapes or types do not agree.
    """
    _check_arguments(input, num_groups, weight, bias, eps)
    shape = input._array.shape
    _check_shapes(shape, num_groups, weight, bias)
    check_mixture(input._array, weight, bias)
    check_kernel(input._array, weight, bias, "GroupNormKernelImpl")
    form = (shape[0], num_groups, shape[1] // num_groups, math.prod(shape[2:]))
    return _group_norm.function(input, weight, bias, form, eps, True)


def _check_arguments(input: Any, num_groups: Any, weight: Any, bias: Any, eps: Any) -> None:
    check_tensors("group_norm", input=input)
    if not isinstance(num_groups, (int, np.integer)) or isinstance(num_groups, bool):
        raise TypeError(
            f"group_norm(): argument 'num_groups' (position 2) must be int, not {type(num_groups).__name__}"
        )
    check_parameters("group_norm", 3, weight=weight, bias=bias)
    check_number("group_norm", "eps", 5, eps)


def _check_shapes(shape: tuple[int, ...], groups: int, weight: Tensor | None, bias: Tensor | None) -> None:
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
    if shape[1] % groups:
        raise RuntimeError(
            f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(shape)} "
            f"and num_groups={groups}"
        )
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._array.shape != (shape[1],):
            # PyTorch names the weight's shape in both messages.
            found = [0] if weight is None else list(weight._array.shape)
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {found} and input of shape {list(shape)}"
            )


def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`group_norm` of N images of C channels of HxW elements, with the means and inverse deviations that it used."""
    check_mixture(input._array, weight, bias)
    check_kernel(input._array, weight, bias, "GroupNormKernelImpl")
    out = _group_norm.function(input, weight, bias, (N, group, C // group, HxW), eps, True)
    rows = input.reshape(N, group, C // group * HxW)
    if rows.dtype.itemsize == 2:
        rows = rows.float()
    variance, mean = var_mean(rows, 2, correction=0)
    # Halves whose parameters are float32 have statistics of float32.
    dtype = input.dtype if weight is None else weight.dtype
    return out, mean.to(dtype), rsqrt.function(variance + eps).to(dtype)
