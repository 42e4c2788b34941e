"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from framework.autograd import Tensor
from framework.operations import cat, typename

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The numbers of all parameters, one after the other."""
    return cat([each.view(-1) for each in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Makes parameters views of a vector that has their numbers one after the other."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for each in parameters:
        stop = start + each.numel()
        each.data = vec[start:stop].view_as(each).data
        start = stop
