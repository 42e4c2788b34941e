"""`MixtureSameFamily`."""

from __future__ import annotations

from typing import Any

from framework.autograd import Size, no_grad
from framework.distributions import constraints
from framework.distributions.categorical import Categorical
from framework.distributions.constraints import MixtureSameFamilyConstraint
from framework.distributions.distribution import Distribution
from framework.distributions.utils import EMPTY, Shape
from framework.operations import gather, log_softmax, logsumexp

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A mixture of the components along the last batch dimension of one distribution, by a categorical one."""

    arg_constraints: Any = {}
    _expanded = {"_component_distribution": 1, "_mixture_distribution": 0}
    _kept = ("_event_ndims", "_num_component")

    def __init__(
        self, mixture_distribution: Any, component_distribution: Any, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        batch, components = mixture_distribution.batch_shape, component_distribution.batch_shape[:-1]
        for one, other in zip(reversed(batch), reversed(components), strict=False):
            if one != 1 and other != 1 and one != other:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({batch}) is not compatible with "
                    f"`component_distribution.batch_shape`({components})"
                )
        count, found = mixture_distribution.logits.shape[-1], component_distribution.batch_shape[-1]
        if count != found:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({found})"
            )
        self._num_component = count
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(components, component_distribution.event_shape, validate_args=validate_args)

    @constraints.dependent_property
    def support(self) -> Any:
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """The distribution over components."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components, along the last batch dimension."""
        return self._component_distribution

    def _weighted(self, values: Any) -> Any:
        """The mean over the components."""
        probs = self._mixture_distribution.probs
        of_mixture = len(self._mixture_distribution.batch_shape)
        missing = 0 if of_mixture == 1 else len(self.batch_shape) - of_mixture
        shape = probs.shape[:-1] + Size((1,) * missing) + probs.shape[-1:] + Size((1,) * self._event_ndims)
        return (probs.reshape(shape) * values).sum(dim=-1 - self._event_ndims)

    @property
    def mean(self) -> Any:
        return self._weighted(self._component_distribution.mean)

    @property
    def variance(self) -> Any:
        within = self._weighted(self._component_distribution.variance)
        between = self._weighted((self._component_distribution.mean - self._pad(self.mean)).pow(2.0))
        return within + between

    def cdf(self, x: Any) -> Any:
        return (self._component_distribution.cdf(self._pad(x)) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Any) -> Any:
        if self._validate_args:
            self._validate_sample(x)
        log_prob = self._component_distribution.log_prob(self._pad(x))
        return logsumexp(log_prob + log_softmax(self._mixture_distribution.logits, dim=-1), dim=-1)

    def sample(self, sample_shape: Shape = EMPTY) -> Any:
        place = len(sample_shape) + len(self.batch_shape)
        with no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            values = self._component_distribution.sample(sample_shape)
            index = chosen.reshape(chosen.shape + Size((1,) * (self._event_ndims + 1)))
            index = index.repeat((1,) * len(chosen.shape) + (1,) + tuple(self.event_shape))
            return gather(values, place, index).squeeze(place)

    def _pad(self, x: Any) -> Any:
        return x.unsqueeze(-1 - self._event_ndims)

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"
