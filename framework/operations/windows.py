"""Windows that slide along the last dimensions of an array, as pooling takes them: one dimension at a time.

A `Window` says how windows lie along one dimension. `winners` and `place` find and undo maxima, `sums` and `spread` add
up windows and undo it.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

FULL = slice(None)


class _Window(NamedTuple):
    dim: int
    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    out: int


class Window(_Window):
    """Windows along one dimension: of `kernel` elements `dilation` apart, starting at `stride * j - padding`.

    `dim` counts from the end: -1 is the last dimension. There are `size` elements and `out` windows. What follows from
    these is found once.
    """

    def at(self, start: int | None, stop: int | None, step: int | None = None) -> tuple[Any, ...]:
        """The index of a slice along the dimension."""
        return (..., slice(start, stop, step), *(FULL,) * (-1 - self.dim))

    @cached_property
    def cuts(self) -> list[tuple[Any, ...]]:
        """The index of every window's first element, of every window's second, …, in an array extended by `overhang`."""
        span = (self.out - 1) * self.stride + 1 if self.out else 0
        starts = [number * self.dilation for number in range(self.kernel)]
        return [self.at(start, start + span, self.stride) for start in starts]

    @cached_property
    def overhang(self) -> tuple[int, int]:
        """How far the windows reach over either end."""
        length = max((self.out - 1) * self.stride + (self.kernel - 1) * self.dilation + 1, 0)
        return self.padding, max(length - self.padding - self.size, 0)

    @cached_property
    def reaches_over(self) -> bool:
        """Whether the windows reach over either end."""
        return any(self.overhang)

    @cached_property
    def is_sparse(self) -> bool:
        """Whether elements of a number lie apart in memory, one for every window."""
        return self.dim == -1 and self.stride > 1 and self.kernel > 1

    @cached_property
    def is_apart(self) -> bool:
        """Whether no two windows share an element."""
        return self.stride >= self.kernel and self.dilation == 1


def pieces(x: Any, window: Window) -> list[Any]:
    """The first element of every window, the second, and so on. `x` is extended."""
    found = [x[cut] for cut in window.cuts]
    if window.is_sparse and math.prod(x.shape) > 4096:
        # Elements far apart in memory are read twice or more: packing them first takes half the time.
        return [np.copy(each, order="K") for each in found]
    return found


def memory_order(x: Any) -> Any:
    """How a result lies in memory, as PyTorch's does: in the order of its dimensions, but "K" as the input where that
    is four dimensions that lie as images of pixels of channels."""
    if x.ndim != 4:
        return "C"
    steps = x.strides
    last = steps[1] < steps[3] < steps[2] and x.shape[1] > 1 and steps[2] * x.shape[2] <= steps[0]
    return "K" if last else "C"


def laid(x: Any, order: Any) -> Any:
    """The array as `memory_order` says it should lie, for what comes out otherwise."""
    if order == "C":
        return x
    return np.transpose(np.copy(np.transpose(x, (0, 2, 3, 1)), order="C"), (0, 3, 1, 2))


def _in_one_piece(parts: list[Any], window: Window) -> list[Any]:
    """What is read several times, packed where a row of it is so short that beginning one takes the time."""
    shape = parts[0].shape
    if window.dim == -1 or window.stride == 1 or math.prod(shape) <= 4096 or math.prod(shape[window.dim + 1 :]) > 64:
        return parts
    return [np.copy(each, order="K") for each in parts]


def maxima(x: Any, windows: tuple[Window, ...]) -> Any:
    """The largest element of each window. nan is larger than all."""
    order = memory_order(x)
    largest = x
    # The value does not depend on which dimension comes first, and rows far apart are quicker.
    for window in windows[::-1]:
        if window.reaches_over:
            largest = extended(largest, window)
        parts = pieces(largest, window)
        if len(parts) == 1:
            largest = np.copy(parts[0], order=order)
            continue
        largest = np.maximum(parts[0], parts[1], order=order)
        for each in parts[2:]:
            np.maximum(largest, each, out=largest)
    return np.copy(x, order=order) if largest is x else largest


def winners(x: Any, window: Window, last: bool) -> tuple[Any, list[Any]]:
    """The maxima along one dimension, and for each element but the first whether an earlier one is chosen over it.

    The first of equal elements is chosen, and the last nan. `last`: the maxima are not asked for. `x` is extended.
    """
    largest, *others = _in_one_piece(pieces(x, window), window)
    stays = []
    for number, each in enumerate(others):
        # That it is a number, and no larger one: no more than that is true of a number beside nan.
        stays.append(np.greater(each == each, each > largest) if x.dtype.kind == "f" else each <= largest)
        if not last or number < len(others) - 1:
            largest = np.maximum(largest, each)
    return largest, stays


def choose(values: Any, window: Window, stays: list[Any]) -> Any:
    """Of the values at each window's elements, the one at the winner. `values` are extended."""
    chosen, *others = pieces(values, window)
    for each, stay in zip(others, stays, strict=True):
        if values.dtype.kind == "f":
            chosen = np.where(stay, chosen, each)
        else:
            # Exact for whole numbers, and takes a third of the time.
            chosen = (chosen - each) * stay + each
    return chosen


