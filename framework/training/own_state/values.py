"""What the values are that a person's own objects hold: of which kind, whether they changed, and how they are kept."""

from __future__ import annotations

import functools
import io
import marshal
import random
import sys
import zlib
from argparse import Namespace
from collections import deque
from enum import Enum
from itertools import chain
from mmap import mmap
from operator import is_
from pathlib import PurePath
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.autograd.size import Size
from framework.compiler.watch.user_code import is_library
from framework.random import Generator
from framework.training.checkpoints.generators import generator_kinds, generator_state

__all__ = [
    "HELD_WEAKLY",
    "array_note",
    "copied",
    "generator_note",
    "has_state_by_attributes",
    "is_in_file",
    "is_persons",
    "kind_of",
    "plain_note",
    "same",
    "tree_note",
]

SCALARS = frozenset({type(None), bool, int, float, str, bytes})
PLAIN = SCALARS | {list, tuple, dict}
MUTABLE = frozenset({list, dict})
NAMED_BY_TYPE: tuple[tuple[str, Any], ...] = (
    ("scalar", (Enum, np.generic, PurePath, complex, range, Size)),
    ("tensor", Tensor),
    ("array", np.ndarray),
    ("skipped", (random.SystemRandom, BaseException)),
    ("generator", tuple(generator_kinds())),
    ("class", type),
    ("module", ModuleType),
    ("function", FunctionType),
    ("method", (MethodType, BuiltinMethodType)),
    ("partial", functools.partial),
    ("list", list),
    ("dict", dict),
    ("tuple", tuple),
    ("deque", deque),
    ("set", (set, frozenset)),
    ("bytes", bytearray),
    ("file", io.IOBase),
    ("own", (Namespace, SimpleNamespace)),
)
BY_ATTRIBUTES = ("framework.optim.lr_scheduler", "framework.training.metrics")
LOCKS = frozenset({"_thread", "_weakref", "threading", "weakref"})
DEEPEST = 20
HELD_WEAKLY = frozenset({"tensor", "array"})
"""Kinds that are not kept in memory only to be known again."""


def kind_of(value: Any) -> str:
    """Of which kind a value is: "scalar", "array", "list", "own" (an object of the person's), "closed", …."""
    kind: Any = type(value)
    return _kind_of_type(kind)


@functools.lru_cache(maxsize=4096)
def _kind_of_type(kind: type) -> str:
    if kind in SCALARS:
        return "scalar"
    for name, types in NAMED_BY_TYPE:
        if issubclass(kind, types):
            return name
    if any(base.__module__ == "framework.nn.module" for base in kind.__mro__):
        return "network"
    if all(callable(getattr(kind, name, None)) for name in ("state_dict", "load_state_dict")):
        return "own" if has_state_by_attributes(kind) else "stateful"
    if is_persons(kind.__module__):
        return "own"
    if kind.__module__.startswith("framework.data.") and not hasattr(kind, "__next__"):
        return "data"
    if kind.__module__ in LOCKS:
        return "skipped"
    return "iterator" if hasattr(kind, "__next__") else "closed"


def has_state_by_attributes(kind: type) -> bool:
    """Whether a schedule or metric of the person's has the `state_dict` of its base, which gives all attributes."""
    base = getattr(getattr(kind, "state_dict", None), "__module__", None) or ""
    return is_persons(kind.__module__) and base.startswith(BY_ATTRIBUTES)


@functools.lru_cache(maxsize=4096)
def is_persons(module: str) -> bool:
    """Whether a module is the person's own: not the framework's, Python's, NumPy's or an installed package's."""
    if is_library(module) and module != "__main__":
        return False
    top = module.partition(".")[0]
    if top in ("framework", "framework_plugins"):
        return False
    path = getattr(sys.modules.get(module), "__file__", None) or ""
    return "site-packages" not in path and "dist-packages" not in path


# Whether values are the same


