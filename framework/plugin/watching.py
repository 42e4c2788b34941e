"""Stands around the calls of hook implementations while someone wants to time them, each with its plugin's name."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pluggy

__all__ = ["Around", "watch_part"]

Around = Callable[[str, str], AbstractContextManager[object]]
"""Given a hook's and a plugin's name: what a call is to run in."""


def watch_part(
    manager: pluggy.PluginManager,
    part: str,
    around: Callable[[str], AbstractContextManager[object]],
    until: contextlib.ExitStack,
) -> None:
    """Has each hook of a registered object run in `around(hook)`, until the stack is closed."""
    plugin = manager.get_plugin(part)
    for caller in manager.get_hookcallers(plugin) or ():
        for each in caller.get_hookimpls():
            if each.plugin is plugin:
                until.enter_context(_stand_around(each, functools.partial(around, caller.name)))


@contextlib.contextmanager
def _stand_around(
    implementation: pluggy.HookImpl, within: Callable[[], AbstractContextManager[object]]
) -> Iterator[None]:
    """Has the calls of an implementation run in `within()`; it itself is put back afterwards."""
    plain = implementation.function
    is_wrapper = implementation.wrapper or implementation.hookwrapper
    # pluggy reads this at each call.
    implementation.function = (_wrapper if is_wrapper else _plain)(plain, within)  # type: ignore[misc]
    try:
        yield
    finally:
        implementation.function = plain  # type: ignore[misc]


def _plain(function: Callable[..., Any], within: Callable[[], AbstractContextManager[object]]) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        with within():
            return function(*arguments, **named)

    return call


def _wrapper(function: Callable[..., Any], within: Callable[[], AbstractContextManager[object]]) -> Callable[..., Any]:
    """A wrapper's own parts, before and after what it wraps, which is not its own."""

    def call(*arguments: Any, **named: Any) -> Generator[None, Any, Any]:
        generator = function(*arguments, **named)
        try:
            with within():
                next(generator)
            try:
                result = yield
            except BaseException as error:
                with within():
                    generator.throw(error)
            else:
                with within():
                    generator.send(result)
        except StopIteration as stop:
            return stop.value
        yield  # once more than it may: pluggy says so

    return call
