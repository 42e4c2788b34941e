"""Writes PyTorch's files: the zip archive of today, or the row of pickles of before 1.6."""

from __future__ import annotations

import struct
import sys
from typing import IO, Any

from framework.serialization.archive_writing import ArchiveWriter
from framework.serialization.legacy import MAGIC_NUMBER, PROTOCOL_VERSION
from framework.serialization.pickle_writing import dumped
from framework.serialization.reducing import reducer
from framework.serialization.stored import Stored

__all__ = ["write", "write_legacy"]

_VERSION = b"3\n"


def write(value: Any, file: IO[bytes], byteorder: bool = True) -> None:
    """Writes a zip archive. All is looked at before the first byte is written."""
    stored = Stored()
    program = dumped(value, reducer(stored, legacy=False))
    archive = ArchiveWriter(file)
    archive.write("archive/data.pkl", program)
    if byteorder:
        archive.write("archive/byteorder", sys.byteorder.encode())
    for key, piece in stored.pieces.items():
        archive.write(f"archive/data/{key}", piece)
    archive.write("archive/version", _VERSION)
    archive.close()


def write_legacy(value: Any, file: IO[bytes]) -> None:
    """Writes pickles, and the bytes of each storage after them."""
    stored = Stored()
    sizes = {name: struct.calcsize(f"={code}") for name, code in (("short", "h"), ("int", "i"), ("long", "l"))}
    system = {"protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little", "type_sizes": sizes}
    program = dumped(value, reducer(stored, legacy=True))
    keys = sorted(stored.pieces)
    for each in (MAGIC_NUMBER, PROTOCOL_VERSION, system):
        file.write(dumped(each, _plain))
    file.write(program)
    file.write(dumped(keys, _plain))
    for key in keys:
        piece = memoryview(stored.pieces[key])
        file.write(struct.pack("=q", piece.nbytes // stored.itemsizes[key]))
        file.write(piece.cast("B") if piece.nbytes else b"")


def _plain(value: Any) -> None:
    return None
