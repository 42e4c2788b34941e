"""Reads NumPy's files: one array (.npy) or several by name (.npz), without ever running what is in them."""

from __future__ import annotations

import os
import zipfile
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from framework.autograd import Tensor
from framework.data.files import DataError, check_bytes, is_mapped, opened_size, starts_with, to_tensor

__all__ = ["open_archive", "read_header", "read_npy", "read_npz"]

Header = tuple[tuple[int, ...], bool, np.dtype]


def read_npy(path: str | os.PathLike[str], *, mmap: bool | None = None) -> Tensor:
    """The array of a .npy file.

    A file of 64 MB or more is mapped: read where it is used, and copied where it is changed; the file never changes.
    `mmap` maps any, or none. Raises DataError for another kind of file, one that is damaged, or objects.
    """
    path = os.fspath(path)
    size = opened_size(path)
    with open(path, "rb") as file:
        shape, fortran, dtype = read_header(path, file)
        start = file.tell()
        check_bytes(path, size - start, shape, dtype)
        order: Any = "F" if fortran else "C"
        if is_mapped(size, mmap) and size > start:
            array: np.ndarray = np.memmap(file, dtype, "c", start, shape, order)
        else:
            array = np.fromfile(file, dtype).reshape(shape, order=order)
    return to_tensor(path, array)


def read_npz(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The arrays of a .npz file by name.

    Raises DataError for another kind of file, one that is damaged, or objects.
    """
    path = os.fspath(path)
    opened_size(path)
    with open(path, "rb") as file:
        with open_archive(path, file) as archive:
            return {name.removesuffix(".npy"): _member(path, archive, name) for name in archive.namelist()}


def open_archive(path: str, file: IO[bytes]) -> zipfile.ZipFile:
    """The archive that a .npz file is; DataError for another kind of file."""
    start = file.read(8)
    try:
        return zipfile.ZipFile(file)
    except Exception as error:
        kind = f"its archive is damaged ({error})" if start.startswith(b"PK") else starts_with(start)
        raise DataError(path, f"this is not a whole .npz file: {kind}") from None


def _member(path: str, archive: zipfile.ZipFile, name: str) -> Tensor:
    place = f", array {name.removesuffix('.npy')!r}"
    try:
        with archive.open(name) as file:
            shape, fortran, dtype = read_header(path, file, place)
            data = file.read()
    except DataError:
        raise
    except Exception as error:
        # A wrong byte may be met as a checksum, a method of compression that nobody knows, a password, …
        raise DataError(path, f"it is damaged: {error}. Copy or download it again", place) from None
    check_bytes(path, len(data), shape, dtype, place)
    # Of a bytearray: a tensor's memory can be written.
    array = np.frombuffer(bytearray(data), dtype).reshape(shape, order="F" if fortran else "C")
    return to_tensor(path, array, place)


def read_header(path: str, file: IO[bytes], place: str = "") -> Header:
    """Shape, order and type of the array that follows."""
    start = file.read(npy.MAGIC_LEN)
    if not start.startswith(npy.MAGIC_PREFIX):
        raise DataError(path, f"this is not a .npy file: {starts_with(start)}", place)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0, (3, 0): npy.read_array_header_2_0}
    version = tuple(start[len(npy.MAGIC_PREFIX) :])
    if version not in readers:
        raise DataError(path, f"its version of the format is {version}; 1.0, 2.0 and 3.0 are known", place)
    try:
        shape, fortran, dtype = readers[version](file)
    except Exception as error:
        # It is read as Python's literals are: there are many ways for them to be wrong.
        raise DataError(path, f"its header can't be read: {error}", place) from None
    if any(length < 0 for length in shape):
        raise DataError(path, f"its header is damaged: it announces the shape {shape}", place)
    if dtype.hasobject:
        raise DataError(path, "it holds Python objects, which could run anything: only numbers are read", place)
    return shape, fortran, dtype
