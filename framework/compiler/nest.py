"""Nests of arguments and results: where their tensors and arrays stand, as text that checks or rebuilds them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import dtypes
from framework.autograd.size import Size, device
from framework.autograd.tensor import Tensor

PLAIN = (int, float, bool, str, bytes, type(None), dtypes.dtype, device, enum.Enum, np.dtype, np.generic, slice)


def paths(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every leaf of nested tuples, lists and dicts, with the Python text that reaches it."""
    if tree.__class__ in (tuple, list):
        for number, each in enumerate(tree):
            yield from paths(each, f"{path}[{number}]")
    elif tree.__class__ is dict:
        for key, each in tree.items():
            yield from paths(each, f"{path}[{key!r}]")
    else:
        yield path, tree


def checks(tree: Any, path: str) -> Iterator[str]:
    """Conditions under which a nest has the same form: those of containers alone."""
    if tree.__class__ in (tuple, list):
        yield f"{path}.__class__ is {tree.__class__.__name__} and len({path}) == {len(tree)}"
        for number, each in enumerate(tree):
            yield from checks(each, f"{path}[{number}]")
    elif tree.__class__ is dict:
        yield f"{path}.__class__ is dict and list({path}) == {list(tree)!r}"
        for key, each in tree.items():
            yield from checks(each, f"{path}[{key!r}]")


def has_plain_keys(tree: Any) -> bool:
    """Whether the keys of a nest's dicts can be written as text."""
    if tree.__class__ in (tuple, list):
        return all(map(has_plain_keys, tree))
    if tree.__class__ is dict:
        return all(key.__class__ in (str, int) and has_plain_keys(each) for key, each in tree.items())
    return True


def is_array(value: Any) -> bool:
    """Whether a leaf is a tensor or an array."""
    return isinstance(value, (Tensor, ndarray))


def text(tree: Any, leaf: Callable[[Any], str]) -> str:
    """A nest as the Python text that makes it anew."""
    if tree.__class__ is tuple:
        return f"({', '.join(text(each, leaf) for each in tree)}{',' if len(tree) == 1 else ''})"
    if tree.__class__ is list:
        return f"[{', '.join(text(each, leaf) for each in tree)}]"
    if tree.__class__ is dict:
        return f"{{{', '.join(f'{key!r}: {text(each, leaf)}' for key, each in tree.items())}}}"
    return leaf(tree)


def is_plain(value: Any) -> bool:
    """Whether a leaf of the results is the same in every run by itself."""
    return isinstance(value, PLAIN) or (isinstance(value, Size) and all(map(is_plain, value)))
