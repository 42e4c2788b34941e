"""Where a person's own objects keep what they hold: attributes, items, closures, and the globals that code names."""

from __future__ import annotations

import dis
import functools
from collections import deque
from collections.abc import Iterator
from enum import Enum
from itertools import chain
from types import BuiltinMethodType, CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

from framework.training.own_state.values import is_persons, kind_of

__all__ = ["CONTAINERS", "MISSING", "Slot", "contents", "is_followed", "put", "slot_named", "stored", "take_out"]

MISSING: Any = object()
CONTAINERS = frozenset({"list", "tuple", "deque", "dict"})
BUILTIN = frozenset({list, tuple, deque, dict})


class Slot(NamedTuple):
    """One place for a value: how it is called in a path, what is in it, and the name or index in its holder.

    The holder is a dict, a cell, a function (of defaults), a class, or an object with slots; None where nothing can be
    put, as into the `__self__` of a method.
    """

    label: str
    value: Any
    holder: Any = None
    key: Any = None


def contents(value: Any, kind: str) -> Iterator[Slot]:
    """The places in a value. No property is called: what counts is what is stored."""
    if kind in CONTAINERS:
        yield from _items(value, kind)
        if is_persons(type(value).__module__):
            yield from _attributes(value)
    elif kind == "own":
        yield from _attributes(value)
        if is_persons(type(value).__module__):
            yield Slot(".__class__", type(value))
    elif kind == "stateful" and is_persons(type(value).__module__) and isinstance(value, _optimizer()):
        yield from _attributes(value)
    elif kind == "data":
        yield from _given_to_framework(value)
    elif kind == "function":
        yield from _of_function(value)
    elif kind == "method":
        yield from _of_method(value)
    elif kind == "partial":
        yield Slot(".func", value.func)
        yield Slot(".args", value.args)
        yield Slot(".keywords", value.keywords)
    elif kind == "class" and is_persons(value.__module__) and not issubclass(value, Enum):
        yield from _of_class(value)
    elif kind == "network":
        yield from _of_network(value)


def stored(value: Any, kind: str) -> tuple[Any, ...] | None:
    """What is stored in a value, to see at once whether it is what it was; None where that cannot be had quickly."""
    of_value: Any = type(value)
    if kind == "data" or (kind == "own" and not _slots(of_value)):
        entries = _dict_of(value)
        return None if entries is None else (*entries, *entries.values())
    if of_value in BUILTIN:
        return (*value, *value.values()) if of_value is dict else tuple(value)
    if kind == "function":
        return _stored_in_function(value) if is_followed(value) else ()
    if kind == "class":
        return (*vars(value), *vars(value).values())
    if kind == "network":
        modules = list(value.modules())
        return (*modules, *chain.from_iterable([(*vars(each), *vars(each).values()) for each in modules]))
    return None


def _stored_in_function(value: FunctionType) -> tuple[Any, ...] | None:
    names = _named(value.__code__)[0]
    space = value.__globals__
    found = [space.get(name, MISSING) for name in names]
    if any([type(each) is ModuleType and is_persons(each.__name__) for each in found]):
        return None
    cells = [_in_cell(cell) for cell in value.__closure__ or ()]
    return (*found, *cells, value.__defaults__, *(value.__kwdefaults__ or {}).values(), *vars(value).values())


def _items(value: Any, kind: str) -> Iterator[Slot]:
    pairs = value.items() if kind == "dict" else enumerate(value)
    for place, (key, each) in enumerate(pairs):
        plain = kind_of(key) == "scalar"
        yield Slot(f"[{key!r}]" if plain else f"[#{place}]", each)


def _attributes(value: Any) -> Iterator[Slot]:
    kind: Any = type(value)
    entries = _dict_of(value)
    if entries is not None:
        ours = _framework_attributes(kind)
        for name, each in list(entries.items()):
            if name in ours:
                continue
            yield Slot(f".{name}", each, entries, name)
    for name, member in _slots(kind):
        yield Slot(f".{name}", _in_slot(member, value), value, member)


def _dict_of(value: Any) -> dict[str, Any] | None:
    try:
        entries = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return entries if type(entries) is dict else None


