"""`GeneralizedPareto`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.distribution import Distribution
from framework.distributions.utils import EMPTY, Shape, broadcast_all
from framework.operations import broadcast_to, isclose, log1p, ones_like, rand, where, zeros_like

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """What numbers exceed `loc` by, far out: with a heavy tail, an exponential one, or an end, by `concentration`."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True
    _expanded = {"loc": 0, "scale": 0, "concentration": 0}

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        end = where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, end)

    def _is_exponential(self) -> tuple[Any, Any]:
        """Where the concentration is 0, and the concentration with 1 in these places."""
        zero = isclose(self.concentration, zeros_like(self.concentration))
        return zero, where(zero, ones_like(self.concentration), self.concentration)

    def rsample(self, sample_shape: Shape = EMPTY) -> Any:
        return self.icdf(rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, k = self._is_exponential()
        y = 1 / k + ones_like(z)
        power = where(y == 0, y, y * (k * z).log1p())
        return -self.scale.log() - where(zero, z, power)

    def log_survival_function(self, value: Any) -> Any:
        """The logarithm of the probability of more than `value`."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        zero, k = self._is_exponential()
        return where(zero, -z, -(k * z).log1p() / k)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of `cdf`."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        zero, k = self._is_exponential()
        log_left = log1p(-value)
        power = self.loc + self.scale / k * (-k * log_left).expm1()
        return where(zero, self.loc - self.scale * log_left, power)

    @property
    def mean(self) -> Any:
        valid = self.concentration < 1
        k = where(valid, self.concentration, 0.5)
        return where(valid, self.loc + self.scale / (1 - k), math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        valid = self.concentration < 0.5
        k = where(valid, self.concentration, 0.25)
        return where(valid, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)), math.nan)

    def entropy(self) -> Any:
        return broadcast_to(self.scale.log() + self.concentration + 1, self._batch_shape)
