"""Holds what was said before the command's name, or belongs to every command: `--debug`, `-p`, `--trace`."""

from __future__ import annotations

import contextlib
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from framework.cli.trace import Trace
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import RecipeFile

__all__ = ["Session", "debug_option", "plugin_option", "session"]


class Session:
    """One invocation of the command line: whether to show tracebacks, and the plugins asked for."""

    def __init__(self) -> None:
        self.debug = False
        self.given: list[str] = []
        self.trace: Trace | None = None
        self.until = contextlib.ExitStack()
        self._plugins: PluginManager | None = None
        self.untold: tuple[str, ...] = ()
        """How messages begin that the command tells itself."""
        self._said: set[str] = set()

    def plugins(self) -> PluginManager:
        """The plugins that are there without a recipe; loaded once, when first needed."""
        if self._plugins is None:
            self._plugins = self.load()
        return self._plugins

    def load(self, recipe: RecipeFile | None = None, *more: str) -> PluginManager:
        """All plugins: found, given with `-p`, and those of the recipe and of its folder."""
        from framework.plugin.manager import PluginManager

        if self.trace is not None:
            self.trace.start()
        manager = PluginManager.load(given=[*self.given, *more], recipe=recipe, report=self.say_once)
        if self.trace is not None:
            self.trace.watch(manager, self.until)
        del manager.given[len(self.given) :]  # `more` is not what a run is to remember
        return manager

    def load_given(self) -> None:
        """Load what was given with `-p`, so that a recipe's file can use it when it is run."""
        if any(not each.startswith("no:") for each in self.given):
            self._plugins = self.load()

    def say_once(self, message: str) -> None:
        """Plugins may be loaded again, with a recipe, and a file be read again; what is wrong with them is told once."""
        if message not in self._said and not message.startswith(self.untold):
            self._said.add(message)
            say(message)


def say(message: str) -> None:
    """Tell the person something beside the command's own output."""
    click.echo(message, err=True)


def session(context: click.Context) -> Session:
    """This invocation's session."""
    return context.ensure_object(Session)


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    session(context).debug |= value


def _add_plugins(context: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
    session(context).given += value
    if "no:framework_local" in value:
        from framework.plugin.finding import without_local

        context.with_resource(without_local())


def _set_trace(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if not value:
        return
    from framework.cli.trace import Trace

    state = session(context)
    if state.trace is None:
        state.trace = Trace(False)
        context.find_root().call_on_close(state.until.close)
        state.until.callback(state.trace.finish)
    state.trace.each |= parameter.name == "trace_hooks"


def debug_option(command: Any) -> Any:
    """`--debug`, before or after the command's name."""
    return click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_set_debug,
        help="Show the whole traceback of an error.",
    )(command)


def plugin_option(command: Any) -> Any:
    """`-p NAME`, before or after the command's name, as often as wanted, loaded before the command runs; and `--trace`."""

    def loaded(*arguments: Any, **named: Any) -> Any:
        session(click.get_current_context()).load_given()
        return command(*arguments, **named)

    given = click.option(
        "-p",
        "--plugin",
        multiple=True,
        expose_value=False,
        is_eager=True,
        metavar="NAME",
        callback=_add_plugins,
        help="Load a plugin, by module or by path.py; no:NAME switches one off. May be repeated.",
    )
    traced = [
        click.option(name, is_flag=True, expose_value=False, is_eager=True, callback=_set_trace, help=text)
        for name, text in (
            ("--trace", "Tell how long plugins take to import, and their hooks."),
            ("--trace-hooks", "The same, with each call of a hook."),
        )
    ]
    return given(traced[0](traced[1](update_wrapper(loaded, command))))
