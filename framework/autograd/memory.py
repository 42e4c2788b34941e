"""The memory behind an array: where it starts, how far it reaches, and other windows on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

Geometry = tuple[tuple[int, ...], tuple[int, ...], int]
"""Sizes, steps and start in a piece of memory, in elements."""


# What NumPy's as_strided puts between an array and the one that it shows.
_BETWEEN: Any = type(np.lib.stride_tricks.as_strided(np.empty(1)).base)


def owner_of(array: Any) -> Any:
    """The array that owns the memory that `array` shows."""
    while True:
        base = array.base
        if type(base) is _BETWEEN:
            base = base.base
        if not isinstance(base, ndarray):
            return array
        array = base


def address(array: Any) -> int:
    """Where an array's first element lies."""
    start: int = array.__array_interface__["data"][0]
    return start


def geometry_of(array: Any) -> Geometry:
    """How an array lies in the memory that it shows."""
    itemsize = array.itemsize
    return array.shape, tuple([step // itemsize for step in array.strides]), start_of(array)


def start_of(array: Any) -> int:
    """Where an array starts in the memory that it shows, in elements."""
    owner = owner_of(array)
    return 0 if owner is array else (address(array) - address(owner)) // array.itemsize


def capacity(array: Any) -> int:
    """How many elements of the array's type its memory holds."""
    return int(owner_of(array).nbytes // array.itemsize)


def window(array: Any, geometry: Geometry) -> Any:
    """The elements of the memory behind `array` that lie at a geometry, which must be within."""
    owner = owner_of(array)
    shape, strides, start = geometry
    size = array.itemsize
    steps = tuple([step * size for step in strides])
    if not owner.flags.c_contiguous:
        owner = np.transpose(owner)
    if owner.flags.c_contiguous:
        return ndarray(shape, array.dtype, owner, start * size, steps)
    # Memory that is another program's: only its first element is known to be there.
    first = np.lib.stride_tricks.as_strided(owner, (start + 1,), (size,))
    return np.lib.stride_tricks.as_strided(first[start:], shape, steps)


def reach_of(geometry: Geometry) -> int:
    """How many elements a piece of memory must hold for a geometry."""
    shape, strides, start = geometry
    if 0 in shape:
        return 0
    last = start
    for size, step in zip(shape, strides, strict=True):
        last += (size - 1) * step
    return last + 1


def positions(geometry: Geometry) -> Any:
    """The place in memory of each element."""
    shape, strides, start = geometry
    places: Any = np.full((), start)
    for size, step in zip(shape, strides, strict=True):
        places = np.add.outer(places, np.arange(size) * step)
    return places


def overlaps(geometry: Geometry) -> bool:
    """Whether several elements may lie at one place."""
    shape, strides, _ = geometry
    if 0 in shape:
        return False
    covered = 0
    for step, size in sorted((step, size) for size, step in zip(shape, strides, strict=True) if size > 1):
        if step <= covered:
            return True
        covered += (size - 1) * step
    return False
