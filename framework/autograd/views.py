"""Views: how they came from the tensor whose memory they show, and how their history is told again after a write."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from framework.autograd.grad_mode import mode
from framework.autograd.nodes import Node, new, sequence
from framework.autograd.storage import INFERENCE

if TYPE_CHECKING:
    from framework.autograd.tensor import Tensor

Step = tuple[Any, tuple[Any, ...], int | None]
"""An operation, its further arguments, and the number of the output, if it has several."""


class View:
    """How a view came from its parent, so that its history can be told again after a write to their memory.

    `origin` is "" for an ordinary view, "no_grad" or "inference" for one made in that mode, "multiple" for one of
    several outputs of an operation, "function" for an output of a custom Function. `form` is the parent's array as it
    was: an in-place `t_()` gives the parent another.
    """

    __slots__ = ("arguments", "form", "operation", "origin", "output", "parent", "version")

    parent: Tensor
    form: Any
    operation: Any
    arguments: tuple[Any, ...]
    output: int | None
    version: int
    origin: str


def view_origin() -> str:
    """The `origin` of a view made in the present mode."""
    return "inference" if mode.inference else "" if mode.recording else "no_grad"


def refresh(tensor: Tensor, asked: bool = False) -> None:
    """Brings a view's place in the graph up to date with writes to the memory it shares.

    Where that cannot be, it raises if operations are recorded, or if the place itself is `asked` for.
    """
    view = tensor._view
    assert view is not None
    storage = tensor._storage
    if storage is INFERENCE or storage.version == view.version:
        return
    base, origin = lineage(tensor)
    if base._requires_grad or tensor._edge is not None:
        if origin:
            if mode.recording or asked:
                raise undefined_view(tensor, "its base or another view of its base has been")
            return
        move(tensor, (seen_from(base, steps_to(tensor, base)), 0))
    view.version = storage.version


def lineage(tensor: Tensor) -> tuple[Tensor, str]:
    """A view's base, and the first origin on the way to it that is not ordinary."""
    origin = ""
    while tensor._view is not None:
        origin = origin or tensor._view.origin
        tensor = tensor._view.parent
    return tensor, origin


def steps_to(tensor: Tensor, base: Tensor) -> tuple[Step, ...]:
    """The steps that lead from a view's base to it."""
    steps = []
    each = tensor
    while each._view is not None:
        view = each._view
        if view.form is not view.parent._array:
            # `t_()` or the like gave a tensor on the way another shape than the steps start from.
            return (window_step(base._array, tensor._array),)
        steps.append((view.operation, view.arguments, view.output))
        each = view.parent
    return tuple(reversed(steps))


window_step: Any = None
"""The one step from an array to another that shows part of the same memory. `framework.operations` gives it."""


def seen_from(base: Tensor, steps: tuple[Step, ...]) -> Node:
    """The node of a view of the base as it is now."""
    tensor = new(type(base))
    tensor._array = base._array
    tensor._edge = tensor._grad = tensor._hooks = tensor._view = tensor._storage = None
    tensor._requires_grad = True
    node = new(AsStridedBackward0)
    chain = []
    before, mode.recording = mode.recording, True
    try:
        for operation, arguments, output in steps:
            tensor = operation(tensor, *arguments)
            if output is not None:
                tensor = tensor[output]
            chain.append(tensor._edge)
    finally:
        mode.recording = before
    for step, _ in chain:
        # The walk along the chain is the node's own: nothing else is to be held.
        step.edges = (None,)
    node.chain = tuple(chain)
    node.edges = ((base if base._requires_grad else None) if base._edge is None else base._edge,)
    node.saved = ()
    node.outputs = None
    node.shape, node.dtype = tensor._array.shape, tensor._array.dtype
    node.sequence = next(sequence)
    if mode.recording not in (True, False):
        mode.recording(node)
    return node


class AsStridedBackward0(Node):
    """Where the gradient of a view goes once its base has another history: along the view's steps, to the base."""

    __slots__ = ("chain",)

    chain: tuple[tuple[Any, int], ...]

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        for node, output in reversed(self.chain):
            if node.outputs is not None:
                gradient = [gradient if number == output else None for number in range(node.outputs)]
            (gradient,) = node.backward(gradient, None, create_graph)
        return [gradient]

    def release(self) -> None:
        """Nothing to drop: shapes alone are kept."""


def move(tensor: Tensor, edge: Any) -> None:
    """Puts a tensor in another place in the graph. Its `retain_grad` goes with it, its hooks stay where they were."""
    retained = tensor.retains_grad
    if retained:
        node, index = tensor._edge
        del node.retained[index]
    tensor._edge = edge
    tensor._requires_grad = True
    if retained:
        retain(tensor, edge)


def retain(tensor: Tensor, edge: Any) -> None:
    """Has the gradient that arrives at an edge kept in the tensor's `.grad`."""
    node, index = edge
    node.watched = True
    if node.retained is None:
        node.retained = {}
    node.retained[index] = weakref.ref(tensor)


def undefined_view(tensor: Tensor, written: str) -> RuntimeError:
    """The error for a view whose history a write cannot rewrite; `written` says what "is being" or "has been"."""
    origin = ""
    each = tensor
    while each._view is not None and not origin:
        origin = each._view.origin
        each = each._view.parent
    mode_name, elsewhere = (
        ("inference_mode", " in normal mode") if origin == "inference" else ("no_grad", " with grad mode enabled")
    )
    ambiguous = (
        f" Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving "
        f"both the view and the inplace either both inside the {mode_name} block (if you don't want the inplace to be "
        "tracked) or both outside (if you want the inplace to be tracked)."
    )
    reasons = {
        "multiple": " This view is the output of a function that returns multiple views. Such functions do not allow "
        "the output views to be modified inplace. You should replace the inplace operation by an out-of-place one.",
        "function": " This view was created inside a custom Function (or because an input was returned as-is) and the "
        "autograd logic to handle view+inplace would override the custom backward associated with the custom Function, "
        "leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the "
        "custom Function.",
    }
    name = "inference" if origin == "inference" else "no_grad"
    unrecorded = f"created in {name} mode and {written} modified inplace{elsewhere}."
    if tensor._edge is None:
        start = f"A view was {unrecorded}"
    else:
        node, index = tensor._edge
        start = f"Output {index} of {node.title()} is a view "
        start += f"and {written} modified inplace." if origin in reasons else f"of a view which was {unrecorded}"
    return RuntimeError(start + reasons.get(origin, ambiguous))