@functools.lru_cache(maxsize=1024)
def _framework_attributes(kind: type) -> frozenset[str]:
    """What of a class of the person's is the framework's: a loader's iterator, data of a TensorDataset, an optimizer's state."""
    from framework.data import DataLoader, TensorDataset

    if issubclass(kind, _optimizer()):
        return _optimizer_attributes()
    if issubclass(kind, DataLoader):
        return frozenset({"_IterableDataset_len_called", "_iterator"})
    return frozenset({"tensors"}) if issubclass(kind, TensorDataset) else frozenset()


@functools.cache
def _optimizer() -> type:
    from framework.optim import Optimizer

    return Optimizer


@functools.cache
def _optimizer_attributes() -> frozenset[str]:
    from framework.operations import zeros
    from framework.optim import Optimizer

    # A schedule puts a step of its own there, to see that it is called.
    return frozenset({*vars(Optimizer([zeros(1)], {})), "step", "_opt_called"})


@functools.lru_cache(maxsize=1024)
def _slots(kind: type) -> tuple[tuple[str, MemberDescriptorType], ...]:
    return tuple(
        (name, each)
        for base in kind.__mro__
        if is_persons(base.__module__)
        for name, each in vars(base).items()
        if type(each) is MemberDescriptorType
    )


def _in_slot(member: MemberDescriptorType, value: Any) -> Any:
    try:
        return member.__get__(value)
    except AttributeError:
        return MISSING


def _given_to_framework(value: Any) -> Iterator[Slot]:
    """What a DataLoader, Subset, RandomSampler, … was given: objects to go into, and settings; none of the data."""
    for name, each in list(vars(value).items()):
        if name.startswith("_"):
            continue
        kind = kind_of(each)
        if kind == "scalar":
            yield Slot(f".{name}", each, vars(value), name)
        elif kind in ("list", "tuple", "dict"):
            # Indices and tensors are not looked at one by one.
            inner = each.values() if kind == "dict" else each
            if each and kind_of(next(iter(inner))) not in ("scalar", "tensor", "array"):
                yield Slot(f".{name}", each)
        elif kind not in ("tensor", "array", "closed", "iterator"):
            yield Slot(f".{name}", each)


def _of_network(network: Any) -> Iterator[Slot]:
    """The plain attributes of a module and of those in it."""
    ours = _module_attributes()
    for path, module in network.named_modules():
        own = is_persons(type(module).__module__)
        prefix = f".{path}" if path else ""
        entries = vars(module)
        for name, each in list(entries.items()):
            if name not in ours and (own or name[0] != "_") and not _is_computed(module, name):
                yield Slot(f"{prefix}.{name}", each, entries, name)
        if own:
            yield Slot(f"{prefix}.__class__", type(module))


def _is_computed(module: Any, name: str) -> bool:
    """Whether each forward pass computes it anew, from parameters, as pruning and the older norms of weights do."""
    return f"{name}_orig" in module._parameters or f"{name}_g" in module._parameters


@functools.cache
def _module_attributes() -> frozenset[str]:
    from framework.nn import Module

    return frozenset({*vars(Module()), "_compiled_call_impl"} - {"training"})


def _of_method(value: Any) -> Iterator[Slot]:
    owner = value.__self__
    if owner is None or issubclass(type(owner), ModuleType):
        return
    yield Slot(".__self__", owner)
    if type(value) is not BuiltinMethodType:
        yield Slot(".__func__", value.__func__)


def _of_class(value: type) -> Iterator[Slot]:
    for name, each in list(vars(value).items()):
        if name.startswith("__") and name.endswith("__") and not callable(each):
            continue
        if isinstance(each, staticmethod | classmethod):
            yield Slot(f".{name}", each.__func__)
        elif isinstance(each, property):
            yield Slot(f".{name}", each.fget)
        elif type(each) is FunctionType:
            yield Slot(f".{name}", each)
        elif not hasattr(type(each), "__get__") and not name.startswith("_abc_"):
            yield Slot(f".{name}", each, value, name)
    for base in value.__bases__:
        yield Slot(f".<{base.__name__}>", base)


