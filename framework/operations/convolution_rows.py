"""Convolution of images whose rows lie one after the other, so that what a row of results sees is one matrix already.

Each row is laid out once for every column of the kernel, and rows above one another follow each other: the rows that a
kernel sees are then a window over all of it, which costs no copy. Products stay so small that BLAS takes their factors
as they are.

One walk over the images serves three ends: the convolution, the gradient by the weight, and in a backward pass both
gradients from the rows of the gradient alone.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from framework.operations.convolution_columns import CACHED, Pads, Sizes, zeros

QUICK = 1_000_000
"""So many multiplications are the most that BLAS does without copying its factors first."""
_SAME_PLACES = 1024
"""Images of a multiple of this size fall into the same places of a cache."""


class _Geometry(NamedTuple):
    """What follows from shapes alone."""

    tall: int  # rows in a block, of the image with its padding
    high: int  # rows of the result in a block
    rows: list[tuple[int, int]]
    number: int  # images in a block
    images: list[tuple[int, int]]
    runs: list[slice]  # positions in a row of the result, over all images, that one product takes
    # For each column of the kernel that sees any of the image: its number, the columns of the result where it does, and
    # what it sees of the image.
    columns: list[tuple[int, slice, slice]]


def parts(count: int, most: int) -> tuple[int, list[tuple[int, int]]]:
    """How many items of a count, at most so many, make equal parts, and where each starts and ends."""
    size = -(-count // -(-count // max(1, most)))
    return size, [(start, min(count, start + size)) for start in range(0, count, size)]


@functools.lru_cache(1024)
def _geometry(
    shape: Sizes, outputs: int, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: int
) -> _Geometry:
    batch, channels, _, width = shape
    quick = max(1, QUICK // (channels * kernel[0] * kernel[1] * outputs))
    row = max(channels * kernel[1], outputs) * out[1]
    tall = (out[0] - 1) * stride[0] + kernel[0]
    number, images = parts(batch, min(CACHED // (row * tall), quick // out[1]))
    high, rows = parts(out[0], out[0] if row * tall <= CACHED else (CACHED // row - kernel[0]) // stride[0] + 1)
    _, runs = parts(number * out[1], quick)
    columns = []
    for column in range(kernel[1]):
        first, step = column * dilation - pads[1][0], stride[1]
        low, end = max(0, -(first // step)), min(out[1], -((first - width) // step))
        if low < end:
            seen = slice(first + low * step, first + (end - 1) * step + 1, step)
            columns.append((column, slice(low, end), seen))
    return _Geometry(
        tall=(high - 1) * stride[0] + kernel[0],
        high=high,
        rows=rows,
        number=number,
        images=images,
        runs=[slice(*each) for each in runs],
        columns=columns,
    )


def apart(images: Any, number: int, rows: int) -> Any:
    """Room for some rows of images of which none begins at another's place in a cache; None where they don't anyway."""
    channels, height, width = images.shape[1:]
    if height * width % _SAME_PLACES:
        return None
    size = rows * width
    room = np.empty_like(images, shape=(number, channels, size + 16), order="C")
    return np.reshape(room[..., :size], (number, channels, rows, width))


class _Rows:
    """Blocks of images, row by row, and what each row of the result sees of them."""

    def __init__(self, x: Any, form: _Geometry, out: Sizes, kernel: Sizes, stride: int, top: int) -> None:
        self.x, self.form, self.stride, self.top = x, form, stride, top
        channels, length = x.shape[1], form.number * out[1]
        self.room = zeros(x, (form.tall, kernel[1], channels, form.number, out[1]))
        flat = np.reshape(self.room, (form.tall, kernel[1] * channels, length))
        windows = np.lib.stride_tricks.sliding_window_view(flat, kernel[0], axis=0)[::stride]
        # (rows of the result, depth, positions)
        self.seen = np.reshape(np.transpose(windows, (0, 3, 1, 2)), (form.high, -1, length))
        self.between = apart(x, form.number, form.tall)

    def take(self, start: int, end: int, first: int) -> None:
        """Lays out some images, for the rows of the result from one on."""
        above = first * self.stride - self.top
        low, high = max(0, -above), min(self.form.tall, self.x.shape[2] - above)
        if low:
            self.room[:low] = 0
        if high < self.form.tall:
            self.room[max(high, 0) :] = 0
        if low >= high:
            return
        images = self.x[start:end, :, above + low : above + high]
        if self.between is not None:
            there = self.between[: end - start, :, low:high]
            there[...] = images
            images = there
        for column, where, seen in self.form.columns:
            self.room[low:high, column, :, : end - start, where] = np.transpose(images[..., seen], (2, 1, 0, 3))


def walk(
    x: Any, weight: Any, bias: Any, other: Any, out: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: int
) -> tuple[Any, Any]:
    """The convolution of `x` by `weight`, and the products of `other` with what each place of the kernel sees of `x`.

    weight: (outputs, channels, *kernel). other: (batch, others, *out), gives (others, channels, *kernel). Either may
    be None, and so is its result. dilation: along a row; there is none from row to row.
    """
    outputs = len(weight) if other is None else other.shape[1]
    form = _geometry(x.shape, outputs, out, kernel, stride, pads, dilation)
    rows = _Rows(x, form, out, kernel, stride[0], pads[0][0])
    product = None if weight is None else _Product(rows, weight, bias, out)
    total = None if other is None else _Total(rows, other, out)
    for start, end in form.images:
        for first, last in form.rows:
            rows.take(start, end, first)
            if product is not None:
                product.add(start, end, first, last)
            if total is not None:
                total.add(start, end, first, last)
    return None if product is None else product.result, None if total is None else total.result(kernel)


class _Product:
    """The convolution itself, block by block."""

    def __init__(self, rows: _Rows, weight: Any, bias: Any, out: Sizes) -> None:
        outputs, form = len(weight), rows.form
        self.rows = rows
        self.result = np.empty_like(rows.x, shape=(len(rows.x), outputs, *out), order="C")
        # Copied, so that bits do not depend on how the weight lies in memory.
        self.weight = np.reshape(np.copy(np.transpose(weight, (0, 2, 3, 1)), order="C"), (outputs, -1))
        self.room = np.empty_like(rows.x, shape=(form.high, outputs, form.number * out[1]), order="C")
        self.images = np.transpose(np.reshape(self.room, (form.high, outputs, form.number, out[1])), (2, 1, 0, 3))
        self.bias = None if bias is None else np.reshape(bias, (outputs, 1, 1))

    def add(self, start: int, end: int, first: int, last: int) -> None:
        count = last - first
        for run in self.rows.form.runs:
            np.matmul(self.weight, self.rows.seen[:count, :, run], out=self.room[:count, :, run])
        found = self.images[: end - start, :, :count]
        there = self.result[start:end, :, first:last]
        if self.bias is None:
            there[...] = found
        else:
            np.add(found, self.bias, out=there)


class _Total:
    """The products of another image's values with what the kernel sees, summed block by block."""

    def __init__(self, rows: _Rows, other: Any, out: Sizes) -> None:
        form, others, depth = rows.form, other.shape[1], rows.seen.shape[1]
        self.rows, self.other = rows, other
        self.between = apart(other, form.number, form.high)
        # Channels last: a product of untransposed factors takes half of the time.
        self.room = zeros(rows.x, (form.high, form.number, out[1], others))
        self.matrix = np.reshape(self.room, (form.high, -1, others))
        self.part = np.empty_like(rows.x, shape=(form.high, depth, others), order="C")
        self.sum = zeros(rows.x, (depth, others))

    def add(self, start: int, end: int, first: int, last: int) -> None:
        count = last - first
        values = self.other[start:end, :, first:last]
        if self.between is not None:
            there = self.between[: end - start, :, :count]
            there[...] = values
            values = there
        self.room[:count, : end - start] = np.transpose(values, (2, 0, 3, 1))
        if end - start < self.rows.form.number:
            self.room[:, end - start :] = 0
        for run in self.rows.form.runs:
            np.matmul(self.rows.seen[:count, :, run], self.matrix[:count, run], out=self.part[:count])
            part = self.part[0] if count == 1 else np.add.reduce(self.part[:count], axis=0)
            np.add(self.sum, part, out=self.sum)

    def result(self, kernel: Sizes) -> Any:
        total = np.reshape(self.sum, (*kernel, self.rows.x.shape[1], -1))
        return np.copy(np.transpose(total, (3, 2, 0, 1)), order="C")
