"""Keeps NumPy silent about log(0), 1/0 and overflow while an operation runs: PyTorch says nothing of them either.

The caller's own `np.seterr` and its warnings stay as they are. `np.errstate` would do the same for ten times the cost,
which small operations would feel: so a ufunc is called through `mode.run`, in a context of this thread that was
made silent once (20 ns), and so are our own functions; a plugin's may read context variables, so for them
NumPy's is set and put back (300 ns).
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any

import numpy as np

# Where operands are broadcast, NumPy copies lines of up to so many elements together before it works on them, which takes
# longer than the work if a line is long. With NumPy's own 8192 an operation between a matrix and a row or column takes
# up to twice as long; with much less, one on short lines does. (Sums depend on it in their last bits.)
_BUFFERED = 512


def silent_context() -> Context:
    """A new context in which NumPy says nothing."""
    context = Context()
    context.run(np.seterr, all="ignore")
    context.run(np.setbufsize, _BUFFERED)
    return context


def _error_state() -> tuple[ContextVar[Any], Any]:
    """The variable in which NumPy keeps its error state, and the value that means silence."""
    ((variable, silence),) = silent_context().items()
    return variable, silence


STATE, SILENCE = _error_state()
silence = STATE.set
"""`token = silence(SILENCE)` … `restore(token)`: what lies between runs in silence."""
restore = STATE.reset


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls a function that may run anything, in silence."""
    token = silence(SILENCE)
    try:
        return function(*args, **kwargs)
    finally:
        restore(token)


def runs_anywhere(function: Any) -> bool:
    """Whether a function needs nothing of the caller's context: a ufunc, or one of ours."""
    return isinstance(function, np.ufunc) or (function.__module__ or "").startswith("framework.")
