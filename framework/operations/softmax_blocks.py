"""The exponentials of many scores, block by block, and the softmax that is made of them.

The largest score of a row is taken off first only where the exponentials would else be too large or too small: to find
it takes longer than all the rest.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.direct import constant, largest_of_all, smallest_of_all
from framework.autograd.sums import ones
from framework.operations.blocks import Columns, slices

__all__ = [
    "MANY",
    "exponential_rows",
    "exponentiate",
    "row_largest",
    "row_starts",
    "scaled_rows",
    "softmax_images",
    "softmax_rows",
]

MANY = 1 << 13
"""From so many scores on, blocks are quicker."""

# Between what bounds sums of exponentials lose nothing.
_BOUNDS = {4: (1e-18, 1e24), 8: (1e-200, 1e200)}

# A logarithm that is lower has its digits even if that of the sum was rounded before it was subtracted.
_LOW = -1.0

_BLOCK = 1 << 17


def exponentiate(scores: Any, out: Any, totals: Any, shifted: bool = False) -> Any:
    """Fills the exponentials of a matrix's rows and their sums. Gives back what was taken off each row, a column.

    That is None where nothing had to be; `shifted` says that it is not worth trying.
    """
    width = ones(scores.shape[1], scores.dtype)
    if not shifted:
        np.exp(scores, out=out)
        np.dot(out, width, out=totals)
        if _within_bounds(totals):
            return None
    largest = row_largest(scores)
    np.subtract(scores, largest, out=out)
    np.exp(out, out=out)
    np.dot(out, width, out=totals)
    return largest


def _within_bounds(totals: Any) -> bool:
    least, most = _BOUNDS[totals.dtype.itemsize]
    return bool(smallest_of_all(totals) > least and largest_of_all(totals) < most)


def row_largest(rows: Any) -> Any:
    """The largest element of each row of a matrix, as a column."""
    if rows.__class__ is not np.ndarray or rows.shape[1] > 512:
        return np.max(rows, axis=1, keepdims=True)
    # On the host, argmax takes a quarter of the time of max for short rows.
    count, width = rows.shape
    if type(rows) is np.ndarray and rows.flags.c_contiguous:
        starts = row_starts(count, width) if count <= 256 else np.arange(0, count * width, width)
        return rows.take(rows.argmax(1) + starts)[:, None]
    return rows[np.arange(rows.shape[0]), np.argmax(rows, axis=1)][:, None]


@lru_cache
def row_starts(count: int, width: int) -> Any:
    """Where each row of a flattened matrix starts."""
    starts = np.arange(count) * width
    starts.flags.writeable = False
    return starts


def _logarithms(totals: Any) -> Any:
    """The logarithms of sums in double precision: a score less that of its row's sum may be small beside both."""
    return np.log(totals, dtype=np.float64)


def exponential_rows(rows: Any) -> tuple[Any, Any, Any]:
    """The exponentials of a matrix's rows, each less a number of its row; their sums; the logarithms of the scores'."""
    out, totals = np.empty(rows.shape, rows.dtype), np.empty(rows.shape[0], rows.dtype)
    logs = np.empty(rows.shape[0])
    shift = None
    for part in slices(rows.shape[0], rows.shape[1], block=_BLOCK):
        shift = exponentiate(rows[part], out[part], totals[part], shift is not None)
        logs[part] = _logarithms(totals[part])
        if shift is not None:
            logs[part] += shift[:, 0]
    return out, totals, logs


def scaled_rows(rows: Any, numbers: Any) -> Any:
    """The rows of a matrix, each times a number."""
    out = np.empty(rows.shape, rows.dtype)
    parts = slices(rows.shape[0], rows.shape[1])
    columns = Columns(parts[0].stop, rows.shape[1], rows.dtype)
    for part in parts:
        columns.meet(np.multiply, rows[part], numbers[part], out[part])
    return out


def softmax_rows(rows: Any, logs: bool) -> Any:
    """The softmax of each row of a matrix, or its logarithm."""
    out = np.empty(rows.shape, rows.dtype)
    parts = slices(rows.shape[0], rows.shape[1], block=_BLOCK)
    totals = np.empty(parts[0].stop, rows.dtype)
    columns = Columns(parts[0].stop, rows.shape[1], rows.dtype)
    shift = None
    for part in parts:
        scores, target, some = rows[part], out[part], totals[: part.stop - part.start]
        shift = exponentiate(scores, target, some, shift is not None)
        if not logs:
            columns.meet(np.multiply, target, np.divide(constant(1.0, some.dtype), some, out=some), target)
            continue
        found = _logarithms(some)
        if shift is not None:
            scores = np.subtract(scores, shift, out=target)
        some[...] = found
        columns.meet(np.subtract, scores, some, target)
        if shift is None and largest_of_all(target) > _LOW:
            columns.meet(np.subtract, target, np.astype(found - some, target.dtype), target)
    return out


def softmax_images(images: Any, logs: bool) -> Any:
    """The same of the middle dimension of three."""
    out = np.empty(images.shape, images.dtype)
    parts = slices(images.shape[0], images.shape[1] * images.shape[2], block=_BLOCK)
    careful = False
    for part in parts:
        scores, target = images[part], out[part]
        if not careful:
            np.exp(scores, out=target)
            totals = np.add.reduce(target, axis=1, keepdims=True)
            careful = not _within_bounds(totals)
        if careful:
            scores = np.subtract(scores, np.max(scores, axis=1, keepdims=True), out=target if not logs else None)
            np.exp(scores, out=target)
            totals = np.add.reduce(target, axis=1, keepdims=True)
        if not logs:
            np.multiply(target, np.divide(constant(1.0, totals.dtype), totals, out=totals), out=target)
            continue
        found = _logarithms(totals)
        totals[...] = found
        np.subtract(scores, totals, out=target)
        if not careful and largest_of_all(target) > _LOW:
            np.subtract(target, np.astype(found - totals, target.dtype), out=target)
    return out