def same(a: Any, b: Any) -> bool:
    """Whether two scalars are the same to the bit: 1, 1.0 and True are three values, and nan is nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.generic):
        return a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return (bool(a == b) and (type(a) is not float or repr(a) == repr(b))) or (type(a) is float and a != a and b != b)


def array_note(array: np.ndarray) -> tuple[Any, ...]:
    """What tells an array from what it was before: its type, its shape and a checksum of its bytes in memory's order."""
    if array.dtype.hasobject or is_in_file(array):
        return (id(array),)
    if not array.flags.c_contiguous:
        dense = array.transpose(np.argsort([-abs(stride) for stride in array.strides], kind="stable"))
        array = dense if dense.flags.c_contiguous else np.ascontiguousarray(array)
    return array.dtype.str, array.shape, zlib.crc32(array.reshape(-1).view(np.uint8).data)


def is_in_file(array: np.ndarray) -> bool:
    """Whether an array is a file's memory, as `np.memmap` gives: what changes there stays in the file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap)


def tree_note(tree: Any) -> list[Any]:
    """What tells a tree of values, as `state_dict()` gives, from what it was before."""
    found: list[Any] = []
    stack = [tree]
    while stack:
        value = stack.pop()
        kind = kind_of(value)
        if kind == "tensor":
            value, kind = value._array, "array"
        if kind == "array":
            found.append(array_note(value))
        elif kind == "dict":
            found.append((kind, [repr(key) for key in value]))
            stack.extend(value.values())
        elif kind in ("list", "tuple", "deque"):
            found.append((kind, len(value)))
            stack.extend(value)
        else:
            found.append(repr(value) if kind == "scalar" else id(value))
    return found


class PlainNote:
    """What tells plain values from what they were: a checksum, and which lists and dicts are inside."""

    def __init__(self, value: Any, inner: tuple[Any, ...]) -> None:
        # Version 2 depends on the values alone; later ones on which of them are one object.
        packed = marshal.dumps(value, 2)
        self.size, self.checksum, self.inner = len(packed), zlib.crc32(packed), inner

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainNote) or (self.size, self.checksum) != (other.size, other.checksum):
            return False
        return len(self.inner) == len(other.inner) and all(map(is_, self.inner, other.inner))

    __hash__ = None  # type: ignore[assignment]


def plain_note(value: Any) -> PlainNote | None:
    """The note of a list, tuple or dict of plain values; None for one of others."""
    if type(value) not in PLAIN:
        return None
    level: list[Any] = [value]
    inner: list[Any] = []
    for _ in range(DEEPEST):
        kinds = set(map(type, level))
        if not kinds <= PLAIN:
            return None
        if kinds <= SCALARS:
            return PlainNote(value, tuple(inner[type(value) in MUTABLE :]))
        # Each once: one that holds itself goes on for ever, and twice as many at each level if it does so twice.
        containers = list({id(each): each for each in level if type(each) not in SCALARS}.values())
        inner.extend(each for each in containers if type(each) in MUTABLE)
        dicts = [each for each in containers if type(each) is dict]
        lists = [each for each in containers if type(each) is not dict] if dicts else containers
        level = list(chain(chain.from_iterable(lists), *dicts, *(each.values() for each in dicts)))
    return None


def copied(tree: Any) -> Any:
    """A tree of values, such as `state_dict()` gives, that does not change with what it was made of."""
    kind = kind_of(tree)
    if kind == "tensor":
        return tree.detach().clone()
    if kind == "array":
        return tree.copy(order="K")
    if kind == "dict":
        return {key: copied(value) for key, value in tree.items()}
    if kind in ("list", "deque"):
        return [copied(value) for value in tree]
    return tuple([copied(value) for value in tree]) if kind == "tuple" else tree


def generator_note(generator: Any) -> Any:
    """What tells a generator from where it was."""
    state = generator_state(generator)
    if isinstance(generator, Generator):
        return zlib.crc32(state.data)
    return hash(state) if isinstance(generator, random.Random) else tree_note(state)
