"""PyTorch's files since 1.6: a zip archive of one pickle, and of an entry of raw bytes for each storage."""

from __future__ import annotations

import io
from typing import Any

from framework.serialization import known
from framework.serialization.archive import Archive
from framework.serialization.errors import LoadError, shown
from framework.serialization.map_location import Places
from framework.serialization.options import byteorder_without_mark
from framework.serialization.pickle_reading import Machine
from framework.serialization.storages import ElementType, Memory

__all__ = ["pickle_of", "read", "starts_at"]

_PROGRAM = "data.pkl"


def starts_at(archive: Archive) -> str | None:
    """The folder within the archive that holds a file of PyTorch's; None when it is an archive of another kind."""
    found = [name for name in archive.names if name == _PROGRAM or name.endswith(f"/{_PROGRAM}")]
    return min(found, key=len).removesuffix(_PROGRAM) if found else None


def pickle_of(archive: Archive, folder: str) -> bytes:
    """The pickle program of the archive."""
    if f"{folder}constants.pkl" in archive:
        raise LoadError(
            "it is a TorchScript archive, whose program is code, and there is no TorchScript here. In PyTorch, save its "
            "tensors: torch.save(torch.jit.load(...).state_dict(), ...)"
        )
    return bytes(archive.read(folder + _PROGRAM))


def read(archive: Archive, folder: str, places: Places, encoding: str) -> Any:
    """What was saved."""
    program = pickle_of(archive, folder)
    order = _byteorder(archive, folder)
    memories: dict[str, Memory] = {}

    def persistent(name: Any) -> Memory:
        kind, key, location, count = storage_of(name)
        if key not in memories:
            memory = Memory(_bytes(archive, f"{folder}data/{key}", count * kind.itemsize), kind, order)
            places.check(location, memory)
            memories[key] = memory
        return memories[key]

    machine = Machine(io.BytesIO(program), len(program), known.NAMES, persistent, encoding)
    result = machine.run()
    places.finish()
    return result


def _bytes(archive: Archive, name: str, needed: int) -> Any:
    held = archive.size(name)
    if held < needed:
        raise LoadError(f"it is damaged: a storage asks for {needed} bytes, and its entry {shown(name)} holds {held}")
    return archive.read(name)


def _byteorder(archive: Archive, folder: str) -> str:
    if f"{folder}byteorder" not in archive:
        return byteorder_without_mark()
    order = bytes(archive.read(f"{folder}byteorder"))
    if order not in (b"little", b"big"):
        raise LoadError(f"it is damaged: Unknown endianness type: {shown(order.decode('latin1'))}")
    return order.decode()


def storage_of(name: Any) -> tuple[ElementType, str, str, int]:
    """A storage's type, key, place and number of elements, out of what the pickle calls it."""
    if type(name) is tuple and name and as_text(name[0]) == "module":
        raise LoadError(
            "it holds a whole module, and loading that would run code. In PyTorch, save its tensors: "
            "torch.save(module.state_dict(), ...)"
        )
    if type(name) is not tuple or len(name) < 5 or as_text(name[0]) != "storage":
        raise LoadError("it is damaged: its pickle asks for something that is no storage")
    kind, key, location, count = name[1], as_text(name[2]), as_text(name[3]), name[4]
    if not isinstance(kind, ElementType) or key is None or location is None or type(count) is not int or count < 0:
        raise LoadError("it is damaged: what its pickle says of a storage makes no sense")
    kind.required()
    return kind, key, location, count


def as_text(value: Any) -> str | None:
    """A string; of Python 2, it may have come as bytes."""
    if type(value) is bytes and value.isascii():
        return value.decode()
    return value if type(value) is str else None
