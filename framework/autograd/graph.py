"""PyTorch's names for working with the graph itself (`torch.autograd.graph`)."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

from framework.autograd import grad_mode
from framework.autograd.hooks import RemovableHandle
from framework.autograd.nodes import AccumulateGrad, GradientEdge, Node
from framework.autograd.saved_tensors import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    save_on_cpu,
    saved_tensors_hooks,
)
from framework.autograd.tensor import Tensor
from framework.coverage import explain_missing_names

__all__ = [
    "AccumulateGrad",
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The place in the graph where the tensor's gradient arrives."""
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    edge = tensor.edge
    return GradientEdge(AccumulateGrad.of(tensor), 0) if edge is None else GradientEdge(*edge)


def increment_version(tensor: Tensor | Sequence[Tensor]) -> None:
    """Counts a write that was made to the tensor's memory behind the graph's back."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        each._bump()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: str = "all"
) -> RemovableHandle:
    """Calls `fn` in each backward: with all gradients once the last is known, or with the first one (`mode="any"`).

    A tensor that a backward does not lead to has None for a gradient.
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if not all(each.requires_grad for each in tensors):
        raise AssertionError("Expected gradient function to be set")
    # Weakly: the hook that knows them hangs on the same nodes.
    places = [weakref.ref(each if each.edge is None else each.edge[0]) for each in tensors]
    name = object()

    def make(index: int) -> Callable[[Any], None]:
        def hook(gradient: Any) -> None:
            walk = grad_mode.mode.walk
            if walk.gathered is None:
                walk.gathered = {}
            arrived = walk.gathered.setdefault(name, [])
            arrived.append((index, gradient))
            if mode == "any":
                if len(arrived) == 1:
                    fn(gradient)
            elif len(arrived) == walk.reaches([each() for each in places]):
                known = dict(arrived)
                fn([known.get(number) for number in range(len(places))])

        return hook

    handles = [each.register_hook(make(index)) for index, each in enumerate(tensors)]
    result = RemovableHandle({}, fn)

    def remove() -> None:
        for handle in handles:
            handle.remove()

    result.remove = remove  # type: ignore[method-assign]
    return result


explain_missing_names(__name__)
