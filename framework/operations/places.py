"""Places along a dimension as numbers in a flattened array: to take or put by them is NumPy's quickest way."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

__all__ = ["add_at_places", "places", "put_at_places", "take_at_places"]


def _offsets(shape: tuple[int, ...], sizes: tuple[int, ...], dim: int) -> Any:
    """What the coordinates outside `dim` add to the place of each element of an index; None if nothing."""
    total: Any = None
    for axis, size in enumerate(shape):
        if axis != dim and size > 1:
            steps = np.arange(size) * math.prod(sizes[axis + 1 :])
            part = np.reshape(steps, (size,) + (1,) * (len(shape) - 1 - axis))
            total = part if total is None else total + part
    return total


_kept_offsets = functools.lru_cache(256)(_offsets)


def places(index: Any, sizes: tuple[int, ...], dim: int) -> Any:
    """For each element of an index along `dim` its place in a flattened array of these sizes."""
    last = len(sizes) - 1
    step = 1 if dim == last else sizes[last] if dim == last - 1 else math.prod(sizes[dim + 1 :])
    # Few enough to keep, and to gain by it.
    offsets = (_kept_offsets if index.size <= 4096 else _offsets)(index.shape, sizes, dim)
    if step == 1:
        return index if offsets is None else index + offsets
    found = np.multiply(index, step, dtype=np.int64)
    if offsets is not None:
        found += offsets
    return found


def flat(array: Any) -> Any:
    """An array's elements in one dimension."""
    return array.reshape(-1) if type(array) is np.ndarray else np.reshape(array, (-1,))


def take_at_places(input: Any, index: Any, dim: int) -> Any:
    """The elements that an index along `dim` names. An index of no elements may have any shape, here and below."""
    if not index.size:
        return np.zeros_like(input, shape=index.shape)
    if type(input) is not np.ndarray:
        return np.take(np.reshape(input, (-1,)), places(index, input.shape, dim))
    if input.ndim == 2 and dim == 1 and index.shape[1] >= 512:
        # No places to compute; "clip" since they were checked, and this spares a copy.
        out = np.empty(index.shape, input.dtype)
        for row, at, target in zip(input, index, out, strict=False):
            row.take(at, out=target, mode="clip")
        return out
    return input.reshape(-1).take(places(index, input.shape, dim))


def put_at_places(out: Any, index: Any, dim: int, values: Any) -> None:
    """Writes values where an index along `dim` says, into an array laid out in the order of its dimensions."""
    if index.size:
        flat(out)[places(index, out.shape, dim)] = values


def add_at_places(out: Any, index: Any, dim: int, values: Any) -> None:
    """Adds values where an index along `dim` says, into an array laid out in the order of its dimensions."""
    if index.size:
        found = places(index, out.shape, dim)
        # Along one dimension, NumPy adds at repeated places five times as quickly.
        np.add.at(flat(out), flat(found), flat(values))
