"""Reads the arguments that PyTorch accepts in several forms: sizes, dimensions and lists of tensors."""

from __future__ import annotations

import operator
from typing import Any

from framework.autograd.tensor import Tensor, normalize_dim

__all__ = ["check_tensors", "dims", "integer", "sizes", "tensor_list"]


def integer(value: Any, function: str, argument: str, position: int = 0) -> int:
    """An integer argument as a Python int. TypeError, naming its position if given, for floats, booleans and the rest."""
    if type(value) is int:
        return value
    if not isinstance(value, bool):
        try:
            return operator.index(value)
        except TypeError:
            pass
    where = f" (position {position})" if position else ""
    raise TypeError(f"{function}(): argument '{argument}'{where} must be int, not {type(value).__name__}")


def sizes(args: Any, function: str, argument: str = "size", where: int = 0) -> tuple[int, ...]:
    """Integers given one by one or as one sequence: `(2, 3)` and `((2, 3),)` are the same.

    where: the argument's position, which a TypeError names.
    """
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = args[0]
    for each in args:
        if type(each) is not int:
            break
    else:
        return tuple(args)
    found = []
    for position, each in enumerate(args):
        try:
            found.append(integer(each, function, argument))
        except TypeError:
            at = f" (position {where})" if where else ""
            raise TypeError(
                f"{function}(): argument '{argument}'{at} must be tuple of ints, but found element of type "
                f"{type(each).__name__} at pos {position}"
            ) from None
    return tuple(found)


def dims(given: Any, ndim: int, function: str) -> tuple[int, ...]:
    """One dimension or a sequence of them, counted from the front. RuntimeError for one given twice."""
    one = given[0] if given.__class__ is tuple and len(given) == 1 else given
    if one.__class__ is int and 0 <= one < ndim:
        return (one,)
    if isinstance(given, (bool, float, str)):
        raise TypeError(f"{function}(): argument 'dim' (position 2) must be tuple of ints, not {type(given).__name__}")
    given = given if isinstance(given, (tuple, list)) else (given,)
    found = tuple([normalize_dim(integer(each, function, "dim"), ndim) for each in given])
    if len(set(found)) < len(found):
        twice = next(each for number, each in enumerate(found) if each in found[:number])
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return found


def check_tensors(function: str, **inputs: Any) -> None:
    """Raises PyTorch's TypeError where one of these arguments is no Tensor."""
    for value in inputs.values():
        if not isinstance(value, Tensor):
            break
    else:
        return
    for position, (name, value) in enumerate(inputs.items(), 1):
        if not isinstance(value, Tensor):
            raise TypeError(
                f"{function}(): argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}"
            )


def tensor_list(given: Any, function: str) -> list[Tensor]:
    """A list or tuple of Tensors as a list. TypeError for anything else."""
    if not isinstance(given, (list, tuple)):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(given).__name__}"
        )
    for each in given:
        if not isinstance(each, Tensor):
            break
    else:
        return list(given)
    for position, each in enumerate(given):
        if not isinstance(each, Tensor):
            kind = type(each)
            name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {name}")
    return list(given)
