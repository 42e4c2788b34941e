"""Distributions of one probability for each element, given by itself (`probs`) or by its log odds (`logits`)."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.distribution import Distribution
from framework.distributions.utils import broadcast_all, lazy_property, logits_to_probs, probs_to_logits
from framework.operations import arange

__all__ = ["ProbsOrLogits", "check_one_given"]


def check_one_given(probs: Any, logits: Any) -> None:
    """Refuses both, and neither."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class ProbsOrLogits(Distribution):
    """Keeps what was given and makes the other of it when it is asked for."""

    arg_constraints: Any = {"probs": constraints.unit_interval, "logits": constraints.real}
    _param: Tensor

    def _read(self, probs: Any, logits: Any, *others: Any) -> Any:
        """Takes `probs` or `logits`, broadcast with other parameters, and gives these."""
        check_one_given(probs, logits)
        given, name = (logits, "logits") if probs is None else (probs, "probs")
        *rest, self._param = broadcast_all(*others, given)
        setattr(self, name, self._param)
        return rest

    @lazy_property
    def logits(self) -> Any:
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return self._param.size()

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._param.new(*args, **kwargs)

    def _counted_up(self, count: int, expand: bool) -> Any:
        """The numbers from 0 up to `count`, along a new first dimension."""
        values = arange(count, dtype=self._param.dtype).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values
