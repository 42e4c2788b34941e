"""`NegativeBinomial`."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor, no_grad
from framework.distributions import constraints
from framework.distributions.gamma import Gamma
from framework.distributions.probs_or_logits import ProbsOrLogits
from framework.distributions.utils import EMPTY, Shape, lazy_property
from framework.operations import logsigmoid, poisson, sigmoid

__all__ = ["NegativeBinomial"]


class NegativeBinomial(ProbsOrLogits):
    """How many trials of probability `probs` succeed before `total_count` have failed."""

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    _expanded = {"total_count": 0, "probs": 0, "logits": 0, "_param": 0}

    def __init__(
        self,
        total_count: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._read(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / sigmoid(-self.logits)

    @lazy_property
    def _gamma(self) -> Any:
        return Gamma(self.total_count, (-self.logits).exp(), validate_args=False)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        with no_grad():
            return poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        outcomes = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        choices = -(n + value).lgamma() + (1.0 + value).lgamma() + n.lgamma()
        return outcomes - choices.masked_fill(n + value == 0.0, 0.0)
