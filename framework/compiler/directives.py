"""PyTorch's `torch.compiler` names: what a function says about being compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from framework.autograd.grad_mode import Bracket, mode


def is_compiling() -> bool:
    """Whether the run is being recorded for a compiled program."""
    return mode.trace is not None


def is_dynamo_compiling() -> bool:
    """`is_compiling`, by another name."""
    return is_compiling()


def is_exporting() -> bool:
    """False: nothing is exported."""
    return False


def disable(fn: Callable[..., Any] | None = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """A function that is never part of a compiled program: one that calls it runs as written."""
    if fn is None:
        return functools.partial(disable, recursive=recursive, reason=reason)
    function = fn

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if mode.trace is not None:
            mode.trace.stop(f"{getattr(function, '__name__', 'a function')}, which is marked compiler.disable")
        return function(*args, **kwargs)

    return wrapper


def allow_in_graph(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: whatever NumPy computes is recorded anyway."""
    return fn


def assume_constant_result(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: a result that does not change is seen to be constant anyway."""
    return fn


def reset() -> None:
    """Does nothing: each compiled function keeps its own programs, and goes with them."""


def cudagraph_mark_step_begin() -> None:
    """Does nothing: there are no CUDA graphs."""


class set_stance(Bracket):
    """Takes PyTorch's words for how compiled functions behave; only "default" has a meaning here."""

    def __init__(self, stance: str = "default", **options: Any) -> None:
        if stance != "default":
            raise NotImplementedError(
                f"torch.compiler.set_stance({stance!r}) is not available: call the function itself where it should run "
                "as written, and the compiled one where it should not"
            )

    def __enter__(self) -> None:
        """Nothing changes."""

    def __exit__(self, *exception: object) -> None:
        """Nothing changed."""
