"""Moves pixels between space and channels (`pixel_shuffle`, `pixel_unshuffle`), and channels between groups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import reshaped, swapped, transposed
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


@operation(name="pixel_shuffle")
def _shuffle(input: Any, factor: int) -> Any:
    *lead, channels, height, width = input.shape
    colors = channels // (factor * factor)
    parts = reshaped(input, (math.prod(lead), colors, factor, factor, height, width))
    turned = np.copy(transposed(parts, (0, 1, 4, 2, 5, 3)), order="C")
    return reshaped(turned, (*lead, colors, height * factor, width * factor))


@operation(name="pixel_unshuffle")
def _unshuffle(input: Any, factor: int) -> Any:
    if 0 in input.shape:
        return np.copy(input)  # PyTorch leaves what is empty in its shape
    *lead, channels, height, width = input.shape
    parts = reshaped(input, (math.prod(lead), channels, height // factor, factor, width // factor, factor))
    turned = np.copy(transposed(parts, (0, 1, 3, 5, 2, 4)), order="C")
    return reshaped(turned, (*lead, channels * factor * factor, height // factor, width // factor))


_shuffle.add_derivative(lambda g, factor: _unshuffle(g, factor), "input")
_unshuffle.add_derivative(lambda g, factor: _shuffle(g, factor) if 0 not in g.shape else g, "input")


@operation(name="channel_shuffle")
def _regroup(input: Any, groups: int) -> Any:
    batch, channels, *rest = input.shape
    parts = reshaped(input, (batch, groups, channels // groups, *rest))
    return reshaped(np.copy(swapped(parts, 1, 2), order="C"), input.shape)


_regroup.add_derivative(lambda g, groups: _regroup(g, g.shape[1] // groups if g.shape[1] else 1), "input")


def _whole(value: Any, name: str, argument: str) -> int:
    if type(value) is int:
        return value
    if isinstance(value, np.integer):
        return int(value)
    raise TypeError(f"{name}(): argument '{argument}' (position 2) must be int, not {type(value).__name__}")


def _check_image(input: Tensor, name: str, factor: int, argument: str) -> tuple[int, ...]:
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {argument}, but got {factor}")
    return shape


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C·r², H, W) as (*, C, H·r, W·r): every r² channels become one of r times the height and width."""
    check_tensors("pixel_shuffle", input=input)
    factor = _whole(upscale_factor, "pixel_shuffle", "upscale_factor")
    channels = _check_image(input, "pixel_shuffle", factor, "upscale_factor")[-3]
    if channels % (factor * factor):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={channels} is not divisible by {factor * factor}"
        )
    return _shuffle.function(input, factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H·r, W·r) as (*, C·r², H, W): the reverse of `pixel_shuffle`."""
    check_tensors("pixel_unshuffle", input=input)
    factor = _whole(downscale_factor, "pixel_unshuffle", "downscale_factor")
    shape = _check_image(input, "pixel_unshuffle", factor, "downscale_factor")
    for dim, what in ((-2, "height"), (-1, "width")):
        if shape[dim] % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {what} to be divisible by downscale_factor, but input.size({dim})={shape[dim]} "
                f"is not divisible by {factor}"
            )
    return _unshuffle.function(input, factor)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels (second dimension) in another order: the first of each group, then the second of each, …."""
    check_tensors("channel_shuffle", input=input)
    groups = _whole(groups, "channel_shuffle", "groups")
    shape = input._array.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups."
        )
    return _regroup.function(input, groups)
