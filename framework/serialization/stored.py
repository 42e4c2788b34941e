"""The memory behind tensors as it is to be saved: each piece once, however many tensors show it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from framework.autograd.memory import address, owner_of

__all__ = ["Place", "Stored"]


class Place(NamedTuple):
    """Where an array lies in what is saved: the key of a piece of memory and its size; offset and strides in it."""

    key: str
    nbytes: int
    offset: int
    strides: tuple[int, ...]


class Stored:
    """The pieces of memory met so far, by key, in the order in which they were met."""

    def __init__(self) -> None:
        self.pieces: dict[str, Any] = {}
        self.itemsizes: dict[str, int] = {}
        self._keys: dict[int, str] = {}
        self._dtypes: dict[str, str] = {}
        # Kept, so that no other array gets the identity of one of these.
        self._kept: list[Any] = []

    def place(self, array: Any, untyped: bool = False) -> Place:
        """Where an array lies. Its whole memory is saved, as in PyTorch; `clone()` a part to save it alone."""
        owner, size = owner_of(array), array.itemsize
        lies = _as_it_lies(owner)
        start = address(array) - address(owner)
        steps = array.strides
        if array.size and not (
            lies.flags.c_contiguous and start % size == 0 and all([step >= 0 and step % size == 0 for step in steps])
        ):
            # Memory of another program, with gaps between what is known to be there.
            lies = np.array(array, order="C")
            start, steps, owner = 0, lies.strides, array
        if not array.size:
            start, lies = 0, np.asarray(lies, order="C")
        key = self._keys.get(id(owner))
        if key is None:
            key = self._keys[id(owner)] = str(len(self._keys))
            self._kept.append(owner)
            self.pieces[key] = lies
        kind = "uint8" if untyped else array.dtype.name
        if self._dtypes.setdefault(key, kind) != kind and lies.size:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        self.itemsizes.setdefault(key, 1 if untyped else size)
        return Place(key, lies.nbytes, start // size, tuple([step // size for step in steps]))


def _as_it_lies(owner: Any) -> Any:
    """An array with its dimensions in the order of their steps, the longest first."""
    if owner.flags.c_contiguous:
        return owner
    return np.transpose(owner, sorted(range(owner.ndim), key=lambda dim: -owner.strides[dim]))
