"""`OneHotCategorical`, and the same with a straight-through gradient."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor
from framework.distributions import constraints
from framework.distributions.categorical import Categorical, OverCategories
from framework.distributions.utils import EMPTY, Shape
from framework.operations import eye, one_hot

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(OverCategories):
    """`Categorical` with its values as vectors of a single one."""

    support = constraints.one_hot
    has_enumerate_support = True
    _expanded = {"_categorical": 0}

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        self._over(Categorical(probs, logits), validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return one_hot(self.probs.argmax(dim=-1), num_classes=self.probs.shape[-1]).to(self.probs)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        return one_hot(self._categorical.sample(sample_shape), self._categorical._num_events).to(self.probs)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        n = self.event_shape[0]
        values = eye(n, dtype=self._param.dtype).view((n,) + (1,) * len(self.batch_shape) + (n,))
        return values.expand((n,) + self.batch_shape + (n,)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The gradient passes a sample as if it were `probs`."""

    has_rsample = True

    def rsample(self, sample_shape: Shape = EMPTY) -> Any:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
