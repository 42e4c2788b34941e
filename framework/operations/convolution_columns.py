"""Convolution in any number of dimensions as a product with columns: what each place of the kernel sees, side by side.

Blocks of images are taken one after the other, so that their columns stay in the processor's cache.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]

CACHED = 1 << 18
"""How many numbers a block may hold: about a megabyte of float32."""
_MANY_COPIES = 40
DEEP = 100
"""Rows of a product from which on it pays to copy a transposed factor first."""


def blocks(count: int, size: int) -> tuple[int, list[tuple[int, int]]]:
    """How many items of a size make a block, and where each block starts and ends."""
    number = max(1, min(count, CACHED // max(1, size)))
    return number, [(start, min(count, start + number)) for start in range(0, count, number)]


def zeros(like: Any, shape: Sizes) -> Any:
    """Zeros of another array's type: for small ones, several times as quick as np.zeros_like."""
    room = np.empty_like(like, shape=shape, order="C")
    room[...] = 0
    return room


class Form(NamedTuple):
    """What follows of a convolution from shapes alone."""

    number: int  # images in a block
    bounds: list[tuple[int, int]]
    places: int  # of the kernel
    positions: int  # of the result
    padded: Sizes | None  # the shape of a block with zeros around it, if there are any
    inner: Any  # the index of the block itself in that
    seen: list[Any]  # for each place of the kernel, the index of what it sees
    windows: tuple[Any, ...] | None  # where one copy from a view of all windows costs less than one for each place


@functools.lru_cache(1024)
def form(shape: Sizes, kernel: Sizes, out: Sizes, stride: Sizes, pads: Pads, dilation: Sizes) -> Form:
    """The form of a convolution of images of a shape."""
    batch, channels, *sizes = shape
    places, positions = math.prod(kernel), math.prod(out)
    number, bounds = blocks(batch, channels * places * positions)
    padded = inner = windows = None
    if any([a or b for a, b in pads]):
        padded = (number, channels, *[a + n + b for n, (a, b) in zip(sizes, pads, strict=True)])
        inner = (..., *[slice(a, a + n) for n, (a, _) in zip(sizes, pads, strict=True)])
    if places * len(bounds) > _MANY_COPIES:
        reach = tuple([(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)])
        starts = [slice(0, (n - 1) * s + 1, s) for n, s in zip(out, stride, strict=True)]
        index = (slice(None), slice(None), *starts, *[slice(None, None, d) for d in dilation])
        dims = len(kernel)
        order = (0, 1, *range(2 + dims, 2 + 2 * dims), *range(2, 2 + dims))
        windows = (reach, tuple(range(2, 2 + dims)), index, order)
    return Form(number, bounds, places, positions, padded, inner, seen(kernel, out, stride, dilation), windows)


@functools.lru_cache(1024)
def seen(kernel: Sizes, out: Sizes, stride: Sizes, dilation: Sizes) -> list[Any]:
    """For each place of the kernel, the index of what it sees."""
    return [
        (
            ...,
            *[
                slice(t * d, t * d + (n - 1) * s + 1, s) if s > 1 else slice(t * d, t * d + n)
                for t, n, s, d in zip(tap, out, stride, dilation, strict=True)
            ],
        )
        for tap in itertools.product(*map(range, kernel))
    ]


def columns(x: Any, form: Form, out: Sizes) -> Iterator[tuple[int, int, Any]]:
    """Each block of images: where it starts and ends, and its columns (images, channels, places, *out).

    The columns lie in memory that the next block's take over.
    """
    channels = x.shape[1]
    padded = None if form.padded is None else zeros(x, form.padded)
    if form.places == 1 and padded is None and out == x.shape[2:]:
        for start, end in form.bounds:
            yield start, end, x[start:end, :, None]
        return
    room = np.empty_like(x, shape=(form.number, channels, form.places, *out), order="C")
    for start, end in form.bounds:
        block = x if end - start == len(x) else x[start:end]
        if padded is not None:
            whole = padded if end - start == form.number else padded[: end - start]
            whole[form.inner] = block
            block = whole
        filled = room if end - start == form.number else room[: end - start]
        if form.windows is None:
            for place, each in enumerate(form.seen):
                filled[:, :, place] = block[each]
        else:
            reach, axes, index, order = form.windows
            view = np.lib.stride_tricks.sliding_window_view(block, reach, axis=axes)[index]
            view = np.transpose(view, order)
            np.reshape(filled, view.shape)[...] = view
        yield start, end, filled


