"""The gradients that a walk carries: arrays, or Tensors where the walk itself is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.nodes import Node
from framework.autograd.sums import add_up
from framework.autograd.tensor import Tensor, wrap


def as_tensor(gradient: Any) -> Any:
    """A gradient as hooks and users see it."""
    return gradient if gradient is None or isinstance(gradient, Tensor) else wrap(gradient)


def added(a: Any, b: Any) -> Any:
    """The sum of two gradients: an array of no dimensions where NumPy would give a number."""
    total = a + b
    return np.asarray(total) if isinstance(total, np.generic) else total


def fit(gradient: Any, shape: tuple[int, ...], dtype: np.dtype[Any], node: Node | None, position: int = 0) -> Any:
    """Undoes broadcasting to `shape` and casts to `dtype`: a gradient is of its tensor's form."""
    if gradient is None:
        return None
    array = gradient._array if isinstance(gradient, Tensor) else gradient
    if array.shape != shape:
        gradient = _undo_broadcast(gradient, array.shape, shape, node, position)
    if array.dtype != dtype:
        gradient = np.astype(gradient, dtype)
    if gradient.__class__ is not ndarray and isinstance(gradient, np.generic):
        return np.asarray(gradient)
    return gradient


def _undo_broadcast(gradient: Any, found: tuple[int, ...], shape: tuple[int, ...], node: Any, position: int) -> Any:
    extra = len(found) - len(shape)
    kept = found[extra:] if extra >= 0 else ()
    if extra < 0 or any(a != b and b != 1 for a, b in zip(kept, shape, strict=True)):
        raise RuntimeError(
            f"Function {node.name() if node is not None else 'backward'} returned an invalid gradient at index "
            f"{position} - got {list(found)} but expected shape compatible with {list(shape)}"
        )
    if extra:
        gradient = add_up(gradient, tuple(range(extra)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1 and kept[axis] != 1)
    return add_up(gradient, stretched, keepdims=True) if stretched else gradient


def as_gradient(tensor: Any, like: Any) -> Any:
    """A hook's Tensor in the form that the walk carries: an array unless gradients are themselves recorded."""
    return tensor._array if isinstance(tensor, Tensor) and not isinstance(like, Tensor) else tensor
