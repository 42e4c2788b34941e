"""The call of an activation: what it accepts, in place or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from framework.autograd import dtypes
from framework.autograd.inplace import inplace as inplace_form
from framework.autograd.operation import Operation, operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors

__all__ = ["activate", "in_place", "name_in_place", "number"]

_IN_PLACE: dict[Operation, Callable[..., Any]] = {}


def activate(row: Operation, name: str, kernel: str, inplace: bool, input: Tensor, *arguments: Any) -> Tensor:
    """A row applied to a tensor of floating-point numbers, or written into it.

    TypeError for what is no Tensor, NotImplementedError for whole numbers, in PyTorch's words.
    """
    if not isinstance(input, Tensor) or input._array.dtype.kind != "f":
        _refuse(f"{name}_" if inplace else name, kernel, input)
    return in_place(row, input, *arguments) if inplace else row.function(input, *arguments)


def name_in_place(row: Operation, grad_fn: str) -> None:
    """Gives the node of a row's in-place form another name than that of the row itself."""
    twin = operation(row.forward, name=row.name, grad_fn=grad_fn, residuals=row.residuals)
    for each in row.derivatives:
        twin.add_derivative(each.formula, *each.inputs)
    _IN_PLACE[row] = inplace_form(twin)


def in_place(row: Operation, input: Tensor, *arguments: Any) -> Tensor:
    """A row applied to a tensor and written into it."""
    if row not in _IN_PLACE:
        _IN_PLACE[row] = inplace_form(row)
    written: Tensor = _IN_PLACE[row](input, *arguments)
    return written


def _refuse(name: str, kernel: str, input: Any) -> NoReturn:
    check_tensors(name, input=input)
    kind = dtypes.from_numpy(input._array.dtype).scalar_name
    raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind}'")


def number(value: Any, name: str, argument: str, position: int = 2, kind: str = "Number") -> Any:
    """A number that an activation is given, which may be a tensor of one. TypeError for anything else."""
    if type(value) in (int, float, bool):
        return value
    # NumPy's own numbers would widen what they meet.
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and not value.ndim):
        return value.item()
    if isinstance(value, (int, float)):
        return value
    raise TypeError(f"{name}(): argument '{argument}' (position {position}) must be {kind}, not {type(value).__name__}")
