"""Convolution of stride 1 of each channel by a kernel of its own: a weighted sum of shifted lines, without columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.operations.convolution_columns import Pads, Sizes, zeros
from framework.operations.convolution_lines import Lines, around


def walk(
    x: Any, weight: Any, bias: Any, other: Any, out: Sizes, kernel: Sizes, pads: Pads, dilation: Sizes
) -> tuple[Any, Any]:
    """As `convolution_lines.walk`, for weights (channels, 1, *kernel) and as many others as channels."""
    channels = x.shape[1]
    lines = Lines(x, out, kernel, (1, 1), pads, dilation)
    form = lines.form
    shape = (form.number, channels, form.height * form.line)
    y: Any = None
    total: Any = None
    if weight is not None:
        y = np.empty_like(x, shape=(len(x), channels, *out), order="C")
        weights = np.reshape(np.transpose(np.reshape(weight, (channels, -1))), (-1, channels, 1))
        bias = None if bias is None else np.reshape(bias, (channels, 1, 1))
        sums, parts = np.empty_like(x, shape=shape, order="C"), np.empty_like(x, shape=shape, order="C")
    if other is not None:
        wide = zeros(x, (*shape[:2], form.height, form.line))
        total = zeros(x, (kernel[0] * kernel[1], channels))
    shifts = [i * form.down + j * dilation[1] for i in range(kernel[0]) for j in range(kernel[1])]
    for start, end in form.images:
        lines.take(start, end)
        n = end - start
        for first, last in form.rows:
            length = (last - first) * form.line
            seen = [
                lines.phases[0, 0][:n, :, first * form.line + each : first * form.line + each + length]
                for each in shifts
            ]
            if weight is not None:
                sum, part = sums[:n, :, :length], parts[:n, :, :length]
                np.multiply(seen[0], weights[0], out=sum)
                for place in range(1, len(seen)):
                    np.multiply(seen[place], weights[place], out=part)
                    np.add(sum, part, out=sum)
                kept = np.reshape(sum, (n, channels, last - first, form.line))[..., : out[1]]
                there = y[start:end, :, first:last]
                if bias is None:
                    there[...] = kept
                else:
                    np.add(kept, bias, out=there)
            if other is not None:
                wide[:n, :, : last - first, : out[1]] = other[start:end, :, first:last]
                values = np.reshape(wide, shape)[:n, :, :length]
                for place, each in enumerate(seen):
                    found = np.add.reduce(np.vecdot(each, values), axis=0)
                    np.add(total[place], found, out=total[place])
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
