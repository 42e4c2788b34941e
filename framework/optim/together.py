"""Updates small parameters together: one call of a formula on many costs less than one for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from framework.autograd import Tensor

__all__ = ["Together"]

SMALL = 1 << 12
"""Up to so many elements a parameter is copied to where others are, and back: that takes less than calls of its own."""


class Member(NamedTuple):
    """A parameter with its gradient, what is kept of it, and the arrays of that."""

    parameter: Tensor
    array: np.ndarray
    grad: np.ndarray
    kept: dict[str, Any]
    state: dict[str, Any]


class Together:
    """The small parameters of a group, by what their updates share: type, names of the state, and its counters."""

    def __init__(self, counters: Sequence[str]) -> None:
        self._counters = counters
        self._members: dict[Any, list[Member]] = {}

    def takes(self, member: Member) -> bool:
        """Whether a parameter is small, and it and its state can lie one after the other with others."""
        _, array, grad, _, state = member
        if array.size > SMALL or not _is_all(array):
            return False
        shape, counters = array.shape, self._counters
        key: list[Any] = [array.dtype, grad.dtype]
        for name, value in state.items():
            if not isinstance(value, np.ndarray):
                return False
            key.append(name)
            if name in counters:
                key.append(value.item())
            elif value.shape != shape:
                return False
        self._members.setdefault(tuple(key), []).append(member)
        return True

    def update(
        self,
        scalars: Callable[[Mapping[str, Any]], dict[str, Any]],
        update: Callable[..., Any],
        alone: Callable[..., Any],
    ) -> None:
        """Updates all that were taken: by `alone` where there is but one, or where two share memory."""
        for members in self._members.values():
            owners = {id(each.array if each.array.base is None else each.array.base) for each in members}
            if len(members) == 1 or len(owners) < len(members):
                for each in members:
                    alone(*each, scalars(each.state))
            else:
                self._update(members, scalars(members[0].state), update)

    def _update(self, members: list[Member], numbers: dict[str, Any], update: Callable[..., Any]) -> None:
        first = members[0].state
        state = {
            name: first[name] if name in self._counters else _flat([each.state[name] for each in members])
            for name in first
        }
        arrays, grads = _flat([each.array for each in members]), _flat([each.grad for each in members])
        new, after = update(arrays, grads, state, numbers)
        start = 0
        for parameter, array, _, kept, _ in members:
            shape, part = array.shape, slice(start, start + array.size)
            start = part.stop
            for name, value in after.items():
                piece = value if name in self._counters else value[part].reshape(shape)
                held = kept.get(name)
                if isinstance(held, Tensor):
                    held._array[...] = piece
                    held._bump()
                else:
                    kept[name] = Tensor._wrap(np.copy(piece))
            array[...] = new[part].reshape(shape)
            parameter._bump()


def _is_all(array: np.ndarray) -> bool:
    """Whether an array shows all of its memory."""
    base = array.base
    return base is None or (type(base) is np.ndarray and base.base is None and base.nbytes == array.nbytes)


def _flat(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays, axis=None)
