"""Gradients that pass or stop by where the input lies: those of piecewise linear functions.

Such a gradient does not change with the input, except at the joints. PyTorch's graph knows nevertheless that it was made
of the input, so that a second derivative is zero and not an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.direct import zeros
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor

__all__ = ["gate"]


def gate(name: str, passed: Callable[..., Any]) -> Callable[..., Any]:
    """`passed(g, input, …)`, linear in `g`, as a function that on Tensors is an operation of zero slope in `input`."""
    row = operation(
        lambda gradient, input, arguments: passed(gradient, input, *arguments),
        name=name,
        gradient=lambda g, input, arguments: passed(g, input, *arguments),
        input=lambda g, input: zeros(input),
    )

    def formula(g: Any, input: Any, *arguments: Any) -> Any:
        return row(g, input, arguments) if isinstance(input, Tensor) else passed(g, input, *arguments)

    return formula
