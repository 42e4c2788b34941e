"""Puts a guard around each hook implementation: whoever fails is named, and a watcher cannot stop the run."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any

from framework.errors import UserError
from framework.plugin.checks import IMPLEMENTATION, SPECS, marked
from framework.plugin.registry import FRAMEWORK, PluginError

__all__ = ["Guard", "describe", "line_of"]

OWN_FOLDER = os.path.dirname(__file__)
IMPORTLIB = os.path.dirname(importlib.__file__)


def describe(error: BaseException, hook: str, plugin: str) -> str:
    """The text "Plugin 'x' failed in after_step: ValueError: … (x.py:12)", with the plugin's own line."""
    return f"Plugin {plugin!r} failed in {hook}: {type(error).__name__}: {error}{line_of(error)}"


def line_of(error: BaseException) -> str:
    """The text " (x.py:12)" with a plugin's own line in which it failed, in a hook or on import; empty without one."""
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno})" if trace is not None else ""


def _is_machinery(file: str) -> bool:
    """Whether a line is one that calls or imports plugins, not a plugin's."""
    folder = os.path.dirname(file)
    return folder == OWN_FOLDER or file.startswith("<frozen importlib") or folder.startswith(IMPORTLIB)


class Guarded:
    """A part's guarded hooks; unlike those of a SimpleNamespace, two without any are not equal, which pluggy asks."""


class Guard:
    """Guards the hooks of one plugin; its observers share one switch, so none is called after one failed."""

    def __init__(self, plugin: str, report: Callable[[str], None]) -> None:
        self.plugin = plugin
        self.report = report
        self.observing = True

    def of(self, part: object) -> object:
        """What pluggy is given in the place of a module or object: its hook implementations, guarded."""
        # What the framework itself does is no plugin's failure.
        participant = self._plain if self.plugin == FRAMEWORK else self._participant
        guards = {"observer": self._observer, "participant": participant, "registry": self._plain}
        guarded = Guarded()
        for number, (hook, function, options) in enumerate(marked(part)):
            kind = SPECS[hook].kind if hook in SPECS else "registry"
            guard = self._wrapper if options["wrapper"] or options["hookwrapper"] else guards[kind]
            call = functools.wraps(function)(guard(function, hook))
            setattr(call, IMPLEMENTATION, {**options, "specname": hook})
            setattr(guarded, f"{hook}_{number}", call)
        return guarded

    def _plain(self, function: Callable[..., Any], hook: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named)

        return call

    def _participant(self, function: Callable[..., Any], hook: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                returned = function(*arguments, **named)
            except UserError:  # said on purpose, in the plugin's own words
                raise
            except Exception as error:
                raise PluginError(describe(error, hook, self.plugin)) from error
            return _reason(returned, self.plugin) if asks else returned

        asks = hook == "should_stop"
        return call

    def _wrapper(self, function: Callable[..., Any], hook: str) -> Callable[..., Any]:
        """What was raised within it and passes through is not the wrapper's own failure."""

        def call(*arguments: Any, **named: Any) -> Iterator[Any]:
            within: BaseException | None = None
            try:
                wrapper = function(*arguments, **named)
                next(wrapper)
                try:
                    outcome = yield
                except BaseException as error:
                    within = error
                    wrapper.throw(error)
                else:
                    wrapper.send(outcome)
            except StopIteration as end:
                return end.value
            except UserError:
                raise
            except Exception as error:
                if error is within:
                    raise
                raise PluginError(describe(error, hook, self.plugin)) from error
            raise PluginError(f"Plugin {self.plugin!r}: the wrapper {hook} must yield once.")

        return call

    def _observer(self, function: Callable[..., Any], hook: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> None:
            if not self.observing:
                return
            try:
                function(*arguments, **named)
            except Exception as error:
                self.observing = False
                self.report(
                    f"{describe(error, hook, self.plugin)}. Its observers are switched off; training goes on. "
                    f"To leave it out: -p no:{self.plugin}"
                )

        return call


def _reason(returned: object, plugin: str) -> object:
    """What `should_stop` returned, as a reason; nothing that is false asks to stop."""
    return f"plugin {plugin!r} asked to stop" if returned is True else returned or None
