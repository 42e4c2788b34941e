"""Reads zip archives without trust.

Nothing is ever extracted: an entry's name is looked up, its bytes go to memory. How much memory is bounded by the
file's own size for entries that are stored, and refused beyond reason for compressed ones.
"""

from __future__ import annotations

import errno
import mmap
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from framework.serialization.errors import LoadError, shown

__all__ = ["Archive", "fill", "mapped"]

_LOCAL_HEADER = struct.Struct("<4s22xHH")

# Beyond this, entries that unpack to more than a hundred times their size are taken for a bomb.
_SUSPICIOUS = 1 << 30
_RATIO = 100
_CHUNK = 1 << 20
_LONGEST_END = 22 + (1 << 16)


@contextmanager
def _translated() -> Iterator[None]:
    """What zipfile raises over a damaged archive becomes a LoadError."""
    try:
        yield
    except (BadZipFile, NotImplementedError, EOFError, struct.error, zlib.error, UnicodeDecodeError) as error:
        raise LoadError(f"it is damaged: {str(error).rstrip('.') or 'it ends too early'}") from error
    except (ValueError, OverflowError, MemoryError) as error:
        raise LoadError(f"it is damaged: its directory leads nowhere ({error})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to before the start of a real file
            raise
        raise LoadError("it is damaged: its directory leads nowhere") from error


class Archive:
    """The entries of a zip archive by name. With `memory`, a map of the file, what is stored stays there."""

    def __init__(self, file: IO[bytes], memory: Any = None) -> None:
        with _translated():
            archive = ZipFile(file)
        self._file = file
        self._zip = archive
        self._memory = memory
        self.comment = archive.comment
        self._size = file.seek(0, 2)
        self._check_end()
        self._unread = self._size
        self._unpacked = 0
        self._entries: dict[str, ZipInfo] = {}
        for entry in archive.infolist():
            if entry.filename in self._entries:
                raise LoadError(f"it is damaged: two entries are named {shown(entry.filename)}")
            self._entries[entry.filename] = entry
        self.names = tuple(self._entries)

    def _check_end(self) -> None:
        """Raises where the comment is cut off, which zipfile passes over."""
        self._file.seek(max(0, self._size - _LONGEST_END))
        last = self._file.read()
        place = last.rfind(b"PK\5\6")
        if int.from_bytes(last[place + 20 : place + 22], "little") > len(last) - place - 22:
            raise LoadError("it is damaged: it ends too early")

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        """How many bytes an entry holds, as the directory says."""
        return self._entry(name).file_size

    def read(self, name: str) -> Any:
        """An entry's bytes, as a writable array that owns its memory or lies in the file's map."""
        entry = self._entry(name)
        if entry.flag_bits & 1:
            raise LoadError(f"its entry {shown(name)} is encrypted. Unpack it and zip it again without a password")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise LoadError(f"its entry {shown(name)} is compressed in a way that is not read here. Zip it again")
        with _translated():
            return self._stored(entry) if entry.compress_type == ZIP_STORED else self._inflated(entry)

    def _entry(self, name: str) -> ZipInfo:
        if name not in self._entries:
            raise LoadError(f"it is damaged: its entry {shown(name)} is missing")
        return self._entries[name]

    def _stored(self, entry: ZipInfo) -> Any:
        size = entry.file_size
        start = self._start(entry)
        self._unread -= size
        if size != entry.compress_size or start + size > self._size or self._unread < 0:
            raise LoadError(f"it is damaged: its entry {shown(entry.filename)} reaches beyond its end")
        if self._memory is not None:
            return np.frombuffer(self._memory, np.uint8, size, start) if size else np.empty(0, np.uint8)
        raw: Any = np.empty(size, np.uint8)
        self._file.seek(start)
        fill(self._file, raw)
        # PyTorch writes 0 where it was told to count no sum.
        if entry.CRC and zlib.crc32(raw) != entry.CRC:
            raise _wrong_sum(entry)
        return raw

    def _start(self, entry: ZipInfo) -> int:
        """Where an entry's bytes begin: behind a header of its own, which must agree with the directory."""
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size:
            raise LoadError("it is damaged: it ends too early")
        signature, name_size, extra_size = _LOCAL_HEADER.unpack(header)
        name = self._file.read(name_size)
        if signature != b"PK\3\4" or name != entry.orig_filename.encode(
            "utf-8" if entry.flag_bits & 0x800 else "cp437"
        ):
            raise LoadError(f"it is damaged: its directory and its entry {shown(entry.filename)} disagree")
        return entry.header_offset + _LOCAL_HEADER.size + name_size + int(extra_size)

    def _inflated(self, entry: ZipInfo) -> Any:
        self._unpacked += entry.file_size
        if self._unpacked > _SUSPICIOUS and self._unpacked > _RATIO * self._size:
            raise LoadError(
                f"its {self._size} bytes would unpack to more than {self._unpacked}: it may be a bomb. If you trust it, "
                "unpack it and zip it again uncompressed"
            )
        raw = np.empty(entry.file_size, np.uint8)
        with self._zip.open(entry) as member:
            fill(member, raw)
            if member.read(1):
                raise _wrong_sum(entry)
        return raw


def fill(file: Any, raw: Any) -> None:
    """Reads as many bytes as an array holds into it."""
    view = memoryview(raw)
    while view:
        count = (
            file.readinto(view[:_CHUNK]) if hasattr(file, "readinto") else _copied(file.read(len(view[:_CHUNK])), view)
        )
        if not count:
            raise LoadError("it is damaged: it ends too early")
        view = view[count:]


def _copied(data: bytes, view: memoryview) -> int:
    view[: len(data)] = data
    return len(data)


def _wrong_sum(entry: ZipInfo) -> LoadError:
    return LoadError(f"it is damaged: the bytes of its entry {shown(entry.filename)} do not match their sum")


def mapped(path: Any, shared: bool) -> Any:
    """A file's bytes in memory, read when used; writes go to the file if `shared`, else to a copy of the page."""
    with open(path, "r+b" if shared else "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY)
