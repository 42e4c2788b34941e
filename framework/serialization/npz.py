"""NumPy's .npz format: a dict of tensors, each an entry that `numpy.load` gives by the same name.

A flat dict keeps its names. A dict of dicts has "/" between the names, with "%2F" for a "/" within one and "%25" for
a "%", and says so in the archive's comment, so that it comes back nested as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from framework.autograd import Tensor
from framework.autograd.tensor import wrap
from framework.serialization import npy
from framework.serialization.archive import Archive
from framework.serialization.archive_writing import ArchiveWriter
from framework.serialization.errors import LoadError, shown

__all__ = ["read", "write"]

_NESTED = b"names are paths: / between the parts, %2F and %25 for / and % within one"


def write(state: Any, file: IO[bytes]) -> None:
    """Writes a dict of tensors, or of such dicts."""
    check_names(state, ".npz", nested=True)
    nested = any([isinstance(each, Mapping) for each in state.values()])
    archive = ArchiveWriter(file)
    for name, tensor in _flat(state, "") if nested else state.items():
        if tensor is None:
            archive.write(name)
        else:
            archive.write(f"{name}.npy", *npy.parts_of(tensor.detach().numpy()))
    archive.close(_NESTED if nested else b"")


def check_names(state: Any, format: str, nested: bool, place: str = "") -> None:
    """Raises TypeError, naming the place, unless `state` is a dict of tensors by name."""
    if not isinstance(state, Mapping):
        raise TypeError(f"{format} holds a dict of tensors, not {_a(state)}. Save it as .pt, or as {{'name': tensor}}")
    for name, value in state.items():
        where = f"{place}[{name!r}]"
        if not isinstance(name, str):
            raise TypeError(f"{format} has texts for names, and {where} is named by {_a(name)}. Save it as .pt")
        if isinstance(value, Mapping) and nested:
            check_names(value, format, nested, where)
        elif not isinstance(value, Tensor):
            way = "Save it as .pt, which holds other values too, or as a tensor"
            raise TypeError(f"{format} holds tensors, and {where} is {_a(value)}. {way}")


def _a(value: Any) -> str:
    return f"a value of type {type(value).__name__}"


def _flat(state: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """The tensors by path; None for the path of an empty dict."""
    for name, value in state.items():
        full = path + name.replace("%", "%25").replace("/", "%2F")
        if not isinstance(value, Mapping):
            yield full, value
        elif value:
            yield from _flat(value, f"{full}/")
        else:
            yield f"{full}/", None


def read(archive: Archive) -> dict[str, Any]:
    """The tensors of an archive."""
    nested = archive.comment == _NESTED
    found: dict[str, Any] = {}
    for entry in archive.names:
        name = entry.removesuffix(".npy")
        if nested and entry.endswith("/") and not archive.size(entry):
            _put(found, _path(entry[:-1]), {})
            continue
        if name == entry:
            raise LoadError(f"its entry {shown(entry)} is no array: it is no .npz archive")
        try:
            tensor = wrap(npy.array_of(archive.read(entry)))
        except LoadError as error:
            raise LoadError(f"{shown(name)}: {error}") from error
        _put(found, _path(name) if nested else [name], tensor)
    return found


def _path(name: str) -> list[str]:
    return [each.replace("%2F", "/").replace("%25", "%") for each in name.split("/")]


def _put(target: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        target = target.setdefault(name, {})
        if not isinstance(target, dict):
            raise LoadError(f"it is damaged: {shown(name)} is both an array and a dict")
    if path[-1] in target:
        raise LoadError(f"it is damaged: {shown(path[-1])} is there twice")
    target[path[-1]] = value
