"""`RelaxedBernoulli` and its logit: a Bernoulli distribution made continuous, so that gradients pass samples."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.elementwise_transforms import SigmoidTransform
from framework.distributions.probs_or_logits import ProbsOrLogits
from framework.distributions.transformed_distribution import TransformedDistribution
from framework.distributions.utils import EMPTY, Shape, broadcast_all, clamp_probs
from framework.operations import rand

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(ProbsOrLogits):
    """The log odds of relaxed Bernoulli numbers: logistic, divided by the temperature."""

    support = constraints.real
    _expanded = {"probs": 0, "logits": 0, "_param": 0}
    _kept = ("temperature",)

    def __init__(
        self, temperature: Tensor, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self.temperature = temperature
        self._read(probs, logits)
        super().__init__(self._param.size(), validate_args=validate_args)

    def rsample(self, sample_shape: Shape = EMPTY) -> Any:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """Numbers between 0 and 1, the nearer to the ends the lower the temperature."""

    arg_constraints = ProbsOrLogits.arg_constraints
    support = constraints.unit_interval
    has_rsample = True
    _expanded = {}

    def __init__(
        self, temperature: Tensor, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        base_dist = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base_dist, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Any:
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        return self.base_dist.probs
