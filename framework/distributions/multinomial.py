"""`Multinomial`."""

from __future__ import annotations

import math
from typing import Any

from framework.autograd import Size, Tensor
from framework.distributions import constraints
from framework.distributions.binomial import Binomial
from framework.distributions.categorical import Categorical, OverCategories
from framework.distributions.utils import EMPTY, Shape, broadcast_all
from framework.operations import ones_like, tensor

__all__ = ["Multinomial"]


class Multinomial(OverCategories):
    """How often each category comes in `total_count` draws."""

    _expanded = {"_categorical": 0}
    _kept = ("total_count", "_binomial")

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        categorical = Categorical(probs=probs, logits=logits)
        self._binomial = Binomial(total_count=total_count, probs=categorical.probs)
        self._over(categorical, validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        draws = self._categorical.sample(Size((self.total_count,)) + Size(sample_shape)).movedim(0, -1)
        counts = draws.new_zeros(self._extended_shape(sample_shape))
        return counts.scatter_add_(-1, draws, ones_like(draws)).type_as(self.probs)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        arrangements = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return arrangements + (logits * value).sum(-1)

    def entropy(self) -> Any:
        n = tensor(self.total_count)
        support = self._binomial.enumerate_support(expand=False)[1:]
        of_counts = self._binomial.log_prob(support).exp() * (support + 1).lgamma()
        return n * self._categorical.entropy() - (n + 1).lgamma() + of_counts.sum([0, -1])
