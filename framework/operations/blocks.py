"""Work on large arrays some part at a time, so that what lies between stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.grad_mode import mode

__all__ = ["BLOCK", "WIDE", "Columns", "slices", "whole"]

BLOCK = 1 << 17
"""How many elements are done at a time: fewer cost more in calls than they save on the way to memory."""

WIDE = 512
"""From this width on NumPy broadcasts a column over rows as quickly as it takes two whole arrays."""


def slices(count: int, size: int, block: int = BLOCK) -> list[slice]:
    """Parts of `count` items of a size, about `block` elements each."""
    step = max(1, block // max(1, size))
    return [slice(at, min(at + step, count)) for at in range(0, count, step)]


def whole(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of arrays. A program keeps it as one call, so that it may loop, and look at values."""
    trace = mode.trace
    return function(*arguments) if trace is None else trace.call(function, arguments, {})


class Columns:
    """Meets rows with a number for each of them.

    NumPy's broadcasting takes two to three times as long over short rows as a product that spreads the numbers over
    them first, together with the step between whole arrays.
    """

    def __init__(
        self, count: int, width: int, dtype: Any, first: Any = 1.0, second: Any = 0.0, beside: Columns | None = None
    ) -> None:
        """For up to `count` rows. What is spread is `number * first + second`, each of them a number or a row.

        With the one `beside` it, of as many rows as wide, it shares its room.
        """
        self.wide = width >= WIDE and first.__class__ is second.__class__ is float
        if not self.wide:
            self.pair = pair = np.empty((2, width), dtype)
            pair[0], pair[1] = first, second
            self.numbers: Any
            self.room: Any
            if beside is not None and not beside.wide:
                self.numbers, self.room = beside.numbers, beside.room
            else:
                self.numbers = np.empty((count, 2), dtype)
                self.numbers[:, 1] = 1.0
                self.room = np.empty((count, width), dtype)

    def meet(self, ufunc: Any, rows: Any, column: Any, out: Any) -> Any:
        """`ufunc` of rows and the numbers, spread."""
        if self.wide:
            return ufunc(rows, column[:, None], out=out)
        count = column.shape[0]
        numbers = self.numbers[:count]
        numbers[:, 0] = column
        return ufunc(rows, np.matmul(numbers, self.pair, out=self.room[:count]), out=out)
