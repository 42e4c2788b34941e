"""`attach`: functions of tensors become methods of `Tensor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from framework.autograd.inplace import inplace as inplace_form
from framework.autograd.operation import Operation
from framework.autograd.tensor import Tensor


def attach(*functions: Any, inplace: Iterable[Any] = (), named: Mapping[str, Any] | None = None) -> None:
    """Adds each function as the method of its name; those in `inplace` also with a trailing underscore.

    `named` gives methods another name than the function's: `{"__add__": add, "absolute": abs}`.
    """
    for each in functions:
        setattr(Tensor, each.__name__, plain(each))
    for each in inplace:
        form = inplace_form(each)
        setattr(Tensor, form.__name__, form)
    for name, each in (named or {}).items():
        setattr(Tensor, name, plain(each))


def plain(function: Any) -> Callable[..., Any]:
    """The plain Python function of an operation: it binds as a method, and calls quickest."""
    return function.function if isinstance(function, Operation) else function
