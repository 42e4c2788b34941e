"""`Weibull`."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.elementwise_transforms import AffineTransform, PowerTransform
from framework.distributions.exponential import Exponential
from framework.distributions.transformed_distribution import TransformedDistribution
from framework.distributions.utils import broadcast_all, euler_constant
from framework.operations import ones_like

__all__ = ["Weibull"]


class Weibull(TransformedDistribution):
    """Waiting times whose hazard changes with time: exponential numbers to the power `1 / concentration`."""

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    _expanded = {"scale": 0, "concentration": 0, "concentration_reciprocal": 0}

    def __init__(self, scale: Tensor | float, concentration: Tensor | float, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base_dist = Exponential(ones_like(self.scale), validate_args=validate_args)
        transforms = [
            PowerTransform(exponent=self.concentration_reciprocal),
            AffineTransform(loc=0, scale=self.scale),
        ]
        super().__init__(base_dist, transforms, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * (1 + self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self) -> Any:
        return self.scale * ((self.concentration - 1) / self.concentration) ** self.concentration.reciprocal()

    @property
    def variance(self) -> Any:
        square = (1 + 2 * self.concentration_reciprocal).lgamma().exp()
        return self.scale.pow(2) * (square - (2 * (1 + self.concentration_reciprocal).lgamma()).exp())

    def entropy(self) -> Any:
        r = self.concentration_reciprocal
        return euler_constant * (1 - r) + (self.scale * r).log() + 1
