"""A convolution's gradient by its input, each value going back to all that it was computed from: long rows added up.

One product gives what every value returns to every place of the kernel. Then rows are added to those that they came
from, and columns to theirs: where the stride leaves several between, they are gathered apart and laid side by side last.
No sum begins anew with every row of an image.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from framework.operations.convolution_columns import Pads, Sizes, zeros
from framework.operations.convolution_rows import QUICK, parts

_CACHED = 1 << 19
"""How many numbers a block's products may be: they are read once, so that longer rows pay more than a cache does."""
_THIN = 32
"""Of fewer columns, a product is not worth being kept small."""


class _Geometry(NamedTuple):
    """What follows from shapes alone."""

    tall: int  # rows that anything returns to, of the image with its padding
    line: int  # from one image to the next in a row: what is shifted past its end is zero
    number: int  # images in a block
    images: list[tuple[int, int]]
    rows: list[tuple[int, int]]
    # For each column of the kernel, which of the columns between two steps of the stride it returns to, and how far on.
    folds: list[tuple[int, int]]
    # For each column between two steps: its columns in the gathered rows, and in the image.
    columns: list[tuple[slice, slice]]


@functools.lru_cache(1024)
def _geometry(
    shape: Sizes, channels: int, size: Sizes, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes
) -> _Geometry:
    batch, outputs, *out = shape
    places = channels * kernel[0] * kernel[1]
    folds = [divmod(column * dilation[1], stride[1])[::-1] for column in range(kernel[1])]
    line = out[1] + max(shift for _, shift in folds)
    quick = QUICK // (places * outputs)
    quick = quick if quick >= _THIN else _CACHED
    number, images = parts(batch, min(_CACHED // (places * out[0] * line), quick // line))
    _, rows = parts(out[0], _CACHED // (places * line * number))
    left, columns = pads[1][0], []
    for phase in range(stride[1]):
        first = (phase - left) % stride[1]
        start = (first + left) // stride[1]
        count = min(-(-(size[1] - first) // stride[1]), line - start)
        if count > 0:
            seen = slice(first, first + (count - 1) * stride[1] + 1, stride[1])
            columns.append((slice(start, start + count), seen))
        else:
            columns.append((slice(0, 0), slice(0, 0)))
    tall = (out[0] - 1) * stride[0] + (kernel[0] - 1) * dilation[0] + 1
    return _Geometry(tall, line, number, images, rows, folds, columns)


def by_input(g: Any, weight: Any, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> Any:
    """The gradient by the input."""
    outputs, channels, *kernel = weight.shape
    form = _geometry(g.shape, channels, size, tuple(kernel), stride, pads, dilation)
    length = form.number * form.line
    # Copied, so that bits do not depend on how the weight lies in memory.
    places = np.reshape(np.copy(np.transpose(weight, (2, 3, 1, 0)), order="C"), (-1, outputs))
    high = form.rows[0][1]
    room = zeros(g, (high, outputs, form.number, form.line))
    matrix = np.reshape(room, (high, outputs, length))
    products = np.empty_like(g, shape=(high, len(places), length), order="C")
    returned = np.reshape(products, (high, kernel[0], kernel[1] * channels * length))
    above = np.empty_like(g, shape=(form.tall, kernel[1], channels * length), order="C")
    rows = np.reshape(above, (form.tall, -1))
    gathered = np.empty_like(g, shape=(stride[1], form.tall, channels * length), order="C")
    result = zeros(g, (len(g), channels, *size))
    for start, end in form.images:
        above[...] = 0
        for first, last in form.rows:
            values = np.transpose(g[start:end, :, first:last], (2, 1, 0, 3))
            room[: last - first, :, : end - start, : g.shape[3]] = values
            np.matmul(places, matrix[: last - first], out=products[: last - first])
            for row in range(kernel[0]):
                begin = first * stride[0] + row * dilation[0]
                there = rows[begin : begin + (last - first - 1) * stride[0] + 1 : stride[0]]
                np.add(there, returned[: last - first, row], out=there)
        _fold(above, gathered, form.folds)
        _lay(
            np.reshape(gathered, (*gathered.shape[:2], channels, form.number, form.line)), result[start:end], pads, form
        )
    return result


def _fold(above: Any, gathered: Any, folds: list[tuple[int, int]]) -> None:
    """Adds what each column of the kernel returns, shifted to where it belongs."""
    gathered[...] = 0
    for column, (phase, shift) in enumerate(folds):
        there = gathered[phase, :, shift:]
        np.add(there, above[:, column, : there.shape[1]], out=there)


def _lay(gathered: Any, images: Any, pads: Pads, form: _Geometry) -> None:
    """Lays gathered rows into images, without their padding."""
    top = pads[0][0]
    high = max(0, min(images.shape[2], form.tall - top))
    for rows, (columns, seen) in zip(gathered, form.columns, strict=True):
        images[:, :, :high, seen] = np.transpose(rows[top : top + high, :, : len(images), columns], (2, 1, 0, 3))
