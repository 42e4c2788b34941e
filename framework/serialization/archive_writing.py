"""Writes zip archives as PyTorch's and NumPy's files are: entries stored as they are, aligned for memory maps."""

from __future__ import annotations

import struct
import zlib
from typing import IO, Any

__all__ = ["ArchiveWriter"]

_ALIGNMENT = 64
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")

_FULL = 0xFFFFFFFF
_FULL_COUNT = 0xFFFF
_DATE = 0x21  # the first day that there is: the same entries give the same bytes
_UTF_8 = 0x800


class ArchiveWriter:
    """Writes entries one after the other into a file of which only `write` is used.

    The bytes of each start at a multiple of 64, counted from where the archive starts.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._place = 0
        self._directory: list[bytes] = []

    def _put(self, data: Any) -> None:
        self._file.write(data)
        self._place += len(data)

    def write(self, name: str, *parts: Any) -> None:
        """Writes an entry out of one or more buffers."""
        views = [memoryview(part) for part in parts]
        flat = [view.cast("B") for view in views if view.nbytes]
        size, crc = sum([len(view) for view in flat]), 0
        for view in flat:
            crc = zlib.crc32(view, crc)
        start, encoded = self._place, name.encode()
        version, flags = (45 if size >= _FULL or start >= _FULL else 20), 0 if name.isascii() else _UTF_8
        about = (flags, 0, 0, _DATE, crc)
        sizes = min(size, _FULL)
        long_sizes = struct.pack("<2H2Q", 1, 16, size, size) if size >= _FULL else b""
        # A field that readers pass over, under the name that PyTorch gives it, moves the bytes to their place.
        padding = -(start + _LOCAL.size + len(encoded) + len(long_sizes) + 4) % _ALIGNMENT
        extra = long_sizes + struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        self._put(_LOCAL.pack(b"PK\3\4", version, *about, sizes, sizes, len(encoded), len(extra)) + encoded + extra)
        for view in flat:
            self._put(view)
        fields = [each for each in (size, size, start) if each >= _FULL]
        more = struct.pack(f"<2H{len(fields)}Q", 1, 8 * len(fields), *fields) if fields else b""
        sizes_and_lengths = (sizes, sizes, len(encoded), len(more), 0, 0, 0, 0, min(start, _FULL))
        self._directory.append(_CENTRAL.pack(b"PK\1\2", version, version, *about, *sizes_and_lengths) + encoded + more)

    def close(self, comment: bytes = b"") -> None:
        """Writes the directory of all entries, which ends the archive."""
        start, count = self._place, len(self._directory)
        for each in self._directory:
            self._put(each)
        size = self._place - start
        if count >= _FULL_COUNT or start >= _FULL or size >= _FULL:
            end = self._place
            self._put(_END_64.pack(b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start))
            self._put(_LOCATOR_64.pack(b"PK\6\7", 0, end, 1))
        count = min(count, _FULL_COUNT)
        ends = (0, 0, count, count, min(size, _FULL), min(start, _FULL), len(comment))
        self._put(_END.pack(b"PK\5\6", *ends) + comment)
