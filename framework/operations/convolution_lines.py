"""Convolution of stride 1 on images laid out as one line each, where a place of the kernel is a shift along the line.

A line holds the padded rows one after the other, so that what one place of the kernel sees is one contiguous run: it
costs one copy. Only the shifts along a row are copied: those along a column are where a product begins to read. What
runs over the end of a row is computed too and left out of the result.

One walk over the images serves three ends: the convolution, the gradient by the weight, and in a backward pass both
gradients from the shifted gradient alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from framework.operations.convolution_columns import CACHED, DEEP, Pads, Sizes, blocks, zeros

_THIN = 32
"""Of fewer rows, a product is bound by what surrounds it: then whole kernels are copied, not their rows."""


class _Geometry(NamedTuple):
    """What follows from shapes alone."""

    line: int  # from one row to the next
    together: int  # rows of the kernel that one product takes
    steps: int  # and how many times it does
    depth: int  # rows of such a product
    down: int  # from one step to the next
    above: int  # rows that the last step needs more
    number: int  # images in a block
    images: list[tuple[int, int]]
    height: int  # rows of the result in a part of a block
    rows: list[tuple[int, int]]
    whole: int  # all of an image's line
    # Each phase of the stride: the index of it in images, its own two numbers, where it begins, and its size.
    phases: list[tuple[Any, int, int, int, Sizes]]
    # For each place of the kernel, the phase that it sees and where that begins.
    shifts: list[tuple[int, int, int]]


@functools.lru_cache(1024)
def geometry(shape: Sizes, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> _Geometry:
    batch, channels, height, width = shape
    (top, bottom), (left, right) = pads
    # The zeros after a row are also those before the next.
    wide = width + max(left, right) if stride[1] == 1 else -(-(left + width + right) // stride[1])
    line = max(out[1], wide)
    together = 1 if stride[0] == 1 and channels * kernel[1] >= _THIN else kernel[0]
    depth = channels * together * kernel[1]
    above = (kernel[0] - together) * dilation[0]
    number, images = blocks(batch, depth * (out[0] + above) * line)
    high = max(1, min(out[0], CACHED // (depth * line) - above)) if number == 1 else out[0]
    rows = max(-(-(top + height + bottom) // stride[0]), out[0] + (kernel[0] - 1) * dilation[0] // stride[0])
    phases: list[tuple[Any, int, int, int, Sizes]] = []
    for i in range(min(stride[0], height)):
        for j in range(min(stride[1], width)):
            (down, a), (across, b) = divmod(i + top, stride[0]), divmod(j + left, stride[1])
            index = (slice(None), slice(None), slice(i, None, stride[0]), slice(j, None, stride[1]))
            size = (-(-(height - i) // stride[0]), -(-(width - j) // stride[1]))
            phases.append((index if stride != (1, 1) else ..., a, b, down * line + across, size))
    return _Geometry(
        line=line,
        together=together,
        steps=kernel[0] // together,
        depth=depth,
        down=dilation[0] * line,
        above=above,
        number=number,
        images=images,
        height=high,
        rows=[(start, min(out[0], start + high)) for start in range(0, out[0], high)],
        whole=rows * line + max((kernel[1] - 1) * dilation[1], left),
        phases=phases,
        shifts=[
            (i % stride[0], j % stride[1], i // stride[0] * line + j // stride[1])
            for i in range(0, together * dilation[0], dilation[0])
            for j in range(0, kernel[1] * dilation[1], dilation[1])
        ],
    )


class Lines:
    """Blocks of images as lines, and their shifts.

    A stride parts an image into its phases, so that what a place of the kernel sees is one run in one of those.
    """

    def __init__(self, x: Any, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> None:
        form = self.form = geometry(x.shape, out, kernel, stride, pads, dilation)
        self.x = x
        room = zeros(x, (form.number, x.shape[1], *stride, form.whole))
        self.phases = {(a, b): room[:, :, a, b] for a in range(stride[0]) for b in range(stride[1])}
        self.inner = []
        for index, a, b, first, (rows, columns) in form.phases:
            flat = self.phases[a, b][:, :, first : first + rows * form.line]
            inner = np.reshape(flat, (form.number, x.shape[1], rows, form.line))[..., :columns]
            self.inner.append((inner, index))
        run = (form.height + form.above) * form.line
        self.room = np.empty_like(x, shape=(form.number, x.shape[1], len(form.shifts), run), order="C")
        self.matrix = np.reshape(self.room, (form.number, form.depth, run))

    def take(self, start: int, end: int) -> None:
        """Lays out some images."""
        for inner, index in self.inner:
            inner[: end - start] = self.x[start:end][index]

    def shift(self, count: int, start: int, end: int) -> list[Any]:
        """What each step of the kernel sees for some rows of the result: (images, depth, positions) each."""
        form = self.form
        run = (end - start + form.above) * form.line
        for place, (a, b, shift) in enumerate(form.shifts):
            first = start * form.line + shift
            self.room[:count, :, place, :run] = self.phases[a, b][:count, :, first : first + run]
        length = (end - start) * form.line
        return [self.matrix[:count, :, step * form.down : step * form.down + length] for step in range(form.steps)]


def walk(
    x: Any, weight: Any, bias: Any, other: Any, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes
) -> tuple[Any, Any]:
    """The convolution of `x` by `weight`, and the products of `other` with what each place of the kernel sees of `x`.

    weight: (outputs, channels, *kernel). other: (batch, others, *out), gives (others, channels, *kernel). Either may
    be None, and so is its result.
    """
    lines = Lines(x, out, kernel, stride, pads, dilation)
    product = None if weight is None else _Product(lines, weight, bias, out)
    total = None if other is None else _Total(lines, other, out)
    for start, end in lines.form.images:
        lines.take(start, end)
        for first, last in lines.form.rows:
            seen = lines.shift(end - start, first, last)
            if product is not None:
                product.add(seen, start, end, first, last)
            if total is not None:
                total.add(seen, start, end, first, last)
    return None if product is None else product.result, None if total is None else total.result(kernel)


class _Product:
    """The convolution itself, block by block."""

    def __init__(self, lines: Lines, weight: Any, bias: Any, out: Sizes) -> None:
        outputs, channels, *kernel = weight.shape
        self.lines, self.outputs, self.width = lines, outputs, out[1]
        self.result = np.empty_like(lines.x, shape=(len(lines.x), outputs, *out), order="C")
        by_step = np.reshape(weight, (outputs, channels, lines.form.steps, lines.form.together * kernel[1]))
        # Copied, so that bits do not depend on how the weight lies in memory.
        by_step = np.copy(np.transpose(by_step, (2, 0, 1, 3)), order="C")
        self.weights = np.reshape(by_step, (lines.form.steps, outputs, lines.form.depth))
        shape = (min(lines.form.steps, 2), lines.form.number, outputs, lines.form.height * lines.form.line)
        self.room = np.empty_like(lines.x, shape=shape, order="C")
        self.bias = None if bias is None else np.reshape(bias, (outputs, 1, 1))

    def add(self, seen: list[Any], start: int, end: int, first: int, last: int) -> None:
        count, length = end - start, (last - first) * self.lines.form.line
        sum = self.room[0, :count, :, :length]
        for step, each in enumerate(seen):
            part = self.room[min(step, 1), :count, :, :length]
            np.matmul(self.weights[step], each, out=part)
            if step:
                np.add(sum, part, out=sum)
        kept = np.reshape(sum, (count, self.outputs, last - first, self.lines.form.line))[..., : self.width]
        there = self.result[start:end, :, first:last]
        if self.bias is None:
            there[...] = kept
        else:
            np.add(kept, self.bias, out=there)


class _Total:
    """The products of another image's values with the shifts, summed block by block."""

    def __init__(self, lines: Lines, other: Any, out: Sizes) -> None:
        self.lines, self.other, self.width = lines, other, out[1]
        others = other.shape[1]
        positions = (lines.form.height, lines.form.line)
        # Where it pays the copy, channels last: a product of untransposed factors takes half of the time.
        self.turned = lines.form.depth >= DEEP
        order = (*positions, others) if self.turned else (others, *positions)
        self.room = zeros(lines.x, (lines.form.number, *order))
        self.seen = self.room if self.turned else np.transpose(self.room, (0, 2, 3, 1))
        self.matrix = np.reshape(self.room, (lines.form.number, *((-1, others) if self.turned else (others, -1))))
        self.matrix = self.matrix if self.turned else np.swapaxes(self.matrix, 1, 2)
        shape = (lines.form.number, lines.form.depth, others)
        self.part = np.empty_like(lines.x, shape=shape, order="C")
        self.sum = zeros(lines.x, (lines.form.steps, *shape[1:]))

    def add(self, seen: list[Any], start: int, end: int, first: int, last: int) -> None:
        count, lines = end - start, self.lines
        values = np.transpose(self.other[start:end, :, first:last], (0, 2, 3, 1))
        self.seen[:count, : last - first, : self.width] = values
        matrix = self.matrix[:count, : (last - first) * lines.form.line]
        for step, each in enumerate(seen):
            np.matmul(each, matrix, out=self.part[:count])
            part = self.part[0] if count == 1 else np.add.reduce(self.part[:count], axis=0)
            np.add(self.sum[step], part, out=self.sum[step])

    def result(self, kernel: Sizes) -> Any:
        lines, others = self.lines, self.other.shape[1]
        total = np.reshape(self.sum, (lines.form.steps, -1, lines.form.together, kernel[1], others))
        return np.reshape(np.copy(np.transpose(total, (4, 1, 0, 2, 3)), order="C"), (others, -1, *kernel))


