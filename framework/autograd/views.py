"""Views: how they came from the tensor whose memory they show, and how their history is told again after a write."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from framework.autograd.grad_mode import mode
from framework.autograd.storage import INFERENCE

if TYPE_CHECKING:
    from framework.autograd.tensor import Tensor


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


def refresh(tensor: Tensor) -> None:
    """Brings a view's place in the graph up to date with writes to the memory it shares."""
    view = tensor._view
    assert view is not None
    storage = tensor._storage
    if storage is INFERENCE or storage.version == view.version:
        return
    stale = []
    each = tensor
    while each._view is not None and each._view.version != storage.version:
        stale.append(each)
        each = each._view.parent
    for each in reversed(stale):
        _retell(each, storage.version)


def _retell(tensor: Tensor, version: int) -> None:
    """Records anew how a view came from its parent, whose place in the graph a write has changed."""
    view = tensor._view
    assert view is not None
    parent = view.parent
    if parent._requires_grad:
        if view.origin:
            if mode.recording:
                raise undefined_view(tensor, "its base or another view of its base has been")
            return
        check_form(view)
        before, mode.recording = mode.recording, True
        try:
            fresh = view.operation(parent, *view.arguments)
        finally:
            mode.recording = before
        move(tensor, fresh._edge)
    view.version = version


def check_form(view: View) -> None:
    """Raises where the parent no longer has the shape that the view was made from: its place there is lost."""
    if view.form is not view.parent._array:
        raise RuntimeError(
            "a tensor was transposed, squeezed or given other data in place after a view of it was made, so the "
            "gradient of that view can no longer be placed in it. Make the view again from the changed tensor"
        )


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
    if tensor._edge is not None:
        node, index = tensor._edge
        start = f"Output {index} of {node.title()} is a view and {written} modified inplace."
    else:
        name = "inference" if origin == "inference" else "no_grad"
        start = f"A view was created in {name} mode and {written} modified inplace{elsewhere}."
    return RuntimeError(start + reasons.get(origin, ambiguous))
