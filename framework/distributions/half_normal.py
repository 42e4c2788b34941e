"""`HalfNormal`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Tensor
from framework.distributions.halves import Half
from framework.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(Half):
    """The absolute value of normal numbers of mean 0."""

    _expanded = {}

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        self._fold(Normal(0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale.pow(2) * (1 - 2 / math.pi)
