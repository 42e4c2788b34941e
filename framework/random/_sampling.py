"""Indices drawn by weight, as PyTorch's `multinomial` draws them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["with_replacement", "without_replacement"]

Array = np.ndarray[Any, np.dtype[Any]]

ZERO_SUM = "invalid multinomial distribution (sum of probabilities <= 0)"


def without_replacement(p: Array, count: int, exponentials: Callable[[], Array]) -> Array:
    """The places of the `count` largest `p / q` in each row, the largest first, with q exponential."""
    if not np.all((p >= 0) & (p < np.inf)):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not np.all(p.any(axis=-1)):
        raise RuntimeError(ZERO_SUM)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        ratio = p / exponentials()
    if count == 1:
        first: Array = ratio.argmax(axis=-1, keepdims=True)
        return first
    rows = ratio if p.ndim == 2 else ratio[np.newaxis]
    return np.array([_largest(row, count) for row in rows]).reshape(*p.shape[:-1], count)


def with_replacement(p: Array, uniforms: Callable[[], Array]) -> Array:
    """For each uniform of a row, the first place where the row's running share of the total reaches it."""
    if not np.all(p >= 0):
        raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
    if not np.all(np.isfinite(p)):
        raise RuntimeError("invalid multinomial distribution (encountering probability entry = infinity or NaN)")
    weights = p.astype(np.float32) if p.dtype == np.float16 else p
    if not np.all(weights.any(axis=-1)):
        raise RuntimeError(ZERO_SUM)
    running = np.add.accumulate(weights, axis=-1)
    rows = np.atleast_2d((running / running[..., -1:]).astype(np.float64))
    wanted = uniforms()
    found = [np.searchsorted(row, u) for row, u in zip(rows, np.atleast_2d(wanted), strict=True)]
    return np.array(found, np.int64).reshape(wanted.shape)


def _largest(values: Array, count: int) -> Array:
    """The places of the largest, the largest first; equal ones in the order of their places."""
    threshold = np.partition(values, values.size - count)[values.size - count]
    places = np.flatnonzero(values >= threshold)
    order: Array = np.argsort(-values[places], kind="stable")
    return places[order[:count]]
