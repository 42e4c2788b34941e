"""What a trace meets that was there before: tensors, their gradients, and where an optimizer's numbers come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.tensor import Tensor
from framework.compiler.tracing.instructions import Number, Value
from framework.compiler.tracing.tensors import requires_grad_slot, slot, version_of


class Source:
    """Where numbers come from in each run: an optimizer's scalars of one group, by what state they are told of."""

    __slots__ = ("found", "group", "numbers", "scalars", "state")

    def __init__(self, scalars: Callable[..., Any], group: Any, state: dict[str, Any]) -> None:
        self.scalars = scalars
        self.group = group
        self.state = state
        self.found: dict[str, Any] = {}
        self.numbers: dict[str, Number] = {}


class Captured:
    """A tensor that was there before the run, as it was when the run met it."""

    __slots__ = ("requires_grad", "tensor", "value", "version")

    def __init__(self, tensor: Tensor, value: Value) -> None:
        self.tensor = tensor
        self.value = value
        self.requires_grad = requires_grad_slot.__get__(tensor, Tensor)
        self.version = version_of(tensor)

    def changed(self) -> str | None:
        """What happened to the tensor itself that a program cannot repeat."""
        if slot.__get__(self.tensor, Tensor) is not self.value.array:
            return "a tensor is given another array (.data = …, an in-place transpose)"
        if requires_grad_slot.__get__(self.tensor, Tensor) is not self.requires_grad:
            return "a tensor's requires_grad is changed, or an in-place operation puts it in a graph"
        return None


class Gradient:
    """The `.grad` that a tensor had when the run first looked at it or set it, and whether it looked."""

    __slots__ = ("before", "read", "tensor", "value")

    def __init__(self, tensor: Tensor, before: Tensor | None, read: bool) -> None:
        self.tensor = tensor
        self.before = before
        self.read = read
        self.value: Value | None = None
