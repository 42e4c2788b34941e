"""Walks through a person's own objects: first to note what is there, later to find what is not as it was."""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Iterable
from enum import Enum
from operator import is_
from typing import Any
from weakref import ref

import numpy as np

from framework.random import default_generator
from framework.training.checkpoints.generators import generator_state, set_generator_state
from framework.training.checkpoints.module_state import module_state, set_module_state
from framework.training.own_state.coding import CannotKeep, Decoder, Encoder, refill
from framework.training.own_state.places import CONTAINERS, MISSING, Slot, contents, is_followed, stored
from framework.training.own_state.values import (
    HELD_WEAKLY,
    PlainNote,
    array_note,
    copied,
    generator_note,
    is_persons,
    kind_of,
    plain_note,
    same,
    tree_note,
)

__all__ = ["Node", "Start", "Walk", "set_state_of", "state_of"]

MANY = 20_000
"""Of more things in one container, samples mostly, looking at each would take a second or more."""

UNKEPT = {"iterator": "an iterator, which cannot be put back where it is", "file": "an open file"}
SHUT = frozenset({"closed", "module"})
SKIPPED: Any = object()
# Kinds of objects that may be made anew in the course of training, as long as the class is the same.
RENEWED = frozenset({"own", "stateful", "network", "data"})
NOTED = CONTAINERS | {"set", "bytes", "tensor", "array", "generator", "stateful", "network"}


class Node:
    """An object that was there at the start: how it is reached, and what was in it."""

    __slots__ = ("_held", "inner", "kind", "label", "many", "note", "parent", "plain", "slots", "stored", "type")

    def __init__(self, parent: Node | None, label: str, value: Any, kind: str) -> None:
        self.parent, self.label, self.kind, self.type = parent, label, kind, type(value)
        self._held = ref(value) if kind in HELD_WEAKLY else value
        self.note: Any = None
        # The note of a container of plain values, by which is seen quickly whether all in it is as it was.
        self.plain: PlainNote | None = None
        self.slots: dict[str, Any] = {}
        # What was stored in it, and what of that is to be visited: mostly that is seen at once to be so still.
        self.stored: tuple[Any, ...] | None = None
        self.inner: list[tuple[Node, Any, str]] = []
        # The things in one of more than `MANY`.
        self.many: list[Any] | None = None

    def object(self) -> Any:
        """The object, or None for a tensor that is no more."""
        return self._held() if self.kind in HELD_WEAKLY else self._held

    def labels(self) -> list[str]:
        """The way from the root."""
        found = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            found.append(node.label)
            node = node.parent
        return found[::-1]


class Start:
    """All that was there at the start, by id; `kept` are objects that somebody else looks after."""

    def __init__(self, kept: dict[int, object]) -> None:
        self.nodes: dict[int, Node] = {}
        self.kept = kept
        # The global generators are kept by those who keep all generators.
        shared: Any = np.random.mtrand._rand
        for each in (default_generator, random.seed.__self__, shared):  # type: ignore[attr-defined]
            kept[id(each)] = each
        self.root = Node(None, "", None, "root")
        self._classes: dict[str, type] = {}

    def known(self, value: Any) -> Node | None:
        """The node of an object that was there at the start."""
        node = self.nodes.get(id(value))
        return node if node is not None and node.object() is value else None

    def labels_of(self, value: Any) -> list[str] | None:
        """The way to an object that was there at the start, None for any other."""
        node = self.known(value)
        return None if node is None else node.labels()

    def class_named(self, name: str) -> Any:
        """The person's class of that qualified name, in whatever module: a copy of a recipe is another module."""
        return self._all_classes()[name]

    def name_of(self, kind: type) -> str | None:
        """The name by which `class_named` finds a class, or None."""
        return kind.__qualname__ if self._all_classes().get(kind.__qualname__) is kind else None

    def _all_classes(self) -> dict[str, type]:
        found = self._classes
        if found:
            return found
        modules = set()
        for node in self.nodes.values():
            value = node.object()
            kinds = [type(token) for token in node.slots.values() if isinstance(token, Enum)]
            for kind in (node.type, *([value] if isinstance(value, type) else []), *kinds):
                found.setdefault(kind.__qualname__, kind)
            modules.add(getattr(value, "__module__", None))
        for name in modules:
            if isinstance(name, str) and is_persons(name):
                for each in list(vars(sys.modules.get(name, sys)).values()):
                    if isinstance(each, type):
                        found.setdefault(each.__qualname__, each)
        return found


