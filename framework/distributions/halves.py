"""What distributions of an absolute value share."""

from __future__ import annotations

import math
from typing import Any

from framework.distributions import constraints
from framework.distributions.elementwise_transforms import AbsTransform
from framework.distributions.transformed_distribution import TransformedDistribution
from framework.operations import where, zeros_like

__all__ = ["Half"]


class Half(TransformedDistribution):
    """The absolute value of numbers that are symmetric about 0."""

    arg_constraints: Any = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def _fold(self, base_dist: Any, validate_args: bool | None) -> None:
        TransformedDistribution.__init__(self, base_dist, AbsTransform(), validate_args=validate_args)

    @property
    def scale(self) -> Any:
        return self.base_dist.scale

    @property
    def mode(self) -> Any:
        return zeros_like(self.scale)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return where(value >= 0, self.base_dist.log_prob(value) + math.log(2), -math.inf)

    def cdf(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Any) -> Any:
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)
