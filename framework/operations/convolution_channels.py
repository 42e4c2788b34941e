"""Convolution of stride 1 of each channel by a kernel of its own: a weighted sum of shifted lines, without columns."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from framework.operations.convolution_columns import CACHED, Pads, Sizes, zeros
from framework.operations.convolution_lines import around
from framework.operations.convolution_rows import parts

_LONG = 4096
"""Lines half as long cost NumPy three times as much an element: more than what no cache holds does."""


class _Geometry(NamedTuple):
    """What follows from shapes alone."""

    line: int  # from one row to the next
    tall: int  # rows of one image, so many that those of the next begin after what the kernel sees of it
    number: int  # images in a block
    images: list[tuple[int, int]]
    high: int  # rows of the result in a part of a block
    rows: list[tuple[int, int]]
    places: list[int]  # where in a line each place of the kernel begins to see


@functools.lru_cache(1024)
def _geometry(shape: Sizes, out: Sizes, kernel: Sizes, pads: Pads, dilation: Sizes) -> _Geometry:
    batch, channels, height, width = shape
    (top, bottom), (left, right) = pads
    # The zeros after a row are also those before the next.
    line = max(out[1], width + max(left, right))
    tall = max(top + height + bottom, out[0] + (kernel[0] - 1) * dilation[0])
    most = max(_LONG, CACHED // (3 * channels))
    number, images = parts(batch, -(-most // (tall * line)))
    high, rows = parts(out[0], out[0] if tall * line <= 2 * most else -(-most // line))
    places = [i * dilation[0] * line + j * dilation[1] for i in range(kernel[0]) for j in range(kernel[1])]
    return _Geometry(line, tall, number, images, high, rows, places)


def walk(
    x: Any, weight: Any, bias: Any, other: Any, out: Sizes, kernel: Sizes, pads: Pads, dilation: Sizes
) -> tuple[Any, Any]:
    """As `convolution_lines.walk`, for weights (channels, 1, *kernel) and as many others as channels.

    A channel's images lie one after the other in a single line.
    """
    channels = x.shape[1]
    form = _geometry(x.shape, out, kernel, pads, dilation)
    rows, places = form.tall, form.places
    shape = (channels, form.number, rows, form.line)
    room = zeros(x, (channels, form.number * rows * form.line + places[-1] + pads[1][0]))
    inner = np.reshape(room[:, : form.number * rows * form.line], shape)
    top, left = pads[0][0], pads[1][0]
    inner = inner[:, :, top : top + x.shape[2], left : left + x.shape[3]]
    y: Any = None
    total: Any = None
    if weight is not None:
        y = np.empty_like(x, shape=(len(x), channels, *out), order="C")
        weights = np.reshape(np.transpose(np.reshape(weight, (channels, -1))), (-1, channels, 1))
        bias = None if bias is None else bias[:, None]
        sums, parts = np.empty_like(x, shape=shape, order="C"), np.empty_like(x, shape=shape, order="C")
    if other is not None:
        wide = zeros(x, shape)
        total = zeros(x, (len(places), channels))
    flat = (channels, form.number * rows * form.line)
    for start, end in form.images:
        n = end - start
        inner[:, :n] = np.swapaxes(x[start:end], 0, 1)
        for first, last in form.rows:
            length = ((n - 1) * rows + last - first) * form.line
            seen = [room[:, first * form.line + each : first * form.line + each + length] for each in places]
            if weight is not None:
                sum, part = np.reshape(sums, flat)[:, :length], np.reshape(parts, flat)[:, :length]
                np.multiply(seen[0], weights[0], out=sum)
                for place in range(1, len(seen)):
                    np.multiply(seen[place], weights[place], out=part)
                    np.add(sum, part, out=sum)
                if bias is not None:
                    np.add(sum, bias, out=sum)
                y[start:end, :, first:last] = np.swapaxes(sums[:, :n, : last - first, : out[1]], 0, 1)
            if other is not None:
                wide[:, :n, : last - first, : out[1]] = np.swapaxes(other[start:end, :, first:last], 0, 1)
                values = np.reshape(wide, flat)[:, :length]
                for place, each in enumerate(seen):
                    np.add(total[place], np.vecdot(each, values), out=total[place])
    if other is not None:
        total = np.reshape(np.copy(np.transpose(total), order="C"), (channels, 1, *kernel))
    return y, total


def by_input(g: Any, weight: Any, other: Any, size: Sizes, pads: Pads, dilation: Sizes) -> tuple[Any, Any]:
    """The gradient by the input, and, with `other`, the one by the weight."""
    kernel = weight.shape[2:]
    turned, total = walk(
        g,
        np.flip(weight, (2, 3)),
        None,
        other,
        size,
        kernel,
        around(size, g.shape[2:], kernel, pads, dilation),
        dilation,
    )
    return turned, None if other is None else np.copy(np.flip(total, (2, 3)), order="C")
