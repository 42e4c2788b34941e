"""Convolution of stride 1 by kernels of 3 by 3 with fewer products: Winograd's minimal filtering, F(2×2, 3×3).

Two results next to each other, of four values d and a kernel w, take four products instead of six:

    m0 = (d0 - d2) w0                       y0 = m0 + m1 + m2
    m1 = (d1 + d2) (w0 + w1 + w2) / 2       y1 = m1 - m2 - m3
    m2 = (d2 - d1) (w0 - w1 + w2) / 2
    m3 = (d1 - d3) w2

Along both dimensions that is a tile of 2 by 2 results, seeing 4 by 4 values, by 16 products instead of 36. Read
backwards, from y to w, the same sums give the gradient by the weight. No value, nor nan, reaches a result that does not
see it; but an infinite one may come out as nan, of inf - inf.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from framework.operations.convolution_columns import CACHED, Pads, Sizes, zeros
from framework.operations.convolution_rows import QUICK, apart, parts

_THIN = 32
"""Of fewer rows, a product is not worth being kept that small."""


class _Form(NamedTuple):
    """What follows from shapes alone."""

    across: int  # tiles in a row
    high: int  # rows of tiles in a block
    rows: list[tuple[int, int]]
    number: int  # images in a block
    images: list[tuple[int, int]]


@functools.lru_cache(1024)
def _form(batch: int, channels: int, outputs: int, out: Sizes) -> _Form:
    down, across = -(-out[0] // 2), -(-out[1] // 2)
    most = CACHED // (16 * max(channels, outputs))
    quick = QUICK // (channels * outputs)
    most = max(across, min(most, quick) if quick >= _THIN else most)
    high, rows = parts(down, most // across)
    number, images = parts(batch, most // (across * down))
    return _Form(across, high, rows, number, images)


def walk(x: Any, weight: Any, bias: Any, other: Any, out: Sizes, pads: Pads) -> tuple[Any, Any]:
    """The convolution of `x` by `weight`, and the products of `other` with what each place of the kernel sees of `x`.

    weight: (outputs, channels, 3, 3). other: (batch, others, *out), gives (others, channels, 3, 3). Either may be
    None, and so is its result.
    """
    form = _form(len(x), x.shape[1], len(weight) if other is None else other.shape[1], out)
    seen = _Seen(x, form, pads)
    product = None if weight is None else _Product(seen, weight, bias, out)
    total = None if other is None else _Total(seen, other)
    for start, end in form.images:
        for first, last in form.rows:
            seen.take(start, end, first)
            if product is not None:
                product.add(start, end, first, last)
            if total is not None:
                total.add(start, end, first)
    return None if product is None else product.result, None if total is None else total.result()


def _take(room: Any, between: Any, images: Any, first: int, pads: Pads) -> None:
    """Lays images out from some row on: (rows, images, odd or even column, columns, channels). Zeros are there.

    between: where they stand in between, unless None.
    """
    height, width = images.shape[2:]
    (top, _), (left, _) = pads
    above = first - top
    low, high = max(0, -above), min(len(room), height - above)
    if low:
        room[:low] = 0
    if high < len(room):
        room[max(high, 0) :] = 0
    if low >= high:
        return
    images = images[:, :, above + low : above + high]
    if between is not None:
        there = between[: len(images), :, low:high]
        there[...] = images
        images = there
    for parity in range(2):
        column = (parity - left) % 2
        if column < width:
            half, count = (column + left) // 2, -(-(width - column) // 2)
            values = np.transpose(images[..., column::2], (2, 0, 3, 1))
            room[low:high, : len(images), parity, half : half + count] = values


class _Seen:
    """The 4 by 4 values that each tile of a block sees, as the sums that go into products."""

    def __init__(self, x: Any, form: _Form, pads: Pads) -> None:
        self.x, self.form, self.pads = x, form, pads
        channels = x.shape[1]
        self.room = zeros(x, (2 * form.high + 2, form.number, 2, form.across + 1, channels))
        self.between = apart(x, form.number, 2 * form.high + 2)
        shape = (4, form.high, form.number, 2, form.across + 1, channels)
        self.sums = np.empty_like(x, shape=shape, order="C")
        shape = (4, 4, form.high, form.number, form.across, channels)
        self.squares = np.empty_like(x, shape=shape, order="C")
        self.matrices = np.reshape(self.squares, (16, -1, channels))

    def take(self, start: int, end: int, first: int) -> None:
        _take(self.room, self.between, self.x[start:end], 2 * first, self.pads)
        rows = 2 * self.form.high
        _differences([self.room[i : i + rows : 2] for i in range(4)], self.sums)
        across = self.form.across
        columns = [self.sums[:, :, :, j % 2, j // 2 : j // 2 + across] for j in range(4)]
        _differences(columns, np.swapaxes(self.squares, 0, 1))


def _differences(d: list[Any], out: Any) -> None:
    np.subtract(d[0], d[2], out=out[0])
    np.add(d[1], d[2], out=out[1])
    np.subtract(d[2], d[1], out=out[2])
    np.subtract(d[1], d[3], out=out[3])


def _kernels(weight: Any) -> Any:
    """Each kernel's (4, 4, channels, outputs) factors."""
    outputs, channels = weight.shape[:2]
    # Copied, so that bits do not depend on how the weight lies in memory.
    w = np.copy(np.transpose(weight, (2, 3, 1, 0)), order="C")
    rows = np.empty_like(w, shape=(4, 3, channels, outputs), order="C")
    _halves(w, rows)
    found = np.empty_like(w, shape=(4, 4, channels, outputs), order="C")
    _halves(np.swapaxes(rows, 0, 1), np.swapaxes(found, 0, 1))
    return found


