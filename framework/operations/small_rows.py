"""Matrices of rows so few and short that a product with ones costs less than NumPy's broadcasting of a column."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Small", "small"]


class Small:
    """What a matrix of so many rows of such a length is computed with."""

    def __init__(self, shape: tuple[int, int], dtype: Any) -> None:
        self.places = np.arange(shape[0]) * shape[1]
        self.starts = self.places[:, None]
        self.samples = np.ones(shape[0], dtype)
        # A product with it holds in each row the sum of the other's row, over and over.
        self.square = np.ones((shape[1], shape[1]), dtype)
        self.row = self.square[:1]
        self.ones = self.square[0]
        for each in (self.places, self.starts, self.samples, self.square, self.row, self.ones):
            each.flags.writeable = False

    def shifted(self, scores: Any) -> Any:
        """The scores less the largest of their row."""
        if type(scores) is np.ndarray:
            return scores - scores.take(scores.argmax(1, keepdims=True) + self.starts).dot(self.row)
        return scores - np.dot(np.max(scores, axis=1, keepdims=True), self.row)

    def picked(self, rows: Any, columns: Any) -> Any:
        """The element of each row that stands in its column."""
        if type(rows) is np.ndarray:
            return rows.take(columns + self.places)
        return rows[np.arange(rows.shape[0]), columns]


def small(x: Any, dim: int | None) -> Small | None:
    """For a matrix whose rows are few and short; None for any other array."""
    if dim != 1 or x.__class__ is not np.ndarray or not x.flags.c_contiguous:
        return None
    return _small(x.shape, x.dtype)


@lru_cache
def _small(shape: tuple[int, ...], dtype: Any) -> Small | None:
    if len(shape) == 2 and dtype.itemsize > 2 and 0 < shape[0] <= 64 and 0 < shape[1] <= 32:
        return Small((shape[0], shape[1]), dtype)
    return None
