"""Reads IDX files, the format of MNIST: sizes and values of one array, plain or compressed with gzip."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from typing import IO

import numpy as np

from framework.autograd import Tensor
from framework.data.files import DataError, check_bytes, is_mapped, opened_size, starts_with, to_tensor

__all__ = ["read_idx"]

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str], *, mmap: bool | None = None) -> Tensor:
    """The array of an IDX file, such as `train-images-idx3-ubyte` or its `.gz`: (images, rows, columns) of uint8.

    A file of bytes that is 64 MB or more is mapped: read where it is used, and copied where it is changed.
    `mmap` maps any, or none. Raises DataError for another kind of file, or one that is damaged.
    """
    path = os.fspath(path)
    size = opened_size(path)
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return _compressed(path)
        file.seek(0)
        shape, dtype = _header(path, file)
        start = file.tell()
        check_bytes(path, size - start, shape, dtype)
        if is_mapped(size, mmap) and size > start and dtype.itemsize == 1:
            return to_tensor(path, np.memmap(file, dtype, "c", start, shape))
        return to_tensor(path, np.fromfile(file, dtype).reshape(shape))


def _compressed(path: str) -> Tensor:
    try:
        with gzip.open(path) as file:
            shape, dtype = _header(path, file)
            data = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(path, f"its gzip data is damaged: {error}. Copy or download it again") from None
    check_bytes(path, len(data), shape, dtype)
    return to_tensor(path, np.frombuffer(bytearray(data), dtype).reshape(shape))


def _header(path: str, file: IO[bytes] | gzip.GzipFile) -> tuple[tuple[int, ...], np.dtype]:
    """Sizes and type: two zeros, a number for the type, that of the dimensions, and a size for each."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in _TYPES:
        raise DataError(
            path,
            f"this is not an IDX file: {starts_with(start + file.read(4))}; an IDX file starts with two zeros, "
            f"and then {', '.join(map(hex, _TYPES))} for the type of its values",
        )
    dimensions = start[3]
    sizes = file.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(path, f"the file is cut short: of {dimensions} sizes it has {len(sizes)} bytes, 4 each")
    return struct.unpack(f">{dimensions}I", sizes), np.dtype(_TYPES[start[2]])
