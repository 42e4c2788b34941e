"""Holds what was said before the command's name, or belongs to every command: `--debug` and `-p`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import RecipeFile

__all__ = ["Session", "debug_option", "plugin_option", "session"]


class Session:
    """One invocation of the command line: whether to show tracebacks, and the plugins asked for."""

    def __init__(self) -> None:
        self.debug = False
        self.given: list[str] = []
        self._plugins: PluginManager | None = None

    def plugins(self) -> PluginManager:
        """The plugins that are there without a recipe; loaded once, when first needed."""
        if self._plugins is None:
            self._plugins = self.load()
        return self._plugins

    def load(self, recipe: RecipeFile | None = None, *more: str) -> PluginManager:
        """All plugins: found, given with `-p`, and those of the recipe and of its folder."""
        from framework.plugin.manager import PluginManager

        given = [*self.given, *more]
        return PluginManager.load(given=given, recipe=recipe, report=say)


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
    """`-p NAME`, before or after the command's name, as often as wanted."""
    return click.option(
        "-p",
        "--plugin",
        multiple=True,
        expose_value=False,
        is_eager=True,
        metavar="NAME",
        callback=_add_plugins,
        help="Load a plugin, by module or by path.py; no:NAME switches one off. May be repeated.",
    )(command)
