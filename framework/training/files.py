"""Files that are there in full or not at all: JSON, and named arrays without pickle."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from framework.errors import UserError
from framework.files import writing

__all__ = [
    "append_line",
    "arrays_in",
    "check_place",
    "new_folder",
    "put_arrays",
    "read_arrays",
    "read_json",
    "read_json_lines",
    "write_arrays",
    "write_json",
    "writing",
]


def append_line(path: Path, line: str) -> None:
    """Add a line to a file, in full or not at all; half a line that a killed process left at its end is cut off."""
    with open(path, "a+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        if end and file.read(1) != b"\n":
            file.seek(0)
            file.truncate(end := file.read().rfind(b"\n") + 1)
        try:
            data = memoryview(_encoded(line + "\n"))
            while data:  # a disk that is nearly full takes a part
                data = data[file.write(data) :]
        except BaseException:
            file.truncate(end)
            raise


def check_place(path: Path, *, replace: bool) -> None:
    """UserError where a file has no folder to be written to, or is there already and may not be replaced."""
    if not path.parent.is_dir():
        raise UserError(
            f"{path} cannot be written: there is no folder {path.parent}. Make it, or choose another place."
        )
    if path.is_file() and not replace:
        raise UserError(f"{path} is there already, and is not overwritten without --force.")


def new_folder(root: Path, name: str) -> Path:
    """Make `root`/`name`-TIME, with a number more where that is there already; of several at once each gets its own."""
    root.mkdir(parents=True, exist_ok=True)
    base = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        path = root / (base if number == 1 else f"{base}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def write_json(path: Path, value: Any) -> None:
    """Write a JSON value, indented for people."""
    with writing(path) as file:
        file.write(_encoded(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"))


def _encoded(text: str) -> bytes:
    """JSON in UTF-8; bytes of a path that are no characters in this locale are escaped, from which they come back."""
    return text.encode(errors="backslashreplace")


def read_json(path: Path) -> Any:
    """Read a JSON file; UserError when it is not one."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged: it is not JSON ({error}).") from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file with one in each line; lines that are none, such as half a one, are left out."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return [each for each in found if isinstance(each, dict)]


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as .npz; the same arrays give the same bytes."""
    with writing(path) as file:
        put_arrays(file, arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read named arrays from .npz, each in memory of its own; nothing in the file is run."""
    with open(path, "rb") as file:
        return arrays_in(file, path)


def put_arrays(file: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as .npz into a file of which only `write` is used; dense ones are not copied."""
    from framework.serialization.archive_writing import ArchiveWriter

    archive = ArchiveWriter(file)
    for name, array in arrays.items():
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        if array.dtype.hasobject:
            raise ValueError(f"Object arrays are not written, since they could be code, and {name!r} is one.")
        header = _header_of(array.dtype, fortran, array.shape)
        flat = np.ascontiguousarray(array.T if fortran else array).reshape(-1)
        archive.write(f"{name}.npy", header, flat.view(np.uint8) if flat.nbytes else b"")
    archive.close()


def arrays_in(file: IO[bytes], path: Path) -> dict[str, np.ndarray]:
    """The named arrays of an open .npz file, which messages call `path`."""
    from framework.serialization.archive import Archive
    from framework.serialization.errors import LoadError

    try:
        archive = Archive(file)
        return {entry.removesuffix(".npy"): _array_of(archive.read(entry)) for entry in archive.names}
    except LoadError as error:
        raise UserError(f"{path} is damaged: {str(error).removeprefix('it is damaged: ').rstrip('.')}.") from error
    # NumPy's words would advise to unpickle it; a damaged shape may ask for more memory than there is.
    except (ValueError, TypeError, OverflowError, MemoryError) as error:
        raise UserError(f"{path} is damaged: it is not an .npz archive of plain arrays.") from error


@lru_cache(256)
def _header_of(dtype: np.dtype[Any], fortran: bool, shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    about = {"descr": npy.dtype_to_descr(dtype), "fortran_order": fortran, "shape": shape}
    npy.write_array_header_1_0(header, about)
    return header.getvalue()


def _array_of(raw: Any) -> np.ndarray:
    """The array that the bytes of an entry hold; ValueError when they hold none."""
    long = bytes(raw[6:8]) == b"\2\0"
    start = 12 if long else 10
    start += int.from_bytes(raw[8:start].tobytes(), "little")
    shape, fortran, dtype = _read_header(raw[:start].tobytes(), long)
    data = raw[start:]
    if math.prod(shape) * dtype.itemsize != data.size:
        raise ValueError("an array has more or fewer elements than its shape")
    array = np.empty(shape, dtype, order="F" if fortran else "C")
    if data.size:
        (array.T if fortran else array).reshape(-1).view(np.uint8)[:] = data
    return array


@lru_cache(256)
def _read_header(header: bytes, long: bool) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and type, as a .npy header has them; ValueError when it has none."""
    file = io.BytesIO(header)
    npy.read_magic(file)
    try:
        shape, fortran, dtype = npy.read_array_header_2_0(file) if long else npy.read_array_header_1_0(file)
    # NumPy reads the header with a parser for literals, which may raise nearly anything over a damaged one.
    except Exception as error:
        raise ValueError("the header of an array is none") from error
    if dtype.hasobject or any([type(each) is not int or each < 0 for each in shape]):
        raise ValueError("an array is of objects, or has no shape")
    return shape, fortran, dtype
