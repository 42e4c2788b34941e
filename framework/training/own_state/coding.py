"""Writes values that a person's own objects came to hold as plain trees, and makes them again in rebuilt objects."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np

from framework.autograd import Tensor, no_grad
from framework.training.checkpoints.generators import generator_kinds, generator_state, new_generator
from framework.training.own_state.values import is_in_file, kind_of, plain_note

__all__ = ["CannotKeep", "Decoder", "Encoder", "refill"]

SEQUENCES: dict[type, str] = {list: "list", tuple: "tuple", deque: "deque", set: "set", frozenset: "frozenset"}
DICTS: dict[type, str] = {dict: "dict", OrderedDict: "OrderedDict"}
MADE_OF_LIST: dict[str, Callable[[Any], Any]] = {
    "list": list, "tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict, "OrderedDict": OrderedDict,
}  # fmt: skip


class CannotKeep(Exception):
    """A value that no plain tree stands for; the text says what it is."""


class Encoder:
    """Writes values as tuples, the first item saying how the rest is read.

    `labels_of(value)` is where an object stands that was there at the start, None for others; `name_of(kind)` is the
    name of a class of the person's that is found again by it.
    """

    def __init__(self, labels_of: Callable[[Any], list[str] | None], name_of: Callable[[type], str | None]) -> None:
        self._labels_of = labels_of
        self._name_of = name_of
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []
        self._open: set[int] = set()

    def encode(self, value: Any) -> tuple[Any, ...]:
        """The value as a tree; a thing that was there at the start is named, one met before is numbered."""
        kind = kind_of(value)
        if kind == "scalar":
            return self._scalar(value)
        labels = self._labels_of(value)
        if labels is not None:
            return "same", labels
        number = self._numbers.get(id(value))
        if number in self._open:
            raise CannotKeep(f"a {type(value).__qualname__} that holds itself")
        if number is not None:
            return "again", number
        number = self._numbers[id(value)] = len(self._kept)
        self._kept.append(value)
        self._open.add(number)
        try:
            return self.whole(value)
        finally:
            self._open.discard(number)

    def whole(self, value: Any) -> tuple[Any, ...]:
        """What is in a value, whether it was there at the start or not."""
        kind, exact = kind_of(value), type(value)
        note = plain_note(value) if exact is not tuple else None
        if note is not None and not note.inner:
            return "value", exact(value)  # what is in it cannot change
        if kind == "array":
            if value.dtype.hasobject:
                raise CannotKeep("an array of objects")
            if is_in_file(value):
                raise CannotKeep("an array of a file that was opened since")
            return "array", value.copy(order="K")
        if kind == "tensor":
            return self._tensor(value)
        if kind == "generator" and (known := generator_kinds().get(exact)):
            return "generator", known, generator_state(value)
        if kind == "bytes" and exact is bytearray:
            return "value", bytearray(value)
        if exact is deque:
            return "deque", [self.encode(each) for each in value], value.maxlen
        if kind == "dict" and (exact in DICTS or self._labels_of(value) is not None):
            pairs = [(self.encode(key), self.encode(each)) for key, each in value.items()]
            return DICTS.get(exact, "dict"), pairs
        if exact in SEQUENCES or (kind in ("list", "deque", "set") and self._labels_of(value) is not None):
            # A set has an order of its own in each process: equal sets are written alike.
            items = sorted(value, key=repr) if kind == "set" else value
            return SEQUENCES.get(exact, "list"), [self.encode(each) for each in items]
        if kind == "file":
            raise CannotKeep("an open file")
        if kind == "tuple" and (name := self._name_of(exact)):
            return "named", name, [self.encode(each) for each in value]
        raise CannotKeep(f"a {exact.__qualname__} that was made since")

    def _scalar(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, Enum):
            return "value", value
        name = self._name_of(type(value))
        if name is None:
            raise CannotKeep(f"a member of {type(value).__qualname__}")
        return "member", name, value.name

    def _tensor(self, value: Tensor) -> tuple[Any, ...]:
        if value.grad_fn is not None:
            raise CannotKeep("a Tensor with a graph: detach() it")
        if is_in_file(value._array):
            raise CannotKeep("a Tensor of a file that was opened since")
        if type(value) is not Tensor:
            raise CannotKeep(f"a {type(value).__qualname__} that was made since")
        grad = None if value.grad is None else value.grad._array.copy(order="K")
        return "tensor", value._array.copy(order="K"), value.requires_grad, grad


class Decoder:
    """Makes values again of what an Encoder wrote, in the same order."""

    def __init__(self, object_at: Callable[[Sequence[str]], Any], class_named: Callable[[str], Any]) -> None:
        self._object_at = object_at
        self._class_named = class_named
        self._made: list[Any] = []

    def decode(self, code: Sequence[Any]) -> Any:
        """The value that a tree stands for."""
        tag = code[0]
        if tag == "same":
            return self._object_at(code[1])
        if tag == "again":
            return self._made[code[1]]
        if tag == "member":
            return self._class_named(code[1])[code[2]]
        if tag == "value" and kind_of(code[1]) == "scalar":
            return code[1]
        # Numbers count from the outside in, as they were given.
        number = len(self._made)
        self._made.append(None)
        made = self.whole(code)
        self._made[number] = made
        return made

    def whole(self, code: Sequence[Any]) -> Any:
        """The value that `Encoder.whole` wrote."""
        tag, content = code[0], code[1]
        if tag == "value":
            return type(content)(content)
        if tag == "array":
            return np.array(content, order="K")
        if tag == "tensor":
            return _tensor(*code[1:])
        if tag == "generator":
            return new_generator(content, code[2])
        if tag == "named":
            kind = self._class_named(content)
            items = [self.decode(each) for each in code[2]]
            return kind(*items) if hasattr(kind, "_fields") else kind(items)
        if tag in ("dict", "OrderedDict"):
            return MADE_OF_LIST[tag]([(self.decode(key), self.decode(each)) for key, each in content])
        items = [self.decode(each) for each in content]
        return deque(items, code[2]) if tag == "deque" else MADE_OF_LIST[tag](items)


def _tensor(array: np.ndarray, requires_grad: bool, grad: np.ndarray | None) -> Tensor:
    from framework.operations import from_numpy

    made = from_numpy(np.array(array, order="K"))
    made.requires_grad_(requires_grad)
    made.grad = None if grad is None else from_numpy(np.array(grad, order="K"))
    return made


def refill(target: Any, made: Any) -> None:
    """Puts what is in a list, dict, set, deque, array or Tensor into another, which stays the object that it is."""
    kind = kind_of(target)
    if kind == "tensor":
        _refill_tensor(target, made)
    elif kind == "array":
        if target.shape != made.shape or target.dtype != made.dtype:
            raise ValueError(f"an array of {target.dtype} and shape {target.shape} cannot take {made.shape}")
        target[...] = made
    elif kind in ("dict", "set"):
        target.clear()
        target.update(made)
    elif kind == "deque":
        target.clear()
        target.extend(made)
    else:  # a list or a bytearray
        target[:] = made


def _refill_tensor(target: Tensor, made: Tensor) -> None:
    with no_grad():
        if target.shape == made.shape and target.dtype == made.dtype:
            target.copy_(made.detach())
        else:
            target.data = made.detach()
    if target.grad_fn is None and target.requires_grad != made.requires_grad:
        target.requires_grad_(made.requires_grad)
    target.grad = made.grad
