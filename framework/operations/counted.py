"""Draw numbers of events: `poisson`, `binomial`."""

from __future__ import annotations

from typing import Any

from framework.autograd import dtypes
from framework.autograd.direct import zeros
from framework.autograd.errors import broadcast_error, no_kernel
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor
from framework.operations.pairs import undifferentiable
from framework.random import Generator, default_generator

__all__ = ["binomial", "poisson"]

# What was random does not depend on the input: its gradient is zero.
_POISSON = operation(lambda input, values: values, name="poisson", input=lambda g: zeros(g))

_BINOMIAL = operation(
    lambda count, prob, values: values,
    name="binomial",
    grad_fn="NotImplemented",
    count=undifferentiable("binomial", whole=True),
    prob=undifferentiable("binomial", whole=True),
)


def _source(name: str, generator: Any) -> Generator:
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """How many events of the mean that each element gives happen."""
    check_tensor("poisson", "input", 1, input)
    return _POISSON.function(input, _source("poisson", generator).poisson(input._array))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials of success probability `prob` succeed, for each element."""
    check_tensor("binomial", "count", 1, count)
    check_tensor("binomial", "prob", 2, prob)
    for name, each in (("count", count), ("prob", prob)):
        if each.dtype.kind != "f":
            raise ValueError(f"binomial only supports floating-point dtypes for {name}, got: {each.dtype.scalar_name}")
    if count.dtype is not prob.dtype:
        raise RuntimeError(f"Found dtype {prob.dtype.scalar_name} but expected {count.dtype.scalar_name}")
    if count.dtype is dtypes.float16:
        raise no_kernel("binomial", [count._array])
    error = broadcast_error([count._array.shape, prob._array.shape])
    if error is not None:
        raise error
    return _BINOMIAL.function(count, prob, _source("binomial", generator).binomial(count._array, prob._array))
