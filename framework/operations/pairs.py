"""Functions of two operands as PyTorch lets them be called: both tensors, or one of them a number."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from framework.autograd.errors import broadcast_error, no_kernel
from framework.autograd.operation import Operation
from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor, type_name

__all__ = ["of_tensors", "refuse", "undifferentiable", "with_numbers"]


def of_tensors(row: Operation, name: str, doc: str, second: str = "other") -> Any:
    """The function of an operation of two tensors; TypeError for anything else."""
    call = row.function

    def function(*args: Any, **named: Any) -> Tensor:
        values = _bound(name, args, named, ("input", second))
        check_tensor(name, "input", 1, values[0])
        check_tensor(name, second, 2, values[1])
        result: Tensor = call(*values)
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _bound(name: str, args: Any, named: Any, parameters: tuple[str, str]) -> tuple[Any, ...]:
    """Two arguments by position."""
    if len(args) == 2 and not named:
        return tuple(args)
    if len(args) > 2:
        raise TypeError(f"{name}() takes 2 positional arguments but {len(args)} were given")
    values = list(args)
    for parameter in parameters[len(args) :]:
        if parameter not in named:
            raise TypeError(f'{name}() missing 1 required positional arguments: "{parameter}"')
        values.append(named.pop(parameter))
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument '{next(iter(named))}'")
    return tuple(values)


def with_numbers(row: Operation, name: str, doc: str, parameters: tuple[str, str] = ("input", "other")) -> Any:
    """The function of an operation of two tensors, one of which may be a number."""
    call = row.function
    first, second = parameters
    number = "self" if first == "input" else first

    def function(*args: Any, **named: Any) -> Tensor:
        values = [*args, *[named[each] for each in dict.fromkeys((first, number, second)) if each in named]]
        if len(values) != 2 or len(values) != len(args) + len(named) or not _fit(*values):
            got = [type_name(each) for each in args] + [f"{key}={type_name(each)}" for key, each in named.items()]
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({', '.join(got)}), but expected one of:\n"
                f" * (Tensor {first}, Tensor {second}, *, Tensor out = None)\n"
                f" * (Number {number}, Tensor {second}, *, Tensor out = None)\n"
                f" * (Tensor {first}, Number {second}, *, Tensor out = None)\n"
            )
        result: Tensor = call(*values)
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _fit(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return isinstance(other, (Tensor, int, float, np.number))
    return isinstance(other, Tensor) and isinstance(one, (int, float, np.number))


def refuse(kernel: str, *arrays: Any) -> NoReturn:
    """Raises what PyTorch does for a type that a kernel does not take: first, that the shapes do not broadcast."""
    raise broadcast_error([each.shape for each in arrays]) or no_kernel(kernel, arrays)


def undifferentiable(name: str, whole: bool = False) -> Any:
    """The formula of an input by which PyTorch has no derivative: it fails in backward alone.

    whole: there is none by any input, of which PyTorch speaks in other words.
    """

    def formula(g: Any) -> Any:
        if whole:
            raise RuntimeError(f"derivative for aten::{name} is not implemented")
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    return formula