class Walk:
    """One way through everything that can be reached, the shortest paths first, each object once."""

    def __init__(self, start: Start, first: bool) -> None:
        self._start, self._first = start, first
        self._queue: list[tuple[Node | None, Any, str]] = []
        self.visited: dict[int, Any] = {}
        self.bound: list[tuple[Node, Slot]] = []
        self.gone: list[tuple[Node, str]] = []
        self.edited: list[tuple[Node, Any]] = []
        self.replaced: dict[int, tuple[Node, Any]] = {}
        self.unkept: list[str] = []

    def go(self, roots: dict[str, object]) -> None:
        """Walk from these objects."""
        self._slots(self._start.root, [Slot(name, value) for name, value in roots.items()])
        for node, value, kind in self._queue:
            self._visit(node, value, kind)

    def _visit(self, node: Node | None, value: Any, kind: str) -> None:
        quick = node is not None and node.stored is not None and self._is_as_stored(node, value)
        if quick and kind != "network":
            return
        if kind in UNKEPT:
            if node is not None:
                self.unkept.append(f"{''.join(node.labels())}: {UNKEPT[kind]}")
            return
        if kind not in CONTAINERS:
            note = self._note(value, kind) if kind in NOTED and node is not None else None
            slots: Iterable[Slot] = contents(value, kind)
        else:
            if node is not None and (node.many or len(value) > MANY) and self._many(node, value, kind):
                return
            plain = plain_note(value) if kind != "tuple" else None
            if node is not None and plain is not None:
                if not self._first and plain == node.plain:
                    return
                if self._first:
                    node.plain = plain
            note, slots = self._items(node, value, kind) if plain is None or plain.inner else (plain, ())
        self._compare(node, value, note, slots, quick)

    def _many(self, node: Node, value: Any, kind: str) -> bool:
        """Of very many things that are no plain values, samples mostly, only whether they are the very same is looked at."""
        items = list(value.values()) if kind == "dict" else list(value)
        if self._first:
            if kind_of(items[0]) == "scalar" or plain_note(items[0]) is not None:
                return False
            node.many = items
        elif node.many is None:
            return False
        elif len(items) != len(node.many) or not all(map(is_, items, node.many)):
            what = f"{len(items):,} objects, too many to be kept, and not those of the start"
            self.unkept.append(f"{''.join(node.labels())}: {what}")
        return True

    def _compare(self, node: Node | None, value: Any, note: Any, slots: Iterable[Slot], quick: bool) -> None:
        """Note what is in an object, or find out whether it is as it was; then go on to what it holds."""
        if node is None:
            for slot in slots:
                self._token(None, slot.label, slot.value, MISSING)
            return
        if self._first:
            node.note = note
        elif not same_note(node.note, note):
            self.edited.append((node, value))
        if not quick:
            self._slots(node, slots)
        if self._first and node.plain is None and (found := stored(value, node.kind)) is not None:
            # A tensor that is replaced should not stay in memory for that; in a tuple none can be.
            if type(value) is tuple or not any([kind_of(each) in HELD_WEAKLY for each in found]):
                node.stored = found

    def _is_as_stored(self, node: Node, value: Any) -> bool:
        """Whether the very same things are in an object as at the start, which then are next to be visited."""
        now, former = stored(value, node.kind), node.stored
        if now is None or former is None or len(now) != len(former) or not all(map(is_, now, former)):
            return False
        for each in node.inner:
            if id(each[1]) not in self.visited:
                self.visited[id(each[1])] = each[1]
                self._queue.append(each)
        return True

    def _items(self, node: Node | None, value: Any, kind: str) -> tuple[Any, list[Slot]]:
        """What tells a container from what it was: its items; and the slots of one of a class of the person's."""
        slots = list(contents(value, kind))
        items, slots = slots[: len(value)], slots[len(value) :]
        former = node.note[: len(items)] if node is not None and type(node.note) is tuple else ()
        tokens = former if len(former) == len(items) else (MISSING,) * len(items)
        note = [self._token(node, item.label, item.value, old) for item, old in zip(items, tokens, strict=True)]
        if self._first and node is not None:
            node.inner = [
                (token, item.value, token.kind)
                for token, item in zip(note, items, strict=True)
                if type(token) is Node and token.kind not in SHUT
            ]
        if kind == "dict":
            note += [key if kind_of(key) in ("scalar", "tuple") else id(key) for key in value]
        return tuple(note), slots

    def _slots(self, node: Node, slots: Iterable[Slot]) -> None:
        found = set()
        for slot in slots:
            former = node.slots.get(slot.label, MISSING)
            token = self._token(node, slot.label, slot.value, former)
            if self._first:
                node.slots[slot.label] = token
                if type(token) is Node and token.kind not in SHUT:
                    node.inner.append((token, slot.value, token.kind))
                continue
            found.add(slot.label)
            if not same_token(token, former):
                if token is MISSING:
                    self.gone.append((node, slot.label))
                else:
                    self.bound.append((node, slot))
        if not self._first and not node.slots.keys() <= found:
            for label, token in node.slots.items():
                if label not in found and token is not MISSING:
                    self.gone.append((node, label))

    def _token(self, parent: Node | None, label: str, value: Any, former: Any) -> Any:
        """What stands for a value in a slot: itself if it is a scalar, else its node, or NEW; objects are queued."""
        kind = kind_of(value)
        if kind == "scalar" or value is MISSING:
            return value
        if kind == "skipped":
            return SKIPPED
        if kind == "tuple" and (note := plain_note(value)) is not None and not note.inner:
            return note  # nothing in it can change: it is as good as a scalar
        if id(value) in self._start.kept and kind not in ("network", "stateful"):
            kind = "closed"
        elif kind == "function" and not is_followed(value):
            kind = "closed"
        node = self._start.known(value)
        if node is None and self._first and parent is not None:
            node = self._start.nodes[id(value)] = Node(parent, label, value, kind)
        token: Any = node if node is not None else NEW
        if node is None and type(former) is Node and former.kind in RENEWED and former.type is type(value):
            if self.replaced.setdefault(id(former), (former, value))[1] is value:
                node = token = former
        if id(value) not in self.visited:
            self.visited[id(value)] = value
            if kind not in SHUT:
                self._queue.append((node, value, kind))
        return token

    def _note(self, value: Any, kind: str) -> Any:
        if kind == "array":
            return array_note(value)
        if kind == "tensor":
            grad = value.grad if value.grad_fn is None else None
            return array_note(value._array), value.requires_grad, None if grad is None else array_note(grad._array)
        if kind == "generator":
            return generator_note(value)
        if kind == "set":
            return frozenset(value), frozenset(map(type, value))
        if kind == "bytes":
            return len(value), zlib.crc32(value)
        if id(value) in self._start.kept:
            return None
        note = tree_note(value.state_dict())
        return note if kind == "stateful" else (note, tree_note(module_state(value)))


