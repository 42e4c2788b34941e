"""The operator forms of binary operations: what `x + y` means.

An operator differs from its function in one thing: an operand of an unknown kind is left to the other side, so that
Python says `unsupported operand type(s)`, and `x == "a"` is False.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.operation import Operation
from framework.autograd.straight import written
from framework.autograd.tensor import Tensor


def operator(row: Operation, function: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """The operator of a row of two inputs; `function` is what to call where the quick way does not serve."""
    return written(row, understood(row.function if function is None else function))


def understood(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two operands that gives NotImplemented where the second is neither Tensor, array nor number."""

    def method(self: Any, other: Any) -> Any:
        return function(self, other) if is_operand(other) else NotImplemented

    return method


def reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operator of a right operand: `other + self`."""

    def method(self: Any, other: Any) -> Any:
        return function(other, self) if is_operand(other) else NotImplemented

    return method


def check_first(name: str, input: Any, other: Any) -> None:
    """Raises PyTorch's TypeError where the first operand is no Tensor, or the second neither Tensor nor number."""
    if isinstance(input, (int, float)) or not (is_operand(input) and is_operand(other)):
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({type(input).__name__}, "
            f"{type(other).__name__}), but expected one of:\n * (Tensor input, Tensor other)\n"
            " * (Tensor input, Number other)\n"
        )


def is_operand(value: Any) -> bool:
    """Whether arithmetic understands it: a Tensor, a number, or anything that speaks NumPy's protocols."""
    return isinstance(value, (Tensor, float, int)) or hasattr(value, "__array_ufunc__")
