"""What a person may set for all loading and saving of the process."""

from __future__ import annotations

import mmap
import sys
from enum import Enum

__all__ = [
    "LoadEndianness",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
]

# Windows has no such flags, and other ways to the same.
MAP_SHARED: int = getattr(mmap, "MAP_SHARED", 1)
MAP_PRIVATE: int = getattr(mmap, "MAP_PRIVATE", 2)


class LoadEndianness(Enum):
    """An order of bytes."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class _Options:
    endianness: LoadEndianness | None = None
    map = MAP_PRIVATE
    sums = True


def get_default_load_endianness() -> LoadEndianness | None:
    """The order of bytes that a file is taken to have when it does not say; None means little."""
    return _Options.endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Sets the order of bytes that a file is taken to have when it does not say."""
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _Options.endianness = endianness


def byteorder_without_mark() -> str:
    """ "little" or "big": the order of a file that does not say."""
    if _Options.endianness is LoadEndianness.NATIVE:
        return sys.byteorder
    return "big" if _Options.endianness is LoadEndianness.BIG else "little"


def get_default_mmap_options() -> int:
    """How `load(..., mmap=True)` maps a file: `mmap.MAP_PRIVATE`, or `mmap.MAP_SHARED`, where writes reach the file.

    After such writes the sums in the file are those of other bytes, and only a map of it can be loaded.
    """
    return _Options.map


class set_default_mmap_options:
    """Sets how `load(..., mmap=True)` maps a file, from here on or within a `with` block."""

    def __init__(self, flags: int) -> None:
        if flags not in (MAP_PRIVATE, MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, "
                f"but got {flags}"
            )
        self.prev = _Options.map
        _Options.map = flags

    def __enter__(self) -> None:
        """It is set already."""

    def __exit__(self, *exception: object) -> None:
        _Options.map = self.prev


def maps_shared() -> bool:
    """Whether writes to mapped tensors reach the file."""
    return _Options.map == MAP_SHARED


def get_crc32_options() -> bool:
    """What was set. Sums of all entries are written in any case."""
    return _Options.sums


def set_crc32_options(compute_crc32: bool) -> None:
    """Taken, and without effect: a file without sums could not tell that it is damaged, nor be read as a zip."""
    _Options.sums = compute_crc32