def place(g: Any, window: Window, stays: list[Any], extended_shape: tuple[int, ...]) -> Any:
    """Zeros of a shape with each window's gradient at its winner."""
    out = blank(g, window, extended_shape)
    at = window.cuts
    apart = window.is_apart
    for number in range(window.kernel - 1, 0, -1):
        kept = g * stays[number - 1]
        if apart:
            np.subtract(g, kept, out=out[at[number]])
        else:
            out[at[number]] += g - kept
        g = kept
    if apart:
        out[at[0]] = g
    else:
        out[at[0]] += g
    return out


def blank(g: Any, window: Window, shape: tuple[int, ...]) -> Any:
    """An array for the gradients of every element: zeros, unless every element gets its own anyway."""
    whole = window.is_apart and window.stride == window.kernel and window.out * window.kernel == shape[window.dim]
    return np.empty_like(g, shape=shape) if whole else np.zeros_like(g, shape=shape)


def sources(window: Window) -> tuple[list[int | None], list[int | None]]:
    """What stands in for the padding before and after: elements of the same windows, which change no maximum.

    None where there is no such element: the window lies in the padding as a whole.
    """
    before, after = window.overhang
    step, size = window.dilation, window.size
    left = [position % step for position in range(-before, 0)]
    right = [position - step * ((position - size) // step + 1) for position in range(size, size + after)]
    return [each if each < size else None for each in left], [each if each >= 0 else None for each in right]


def extended(x: Any, window: Window) -> Any:
    """The array with something at the padding that no window chooses over its own elements."""
    if not window.reaches_over:
        return x
    left, right = sources(window)
    parts = [[_edge(x, each, window) for each in side] for side in (left, right)]
    return np.concatenate([*parts[0], x, *parts[1]], axis=window.dim)


def _edge(x: Any, source: int | None, window: Window) -> Any:
    if source is not None:
        return x[window.at(source, source + 1)]
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return np.full_like(x[window.at(0, 1)], lowest)


def contracted(g: Any, window: Window) -> Any:
    """The reverse of `extended`: what stood in for an element adds to its gradient. Writes into `g`."""
    if not window.reaches_over:
        return g
    before = window.overhang[0]
    inside = g[window.at(before, before + window.size)]
    left, right = sources(window)
    for position, source in [*enumerate(left), *enumerate(right, before + window.size)]:
        if source is not None:
            inside[window.at(source, source + 1)] += g[window.at(position, position + 1)]
    return np.copy(inside, order="C")


def positions(window: Window) -> list[int]:
    """Where along the dimension each element of the extended array comes from."""
    left, right = sources(window)
    inside = list(range(window.size))
    # PyTorch names the first element past the padding where a window has none of its own.
    before = [position % window.dilation for position in range(-len(left), 0)]
    return [*before, *inside, *[0 if each is None else each for each in right]]


def padded(x: Any, windows: tuple[Window, ...]) -> Any:
    """The array with zeros at the padding."""
    if not any([each.reaches_over for each in windows]):
        return x
    shape = list(x.shape)
    at: list[Any] = [FULL] * len(windows)
    for window in windows:
        before, after = window.overhang
        at[window.dim] = slice(before, before + window.size)
        shape[window.dim] += before + after
    out = np.zeros_like(x, shape=tuple(shape))
    out[(..., *at)] = x
    return out


def sums(x: Any, windows: tuple[Window, ...]) -> Any:
    """The sum of each window, zeros at the padding."""
    order = memory_order(x)
    total = padded(x, windows)
    fresh = False
    for window in windows[::-1]:
        parts = pieces(total, window)
        if len(parts) == 1:
            total, fresh = parts[0], fresh and window.stride == 1
            continue
        total = np.add(parts[0], parts[1], order=order)
        fresh = True
        for each in parts[2:]:
            np.add(total, each, out=total)
    return total if fresh else np.copy(total, order=order)


def spread(g: Any, windows: tuple[Window, ...]) -> Any:
    """The reverse of `sums`: every element gets the gradients of the windows it is in."""
    out = g
    for window in windows:
        before, after = window.overhang
        shape = list(out.shape)
        shape[window.dim] = window.size + before + after
        target = blank(out, window, tuple(shape))
        apart = window.is_apart
        for cut in window.cuts:
            if apart:
                target[cut] = out
            else:
                target[cut] += out
        out = target
    if any([each.reaches_over for each in windows]):
        at: list[Any] = [FULL] * len(windows)
        for window in windows:
            before = window.overhang[0]
            at[window.dim] = slice(before, before + window.size)
        return np.copy(out[(..., *at)], order="C")
    return np.copy(out, order="C") if out is g else out
