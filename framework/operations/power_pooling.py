"""Pooling by powers: `lp_pool1d`, `lp_pool2d`, `lp_pool3d`, and `local_response_norm` across channels."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd.tensor import Tensor
from framework.operations.average_pooling import avg_pool1d, avg_pool2d, avg_pool3d
from framework.operations.max_pooling import max_pool1d, max_pool2d, max_pool3d
from framework.operations.padding import pad

__all__ = ["local_response_norm", "lp_pool1d", "lp_pool2d", "lp_pool3d"]


def _each(value: Any, count: int) -> tuple[Any, ...]:
    return tuple(value) if hasattr(value, "__iter__") else (value,) * count


def _pooled(input: Tensor, norm_type: Any, sizes: tuple[Any, ...], maximum: Any, average: Any, volume: Any) -> Tensor:
    kernel_size, stride, ceil_mode = sizes
    if isinstance(norm_type, (int, float)) and math.isinf(norm_type):
        if norm_type > 0:
            return maximum(input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        return -maximum(-input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    means = average(input.pow(norm_type), kernel_size, () if stride is None else stride, 0, ceil_mode)
    return (means.sign() * means.abs().relu()).mul(volume).pow(1.0 / norm_type)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-th root of the sum of p-th powers in each window of the last dimension; the largest size for p = inf."""
    return _pooled(input, norm_type, (kernel_size, stride, ceil_mode), max_pool1d, avg_pool1d, kernel_size)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-th root of the sum of p-th powers in each window of the last two dimensions."""
    height, width = _each(kernel_size, 2)
    return _pooled(input, norm_type, (kernel_size, stride, ceil_mode), max_pool2d, avg_pool2d, height * width)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """The p-th root of the sum of p-th powers in each window of the last three dimensions."""
    depth, height, width = _each(kernel_size, 3)
    return _pooled(input, norm_type, (kernel_size, stride, ceil_mode), max_pool3d, avg_pool3d, depth * height * width)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """The input divided by `(k + alpha * m) ** beta`, with m the mean of squares over `size` channels around each.

    Channels are the second dimension.
    """
    dim = input.dim()
    if dim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality {' ' * 24} input (got {dim} dimensions)")
    if input.numel() == 0:
        return input
    squares = input.mul(input)
    before, after = size // 2, (size - 1) // 2
    if dim == 3:
        means = avg_pool2d(pad(squares.unsqueeze(1), (0, 0, before, after)), (size, 1), 1).squeeze(1)
    else:
        sizes = input.size()
        squares = squares.view(sizes[0], 1, sizes[1], sizes[2], -1)
        means = avg_pool3d(pad(squares, (0, 0, 0, 0, before, after)), (size, 1, 1), 1).squeeze(1).view(sizes)
    return input / means.mul(alpha).add(k).pow(beta)