def forward(x: Any, weight: Any, bias: Any, out: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """The convolution."""
    kernel = weight.shape[2:]
    plan = form(x.shape, kernel, out, stride, pads, dilation)
    outputs, per_group = weight.shape[:2]
    y = np.empty_like(x, shape=(len(x), outputs, *out), order="C")
    inner = () if groups == 1 else (groups,)
    flat = np.reshape(y, (len(x), *inner, outputs // groups, plan.positions))
    w = np.reshape(weight, (*inner, outputs // groups, per_group * plan.places))
    if bias is not None:
        bias = np.reshape(bias, (*inner, outputs // groups, 1))
    for start, end, matrix in columns(x, plan, out):
        part = flat[start:end]
        np.matmul(w, np.reshape(matrix, (end - start, *inner, per_group * plan.places, plan.positions)), out=part)
        if bias is not None:
            np.add(part, bias, out=part)
    return y


def by_weight(g: Any, x: Any, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """The gradient of a convolution by its weight."""
    out = g.shape[2:]
    plan = form(x.shape, kernel, out, stride, pads, dilation)
    outputs, per_group = g.shape[1] // groups, x.shape[1] // groups
    depth = per_group * plan.places
    total = room = None
    if depth >= DEEP:
        # Positions first, where it pays the copy: a product of untransposed factors takes half of the time.
        room = np.empty_like(g, shape=(plan.number, groups, plan.positions, outputs), order="C")
    for start, end, matrix in columns(x, plan, out):
        part = np.swapaxes(np.reshape(g[start:end], (end - start, groups, outputs, plan.positions)), 2, 3)
        if room is not None:
            room[: end - start] = part
            part = room[: end - start]
        products = np.matmul(np.reshape(matrix, (end - start, groups, depth, plan.positions)), part)
        products = products[0] if end - start == 1 else np.add.reduce(products, axis=0)
        total = products if total is None else np.add(total, products, out=total)
    if total is None:
        total = zeros(g, (groups, depth, outputs))
    return np.reshape(np.copy(np.swapaxes(total, 1, 2), order="C"), (g.shape[1], per_group, *kernel))


def by_input(g: Any, weight: Any, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """The gradient of a convolution by its input: each column goes back to where it was seen."""
    batch, outputs = g.shape[:2]
    per_group, *kernel = weight.shape[1:]
    out, channels = g.shape[2:], per_group * groups
    plan = form((batch, channels, *size), tuple(kernel), out, stride, pads, dilation)
    # Kernel places first: each is then one contiguous piece, added where it belongs.
    w = np.reshape(weight, (groups, outputs // groups, per_group, plan.places))
    w = np.reshape(np.transpose(w, (0, 3, 2, 1)), (groups, plan.places * per_group, outputs // groups))
    result = zeros(g, (batch, channels, *size))
    padded = None if plan.padded is None else zeros(g, plan.padded)
    for start, end in plan.bounds:
        block = result[start:end] if padded is None else padded[: end - start]
        if start and padded is not None:
            block[...] = 0
        grouped = np.reshape(block, (end - start, groups, per_group, *block.shape[2:]))
        part = np.reshape(g[start:end], (end - start, groups, outputs // groups, plan.positions))
        matrix = np.reshape(np.matmul(w, part), (end - start, groups, plan.places, per_group, *out))
        for place, each in enumerate(plan.seen):
            there = grouped[each]
            np.add(there, matrix[:, :, place], out=there)
        if padded is not None:
            result[start:end] = block[plan.inner]
    return result
