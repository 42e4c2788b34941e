"""Rows of the special functions."""

from __future__ import annotations

from tests.operations.sampling import Row


def _one(make):
    return lambda r: [(make(r, 2, 3),), (make(r),), (make(r, 3, 1, 30),)]


_any = _one(lambda r, *shape: r(*shape))

ROWS = [
    Row("erf", _any),
    Row("erfc", _any),
]
