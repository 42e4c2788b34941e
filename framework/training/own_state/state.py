"""What a person's own objects hold that changes in training, so that a checkpoint can keep it.

    own = OwnState({"train": recipe.train, "step": recipe.step})  # before anything is done with them
    …
    changed = own.changed()                                       # by path, plain values and arrays
    …
    OwnState({"train": again.train, "step": again.step}).restore(changed)   # of the recipe, built again

A sampler's epoch, a list that is shuffled in place, a counter in the closure of `step`, a second optimizer, a buffer of
past samples: they are found by walking from the given objects through attributes, items, closures and the globals that
functions name. No property is called. Into objects of libraries it doesn't go (a DataFrame that is edited is not
seen), nor into sets. A set comes back equal; in which order it is gone through, only Python knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from framework.errors import UserError
from framework.training.own_state.coding import CannotKeep, Decoder, Encoder
from framework.training.own_state.comparing import Node, Start, Walk, set_state_of, state_of
from framework.training.own_state.places import MISSING, put, slot_named, take_out
from framework.training.own_state.values import kind_of

__all__ = ["OwnState"]


class OwnState:
    """Remembers what is in the objects under `roots` when it is made, which is before training.

    `kept` are objects that are kept otherwise, as the model and its optimizer. Of the model, if it is under `roots`,
    the plain attributes are looked at.
    """

    def __init__(self, roots: Mapping[str, object], kept: Iterable[object] = ()) -> None:
        self._roots = dict(roots)
        self.left_out: list[str] = []
        self._start = Start(_with_parts(kept))
        Walk(self._start, first=True).go(self._roots)

    def changed(self) -> dict[str, Any]:
        """By path, such as "train.sampler.order", what differs from the start: a tree that doesn't change any more.

        What cannot be kept is left out: `unkept` names it, or `left_out` what was so this time.
        """
        found, self.left_out = self._compared()
        return found

    def unkept(self) -> list[str]:
        """What no checkpoint can hold, each with its path: iterators, open files, objects made since the start."""
        return self._compared()[1]

    def restore(self, changed: Mapping[str, Mapping[str, Any]]) -> None:
        """Puts what `changed` gave into these objects, which are as they were at the start of that training.

        Raises UserError with the path of what is not there, since the recipe was changed, or cannot be put there.
        """
        node_at = self._finder()
        decoder = Decoder(lambda labels: node_at(labels).object(), self._start.class_named)
        for path, entry in changed.items():
            try:
                _put_back(node_at(entry["at"]), entry, decoder)
            except Missing as missing:
                raise UserError(
                    f"{missing} is what the checkpoint has a value for, but it is not there now: the recipe was "
                    "changed. Resume with the recipe that the run was made with."
                ) from None
            except Exception as error:
                raise UserError(f"{path} cannot be put back: {type(error).__name__}: {error}") from error

    def present(self, changed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """What is now in the places of `changed`, to be put back by `restore`; but for what cannot be kept or found."""
        node_at, encoder = self._finder(), Encoder(self._start.labels_of, self._start.name_of)
        found: dict[str, Any] = {}
        for path, entry in changed.items():
            with contextlib.suppress(CannotKeep, Missing):
                found[path] = {**_where(entry), **_present(node_at(entry["at"]), entry, encoder)}
        return found

    def _finder(self) -> Callable[[Sequence[str]], Node]:
        """What finds a node by the way to it, or raises Missing."""
        nodes = {(id(node.parent), node.label): node for node in self._start.nodes.values()}

        def node_at(labels: Sequence[str]) -> Node:
            node = self._start.root
            for label in labels:
                found = nodes.get((id(node), label))
                if found is None:
                    raise Missing("".join(labels))
                node = found
            return node

        return node_at

    def _compared(self) -> tuple[dict[str, Any], list[str]]:
        walk = Walk(self._start, first=False)
        walk.go(self._roots)
        if not (walk.bound or walk.gone or walk.edited or walk.replaced):
            return {}, walk.unkept
        return _written(walk, self._start)


class Missing(Exception):
    """There is no such path in the objects that a checkpoint is put into."""


def _with_parts(kept: Iterable[object]) -> dict[int, object]:
    """The objects by id; with a module go the modules, parameters and buffers in it."""
    found: dict[int, object] = {}
    for each in kept:
        found[id(each)] = each
        if kind_of(each) == "network":
            module: Any = each
            for part in (*module.modules(), *module.parameters(), *module.buffers()):
                found[id(part)] = part
    return found


def _written(walk: Walk, start: Start) -> tuple[dict[str, Any], list[str]]:
    """What a walk found as trees by path, and the paths of what no tree stands for."""
    encoder = Encoder(start.labels_of, start.name_of)
    found: dict[str, Any] = {}
    unkept = list(walk.unkept)

    def write(at: list[str], name: str, what: str, encode: Callable[[], Any]) -> None:
        path = "".join([*at, name])
        try:
            code = encode()
        except CannotKeep as error:
            unkept.append(f"{path}: {error}")
            return
        except RecursionError:
            unkept.append(f"{path}: values that are nested too deeply")
            return
        while path in found:
            path += "'"
        found[path] = {"at": at, "name": name, what: code} if name else {"at": at, what: code}

    for node, slot in walk.bound:
        write(node.labels(), slot.label, "bind", lambda slot=slot: encoder.encode(slot.value))  # type: ignore[misc]
    for node, label in walk.gone:
        write(node.labels(), label, "gone", lambda: True)
    for node, value in walk.edited:
        write(node.labels(), "", "edit", lambda node=node, value=value: state_of(node, value, encoder))  # type: ignore[misc]
    for node, _ in walk.replaced.values():
        former = node.object()
        if id(former) in walk.visited:
            unkept.append(f"{''.join(node.labels())}: another {node.type.__qualname__}, while the first is still used")
    return found, unkept


def _where(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("at", "name") if name in entry}


def _present(node: Node, entry: Mapping[str, Any], encoder: Encoder) -> dict[str, Any]:
    if "edit" in entry:
        return {"edit": state_of(node, node.object(), encoder)}
    slot = slot_named(node.object(), node.kind, entry["name"])
    if slot is None or slot.value is MISSING:
        return {"gone": True}
    return {"bind": encoder.encode(slot.value)}


def _put_back(node: Node, entry: Mapping[str, Any], decoder: Decoder) -> None:
    if "edit" in entry:
        set_state_of(node, entry["edit"], decoder)
        return
    slot = slot_named(node.object(), node.kind, entry["name"])
    if slot is None:
        raise Missing("".join([*entry["at"], entry["name"]]))
    if slot.holder is None:
        raise TypeError("nothing can be put there")
    if "gone" in entry:
        take_out(slot)
    else:
        put(slot, decoder.decode(entry["bind"]))
