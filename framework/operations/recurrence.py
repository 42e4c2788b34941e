"""What recurrent layers share: their steps over a sequence, and what one step hands on to the next.

A layer reads rows (N, I), those of all steps one after the other: the first `sizes[0]` rows are the batch at the first
step, the next `sizes[1]` at the second, and so on. Sizes never grow, since sequences stand from the longest to the
shortest: the rows of a step are those of the sequences that are not over. With `reverse` the last step is read first.

Weights (K·H, I) of K gates are used as K planes (I, H), so that the values of each gate lie together.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
from numpy import ndarray

__all__ = [
    "Carry",
    "column_sums",
    "earlier",
    "gate_planes",
    "keep_whole",
    "of_planes",
    "room",
    "spans",
    "step_parts",
    "weight_gradients",
    "with_bias",
    "zeros_where_none",
]

Sizes = tuple[int, ...]

_TRACED = 128


@lru_cache(256)
def spans(sizes: Sizes) -> tuple[tuple[int, int], ...]:
    """Where the rows of each step start and stop."""
    stops = list(accumulate(sizes))
    return tuple(zip([0, *stops[:-1]], stops, strict=True))


def step_parts(x: Any, sizes: Sizes, axis: int = 0) -> list[Any]:
    """The rows of each step: `np.split`, which on arrays takes five times as long as slices do."""
    if isinstance(x, ndarray):
        if axis:
            return [x[:, start:stop] for start, stop in spans(sizes)]
        return [x[start:stop] for start, stop in spans(sizes)]
    return list(np.split(x, list(accumulate(sizes))[:-1], axis=axis))


def keep_whole(x: Any, sizes: Sizes) -> None:
    """Makes a layer over a long sequence one call of a compiled program, by asking for the values of an array.

    As calls of their own, so many steps take seconds to be written down, and save little.
    """
    if len(sizes) > _TRACED and isinstance(x, ndarray):
        np.asarray(x)


def room(like: Any, *shape: int) -> Any:
    """An array to write results into; None for what is no array, such as a Tensor, on which calls are to be recorded."""
    return np.empty_like(like, shape=shape) if isinstance(like, ndarray) else None


class Carry:
    """What goes from step to step, a row for each sequence: rows join where a batch grows, and stay where it shrinks."""

    def __init__(self, start: Any) -> None:
        self.start = start
        self.rows: Any = None
        self.stayed: list[Any] = []

    def at(self, size: int) -> Any:
        """The rows that come to a step of so many sequences."""
        rows = self.rows
        if rows is None:
            rows = self.start if self.start.shape[0] == size else self.start[:size]
        elif rows.shape[0] < size:
            rows = np.concatenate([rows, self.start[rows.shape[0] : size]])
        elif rows.shape[0] > size:
            self.stayed.append(rows[size:])
            rows = rows[:size]
        return rows

    def end(self) -> Any:
        """The last row of each sequence."""
        return self.rows if not self.stayed else np.concatenate([self.rows, *self.stayed[::-1]])


def earlier(start: Any, x: Any, sizes: Sizes, reverse: bool) -> Any:
    """For each row the one of its sequence at the step before; `start` has those before the first step."""
    if len(sizes) == 1:
        return start
    if sizes[0] == sizes[-1]:
        inner = x.shape[0] - sizes[0]
        return np.concatenate([x[sizes[0] :], start] if reverse else [start, x[:inner]])
    parts = step_parts(x, sizes)
    if not reverse:
        return np.concatenate([start, *[part[:size] for part, size in zip(parts, sizes[1:], strict=False)]])
    pieces = []
    for part, size, following in zip(parts[1:], sizes, sizes[1:], strict=False):
        pieces += [part] if size == following else [part, start[following:size]]
    return np.concatenate([*pieces, start[: sizes[-1]]])


def gate_planes(weight: Any, count: int) -> Any:
    """Weights (K·H, I) as planes (K, H, I)."""
    return np.reshape(weight, (count, weight.shape[0] // count, weight.shape[1]))


def with_bias(rows: Any, planes: Any, bias: Any) -> tuple[Any, Any]:
    """Rows (N, I) and weights (K, I, H) whose product has a bias (K, 1, H) in it: a column of ones more costs nothing."""
    return np.concatenate([rows, np.ones_like(rows, shape=(rows.shape[0], 1))], axis=1), np.concatenate(
        [planes, bias], axis=1
    )


def of_planes(planes: Any, weights: Any) -> Any:
    """The gradient of rows (N, I) that were multiplied by weights (K, H, I), from that of each gate (K, N, H)."""
    return np.add.reduce(np.matmul(planes, weights), axis=0)


def weight_gradients(planes: Any, rows: Any) -> Any:
    """The gradient of weights (K·H, I) from that of each gate (K, N, H): one product over all steps for each gate."""
    found = np.matmul(np.swapaxes(planes, 1, 2), rows)
    return np.reshape(found, (found.shape[0] * found.shape[1], found.shape[2]))


def column_sums(planes: Any) -> Any:
    """The gradient of a bias (K·H,) from that of each gate (K, N, H)."""
    # A product with ones takes a third of the time of a sum along columns.
    ones = np.ones_like(planes, shape=(1, planes.shape[1]))
    return np.reshape(np.matmul(ones, planes), (planes.shape[0] * planes.shape[2],))


def zeros_where_none(g: Any, like: Any) -> Any:
    """The gradient of an output, zeros if none arrived."""
    return np.zeros_like(like) if g is None else g
