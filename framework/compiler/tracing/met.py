"""What a trace meets that was there before: tensors, their gradients, and where an optimizer's numbers come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.tensor import Tensor
from framework.compiler.tracing.instructions import Number, Value
from framework.compiler.tracing.tensors import requires_grad_slot, slot, version_of


class Source:
    """Where numbers come from in each run: an optimizer's scalars of one group, by what state they are told of."""

    __slots__ = ("alike", "found", "group", "numbers", "saw", "scalars", "state")

    def __init__(self, scalars: Callable[..., Any], group: Any, state: dict[str, Any]) -> None:
        self.scalars = scalars
        self.group = group
        self.state = state
        # The numbers of the state that they looked at, as they were; empty where they looked at arrays too.
        self.saw: dict[str, Any] = {}
        # The states of other parameters that they serve too, while the same is seen there.
        self.alike: list[dict[str, Any]] = []
        self.found: dict[str, Any] = {}
        self.numbers: dict[str, Number] = {}

    def serves(self, other: Source) -> bool:
        """Whether scalars that looked at a few numbers of a state found there what those of another found in theirs."""
        return (
            bool(self.saw)
            and self.saw == other.saw
            and self.scalars == other.scalars
            and self.group is other.group
            and self.found == other.found
            and self.state.keys() == other.state.keys()
        )


class Looked(dict[str, Any]):
    """A state that notes the names by which it is looked at."""

    def __init__(self, state: dict[str, Any]) -> None:
        super().__init__(state)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def __iter__(self) -> Any:
        # With one of its own, dict(state) and {**state} ask for each name.
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        self.names |= {name} & self.keys()
        return super().get(name, default)

    def items(self) -> Any:
        self.names |= self.keys()
        return super().items()

    def values(self) -> Any:
        self.names |= self.keys()
        return super().values()


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
