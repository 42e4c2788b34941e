"""PyTorch's `torch.fx` for code that mentions it: its mark does nothing, and its tracer says what to use instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["symbolic_trace", "wrap"]


def wrap(fn_or_name: str | Callable[..., Any]) -> Any:
    """Marks a function that a tracer would not look into; the function (or its name) itself."""
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            "Unsupported type for global function! Must be either a callable or string name of a global function"
        )
    return fn_or_name


def symbolic_trace(root: Any, concrete_args: Any = None) -> NoReturn:
    """Refused: there is no torch.fx."""
    raise NotImplementedError(
        "torch.fx.symbolic_trace: there are no graphs of torch.fx here. framework.compile(function) makes a program of "
        "a function; program.source shows it"
    )
