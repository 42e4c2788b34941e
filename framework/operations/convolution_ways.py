"""Which way a convolution, or one of its gradients, is computed: chosen by shapes alone, so that it is always the same.

In two dimensions images go in tiles, rows or lines, each channel by itself where it has its own kernel; few groups are
convolutions one after the other; all else, and what is small, goes as columns.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from framework.operations import convolution_channels as channels
from framework.operations import convolution_columns as columns
from framework.operations import convolution_lines as lines
from framework.operations import convolution_returns as returns
from framework.operations import convolution_rows as rows
from framework.operations import convolution_tiles as tiles
from framework.operations.blocks import whole
from framework.operations.convolution_columns import Pads, Sizes, zeros

__all__ = ["by_input", "by_weight", "forward", "forward_together", "gradients_together"]


@functools.lru_cache(1024)
def _outward(size: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> Sizes:
    """How large the result of a convolution is."""
    return tuple(
        [
            (n + a + b - (k - 1) * d - 1) // s + 1
            for n, k, s, (a, b), d in zip(size, kernel, stride, pads, dilation, strict=True)
        ]
    )


@functools.lru_cache(1024)
def _in_lines(shape: Sizes, kernel: Sizes, pads: Pads, groups: int) -> bool:
    """Whether images of a shape are laid out as lines: in two dimensions, where there is much to shift."""
    if len(kernel) != 2 or groups > 1 or _crops(pads) or (kernel == (1, 1) and not any(map(any, pads))):
        return False
    return math.prod(shape) * math.prod(kernel) > _SMALL


@functools.lru_cache(1024)
def _is_small(shape: Sizes, kernel: Sizes, pads: Pads) -> bool:
    """Whether nothing is worth more than one look: few numbers, and nothing out of the ordinary."""
    return 0 < math.prod(shape) * math.prod(kernel) <= _SMALL and not _crops(pads)


def _alone(weight: Sizes, stride: Sizes, pads: Pads, groups: int) -> bool:
    """Whether each channel has one kernel of its own."""
    return len(weight) == 4 and weight[:2] == (groups, 1) and groups > 1 and stride == (1, 1) and not _crops(pads)


def _parts(groups: int, channels: int) -> list[slice]:
    """The channels of each group."""
    size = channels // groups
    return [slice(start, start + size) for start in range(0, channels, size)]


def _one_by_one(shape: Sizes, kernel: Sizes, pads: Pads, groups: int) -> bool:
    """Whether groups are few and large enough to be convolutions one after the other."""
    return 1 < groups <= 8 and _in_lines((shape[0], shape[1] // groups, *shape[2:]), kernel, pads, 1)


def _apart(kernel: Sizes, stride: Sizes) -> bool:
    """Whether what one position sees no other does: patches side by side."""
    return stride[0] >= kernel[0] and stride[1] >= kernel[1] and stride != (1, 1)


@functools.lru_cache(1024)
def _in_tiles(shape: Sizes, others: int, kernel: Sizes, stride: Sizes, dilation: Sizes) -> bool:
    """Whether fewer products save more than the sums cost that they take: between many channels, at many places."""
    if kernel != (3, 3) or stride != (1, 1) or dilation != (1, 1):
        return False
    many = shape[1] * others >= _BETWEEN * (shape[1] + others)
    return many and shape[0] * shape[2] * shape[3] >= _PLACES


_BETWEEN, _PLACES = 16, 512
"""With fewer pairs of channels to a channel, or fewer places, the products saved are fewer than the sums."""


@functools.lru_cache(1024)
def _in_rows(shape: Sizes, others: int, out: Sizes, kernel: Sizes, dilation: Sizes) -> bool:
    """Whether rows make quick products that are worth it: neither too thin nor too large."""
    depth = shape[1] * math.prod(kernel)
    if dilation[0] > 1 or depth < _LOW or others < _LONE or shape[0] * out[1] < _LONG:
        return False
    return depth * others <= _NARROW


_LOW, _LONE, _LONG, _NARROW = 16, 4, 128, rows.QUICK // 32
"""With fewer values that a position sees, fewer channels beside those, fewer positions in a row of all images or more
numbers in all kernels, lines make the better products."""


def _walk(
    x: Any, weight: Any, bias: Any, other: Any, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes
) -> tuple[Any, Any]:
    """`walk` in tiles, in rows or in lines: a convolution, a gradient by the weight, or both. One call of a program."""
    others = len(weight) if other is None else other.shape[1]
    if _in_tiles(x.shape, others, kernel, stride, dilation):
        return whole(tiles.walk, x, weight, bias, other, out, pads)
    if _in_rows(x.shape, others, out, kernel, dilation):
        return whole(rows.walk, x, weight, bias, other, out, kernel, stride, pads, dilation[1])
    return whole(lines.walk, x, weight, bias, other, out, kernel, stride, pads, dilation)


def _deep(channels: int, kernel: Sizes, stride: Sizes) -> bool:
    """Whether a position sees so much, and shares so much of it with others, that rows or lines pay what they cost."""
    if stride == (1, 1):
        return channels * math.prod(kernel) >= _SHALLOW
    return not _apart(kernel, stride)


_SHALLOW = 64
"""Of fewer rows, columns without waste are the cheaper."""


def _opens(weight: Sizes) -> bool:
    """Whether there are so few channels before and so many after that the gradient has too much to shift."""
    return weight[1] * 4 <= weight[0]


@functools.lru_cache(1024)
def _returns(g: Sizes, weight: Sizes, size: Sizes, stride: Sizes, dilation: Sizes) -> bool:
    """Whether a gradient is sooner added up than convolved: with a stride, little to add to, or much around it."""
    (_, channels, *kernel), out = weight, g[2:]
    if _apart(tuple(kernel), stride) or _in_tiles(g, channels, tuple(kernel), stride, dilation):
        return False
    if g[0] * out[1] < _LONG or out[1] > _WIDE or math.prod(weight) > _NARROW:
        return False
    return stride != (1, 1) or _opens(weight) or math.prod(size) * 4 >= math.prod(out) * 5


_WIDE = 64
"""Rows of so many positions are long enough by themselves to be added up one by one."""
_SMALL = 1 << 14
"""So many numbers in columns are copied sooner than lines are laid out."""


@functools.lru_cache(1024)
def _narrow(pads: Pads, kernel: Sizes, dilation: Sizes) -> bool:
    """Whether the padding is no wider than the kernel reaches: then what is padded back has no negative padding."""
    return all([max(pad) <= (k - 1) * d for pad, k, d in zip(pads, kernel, dilation, strict=True)])


def _cropped(pads: Pads) -> Pads:
    """Padding without what is negative: so many rows and columns at the end are as if they were not there."""
    return tuple([(a, max(b, 0)) for a, b in pads])


def _kept(size: Sizes, pads: Pads) -> Any:
    """The index of what negative padding leaves of an image."""
    return (..., *[slice(0, n + min(b, 0)) for n, (_, b) in zip(size, pads, strict=True)])


@functools.lru_cache(1024)
def _crops(pads: Pads) -> bool:
    return any([b < 0 for _, b in pads])


def forward(x: Any, weight: Any, bias: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    kernel = weight.shape[2:]
    if _is_small(x.shape, kernel, pads):
        out = _outward(x.shape[2:], kernel, stride, pads, dilation)
        return columns.forward(x, weight, bias, out, stride, pads, dilation, groups)
    if _crops(pads):
        x, pads = x[_kept(x.shape[2:], pads)], _cropped(pads)
    out = _outward(x.shape[2:], kernel, stride, pads, dilation)
    if not x.shape[1]:
        return zeros(x, (len(x), 0, *out))
    if _alone(weight.shape, stride, pads, groups):
        return channels.walk(x, weight, bias, None, out, kernel, pads, dilation)[0]
    if _one_by_one(x.shape, kernel, pads, groups):
        each = zip(_parts(groups, x.shape[1]), _parts(groups, len(weight)), strict=True)
        found = [
            forward(x[:, a], weight[b], None if bias is None else bias[b], stride, pads, dilation, 1) for a, b in each
        ]
        return np.concatenate(found, axis=1)
    deep = _deep(x.shape[1], kernel, stride) or _in_rows(x.shape, len(weight), out, kernel, dilation)
    if _in_lines(x.shape, kernel, pads, groups) and deep and not _apart(kernel, stride):
        return _walk(x, weight, bias, None, out, kernel, stride, pads, dilation)[0]
    return columns.forward(x, weight, bias, out, stride, pads, dilation, groups)


def by_input(g: Any, weight: Any, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    kernel = weight.shape[2:]
    if _is_small((len(g), weight.shape[1] * groups, *size), kernel, pads):
        return columns.by_input(g, weight, size, stride, pads, dilation, groups)
    if not weight.shape[1]:
        return zeros(g, (len(g), 0, *size))
    if _crops(pads):
        result = zeros(g, (len(g), weight.shape[1] * groups, *size))
        there = result[_kept(size, pads)]
        there[...] = by_input(g, weight, there.shape[2:], stride, _cropped(pads), dilation, groups)
        return result
    shape = (len(g), weight.shape[1] * groups, *size)
    if _alone(weight.shape, stride, pads, groups) and _narrow(pads, kernel, dilation):
        return channels.by_input(g, weight, None, size, pads, dilation)[0]
    if _one_by_one(shape, kernel, pads, groups):
        parts = _parts(groups, len(weight))
        found = [by_input(g[:, each], weight[each], size, stride, pads, dilation, 1) for each in parts]
        return np.concatenate(found, axis=1)
    if _in_lines(shape, kernel, pads, groups):
        if _returns(g.shape, weight.shape, size, stride, dilation):
            return whole(returns.by_input, g, weight, size, stride, pads, dilation)
        if stride == (1, 1) and _narrow(pads, kernel, dilation) and not _opens(weight.shape):
            return lines.by_input(_walk, g, weight, None, size, pads, dilation)[0]
        if _apart(kernel, stride) and dilation == (1, 1):
            return lines.by_strided_input(_walk, g, weight, size, stride, pads)
    return columns.by_input(g, weight, size, stride, pads, dilation, groups)


def by_weight(g: Any, x: Any, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    if _is_small(x.shape, kernel, pads):
        return columns.by_weight(g, x, kernel, stride, pads, dilation, groups)
    if not x.shape[1]:
        return zeros(g, (g.shape[1], 0, *kernel))
    if _crops(pads):
        x, pads = x[_kept(x.shape[2:], pads)], _cropped(pads)
    if _alone((g.shape[1], x.shape[1] // groups, *kernel), stride, pads, groups):
        return channels.walk(x, None, None, g, g.shape[2:], kernel, pads, dilation)[1]
    if _one_by_one(x.shape, kernel, pads, groups):
        each = zip(_parts(groups, g.shape[1]), _parts(groups, x.shape[1]), strict=True)
        return np.concatenate([by_weight(g[:, a], x[:, b], kernel, stride, pads, dilation, 1) for a, b in each])
    if _in_lines(x.shape, kernel, pads, groups) and _deep(x.shape[1], kernel, stride):
        return _walk(x, None, None, g, g.shape[2:], kernel, stride, pads, dilation)[1]
    return columns.by_weight(g, x, kernel, stride, pads, dilation, groups)


def gradients_together(
    g: Any, weight: Any, x: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> tuple[Any, Any]:
    kernel, size = weight.shape[2:], x.shape[2:]
    if _is_small(x.shape, kernel, pads):
        return (
            columns.by_input(g, weight, size, stride, pads, dilation, groups),
            columns.by_weight(g, x, kernel, stride, pads, dilation, groups),
        )
    if x.shape[1] and _alone(weight.shape, stride, pads, groups) and _narrow(pads, kernel, dilation):
        return channels.by_input(g, weight, x, size, pads, dilation)
    if x.shape[1] and _one_by_one(x.shape, kernel, pads, groups):
        each = zip(_parts(groups, len(weight)), _parts(groups, x.shape[1]), strict=True)
        pairs = [gradients_together(g[:, a], weight[a], x[:, b], stride, pads, dilation, 1) for a, b in each]
        return np.concatenate([a for a, _ in pairs], axis=1), np.concatenate([b for _, b in pairs])
    together = stride == (1, 1) and x.shape[1] and _narrow(pads, kernel, dilation) and not _opens(weight.shape)
    if (
        together
        and _in_lines(x.shape, kernel, pads, groups)
        and not _returns(g.shape, weight.shape, size, stride, dilation)
    ):
        return lines.by_input(_walk, g, weight, x, size, pads, dilation)
    return (
        by_input(g, weight, size, stride, pads, dilation, groups),
        by_weight(g, x, kernel, stride, pads, dilation, groups),
    )


def forward_together(
    x: Any, weight: Any, other: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> tuple[Any, Any]:
    kernel = weight.shape[2:]
    if x.shape[1] and _in_lines(x.shape, kernel, pads, groups) and not _apart(kernel, stride):
        return _walk(x, weight, None, other, other.shape[2:], kernel, stride, pads, dilation)
    return (
        forward(x, weight, None, stride, pads, dilation, groups),
        by_weight(other, x, kernel, stride, pads, dilation, groups),
    )
