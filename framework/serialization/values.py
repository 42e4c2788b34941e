"""The other values of PyTorch's files: containers, bytes, sizes, each made of arguments that are looked at first."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from typing import Any

from framework.autograd import Size, device
from framework.autograd.size import strided
from framework.serialization.errors import LoadError, shown
from framework.serialization.pickle_reading import Call, check_keys


def encoded(text: Any, encoding: Any = "utf-8") -> bytes:
    if type(text) is not str or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise LoadError("it is damaged: bytes in it are encoded in an unknown way")
    return text.encode(encoding)


def bytes_of(data: Any = b"", encoding: Any = None) -> bytes:
    """Bytes of bytes: a number would ask for as many."""
    data = encoded(data, encoding) if type(data) is str else data
    if type(data) not in (bytes, bytearray, list) or (type(data) is list and not _all(data, int)):
        raise LoadError("it is damaged: bytes in it are none")
    return bytes(data)


def complex_of(real: Any = 0.0, imag: Any = 0.0) -> complex:
    if type(real) not in (int, float) or type(imag) not in (int, float):
        raise LoadError("it is damaged: a complex number in it is none")
    return complex(real, imag)


def _all(values: Any, kind: type) -> bool:
    return all([type(each) is kind for each in values])


def hashed_of(kind: Any) -> Any:
    def made(values: Any = ()) -> Any:
        if type(values) not in (list, tuple, set, frozenset):
            raise LoadError("it is damaged: a set in it is made of no list")
        check_keys(values)
        return kind(values)

    return made


def mapping_of(kind: Any) -> Any:
    def made(items: Any = ()) -> Any:
        if type(items) in (list, tuple) and all([type(each) in (list, tuple) and len(each) == 2 for each in items]):
            check_keys([key for key, _ in items])
            return kind(dict(items)) if kind is Counter else kind(items)
        if type(items) not in (dict, OrderedDict):
            raise LoadError("it is damaged: a dict in it is made of something else")
        return kind(items)

    return made


def defaultdict_of(factory: Any = None, items: Any = ()) -> Any:
    kind = getattr(factory, "value", None)
    if factory is not None and kind not in _FACTORIES:
        raise LoadError("it holds a defaultdict whose values are made by code. Save dict(it)")
    made: defaultdict[Any, Any] = defaultdict(kind)
    made.update(mapping_of(dict)(items))
    return made


_FACTORIES = (list, dict, set, int, float, str, bool, tuple, OrderedDict)


def device_of(*arguments: Any) -> device:
    # The file's own place: a name that is not here is the CPU.
    if not arguments or type(arguments[0]) is not str:
        raise LoadError("it is damaged: a device in it has no name")
    index = arguments[1] if len(arguments) > 1 else None
    name, _, number = arguments[0].partition(":")
    if name != "cpu":
        return device("cpu")
    return device(name, int(number) if number else index)


def layout_of(name: Any) -> Any:
    if name != "torch.strided":
        raise LoadError(
            f"it holds a tensor of the layout {shown(name)}: sparse tensors are out of scope. Save tensor.to_dense()"
        )
    return strided


def size_of(sizes: Any = ()) -> Size:
    if type(sizes) not in (tuple, list) or not _all(sizes, int):
        raise LoadError("it is damaged: a torch.Size in it is none")
    return Size(sizes)


def reconstructed_of(kind: Any, base: Any = None, state: Any = None) -> Any:
    """An object of a trusted class, as protocols 0 and 1 make it."""
    if not isinstance(kind, Call) or kind.new is None or state is not None:
        raise LoadError("it is damaged: it makes an object of a class that is none")
    return kind.new()


def no_call(*arguments: Any) -> Any:
    raise LoadError("it is damaged: its pickle calls a class that it can only name")
