"""`HookCalls`: a plugin that notes every call of every hook, to be registered beside those whose work is looked at."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from framework.errors import did_you_mean
from framework.plugin.checks import SPECS, Spec
from framework.plugin.markers import hookimpl

__all__ = ["Call", "HookCalls"]


class Call(NamedTuple):
    """One call of a hook: its name, and its arguments by name, the objects themselves."""

    hook: str
    arguments: dict[str, Any]


class HookCalls:
    """The calls of all hooks, in their order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        for name, spec in SPECS.items():
            setattr(self, name, hookimpl(self._noting(spec)))

    def _noting(self, spec: Spec) -> Callable[..., Any]:
        @functools.wraps(spec.function, updated=())  # pluggy reads the arguments from what is wrapped
        def note(*values: Any, **named: Any) -> None:
            arguments = dict(zip(spec.arguments, values, strict=False))  # pluggy gives them in this order
            self.calls.append(Call(spec.name, arguments | named))

        return note

    @property
    def names(self) -> list[str]:
        """The hooks that were called, in their order, one as often as it was."""
        return [call.hook for call in self.calls]

    def of(self, hook: str) -> list[dict[str, Any]]:
        """The arguments of each call of a hook."""
        _check(hook)
        return [call.arguments for call in self.calls if call.hook == hook]

    def assert_called(self, hook: str, times: int | None = None) -> None:
        """AssertionError, with what was called, unless a hook was called at all, or so many times."""
        __tracebackhide__ = True
        found = len(self.of(hook))
        if found == times or (found and times is None):
            return
        counts = [f"{name} {_times(count)}" for name, count in Counter(self.names).items()]
        expected = "" if times is None else f", not {_times(times)}"
        raise AssertionError(
            f"{hook} was called {_times(found)}{expected}. Called were: {', '.join(counts) or 'no hooks'}."
        )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _check(hook: str) -> None:
    if hook not in SPECS:
        raise LookupError(f"There is no hook {hook!r}.{did_you_mean(hook, SPECS)}")
