"""`decide`: where an operation looks at values: to refuse them, or to choose a way by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.grad_mode import mode


def decide(question: Callable[..., Any], *values: Any) -> Any:
    """What `question(*values)` answers: a plain Python value, or None if it only raises where values are not allowed.

    A compiled program asks again in every run, and gives way to the function as written where the answer is another.
    """
    trace = mode.trace
    if trace is not None:
        return trace.decide(question, values)
    return question(*values) if mode.decided is None else mode.decided(question, values)
