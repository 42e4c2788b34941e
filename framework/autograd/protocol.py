"""NumPy's functions on Tensors: `np.exp(tensor)` is our `exp`, recorded.

A function that no operation stands for is refused where a gradient would be lost, and otherwise runs on the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import calls
from framework.autograd.grad_mode import mode
from framework.autograd.tensor import Tensor

if TYPE_CHECKING:
    from framework.autograd.operation import Operation

ufuncs: dict[np.ufunc, Callable[..., Any]] = {}
"""What each ufunc means on Tensors."""

functions: dict[Any, Callable[..., Any]] = {}
"""What each other NumPy function means on Tensors: an adapter that takes NumPy's arguments."""

reductions: dict[np.ufunc, Callable[..., Any]] = {}
"""What `ufunc.reduce` means on Tensors."""


def load_all() -> None:
    """Loads what is not loaded yet and may say what a NumPy function means. The operations put theirs here."""


def register(function: Any, adapter: Callable[..., Any]) -> None:
    """Says what a NumPy function means on Tensors. An operation is then as free with numbers as NumPy is.

    TypeError for a function of NumPy that has a meaning already: formulas rely on it.
    """
    if not _of_framework(adapter):
        load_all()
        if function in ufuncs or function in functions:
            raise TypeError(
                f"np.{function.__name__} of a Tensor means an operation already, on which formulas rely: leave it out of "
                "numpy=, and call your operation by its own name"
            )
    if getattr(adapter, "tensors", ()):
        adapter = calls.general(adapter, numbers=True)  # type: ignore[arg-type]
    if isinstance(function, np.ufunc):
        ufuncs[function] = adapter
    else:
        functions[function] = adapter


def stands_for(function: np.ufunc, operation: Operation) -> None:
    """Has a ufunc mean an operation that was made of it, unless it means another already."""
    ours = any(_of_framework(each.formula) for each in operation.derivatives) or not operation.derivatives
    if ours or function not in ufuncs:
        ufuncs[function] = calls.general(operation, numbers=True) if operation.tensors else operation


def _of_framework(function: Callable[..., Any]) -> bool:
    plain = getattr(function, "forward", function)
    return (getattr(plain, "__module__", None) or "").startswith("framework.")


def _array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    known = ufuncs if method == "__call__" else reductions if method == "reduce" else {}
    if ufunc not in known:
        load_all()
    if ufunc in known and "out" not in kwargs:
        return known[ufunc](*inputs, **kwargs)
    if "out" in kwargs and any(isinstance(each, Tensor) for each in kwargs["out"]):
        raise TypeError(f"np.{ufunc.__name__} cannot write into a Tensor (out=): use the Tensor's in-place methods")
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    return _on_arrays(name, lambda a, k: getattr(ufunc, method)(*a, **k), inputs, kwargs)


def _array_function(self: Tensor, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    if function not in functions:
        load_all()
    if function in functions:
        return functions[function](*args, **kwargs)
    return _on_arrays(f"{function.__module__}.{function.__name__}", lambda a, k: function(*a, **k), args, kwargs)


def _on_arrays(name: str, run: Callable[[Any, Any], Any], args: Any, kwargs: Any) -> Any:
    """A call that no operation stands for: on plain arrays, unless that would lose a gradient."""

    def plain(value: Any) -> Any:
        if isinstance(value, Tensor):
            if value.requires_grad and mode.recording:
                raise TypeError(
                    f"{name} has no recorded counterpart, so a Tensor that requires grad would lose its gradient in "
                    f"it. Call .detach() on the Tensor first if that is meant, or write the derivative with "
                    f"framework.extend.operation"
                )
            return value._array
        if type(value) in (list, tuple):
            return type(value)(plain(each) for each in value)
        return value

    return run(plain(tuple(args)), {key: plain(value) for key, value in kwargs.items()})


Tensor.__array_ufunc__ = _array_ufunc  # type: ignore[attr-defined]
Tensor.__array_function__ = _array_function  # type: ignore[attr-defined]
