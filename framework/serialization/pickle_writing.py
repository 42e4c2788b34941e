"""Writes the pickle programs of PyTorch's files: protocol 2, with only what `torch.load(weights_only=True)` reads.

(NumPy's values, frozensets and defaultdicts are written as PyTorch writes them too, which reads them only when told.)
No object is asked how it wants to be pickled, but those of classes that the person trusts: each type has a form here,
and others are refused by name.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterator
from typing import Any

from framework.autograd import dtypes
from framework.serialization.reducing import Name, Reduced, StorageName, refusal

__all__ = ["dumped"]

_BATCH = 1000
_SCALARS = (bool, int, float, str, type(None))

Step = tuple[str, Any]
"""A value to write next, and what its place is called in an error."""


def dumped(value: Any, reduce: Callable[[Any], Reduced | StorageName | None]) -> bytes:
    """The program that makes a value; `reduce` tells how those are made that are no plain ones."""
    return _Writer(reduce).dump(value)


class _Writer:
    def __init__(self, reduce: Callable[[Any], Reduced | StorageName | None]) -> None:
        self._reduce = reduce
        self._parts: list[bytes] = []
        # The objects are kept, so that no other gets the identity of one that is written.
        self._memo: dict[Any, tuple[int, Any]] = {}

    def dump(self, value: Any) -> bytes:
        self._put(pickle.PROTO + b"\x02")
        # No recursion: values may be nested as deep as they like.
        places: list[str] = []
        open_values = [iter([("", value)])]
        while open_values:
            step = next(open_values[-1], None)
            if step is None:
                open_values.pop()
                if places:
                    places.pop()
            elif not self._is_written(step[1]):
                places.append(step[0])
                open_values.append(self._steps(step[1], places))
        self._put(pickle.STOP)
        return b"".join(self._parts)

    def _put(self, data: bytes) -> None:
        self._parts.append(data)

    def _remember(self, key: Any, value: Any) -> None:
        number = len(self._memo)
        self._memo[key] = number, value
        self._put(pickle.BINPUT + bytes([number]) if number < 256 else pickle.LONG_BINPUT + struct.pack("<I", number))

    def _recalled(self, key: Any) -> bool:
        if key not in self._memo:
            return False
        number = self._memo[key][0]
        self._put(pickle.BINGET + bytes([number]) if number < 256 else pickle.LONG_BINGET + struct.pack("<I", number))
        return True

    def _is_written(self, value: Any) -> bool:
        """Writes a value that has none inside; says whether it was one."""
        kind = type(value)
        if kind in _SCALARS:
            self._scalar(value, kind)
        elif kind is Name:
            self._name(value)
        elif kind is dtypes.dtype:
            self._name(Name("torch", value.name))
        elif kind is tuple and not value:
            self._put(pickle.EMPTY_TUPLE)
        else:
            return False
        return True

    def _steps(self, value: Any, places: list[str]) -> Iterator[Step]:
        """Writes a value; gives the values inside it at the moments when they are to be written."""
        kind = type(value)
        if kind is Reduced:
            yield from self._reduced(value, value)
        elif kind is StorageName:
            yield "", value.parts
            self._put(pickle.BINPERSID)
        elif kind is tuple:
            yield from self._tuple(value)
        elif self._recalled(id(value)):
            pass
        elif kind is list:
            self._put(pickle.EMPTY_LIST)
            self._remember(id(value), value)
            yield from self._items(value)
        elif kind is dict:
            self._put(pickle.EMPTY_DICT)
            self._remember(id(value), value)
            yield from self._pairs(value)
        else:
            reduced = self._reduce(value)
            if reduced is None:
                raise TypeError(refusal(value, "".join(places)))
            if isinstance(reduced, StorageName):
                yield "", reduced
            else:
                yield from self._reduced(value, reduced)

    def _scalar(self, value: Any, kind: type) -> None:
        if value is None or kind is bool:
            self._put({None: pickle.NONE, True: pickle.NEWTRUE, False: pickle.NEWFALSE}[value])
        elif kind is float:
            self._put(pickle.BINFLOAT + struct.pack(">d", value))
        elif kind is int:
            self._put(_integer(value))
        elif not self._recalled(value):
            data = value.encode("utf-8", "surrogatepass")
            self._put(pickle.BINUNICODE + struct.pack("<I", len(data)) + data)
            self._remember(value, value)

    def _name(self, name: Name) -> None:
        if not self._recalled(name):
            self._put(pickle.GLOBAL + f"{name.module}\n{name.name}\n".encode())
            self._remember(name, name)

    def _tuple(self, value: tuple[Any, ...]) -> Iterator[Step]:
        if self._recalled(id(value)):
            return
        short = {1: pickle.TUPLE1, 2: pickle.TUPLE2, 3: pickle.TUPLE3}.get(len(value))
        if short is None:
            self._put(pickle.MARK)
        for position, each in enumerate(value):
            yield f"[{position}]", each
        if id(value) in self._memo:
            # It holds itself, by a list or a dict within, where it was written meanwhile.
            self._put(pickle.POP_MARK if short is None else pickle.POP * len(value))
            self._recalled(id(value))
            return
        self._put(pickle.TUPLE if short is None else short)
        self._remember(id(value), value)

    def _items(self, values: list[Any]) -> Iterator[Step]:
        for start in range(0, len(values), _BATCH):
            self._put(pickle.MARK)
            for position, each in enumerate(values[start : start + _BATCH], start):
                yield f"[{position}]", each
            self._put(pickle.APPENDS)

    def _pairs(self, values: dict[Any, Any]) -> Iterator[Step]:
        pairs = list(values.items())
        for start in range(0, len(pairs), _BATCH):
            self._put(pickle.MARK)
            for key, value in pairs[start : start + _BATCH]:
                yield ".keys()", key
                yield f"[{key!r:.80}]", value
            self._put(pickle.SETITEMS)

    def _reduced(self, value: Any, reduced: Reduced) -> Iterator[Step]:
        yield "", reduced.function
        yield "", reduced.arguments
        self._put(pickle.NEWOBJ if reduced.new else pickle.REDUCE)
        self._remember(id(value), value)
        if reduced.pairs:
            yield from self._pairs(reduced.pairs)
        if reduced.state is not None:
            yield "", reduced.state
            self._put(pickle.BUILD)


def _integer(value: int) -> bytes:
    if 0 <= value < 1 << 8:
        return pickle.BININT1 + bytes([value])
    if 0 <= value < 1 << 16:
        return pickle.BININT2 + struct.pack("<H", value)
    if -(1 << 31) <= value < 1 << 31:
        return pickle.BININT + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    if len(data) < 256:
        return pickle.LONG1 + bytes([len(data)]) + data
    return pickle.LONG4 + struct.pack("<i", len(data)) + data
