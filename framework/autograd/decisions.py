"""`decide`: where an operation looks at values: to refuse them, or to choose a way by them; `insist`: to end the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.float_errors import quietly
from framework.autograd.grad_mode import mode


def decide(question: Callable[..., Any], *values: Any) -> Any:
    """What `question(*values)` answers: a plain Python value, or None if it only raises where values are not allowed.

    A compiled program asks again in every run, and gives way to the function as written where the answer is another.
    """
    trace = mode.trace
    if trace is not None:
        return trace.decide(question, values)
    return question(*values) if mode.decided is None else mode.decided(question, values)


class Refused(Exception):
    """What a question of `insist` raises."""


def insist(question: Callable[..., None], *values: Any) -> None:
    """Asks a question that answers nothing and raises a kind of `Refused` where values are not as they must be.

    A compiled program then raises it as the function as written does: what was changed before stays changed.
    A question with the attribute `elementwise` says the same of several arrays as of one that holds all their elements:
    a program may ask it so.
    """
    trace = mode.trace
    if trace is not None:
        trace.decide(question, values, refuses=True)
    elif mode.decided is None:
        quietly(question, *values)
    else:
        mode.decided(question, values)
