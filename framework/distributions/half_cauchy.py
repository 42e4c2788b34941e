"""`HalfCauchy`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Tensor
from framework.distributions.cauchy import Cauchy
from framework.distributions.halves import Half
from framework.operations import as_tensor, full

__all__ = ["HalfCauchy"]


class HalfCauchy(Half):
    """The absolute value of Cauchy numbers about 0."""

    _expanded = {}

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        self._fold(Cauchy(0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> Any:
        return full(self._extended_shape(), math.inf, dtype=self.scale.dtype)

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return super().log_prob(as_tensor(value, dtype=self.scale.dtype))