def _of_function(value: FunctionType) -> Iterator[Slot]:
    if not is_followed(value):
        return
    space, code = value.__globals__, value.__code__
    for name, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
        if name != "__class__":
            yield Slot(f".{name}", _in_cell(cell), cell)
    for index, each in enumerate(value.__defaults__ or ()):
        yield Slot(f".__defaults__[{index}]", each, value, index)
    for name, each in (value.__kwdefaults__ or {}).items():
        yield Slot(f".__kwdefaults__[{name!r}]", each, value.__kwdefaults__, name)
    for name, each in list(vars(value).items()):
        if name != "__wrapped__":
            yield Slot(f".__dict__[{name!r}]", each, vars(value), name)
    if is_persons(str(space.get("__name__"))):
        yield from _globals(code, space)


def is_followed(value: FunctionType) -> bool:
    """Whether a function is the person's, or one of a library that stands for one, as a decorator makes."""
    return is_persons(str(value.__module__)) or is_persons(str(value.__globals__.get("__name__")))


def _globals(code: CodeType, space: dict[str, Any]) -> Iterator[Slot]:
    names, attributes = _named(code)
    for name in names:
        each = space.get(name, MISSING)
        if type(each) is ModuleType:
            if is_persons(each.__name__):
                yield from _of_module(each, attributes)
        elif each is not MISSING:
            yield Slot(f".<globals>.{name}", each, space, name)


def _of_module(module: ModuleType, names: tuple[str, ...]) -> Iterator[Slot]:
    for name in names:
        each = vars(module).get(name, MISSING)
        if each is not MISSING and type(each) is not ModuleType:
            yield Slot(f".<{module.__name__}>.{name}", each, vars(module), name)


@functools.lru_cache(maxsize=4096)
def _named(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of globals, and all names, in a code object and in the functions that it makes."""
    names, every, stack = dict[str, None](), dict[str, None](), [code]
    while stack:
        each = stack.pop()
        names.update((op.argval, None) for op in dis.get_instructions(each) if op.opname.endswith("_GLOBAL"))
        every.update(dict.fromkeys(each.co_names))
        stack.extend(constant for constant in each.co_consts if type(constant) is CodeType)
    return tuple(names), tuple(every)


def _in_cell(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def put(slot: Slot, value: Any) -> None:
    """Puts a value into a slot, past properties and what a frozen class forbids."""
    holder, key = slot.holder, slot.key
    if type(holder) is dict:
        holder[key] = value
    elif type(holder) is FunctionType:
        defaults = list(holder.__defaults__ or ())
        defaults[key] = value
        holder.__defaults__ = tuple(defaults)
    elif issubclass(type(holder), type):
        setattr(holder, key, value)
    elif key is None:
        holder.cell_contents = value
    else:
        key.__set__(holder, value)


def take_out(slot: Slot) -> None:
    """Leaves a slot empty."""
    holder, key = slot.holder, slot.key
    if type(holder) is dict:
        holder.pop(key, None)
    elif issubclass(type(holder), type):
        delattr(holder, key)
    elif key is None:
        del holder.cell_contents
    else:
        key.__delete__(holder)


def slot_named(value: Any, kind: str, label: str) -> Slot | None:
    """The slot of that label, also of an attribute that is not there yet; None where there cannot be one."""
    for slot in contents(value, kind):
        if slot.label == label and slot.holder is not None:
            return slot
    name = label.rpartition(".")[2]
    if kind == "network":
        try:
            value = value.get_submodule(label[1 : -len(name) - 1])
        except AttributeError:
            return None
        return Slot(label, MISSING, vars(value), name)
    if kind == "class":
        return Slot(label, MISSING, value, name)
    if kind == "function" and label.startswith(".<globals>."):
        return Slot(label, MISSING, value.__globals__, name)
    if kind == "function" and label.startswith(".__dict__["):
        return Slot(label, MISSING, vars(value), label[len(".__dict__['") : -2])
    if label == f".{name}" and type(getattr(value, "__dict__", None)) is dict:
        return Slot(label, MISSING, vars(value), name)
    return None
