"""Reads the rows of an array, or of NumPy's files, some at a time: a file may be larger than memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from framework.data.arrays import open_archive, read_header
from framework.data.files import DataError, check_bytes, opened_size

__all__ = ["array_blocks", "npy_blocks", "npz_blocks"]


def array_blocks(array: np.ndarray, rows: int, numbers: int) -> Iterator[np.ndarray]:
    """So many rows at a time; fewer where that would be more than about so many `numbers`. DataError where it has none."""
    return (array[start : start + count] for start, count in _spans("the array", array.shape, rows, numbers))


def npy_blocks(path: str, rows: int, numbers: int) -> Iterator[np.ndarray]:
    """The rows of a .npy file, in whatever order it holds them; each block is to be copied before the next is asked for.

    Raises DataError for another kind of file, one that is damaged, has no rows, or holds objects.
    """
    size = opened_size(path)
    with open(path, "rb") as file:
        shape, fortran, dtype = read_header(path, file)
        start = file.tell()
    check_bytes(path, size - start, shape, dtype)
    for first, count in _spans(path, shape, rows, numbers):
        # Mapped anew: what was read of a map stays in memory as long as the map does.
        whole = np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
        yield whole[first : first + count]


def npz_blocks(path: str, rows: int, numbers: int) -> Iterator[np.ndarray]:
    """The rows of the only array in a .npz file; one in Fortran's order, whose rows do not lie together, is read whole.

    Raises DataError as `npy_blocks` does, and for more arrays than one.
    """
    opened_size(path)
    with open(path, "rb") as file, open_archive(path, file) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if len(names) != 1:
            held = ", ".join(names) or "nothing"
            raise DataError(path, f"it holds {held}: which are the rows? Save them alone, as .npy")
        place = f", array {names[0]!r}"
        entry = _entry(path, archive, place)
        shape, fortran, dtype = read_header(path, entry, place)
        if fortran:
            flat = np.frombuffer(_read(path, entry, shape, dtype, place), dtype)
            yield from array_blocks(flat.reshape(shape, order="F"), rows, numbers)
            return
        for _, count in _spans(path, shape, rows, numbers):
            part = (count, *shape[1:])
            yield np.frombuffer(_read(path, entry, part, dtype, place), dtype).reshape(part)


def _entry(path: str, archive: Any, place: str) -> IO[bytes]:
    try:
        entry: IO[bytes] = archive.open(archive.namelist()[0])
    except Exception as error:  # a password, a method of compression that nobody knows, …
        raise DataError(path, f"it cannot be read: {error}", place) from None
    return entry


def _read(path: str, entry: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, place: str) -> bytes:
    size = math.prod(shape) * dtype.itemsize
    try:
        data = entry.read(size)
    except Exception as error:
        raise DataError(path, f"it is damaged: {error}. Copy or download it again", place) from None
    check_bytes(path, len(data), shape, dtype, place)
    return data


def _spans(path: str, shape: tuple[int, ...], rows: int, numbers: int) -> Iterator[tuple[int, int]]:
    """First row and number of rows of each block."""
    if not shape or 0 in shape:
        raise DataError(path, f"it holds no rows of numbers: its shape is {shape}")
    count = max(1, min(rows, numbers // math.prod(shape[1:])))
    for start in range(0, shape[0], count):
        yield start, min(count, shape[0] - start)
