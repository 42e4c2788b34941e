"""Reads text: a whole file, or the lines of one of any size as a dataset."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

from framework.data.dataset import Dataset
from framework.data.files import DataError, opened_size

__all__ = ["TextLines", "read_text"]

_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 24


def read_text(path: str | os.PathLike[str], *, encoding: str = "utf-8") -> str:
    r"""All text of a file, its lines ended by "\n".

    Raises DataError, naming the line, where bytes are not valid in the encoding.
    """
    path = os.fspath(path)
    opened_size(path)
    with open(path, "rb") as file:
        data = file.read()
    text = _decoded(path, data.removeprefix(_BOM) if _is_utf8(encoding) else data, encoding, 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TextLines(Dataset[str]):
    r"""The lines of a text file, each read when it is asked for; their ends, "\n" or "\r\n", are left out.

    Only where each line starts is kept in memory. A worker opens the file for itself.
    Raises DataError, naming the line, where bytes are not valid in the encoding, and for a file that has changed.
    """

    def __init__(self, path: str | os.PathLike[str], *, encoding: str = "utf-8") -> None:
        self.path = os.path.abspath(path)
        self.encoding = encoding
        if "\n".encode(encoding) != b"\n":
            raise ValueError(f"TextLines finds lines by the byte 0x0a, which ends none in {encoding}. Use read_text()")
        self._size = opened_size(self.path)
        self._mapped: mmap.mmap | None = None
        self._starts = self._find_starts()

    def _find_starts(self) -> np.ndarray:
        """Where each line starts, and where the last one ends."""
        starts = [np.zeros(1, dtype=np.int64)]
        position = 0
        with open(self.path, "rb") as file:
            while chunk := file.read(_CHUNK):
                starts.append(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")) + (position + 1))
                position += len(chunk)
        found = np.concatenate(starts)
        return found if found[-1] == self._size else np.append(found, self._size)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: Any) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there is no line {index} among {len(self)} of {self.path}")
        number = index % len(self)
        line = self._bytes()[self._starts[number] : self._starts[number + 1]]
        if number == 0 and _is_utf8(self.encoding):
            line = line.removeprefix(_BOM)
        return _decoded(self.path, line, self.encoding, number + 1).removesuffix("\n").removesuffix("\r")

    def _bytes(self) -> mmap.mmap:
        if self._mapped is None:
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != self._size:
                    raise DataError(
                        self.path, f"the file has {size} bytes; when its lines were counted it had {self._size}"
                    )
                self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._mapped

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_mapped": None}

    def __repr__(self) -> str:
        return f"TextLines({self.path!r}, {len(self)} lines)"


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")


def _decoded(path: str, data: bytes, encoding: str, line: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise DataError(
            path,
            f"byte {data[error.start]:#04x} is not valid in {error.encoding}. If the file was saved with another "
            'encoding, name it: encoding="latin-1"',
            f", line {line}",
        ) from None
