"""PyTorch's files before 1.6: five pickles one after the other, then the raw bytes of each storage."""

from __future__ import annotations

import io
import sys
from typing import IO, Any

import numpy as np

from framework.serialization import known
from framework.serialization.errors import LoadError
from framework.serialization.map_location import Places
from framework.serialization.pickle_reading import Machine
from framework.serialization.storages import Memory
from framework.serialization.torch_zip import as_text, storage_of

__all__ = ["MAGIC_NUMBER", "PROTOCOL_VERSION", "read"]

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001


def read(file: IO[bytes], places: Places, encoding: str) -> Any:
    """What was saved, from where the file stands."""
    storages = _Storages(file, places)
    machine = Machine(file, storages.end, known.NAMES, storages.find, encoding)
    if machine.run() != MAGIC_NUMBER:
        raise LoadError("Invalid magic number; corrupt file? It is a pickle, and not one that torch.save wrote")
    version = machine.run()
    if version != PROTOCOL_VERSION:
        raise LoadError(f"Invalid protocol version: {version if type(version) is int else '?'}")
    system = machine.run()
    if type(system) is not dict:
        raise LoadError("it is damaged: it does not say on what system it was written")
    storages.order = "little" if system.get("little_endian", True) else "big"
    result = machine.run()
    storages.fill(machine.run())
    places.finish()
    return result


class _Storages:
    """The storages that the pickle names: made first, filled when the bytes are reached that follow it."""

    def __init__(self, file: IO[bytes], places: Places) -> None:
        self._file = file
        self._places = places
        self._found: dict[str, Memory] = {}
        start = file.tell()
        self.end = self._left = file.seek(0, io.SEEK_END)
        file.seek(start)
        self.order = sys.byteorder

    def find(self, name: Any) -> Memory:
        """The storage of a name; part of another, where the name says so."""
        kind, key, location, count = storage_of(name)
        if key not in self._found:
            size = count * kind.itemsize
            self._left -= size
            if self._left < 0:
                raise LoadError("it is damaged: its storages ask for more bytes than it has")
            memory = Memory(np.zeros(size, np.uint8), kind, self.order)
            self._places.check(location, memory)
            self._found[key] = memory
        memory = self._found[key]
        part = name[5] if len(name) > 5 else None
        return memory if part is None else self._part(memory, part)

    def _part(self, memory: Memory, part: Any) -> Memory:
        if type(part) is not tuple or len(part) != 3 or any([type(each) is not int or each < 0 for each in part[1:]]):
            raise LoadError("it is damaged: a part of a storage is none")
        key = as_text(part[0])
        if key is None:
            raise LoadError("it is damaged: a part of a storage is none")
        if key not in self._found:
            first, last = [each * memory.kind.itemsize for each in (part[1], part[1] + part[2])]
            if last > memory.raw.size:
                raise LoadError("it is damaged: a part of a storage lies outside of it")
            self._found[key] = Memory(memory.raw[first:last], memory.kind, self.order)
        return self._found[key]

    def fill(self, keys: Any) -> None:
        """Reads the bytes of the storages, in the order of their keys."""
        if type(keys) is not list or len(set(map(str, keys))) != len(keys):
            raise LoadError("it is damaged: the list of its storages is none")
        for each in keys:
            memory = self._found.get(as_text(each) or "")
            if memory is None:
                raise LoadError("it is damaged: it has bytes for a storage that no tensor has")
            count = int.from_bytes(self._file.read(8), "little" if self.order == "little" else "big")
            if count * memory.kind.itemsize != memory.raw.size:
                raise LoadError("it is damaged: the bytes of a storage are more or fewer than its tensors need")
            data = self._file.read(memory.raw.size)
            if len(data) < memory.raw.size:
                raise LoadError("it is damaged: it ends too early")
            memory.raw[...] = np.frombuffer(data, np.uint8)
        for memory in self._found.values():
            memory.refresh()
