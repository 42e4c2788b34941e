"""`Doubles`: uniforms and normals of a stream one at a time, for kernels that take as many as their rejections need."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["Doubles"]


class Doubles:
    """Doubles fetched by the block; `used` counts those that were taken.

    `kept` is the second normal of a pair that has not been asked for yet, as a generator keeps it.
    """

    __slots__ = ("_block", "_fetch", "kept", "used")

    def __init__(self, fetch: Callable[[], list[float]], kept: float | None) -> None:
        self._fetch = fetch
        self._block: list[float] = []
        self.kept = kept
        self.used = 0

    def uniform(self) -> float:
        """In [0, 1)."""
        if not self._block:
            self._block = self._fetch()[::-1]
        self.used += 1
        return self._block.pop()

    def normal(self) -> float:
        """Standard normal, by Box and Muller."""
        if self.kept is not None:
            kept, self.kept = self.kept, None
            return kept
        angle = 2 * math.pi * self.uniform()
        radius = math.sqrt(-2 * math.log1p(-self.uniform()))
        self.kept = radius * math.sin(angle)
        return radius * math.cos(angle)