NEW: Any = object()
"""Stands for an object that was not there at the start."""


def same_token(a: Any, b: Any) -> bool:
    """Whether a slot holds the same scalar, or the same object."""
    if a is b:
        return a is not NEW
    if type(a) is Node or type(b) is Node or a is NEW or b is NEW or a is MISSING or b is MISSING:
        return False
    return a == b if type(a) is PlainNote else same(a, b)


def same_note(a: Any, b: Any) -> bool:
    """Whether there is in an object what was there."""
    if type(a) is not tuple or type(b) is not tuple:
        return a is b or (type(a) is type(b) and bool(a == b))
    return len(a) == len(b) and all(map(same_token, a, b))


def state_of(node: Node, value: Any, encoder: Encoder) -> Any:
    """What is in an object, as a tree."""
    if node.kind in ("stateful", "network"):
        state = {"state_dict": copied(value.state_dict())}
        if node.kind == "network":
            state["module"] = copied(module_state(value))
        return state
    if node.kind == "generator":
        return copied(generator_state(value))
    if node.kind == "tuple":
        raise CannotKeep("a tuple cannot be changed")
    return encoder.whole(value)


def set_state_of(node: Node, state: Any, decoder: Decoder) -> None:
    """Puts what `state_of` gave into an object."""
    target = node.object()
    if node.kind in ("stateful", "network"):
        target.load_state_dict(state["state_dict"])
        if node.kind == "network":
            set_module_state(target, state["module"])
    elif node.kind == "generator":
        set_generator_state(target, state)
    else:
        made = decoder.whole(state)
        if kind_of(made) != node.kind:
            raise TypeError(f"it is a {type(target).__qualname__} now")
        refill(target, made)