def around(size: Sizes, out: Sizes, kernel: Sizes, pads: Pads, dilation: Sizes) -> Pads:
    """The padding of a gradient whose convolution gives an input of that size."""
    return tuple(
        [((k - 1) * d - a, n + a - m) for k, d, (a, _), n, m in zip(kernel, dilation, pads, size, out, strict=True)]
    )


def by_input(
    walk: Callable[..., tuple[Any, Any]], g: Any, weight: Any, other: Any, size: Sizes, pads: Pads, dilation: Sizes
) -> tuple[Any, Any]:
    """The gradient by the input as a convolution of the padded gradient, and, with `other`, the one by the weight."""
    kernel = weight.shape[2:]
    back = around(size, g.shape[2:], kernel, pads, dilation)
    turned = np.flip(np.swapaxes(weight, 0, 1), (2, 3))
    found, total = walk(g, turned, None, other, size, kernel, (1, 1), back, dilation)
    return found, None if other is None else np.copy(np.flip(np.swapaxes(total, 0, 1), (2, 3)), order="C")


def by_strided_input(
    walk: Callable[..., tuple[Any, Any]], g: Any, weight: Any, size: Sizes, stride: Sizes, pads: Pads
) -> Any:
    """The gradient by the input of a convolution with a stride: all its phases as channels of one convolution of g."""
    outputs, channels, *kernel = weight.shape
    few = [-(-k // s) for k, s in zip(kernel, stride, strict=True)]
    full = zeros(weight, (outputs, channels, few[0] * stride[0], few[1] * stride[1]))
    full[:, :, : kernel[0], : kernel[1]] = weight
    full = np.reshape(full, (outputs, channels, few[0], stride[0], few[1], stride[1]))
    full = np.transpose(np.flip(full, (2, 4)), (1, 3, 5, 0, 2, 4))
    full = np.reshape(full, (channels * stride[0] * stride[1], outputs, *few))
    tops = [-(-(a + n) // s) for n, s, (a, _) in zip(size, stride, pads, strict=True)]
    wide = tuple([(f - 1, max(0, t - n)) for f, t, n in zip(few, tops, g.shape[2:], strict=True)])
    tops = [n + a + b - f + 1 for n, (a, b), f in zip(g.shape[2:], wide, few, strict=True)]
    found, _ = walk(g, full, None, None, tuple(tops), tuple(few), (1, 1), wide, (1, 1))
    found = np.reshape(found, (len(g), channels, *stride, *tops))
    result = np.empty_like(g, shape=(len(g), channels, tops[0] * stride[0], tops[1] * stride[1]), order="C")
    there = np.reshape(result, (len(g), channels, tops[0], stride[0], tops[1], stride[1]))
    there[...] = np.transpose(found, (0, 1, 4, 2, 5, 3))
    inner = [slice(a, a + n) for n, (a, _) in zip(size, pads, strict=True)]
    return np.copy(result[:, :, *inner], order="C")
