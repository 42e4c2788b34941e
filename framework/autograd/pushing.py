"""Derivatives forward, along a direction, from the formulas that give them backward.

A derivative backward is a linear map of the gradient `w` that it starts with: `pulled(w) = w @ J`. So the derivative of
`pulled` by `w`, weighted with a direction `t`, is `J @ t`: one recorded walk, and one walk back through that record.
It holds for every operation that can be differentiated twice, and costs about three times the forward call at first,
one more backward for each further direction, and the memory of a backward with `create_graph`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import enable_grad, mode
from framework.autograd.nodes import Node, new, reach, sequence
from framework.autograd.storage import storage_of
from framework.autograd.tensor import Tensor, wrap


def pusher(outputs: Sequence[Tensor], sources: Sequence[Tensor]) -> Callable[..., list[Any]]:
    """`push(directions, create_graph)`: how each output changes along directions of the sources, None if it does not.

    A direction may be None, for none.
    """
    reached = [index for index, each in enumerate(outputs) if each.requires_grad]
    if not reached:
        return lambda directions, create_graph: [None] * len(outputs)
    with enable_grad():
        weights = [wrap(np.zeros_like(outputs[index]._array)).requires_grad_() for index in reached]
        pulled = grad([outputs[index] for index in reached], sources, weights, None, True, allow_unused=True)
    # What a weight does not lead to is told apart here: a sum of gradients tells nothing of its parts.
    follows = [_leads(outputs[index], sources) for index in reached]

    def push(directions: Sequence[Any], create_graph: bool) -> list[Any]:
        pairs = [
            (each, direction)
            for each, direction in zip(pulled, directions, strict=True)
            if each is not None and each.requires_grad and direction is not None
        ]
        found: list[Any] = [None] * len(weights)
        if pairs:
            with enable_grad():
                starts, given = zip(*pairs, strict=True)
                found = list(grad(starts, weights, given, True, create_graph, allow_unused=True))
        results: list[Any] = [None] * len(outputs)
        for index, each, weight, follow in zip(reached, found, weights, follows, strict=True):
            if follow:
                results[index] = wrap(np.zeros_like(weight._array)) if each is None else each
        return results

    return push


def _leads(output: Tensor, sources: Sequence[Tensor]) -> bool:
    """Whether an output's graph reaches one of the sources."""
    places = [(each, each.edge) for each in sources]
    nodes, leaves = reach([] if output.edge is None else [output.edge[0]])
    return any((id(each) in leaves or each is output) if edge is None else edge[0] in nodes for each, edge in places)


def settled(value: Any, own: Sequence[Tensor], recorded: bool) -> Any:
    """A result without the history that only a transform's own inputs gave it; all history goes if not `recorded`."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return value
    return value if recorded and leads_beyond([value], own) else value.detach()


def leads_beyond(values: Sequence[Any], own: Sequence[Tensor]) -> bool:
    """Whether the history of some tensors has a leaf that requires grad other than these."""
    known = {id(each) for each in own}
    roots = []
    for each in values:
        if isinstance(each, Tensor) and each.requires_grad:
            edge = each.edge
            if edge is not None:
                roots.append(edge[0])
            elif id(each) not in known:
                return True
    nodes, _ = reach(roots)
    return any(
        edge is not None and edge.__class__ is not tuple and edge._requires_grad and id(edge) not in known
        for node in nodes
        for edge in node.edges
    )


def close(own: Sequence[Tensor]) -> None:
    """Has the leaves of a transform that is done with them count as no leaves any more."""
    for each in own:
        each._requires_grad = False


def opened(tensor: Tensor) -> tuple[Tensor, bool]:
    """A tensor's alias to differentiate by, and whether it is a leaf of its own: its history is kept if it has one."""
    if mode.recording and tensor.requires_grad:
        return tensor.view_as(tensor), False
    alias = tensor.detach()
    return alias.requires_grad_(), True


class MakeDual(Node):
    """Puts a dual tensor after the tensor it was made of, and after the leaf that stands for its direction."""

    __slots__ = ()

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        return [gradient, gradient]

    def release(self) -> None:
        """Nothing is kept."""


MakeDual.__name__ = "ViewBackward0"  # as PyTorch shows it


def dual_of(tensor: Tensor) -> tuple[Any, Any]:
    """The tensor, memory shared, that a direction can be pushed through, and the leaf that stands for the direction."""
    _check_floating("primal", tensor)
    edge = tensor.edge
    source = wrap(np.zeros_like(tensor._array)).requires_grad_()
    node = new(MakeDual)
    node.edges = (None if not tensor.requires_grad else tensor if edge is None else edge, source)
    node.saved = ()
    node.outputs = None
    node.shape, node.dtype = tensor._array.shape, tensor._array.dtype
    node.sequence = next(sequence)
    dual = wrap(tensor._array)
    dual._storage = storage_of(tensor)
    dual._edge = (node, 0)
    dual._requires_grad = True
    return dual, source


def check_direction(primal: Tensor, direction: Tensor) -> None:
    """Raises unless a direction has the shape of its tensor, and both hold floating-point numbers."""
    _check_floating("primal", primal)
    _check_floating("tangent", direction)
    if primal.shape != direction.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
            f"{list(direction.shape)}."
        )


def _check_floating(name: str, tensor: Tensor) -> None:
    if not tensor.is_floating_point():
        raise ValueError(f"Expected {name} to be floating point or complex, but got: {tensor.dtype}")
