"""Nests of containers around leaves, under the names that public code takes from PyTorch's inside.

Containers are tuples (named ones too), lists, dicts and OrderedDicts; everything else is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from framework.autograd.trees import Spec, flatten, unflatten

__all__ = [
    "PyTree",
    "TreeSpec",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]

PyTree = Any
TreeSpec = Spec
_IsLeaf = Callable[[Any], bool] | None


def tree_flatten(tree: PyTree, is_leaf: _IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves of a nest in order, and its form."""
    return flatten(tree, is_leaf)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """The nest of a form around these leaves; ValueError where they are too few or too many."""
    leaves = list(leaves)
    if len(leaves) != treespec.leaves:
        raise ValueError(
            f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that holds "
            f"{treespec.leaves} items ({treespec})."
        )
    return unflatten(leaves, treespec)


def tree_leaves(tree: PyTree, is_leaf: _IsLeaf = None) -> list[Any]:
    """The leaves of a nest in order."""
    return flatten(tree, is_leaf)[0]


def tree_structure(tree: PyTree, is_leaf: _IsLeaf = None) -> TreeSpec:
    """The form of a nest."""
    return flatten(tree, is_leaf)[1]


def tree_map(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """The nest with the function's result in place of each leaf; it is given the same leaf of the other nests, too.

    ValueError where another nest is of another form.
    """
    leaves, spec = flatten(tree, is_leaf)
    others = [_leaves_below(rest, spec) for rest in rests]
    return unflatten([func(*each) for each in zip(leaves, *others, strict=True)], spec)


def _leaves_below(tree: PyTree, spec: TreeSpec) -> list[Any]:
    """What a nest has where a form has its leaves."""
    if spec.kind is None:
        return [tree]
    kind: type = type(tree)
    if kind is not spec.kind:
        raise ValueError(f"Node type mismatch; expected {spec.kind}, but got {kind}.")
    if len(tree) != len(spec.inside):
        raise ValueError(f"Node arity mismatch; expected {len(spec.inside)}, but got {len(tree)}.")
    if spec.keys is not None and set(tree) != set(spec.keys):
        raise ValueError(f"Node keys mismatch; expected {spec.keys}, but got {list(tree)}.")
    children = list(tree) if spec.keys is None else [tree[key] for key in spec.keys]
    return [leaf for each, below in zip(children, spec.inside, strict=True) for leaf in _leaves_below(each, below)]


def tree_map_(func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """The nest itself, after the function was called with each leaf."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(kinds: Any, func: Callable[[Any], Any], tree: PyTree, is_leaf: _IsLeaf = None) -> PyTree:
    """The nest with the function's result in place of each leaf of a type, or of which a predicate is true."""
    chosen = kinds if callable(kinds) and not isinstance(kinds, type) else lambda leaf: isinstance(leaf, kinds)
    return tree_map(lambda leaf: func(leaf) if chosen(leaf) else leaf, tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate is true of every leaf."""
    return all(pred(leaf) for leaf in tree_leaves(tree, is_leaf))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: _IsLeaf = None) -> bool:
    """Whether the predicate is true of some leaf."""
    return any(pred(leaf) for leaf in tree_leaves(tree, is_leaf))