def _halves(w: Any, out: Any) -> None:
    outer, middle = (w[0] + w[2]) * 0.5, w[1] * 0.5
    out[0] = w[0]
    np.add(outer, middle, out=out[1])
    np.subtract(outer, middle, out=out[2])
    out[3] = w[2]


class _Product:
    """The convolution itself, block by block."""

    def __init__(self, seen: _Seen, weight: Any, bias: Any, out: Sizes) -> None:
        form, x, (outputs, channels) = seen.form, seen.x, weight.shape[:2]
        self.seen, self.bias, self.out = seen, bias, out
        self.weights = np.reshape(_kernels(weight), (16, channels, outputs))
        self.result = np.empty_like(x, shape=(len(x), outputs, *out), order="C")
        tiles = (form.high, form.number, form.across, outputs)
        self.squares = np.empty_like(x, shape=(4, 4, *tiles), order="C")
        self.matrices = np.reshape(self.squares, (16, -1, outputs))
        self.sums = np.empty_like(x, shape=(2, 4, *tiles), order="C")
        self.part = np.empty_like(x, shape=(2, *tiles), order="C")
        shape = (form.high, 2, form.number, form.across, 2, outputs)
        self.tiles = np.empty_like(x, shape=shape, order="C")
        self.images = np.reshape(self.tiles, (2 * form.high, form.number, 2 * form.across, outputs))

    def add(self, start: int, end: int, first: int, last: int) -> None:
        m, s, part = self.squares, self.sums, self.part
        np.matmul(self.seen.matrices, self.weights, out=self.matrices)
        if self.bias is not None:
            np.add(m[1, 1], self.bias, out=m[1, 1])  # which every result of a tile adds once
        np.add(m[0], m[1], out=s[0])
        np.add(s[0], m[2], out=s[0])
        np.subtract(m[1], m[2], out=s[1])
        np.subtract(s[1], m[3], out=s[1])
        tiles = np.swapaxes(self.tiles, 0, 1)
        np.add(s[:, 0], s[:, 1], out=part)
        np.add(part, s[:, 2], out=part)
        tiles[..., 0, :] = part
        np.subtract(s[:, 1], s[:, 2], out=part)
        np.subtract(part, s[:, 3], out=part)
        tiles[..., 1, :] = part
        rows = min(2 * last, self.out[0]) - 2 * first
        there = self.result[start:end, :, 2 * first : 2 * first + rows]
        there[...] = np.transpose(self.images[:rows, : end - start, : self.out[1]], (1, 3, 0, 2))


class _Total:
    """The products of another image's values with what the kernel sees, summed block by block."""

    def __init__(self, seen: _Seen, other: Any) -> None:
        form, x, channels = seen.form, seen.x, seen.x.shape[1]
        others = other.shape[1]
        self.seen, self.other = seen, other
        self.room = zeros(x, (2 * form.high, form.number, 2, form.across, others))
        self.between = apart(other, form.number, 2 * form.high)
        shape = (2, form.high, form.number, 2, form.across, others)
        self.sums = np.empty_like(x, shape=shape, order="C")
        shape = (4, 4, form.high, form.number, form.across, others)
        self.squares = np.empty_like(x, shape=shape, order="C")
        self.matrices = np.swapaxes(np.reshape(self.squares, (16, -1, others)), 1, 2)
        self.part = np.empty_like(x, shape=(16, others, channels), order="C")
        self.sum = zeros(x, (16, others, channels))

    def add(self, start: int, end: int, first: int) -> None:
        room, sums = self.room, self.sums
        _take(room, self.between, self.other[start:end], 2 * first, ((0, 0), (0, 0)))
        if end - start < self.seen.form.number:
            room[:, end - start :] = 0
        np.add(room[::2], room[1::2], out=sums[0])
        np.subtract(room[::2], room[1::2], out=sums[1])
        for row, square in zip((room[::2], sums[0], sums[1], room[1::2]), self.squares, strict=True):
            even, odd = row[:, :, 0], row[:, :, 1]
            square[0] = even
            np.add(even, odd, out=square[1])
            np.subtract(even, odd, out=square[2])
            square[3] = odd
        np.matmul(self.matrices, self.seen.matrices, out=self.part)
        np.add(self.sum, self.part, out=self.sum)

    def result(self) -> Any:
        rows = _kernel_sums(np.reshape(self.sum, (4, 4, *self.sum.shape[1:])))
        found = _kernel_sums(np.swapaxes(rows, 0, 1))
        return np.copy(np.transpose(found, (2, 3, 1, 0)), order="C")


def _kernel_sums(m: Any) -> Any:
    """The three values of a kernel from four sums of products. The last has the other's value with the other sign."""
    middle = (m[1] + m[2]) * 0.5
    return np.stack([m[0] + middle, (m[1] - m[2]) * 0.5, middle - m[3]])
