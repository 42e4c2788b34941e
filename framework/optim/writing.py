"""Where the result of an update goes: into the parameter's own array, and the tensors that hold its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd import Tensor

__all__ = ["can_be_parted", "keep", "update_in_blocks"]

BLOCK = 1 << 17
"""How many elements of a large parameter are updated at a time: what a formula makes of so many stays in the cache."""

State = dict[str, Any]


def keep(kept: State, before: State, after: State, parameter: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Write a new state into the tensors that hold it, made on first need; gives the parameter to write."""
    if not kept:
        # In the order of the state at the start, whichever is told of first.
        after = {name: after[name] for name in (*before, *after) if name in after}
    if _spoils(before, after, parameter, new):
        new, after = _unspoilt(before, after, parameter, new)
    for name, value in after.items():
        held = kept.get(name)
        if value is None:
            kept[name] = None
        elif not isinstance(held, Tensor):
            kept[name] = Tensor._wrap(np.copy(value))
        elif value is not before.get(name):
            held._array[...] = value
            held._bump()
    return new


def update_in_blocks(
    update: Callable[..., Any], kept: State, parameter: np.ndarray, grad: np.ndarray, before: State, scalars: State
) -> None:
    """As `update`, `keep` and a write into the parameter, for a part of all arrays at a time."""
    pieces = {name: each.reshape(-1) for name, each in before.items() if _is_like(each, parameter)}
    others = {name: each for name, each in before.items() if name not in pieces}
    targets = {name: each for name, each in pieces.items() if isinstance(kept.get(name), Tensor)}
    whole, gradient = parameter.reshape(-1), np.ascontiguousarray(grad).reshape(-1)
    first: State = {}
    for start in range(0, whole.size, BLOCK):
        part = slice(start, start + BLOCK)
        here = whole[part]
        given = others | {name: each[part] for name, each in pieces.items()}
        new, after = update(here, gradient[part], given, scalars)
        if not start:
            first = {name: _room(each, here, parameter) for name, each in after.items() if name not in targets}
            targets |= {name: first[name].reshape(-1) for name in first if _is_like(after[name], here)}
            spoils = _spoils(given, after, here, new)
        if spoils:
            new, after = _unspoilt(given, after, here, new)
        for name, target in targets.items():
            if name in after:
                target[part] = after[name]
        here[...] = new
    for name in targets.keys() - first.keys():
        kept[name]._bump()
    # The parameter has been written already.
    keep(kept, before, first, parameter, np.empty(0))


def _room(value: Any, part: np.ndarray, parameter: np.ndarray) -> Any:
    """An array for all of a new entry, of which `value` is a part; or the entry itself, if it is a number."""
    return np.empty_like(parameter, dtype=value.dtype) if _is_like(value, part) else value


def can_be_parted(parameter: np.ndarray, before: State) -> bool:
    """Whether a parameter is large, and it and its state lie row after row."""
    return (
        parameter.size > BLOCK
        and parameter.flags.c_contiguous
        and all([each.flags.c_contiguous for each in before.values() if _is_like(each, parameter)])
    )


def _is_like(each: Any, parameter: np.ndarray) -> bool:
    return isinstance(each, np.ndarray) and each.shape == parameter.shape


def _spoils(before: State, after: State, parameter: np.ndarray, new: np.ndarray) -> bool:
    """Whether a result may be, or show, an array that is written: a formula may hand on its arguments."""
    written = {id(parameter), *map(id, before.values())}
    for each in (new, *after.values()):
        if id(each) in written or each is None or each.base is not None:
            return True
    return False


def _unspoilt(before: State, after: State, parameter: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, State]:
    """The results, those copied that the writing of another would change."""
    written = {id(parameter), *map(id, before.values())}
    if id(new) in written or new.base is not None:
        new = np.copy(new)
    return new, {
        name: np.copy(value)
        if value is not None and value is not before.get(name) and (id(value) in written or value.base is not None)
        else value
        for name, value in after.items()
    }
