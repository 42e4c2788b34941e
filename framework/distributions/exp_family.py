"""`ExponentialFamily`: densities exp(natural parameters · statistics − log normalizer), with entropy by derivatives."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor, grad
from framework.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """A subclass may give `_natural_params`, `_log_normalizer` and `_mean_carrier_measure` in place of `entropy`."""

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Tensor) -> Any:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError

    def entropy(self) -> Any:
        """The log normalizer less its first-order part, as Bregman divergences have it."""
        result = -self._mean_carrier_measure
        natural = [each.detach().requires_grad_() for each in self._natural_params]
        normalizer = self._log_normalizer(*natural)
        slopes = grad(normalizer.sum(), natural, create_graph=True)
        result = result + normalizer
        for each, slope in zip(natural, slopes, strict=True):
            result = result - (each * slope).reshape(self._batch_shape + (-1,)).sum(-1)
        return result
