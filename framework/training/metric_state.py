"""What a metric has added up, as a tree that a checkpoint can hold; and put back, to the bit.

Any object will do whose attributes are numbers, texts, arrays, Tensors, containers of these, random generators, or
objects with a `state_dict` of their own. Functions, classes and the like are no state: the object's constructor makes
them anew.
"""

from __future__ import annotations

import random
import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from framework.autograd import Operation, Tensor
from framework.errors import UserError
from framework.training.checkpoints.generators import generator_kinds, generator_state, set_generator_state

__all__ = ["attributes_state", "load_attributes"]

SCALARS = {type(None), bool, int, float, complex, str, bytes}
SEQUENCES = {list, tuple, set, frozenset}
MAPPINGS = {dict, Counter, OrderedDict}
CODE = (
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    ModuleType,
    type,
    partial,
    Operation,
    np.ufunc,
    np.dtype,
    Enum,
    re.Pattern,
    Path,
    range,
)
FACTORIES: dict[str, Any] = {each.__name__: each for each in (int, float, bool, str, list, dict, set)}
FACTORY = "__factory__"
"""A dict with this key stands for a defaultdict: what makes its values has a name, or is made by the constructor."""


class NotKept(Exception):
    """Something that is neither state nor code; its text says where and what."""


def attributes_state(owner: Any, title: str) -> dict[str, Any]:
    """The attributes of an object that are state, copied; UserError, which calls it `title`, for one that can't be."""
    found = {name: getattr(owner, name) for name in _attributes(owner)}
    try:
        return {name: _kept(value, f"its {name}") for name, value in found.items() if not isinstance(value, CODE)}
    except NotKept as error:
        raise UserError(
            f"{title} cannot be kept in a checkpoint: {error}. Keep numbers, texts, arrays, Tensors and lists or dicts "
            "of these there, or give the class state_dict() and load_state_dict(state)."
        ) from None


def load_attributes(owner: Any, state: dict[str, Any]) -> None:
    """Give an object the attributes that `attributes_state` kept."""
    for name, kept in state.items():
        setattr(owner, name, _restored(kept, getattr(owner, name, None)))


def _attributes(owner: Any) -> Iterator[str]:
    yield from getattr(owner, "__dict__", ())
    for each in type(owner).__mro__:
        slots = each.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(owner, name):
                yield name


def _kept(value: Any, place: str) -> Any:
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind in SEQUENCES:
        return kind(_kept(each, f"{place}[{index}]") for index, each in enumerate(value))
    if kind in MAPPINGS:
        return kind(_items(value, place))
    if kind is deque:
        return deque(_kept(list(value), place), value.maxlen)
    if kind is defaultdict:
        return {FACTORY: getattr(value.default_factory, "__name__", None), "items": _items(value, place)}
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return value.copy(order="K")
    if isinstance(value, np.generic):
        return value
    if _is_generator(value):
        return generator_state(value)
    if hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
        return value.state_dict()
    raise NotKept(f"{place} is of type {kind.__name__}")


def _items(value: Any, place: str) -> dict[Any, Any]:
    return {_kept(key, f"a key of {place}"): _kept(each, f"{place}[{key!r}]") for key, each in value.items()}


def _restored(kept: Any, present: Any) -> Any:
    """The value that was kept; of an object that is `present`, with a state of its own, this very object."""
    if _is_generator(present):
        set_generator_state(present, kept)
        return present
    if isinstance(kept, Tensor):
        return kept.clone()
    if isinstance(kept, np.ndarray):
        return kept.copy(order="K")
    if hasattr(present, "load_state_dict"):
        present.load_state_dict(kept)
        return present
    kind = type(kept)
    if kind in SEQUENCES or kind is deque:
        alike = kind in (list, tuple) and type(present) is kind and len(present) == len(kept)
        each = list(map(_restored, kept, present if alike else [None] * len(kept)))
        return deque(each, kept.maxlen) if kind is deque else kind(each)
    if kind is dict and FACTORY in kept:
        return _defaultdict(kept, present)
    if kind in MAPPINGS:
        known = present if isinstance(present, dict) else {}
        return kind({key: _restored(each, known.get(key)) for key, each in kept.items()})
    return kept


def _defaultdict(kept: dict[str, Any], present: Any) -> defaultdict[Any, Any]:
    """With the factory of the one that is present, which the constructor made, or else the one of that name."""
    own = isinstance(present, defaultdict)
    factory = present.default_factory if own else FACTORIES.get(kept[FACTORY])
    if factory is None and kept[FACTORY] is not None:
        raise UserError(
            f"A defaultdict of a metric cannot be made again: what makes its values, {kept[FACTORY]!r}, is not known. "
            "Make it in the metric's reset()."
        )
    return defaultdict(factory, _restored(kept["items"], dict(present) if own else None))


def _is_generator(value: Any) -> bool:
    return isinstance(value, tuple(generator_kinds())) and not isinstance(value, random.SystemRandom)
