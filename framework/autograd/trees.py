"""Nests of containers around leaves: taken apart, put together, mapped.

Containers are tuples (named ones too), lists, dicts, OrderedDicts, and the results of operations that have named
parts; everything else is a leaf. A `Spec` is the form without the leaves, and prints as PyTorch's messages show it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Spec(NamedTuple):
    """The form of a nest: its container's type (None for a leaf), the keys of a dict, and the forms inside."""

    kind: type | None
    keys: list[Any] | None = None
    inside: tuple[Spec, ...] = ()

    def __repr__(self) -> str:
        return self.text(0)

    def text(self, indent: int) -> str:
        """As it is printed, containers after the first of a row on lines of their own."""
        if self.kind is None:
            return "*"
        named = _is_named(self.kind)
        context = self.kind if named else self.keys
        name = "namedtuple" if named else self.kind.__name__
        indent += 2
        parts = [each.text(indent) for each in self.inside]
        inside = ",".join([*parts[:1], *["\n" + " " * indent + each for each in parts[1:]]])
        return f"TreeSpec({name}, {context}, [{inside}])"

    def short(self) -> str:
        """As a nest of stars."""
        if self.kind is None:
            return "*"
        parts = [each.short() for each in self.inside]
        if self.keys is not None:
            return f"{{{', '.join(f'{key!r}: {each}' for key, each in zip(self.keys, parts, strict=True))}}}"
        if self.kind is list:
            return f"[{', '.join(parts)}]"
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    @property
    def leaves(self) -> int:
        """How many leaves a nest of this form has."""
        return 1 if self.kind is None else sum(each.leaves for each in self.inside)


LEAF = Spec(None)


def _is_named(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _has_parts(kind: type) -> bool:
    return kind is tuple or kind is list or (issubclass(kind, tuple) and (_is_named(kind) or hasattr(kind, "_names")))


def _children(tree: Any) -> tuple[list[Any] | None, list[Any]] | None:
    """The keys (of a dict) and what is inside a container; None for a leaf."""
    kind = type(tree)
    if kind is dict or kind is OrderedDict:
        return list(tree), list(tree.values())
    if _has_parts(kind):
        return None, list(tree)
    return None


def flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], Spec]:
    """The leaves of a nest in order, and its form; what `is_leaf` says yes to is a leaf, too."""
    found = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    if found is None:
        return [tree], LEAF
    keys, children = found
    leaves: list[Any] = []
    inside = []
    for each in children:
        below, spec = flatten(each, is_leaf)
        leaves += below
        inside.append(spec)
    return leaves, Spec(type(tree), keys, tuple(inside))


def unflatten(leaves: Any, spec: Spec) -> Any:
    """The nest of a form around these leaves."""
    return _built(iter(leaves), spec)


def _built(leaves: Iterator[Any], spec: Spec) -> Any:
    if spec.kind is None:
        return next(leaves)
    children = [_built(leaves, each) for each in spec.inside]
    if spec.keys is not None:
        return spec.kind(zip(spec.keys, children, strict=True))
    return spec.kind(*children) if _is_named(spec.kind) else spec.kind(children)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The nest with the function's result in place of each leaf."""
    leaves, spec = flatten(tree)
    return unflatten([function(each) for each in leaves], spec)


def spread(prefix: Any, spec: Spec) -> list[Any] | None:
    """A value for each leaf of a form from a nest that may stop earlier, a leaf of it standing for all below.

    None where the nest is of another form.
    """
    found = _children(prefix)
    if found is None:
        return [prefix] * spec.leaves
    keys, children = found
    if type(prefix) is not spec.kind or len(children) != len(spec.inside) or keys != spec.keys:
        return None
    values: list[Any] = []
    for each, below in zip(children, spec.inside, strict=True):
        part = spread(each, below)
        if part is None:
            return None
        values += part
    return values
