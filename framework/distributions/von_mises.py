"""`VonMises`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Tensor, no_grad
from framework.autograd.dtypes import boolean, float64
from framework.distributions import constraints
from framework.distributions.distribution import Distribution
from framework.distributions.utils import EMPTY, Shape, broadcast_all, lazy_property
from framework.operations import empty, rand, where, zeros

__all__ = ["VonMises"]

# Bessel's I0 and I1: polynomials in (x / 3.75)² up to 3.75, in 3.75 / x beyond. Source: M. Abramowitz and I. A. Stegun,
# "Handbook of mathematical functions", 9.8.1 to 9.8.4.
_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3),
)
_LARGE = (
    (
        0.39894228,
        0.1328592e-1,
        0.225319e-2,
        -0.157565e-2,
        0.916281e-2,
        -0.2057706e-1,
        0.2635537e-1,
        -0.1647633e-1,
        0.392377e-2,
    ),
    (
        0.39894228,
        -0.3988024e-1,
        -0.362018e-2,
        0.163801e-2,
        -0.1031555e-1,
        0.2282967e-1,
        -0.2895312e-1,
        0.1787654e-1,
        -0.420059e-2,
    ),
)


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    *rest, result = coefficients
    for each in reversed(rest):
        result = each + x * result
    return result


def _log_modified_bessel_fn(x: Any, order: int = 0) -> Any:
    small = _polynomial((x / 3.75) ** 2, _SMALL[order])
    if order == 1:
        small = x.abs() * small
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, _LARGE[order]).log()
    return where(x < 3.75, small.log(), large)


class VonMises(Distribution):
    """Angles around `loc`, normal as it were on a circle; `concentration` is the inverse of a variance."""

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    _expanded = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Tensor, concentration: Tensor, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, EMPTY, validate_args)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self.concentration * (value - self.loc).cos()
        return log_prob - math.log(2 * math.pi) - _log_modified_bessel_fn(self.concentration)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        """By rejection, in double precision.

        Source: D. J. Best and N. I. Fisher, "Efficient simulation of the von Mises distribution" (1979).
        """
        loc, kappa = self.loc.to(float64), self.concentration.to(float64)
        with no_grad():
            r = _proposal(kappa)
            x = empty(self._extended_shape(sample_shape), dtype=float64)
            done = zeros(x.shape, dtype=boolean)
            while not done.all():
                u1, u2, u3 = rand((3, *x.shape), dtype=float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    @property
    def mean(self) -> Any:
        """The mean angle."""
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The circular variance."""
        kappa = self.concentration
        return 1 - (_log_modified_bessel_fn(kappa, 1) - _log_modified_bessel_fn(kappa)).exp()


def _proposal(kappa: Any) -> Any:
    tau = 1 + (1 + 4 * kappa**2).sqrt()
    rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
    return where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))
