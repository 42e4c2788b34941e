"""What all readers say of a file that they cannot read: which, where, and what was expected."""

from __future__ import annotations

import os

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError, nearest
from framework.operations import from_numpy

__all__ = [
    "MAPPED_FROM",
    "DataError",
    "check_bytes",
    "is_mapped",
    "no_such_file",
    "opened_size",
    "starts_with",
    "to_tensor",
]

MAPPED_FROM = 1 << 26
"""From how many bytes on a file is mapped into memory: read as it is used, and no more than once."""


class DataError(UserError, ValueError):
    """A file that can't be read as data; `path` says which, and the message where in it and what was expected."""

    def __init__(self, path: str, message: str, place: str = "") -> None:
        super().__init__(f"{path}{place}: {message}")
        self.path = path


def no_such_file(path: str) -> str:
    """What to say of a path that isn't there: the nearest name beside it, if there is one."""
    folder, name = os.path.split(path)
    try:
        near = nearest(name, os.listdir(folder or "."))
    except OSError:
        return f"No such file, nor the folder {folder!r}"
    hint = f" (did you mean {os.path.join(folder, near)!r}?)" if near else ""
    return f"No such file{hint}"


def opened_size(path: str) -> int:
    """A file's size in bytes; FileNotFoundError that names the nearest."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, no_such_file(path), path) from None


def is_mapped(size: int, mmap: bool | None) -> bool:
    """Whether a file is mapped: as asked, or by its size."""
    return size >= MAPPED_FROM if mmap is None else mmap


def starts_with(start: bytes) -> str:
    """What a file seems to be, that starts otherwise than it should."""
    if not start:
        return "the file is empty"
    kinds = {
        b"\x1f\x8b": ", as a gzip file does",
        b"PK": ", as a .npz or another zip file does",
        b"\x93NUMPY": ", as a .npy file does",
        b"\x80\x04": ", as a pickle does",
        b"<": ", as a web page does: was the download refused?",
    }
    kind = next((words for magic, words in kinds.items() if start.startswith(magic)), "")
    return f"it starts with {start[:8]!r}{kind}"


def check_bytes(path: str, have: int, shape: tuple[int, ...], dtype: np.dtype, place: str = "") -> None:
    """DataError unless there are as many bytes as an array needs."""
    needed = int(np.prod(shape, dtype=object)) * dtype.itemsize
    what = f"the header announces {' × '.join(map(str, shape)) or 'one'} values of {dtype}, {needed} bytes"
    if have < needed:
        raise DataError(path, f"the file is cut short: {what}, and {have} follow. Copy or download it again", place)
    if have > needed:
        raise DataError(path, f"{what}, but {have} follow: the header is damaged, or more was written behind", place)


def to_tensor(path: str, array: np.ndarray, place: str = "") -> Tensor:
    """An array that was read as a tensor, in this machine's order of bytes; DataError for a type that none has."""
    array = array.view(np.ndarray)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    try:
        return from_numpy(array)
    except TypeError:
        kinds = "numbers or booleans"
        raise DataError(
            path, f"the array holds {array.dtype}, and a tensor {kinds} of a type in framework", place
        ) from None
