"""Resamples the last dimensions of an array, one at a time: each new element is a weighted sum of a few old ones.

A `Line` says how along one dimension; `taps` gives the elements and weights that it means. `resample` and
`resample_back` are each other's derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from framework.autograd.direct import in_dtype, taken_along, zeros
from framework.autograd.operation import operation
from framework.operations.choosing import choose
from framework.operations.halves import half
from framework.operations.windows import laid, memory_order

Array = np.ndarray[Any, Any]


class Line(NamedTuple):
    """How one dimension is resampled. `dim` counts from the end; `scale` is the step from one new element to the next."""

    kind: str
    dim: int
    size: int
    out: int
    scale: float = 0.0
    align_corners: bool = False


def _centers(line: Line, dtype: Any) -> Array:
    """Where the new elements lie between the old ones, computed in the type that PyTorch computes in."""
    places = np.arange(line.out).astype(dtype)
    scale = dtype(line.scale)
    if line.align_corners:
        return scale * places
    return scale * (places + dtype(0.5)) - dtype(0.5)


def _average_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    starts, stops = adaptive_bounds(line.size, line.out)
    counts = stops - starts
    # A window shorter than the longest has its last element several times: their shares add up to one.
    last = int(counts.max(initial=0)) - counts + 1
    return _runs(starts, counts, lambda number, count: choose(number < count - 1, 1.0, 1.0 / last) / count)


def _runs(starts: Array, counts: Array, weight: Callable[[Array, Array], Array]) -> tuple[Array, Array]:
    """Elements from `starts`, `counts` of them; what is past a count has the last element and weight 0."""
    numbers = np.arange(int(counts.max(initial=0)))[:, None]
    return starts + np.minimum(numbers, counts - 1), weight(numbers, counts)


def _window_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    """The elements of every window of an adaptive pool, one window after the other, all as long as the longest."""
    starts, stops = adaptive_bounds(line.size, line.out)
    places, _ = _runs(starts, stops - starts, lambda number, count: number < count)
    places = places.T.reshape(1, -1)
    return places, np.ones(places.shape)


def _nearest_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    shift = np.float32(0.5 if line.kind == "nearest-exact" else 0.0)
    places = np.floor((np.arange(line.out).astype(np.float32) + shift) * np.float32(line.scale))
    return np.minimum(places.astype(np.int64), line.size - 1)[None], np.ones((1, line.out))


def _linear_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    centers = np.maximum(_centers(line, dtype), 0)
    first = np.minimum(centers.astype(np.int64), line.size - 1)
    share = np.minimum(np.maximum(centers - first.astype(dtype), 0), 1)
    second = first + (first < line.size - 1)
    return np.stack((first, second)), np.stack((1 - share, share))


def _cubic_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    centers = _centers(line, dtype)
    first = np.floor(centers)
    places = np.stack([first.astype(np.int64) + step for step in range(-1, 3)])
    return np.clip(places, 0, line.size - 1), np.stack(cubic_weights(centers - first, -0.75))


def cubic_weights(t: Any, a: float) -> list[Any]:
    """The weights of four neighbours for a place a fraction `t` past the second, by cubic convolution."""

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _smooth_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    """For antialias: a filter as wide as the new elements are far apart."""
    reach, weigh = _FILTERS[line.kind]
    scale = float(line.scale)
    stretch = max(scale, 1.0)
    support = reach * stretch
    centers = scale * (np.arange(line.out) + 0.5)
    starts = np.maximum((centers - support + 0.5).astype(np.int64), 0)
    stops = np.minimum((centers + support + 0.5).astype(np.int64), line.size)
    counts = np.clip(stops - starts, 0, math.ceil(support) * 2 + 1)
    distance = (np.arange(int(counts.max(initial=0)))[:, None] + starts - centers + 0.5) / stretch
    weights = weigh(distance) * (np.arange(len(distance))[:, None] < counts)
    total = weights.sum(0)
    weights = weights / choose(total == 0, 1, total)
    places, _ = _runs(starts, counts, lambda number, count: number < count)
    return np.maximum(places, 0), weights


def _cubic_filter(x: Array) -> Array:
    a = -0.5
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, choose(x < 2, far, 0.0))


def _lanczos_filter(x: Array) -> Array:
    return choose(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


# How far each filter reaches, in new elements, and its weights.
_FILTERS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "linear-antialias": (1.0, lambda x: np.maximum(1 - np.abs(x), 0)),
    "cubic-antialias": (2.0, _cubic_filter),
    "lanczos-antialias": (3.0, _lanczos_filter),
}


_TAPS: dict[str, Callable[[Line, Any], tuple[Array, Array]]] = {
    "average": _average_taps,
    "windows": _window_taps,
    "nearest": _nearest_taps,
    "nearest-exact": _nearest_taps,
    "linear": _linear_taps,
    "cubic": _cubic_taps,
    "linear-antialias": _smooth_taps,
    "cubic-antialias": _smooth_taps,
    "lanczos-antialias": _smooth_taps,
}


def adaptive_bounds(size: int, out: int) -> tuple[Array, Array]:
    """Where the windows of an adaptive pool start and stop."""
    number = np.arange(out)
    return number * size // max(out, 1), -(-(number + 1) * size // max(out, 1))


@lru_cache(maxsize=256)
def taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    """The numbers of the old elements that make each new one, and their weights: two arrays of (taps, new elements)."""
    places, weights = _TAPS[line.kind](line, dtype)
    if line.kind.endswith("antialias"):
        weights = _parted(places, weights)
    return places, weights.astype(dtype)


def _parted(places: Array, weights: Array) -> Array:
    """The weights where short runs repeat their last element: each time a part of its weight, not 0.

    0 times infinity is no number.
    """
    same = (places == places[-1:]).sum(0)
    last = len(places) - same
    shares = taken_along(weights, last[None], 0) / same
    return np.where(np.arange(len(places))[:, None] >= last, shares, weights)


@lru_cache(maxsize=256)
def reversed_taps(line: Line, dtype: Any) -> tuple[Array, Array]:
    """The reverse: the numbers of the new elements that each old one is part of, and its weights there."""
    places, weights = taps(line, dtype)
    count = places.shape[1]
    if not count:
        return np.zeros((0, line.size), np.int64), np.zeros((0, line.size), dtype)
    dense = np.zeros((line.size, count), dtype)
    np.add.at(dense, (places, np.broadcast_to(np.arange(count), places.shape)), weights)
    used = dense != 0
    most = max(int(used.sum(1).max(initial=0)), 1)
    order = np.argsort(~used, axis=1, kind="stable")[:, :most]
    return order.T, taken_along(dense, order, 1).T


@lru_cache(maxsize=256)
def _steps(line: Line, dtype: Any, back: bool) -> list[tuple[Array, Array | None]]:
    """The taps one by one: places, and weights shaped to multiply along the dimension, None where all are 1."""
    places, weights = (reversed_taps if back else taps)(line, dtype)
    shape = (-1, *(1,) * (-1 - line.dim))
    return [
        (place, None if (weight == 1).all() else weight.reshape(shape))
        for place, weight in zip(places, weights, strict=True)
    ]


def _along(x: Any, line: Line, back: bool) -> Any:
    """The array resampled along one dimension."""
    if line.kind == "average" and 0 < 2 * line.out <= line.size:
        return _averages_back(x, line) if back else _averages(x, line)
    total: Any = None
    for place, weight in _steps(line, x.dtype.type if x.dtype.kind == "f" else np.float64, back):
        # np.take does the same and takes three times as long on small arrays.
        term = (
            x.take(place, line.dim)
            if x.__class__ is np.ndarray
            else np.take(x, np.asarray(place, like=x), axis=line.dim)
        )
        if weight is not None:
            term *= np.asarray(weight, like=x)
        total = term if total is None else np.add(total, term, out=total)
    if total is None:
        size = line.size if back else taps(line, np.float64)[0].shape[1]
        return zeros(x, shape=_resized(x, line, size))
    return total


def _resized(x: Any, line: Line, size: int) -> tuple[int, ...]:
    return (*x.shape[: x.ndim + line.dim], size, *x.shape[x.ndim + line.dim + 1 :])


def _averages(x: Any, line: Line) -> Any:
    """The mean of each of a few long windows."""
    out = np.empty_like(x, shape=_resized(x, line, line.out), order="C")
    after = (slice(None),) * (-1 - line.dim)
    starts, stops = adaptive_bounds(line.size, line.out)
    for number, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        total = np.add.reduce(x[(..., slice(start, stop), *after)], axis=line.dim)
        np.divide(total, stop - start, out=out[(..., number, *after)])
    return out


def _averages_back(g: Any, line: Line) -> Any:
    out: Any = np.zeros_like(g, shape=_resized(g, line, line.size), order="C")
    after = (slice(None),) * (-1 - line.dim)
    starts, stops = adaptive_bounds(line.size, line.out)
    for number, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        out[(..., slice(start, stop), *after)] += g[(..., slice(number, number + 1), *after)] / (stop - start)
    return out


def _along_in_bytes(x: Any, line: Line) -> Any:
    """Bytes resampled along one dimension, with weights of 16 bits and rounded once, as PyTorch does it."""
    places, weights = _TAPS[line.kind](line, np.float64)
    weights = weights.copy()
    for number in range(1, len(places)):
        # Weights that meet in the element at the border are one weight, rounded once.
        before = choose(places[number] == places[number - 1], weights[number - 1], 0.0)
        weights[number] += before
        weights[number - 1] -= before
    bits = 0
    while bits < 22 and 0.5 + weights.max() * 2.0 ** (bits + 1) < 2.0**15:
        bits += 1
    total: Any = 0.5
    for place, weight in zip(places, weights, strict=True):
        share = np.trunc(weight * 2.0**bits + np.copysign(0.5, weight)) * 2.0**-bits
        share = np.asarray(share.reshape((-1, *(1,) * (-1 - line.dim))), like=x)
        total = total + np.take(x, np.asarray(place, like=x), axis=line.dim) * share
    return in_dtype(np.clip(np.floor(total), 0, 255), x.dtype)


@lru_cache(maxsize=256)
def _in_order(lines: tuple[Line, ...], back: bool) -> tuple[Line, ...]:
    """What makes the array smaller comes first, and the large passes go along rows that lie far apart in memory."""
    # PyTorch's filters leave a dimension alone that keeps its size.
    lines = tuple([line for line in lines if line.size != line.out or not line.kind.endswith("antialias")])
    grows = [(line.out > line.size) != back and line.out != line.size for line in lines]
    smaller = [line for line, larger in zip(lines, grows, strict=True) if not larger]
    return (*smaller, *[line for line, larger in zip(lines, grows, strict=True) if larger][::-1])


def _resampled(x: Any, lines: tuple[Line, ...], back: bool) -> Any:
    if x.dtype.kind == "f" and x.dtype.itemsize == 2:
        return half(_resampled(np.positive(x, dtype=np.float32), lines, back), x.dtype)
    if x.dtype.kind == "u" and not all([line.kind.startswith("nearest") for line in lines]):
        for line in reversed(lines):
            x = _along_in_bytes(x, line)
        return x
    order = memory_order(x)
    ordered = _in_order(lines, back)
    for line in ordered:
        x = _along(x, line, back)
    return laid(x, order) if ordered else np.copy(x, order=order)


@operation(name="resample")
def resample(input: Any, lines: tuple[Line, ...]) -> Any:
    """The last dimensions resampled as the lines say."""
    return _resampled(input, lines, False)


@operation(name="resample_back")
def resample_back(g: Any, lines: tuple[Line, ...]) -> Any:
    """The reverse of `resample`: each old element's share of the gradients of the new ones."""
    return _resampled(g, lines, True)


resample.add_derivative(lambda g, lines: resample_back(g, lines), "input")
resample_back.add_derivative(lambda g, lines: resample(g, lines), "g")
