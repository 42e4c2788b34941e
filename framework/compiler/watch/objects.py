"""Which objects are looked into for values that a run may read, and where their attributes are."""

from __future__ import annotations

import functools
from argparse import Namespace
from collections.abc import Iterator, Mapping
from enum import Enum
from threading import Thread
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    SimpleNamespace,
)
from typing import Any
from weakref import ref

from framework.autograd import Tensor
from framework.compiler.watch.expected import CONTAINERS, ITEMS, MISSING, is_plain, items_of, kind_of
from framework.compiler.watch.user_code import FILE, is_library

HOLDERS = ("_parameters", "_buffers", "_modules")
# What modules and optimizers keep that is noted otherwise, or is no business of guards.
SPECIAL = frozenset({*HOLDERS, "_hooked", "param_groups", "state", "defaults"})
# Rooms of the framework whose objects are not looked into, whoever holds them.
CLOSED_ROOMS = frozenset({"autograd", "compiler", "operations", "random"})
CLOSED = (BaseException, Enum, FILE, Tensor, Thread)
OPEN = (FunctionType, Namespace, SimpleNamespace)
FUNCTIONS = (FunctionType, MethodType, functools.partial)
NOTHING: Any = MappingProxyType({})


class Seen:
    """An object that is looked into."""

    def __init__(self, value: Any, path: str, loose: bool) -> None:
        self.object = value
        self.path = path
        # Known only as somebody's argument: the run may have made it.
        self.loose = loose
        self.entries: Mapping[str, Any] = _attributes(value)
        kind: Any = type(value)
        self.slots = _slots(kind)
        self.before = frozenset(self.entries)
        # Names in the framework's code that ran as its methods.
        self.names: set[str] = set()
        self.noted: list[Any] = []
        self.version = -1
        self.is_instance = type(self.entries) is dict and not issubclass(kind, ModuleType)
        self.is_module = self.is_instance and all([name in self.entries for name in HOLDERS])
        self.is_optimizer = self.is_instance and "param_groups" in self.entries and "state" in self.entries
        self.special = SPECIAL if self.is_module or self.is_optimizer else frozenset()

    def is_noted(self, name: str) -> bool:
        """Whether an attribute is noted: it isn't if that is done otherwise, or if it is the code of a class."""
        if self.is_instance:
            return name not in self.special
        if issubclass(type(self.object), ModuleType):
            return not name.startswith("__") and not issubclass(type(self.entries[name]), ModuleType)
        return not name.startswith("__") and not _is_code(self.entries[name])

    def slot(self, name: str) -> Any:
        """The value in a slot, or MISSING."""
        try:
            return self.slots[name].__get__(self.object)
        except AttributeError:
            return MISSING


def hooks_in(space: Mapping[str, Any]) -> Iterator[tuple[str, dict[Any, Any]]]:
    """The dicts of hooks among attributes or globals, without those that only saving and loading runs."""
    for name, hooks in list(space.items()):
        if name.endswith("_hooks") and "state_dict" not in name and issubclass(type(hooks), dict):
            yield name, hooks


def is_followed(value: Any) -> bool:
    """Whether a value is looked into."""
    kind: Any = type(value)
    if issubclass(kind, type):
        return not (is_foreign(value.__module__) or issubclass(value, CLOSED))
    return not is_foreign(value.__name__) if issubclass(kind, ModuleType) else _is_open(kind)


@functools.lru_cache(maxsize=1024)
def _is_open(kind: Any) -> bool:
    if issubclass(kind, OPEN):
        return True
    if is_plain(kind) or is_library(kind.__module__) or issubclass(kind, CLOSED):
        return False
    rooms = [base.__module__.split(".") for base in kind.__mro__]
    if any([room[0] == "framework" and not CLOSED_ROOMS.isdisjoint(room[1:2]) for room in rooms]):
        return False
    return kind.__dictoffset__ != 0 or bool(_slots(kind))


def is_foreign(module: str) -> bool:
    """Whether a module is the framework's, NumPy's or the standard library's."""
    return is_library(module) or module.partition(".")[0] == "framework"


def _is_code(value: Any) -> bool:
    """Whether a value is taken to stay where it is a class's: a function, a class, a module, a property."""
    kind = type(value)
    if issubclass(kind, (type, ModuleType, BuiltinFunctionType)) or hasattr(kind, "__get__"):
        return True
    return is_foreign(kind.__module__) and not is_followed(value) and callable(value)


def _attributes(value: Any) -> Mapping[str, Any]:
    if issubclass(type(value), type):
        return value.__dict__
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return NOTHING
    return found if isinstance(found, dict) else NOTHING


@functools.lru_cache(maxsize=1024)
def _slots(kind: Any) -> dict[str, Any]:
    return {
        name: each
        for base in reversed(kind.__mro__)
        if not is_foreign(base.__module__)
        for name, each in vars(base).items()
        if type(each) is MemberDescriptorType
    }


def classes_of(value: Any) -> list[type]:
    """The user's classes in which an object's attributes are looked up."""
    kind = type(value)
    return [] if issubclass(kind, (type, ModuleType)) else [each for each in kind.__mro__ if is_followed(each)]


def held(value: Any) -> tuple[str, ...]:
    """The attributes in which functions of all kinds hold values that they are called with."""
    kind = type(value)
    if kind is FunctionType:
        return ("__defaults__", "__kwdefaults__")
    if issubclass(kind, functools.partial):
        return ("args", "keywords")
    return ("__self__",) if kind is BuiltinFunctionType and not isinstance(value.__self__, ModuleType) else ()


def parts(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    """What is in a container, a `partial`, the object of a bound method, and functions in a function's closure."""
    # Here and elsewhere the type is asked, since isinstance asks the value too.
    kind = type(value)
    if kind is MethodType:
        yield value.__self__, kind_of(value.__self__)
    elif issubclass(kind, functools.partial):
        yield from ((each, path) for each in (value.func, *value.args, *value.keywords.values()))
    elif issubclass(kind, ref):
        yield value(), path
    elif kind is FunctionType:
        contents = [content_of(cell) for cell in value.__closure__ or ()]
        yield from ((each, path) for each in contents if issubclass(type(each), FUNCTIONS))
    elif issubclass(kind, CONTAINERS) and len(value) <= ITEMS:
        yield from ((each, f"{path}[{key!r}]") for key, each in items_of(value))


def content_of(cell: CellType) -> Any:
    """What a closure's cell holds, or MISSING."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
