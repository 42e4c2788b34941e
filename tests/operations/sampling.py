"""What a row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Sampler:
    """Makes arguments: `r(2, 3)` is a float64 array of that shape, the same in every run."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.Generator(np.random.PCG64(seed))

    def __call__(self, *shape: int) -> np.ndarray:
        """Values between -2 and 2, none within 0.1 of a whole number, where kinks use to be."""
        values = self.random.uniform(-2, 2, shape)
        fraction = values - np.floor(values)
        return np.asarray(np.floor(values) + 0.1 + 0.8 * fraction)

    def positive(self, *shape: int) -> np.ndarray:
        """Values between 0.3 and 2.3."""
        return np.asarray(self.random.uniform(0.3, 2.3, shape))

    def unit(self, *shape: int) -> np.ndarray:
        """Values between -0.9 and 0.9."""
        return np.asarray(self.random.uniform(-0.9, 0.9, shape))

    def distinct(self, *shape: int) -> np.ndarray:
        """Values at least 0.1 apart, in random order."""
        size = int(np.prod(shape))
        return (self.random.permutation(size) * 0.1 - size * 0.05 + 0.03).reshape(shape)

    def ints(self, high: int, *shape: int) -> np.ndarray:
        """Whole numbers from 0 up to, not including, `high`."""
        return np.asarray(self.random.integers(0, high, shape))

    def mask(self, *shape: int) -> np.ndarray:
        """Booleans."""
        return np.asarray(self.random.random(shape) < 0.5)


@dataclass(frozen=True)
class Row:
    """An operation of the registry and the calls it is checked on; options go to `check_operation`."""

    name: str
    samples: Callable[[Sampler], list[tuple[Any, ...]]]
    options: dict[str, Any] = field(default_factory=dict)

    def calls(self) -> list[tuple[Any, ...]]:
        return self.samples(Sampler())
