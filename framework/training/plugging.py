"""The plugins of one training: those of a manager, or objects given by hand, with the framework's own names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from framework.autograd import Operation
from framework.errors import in_words
from framework.plugin.finding import LOCAL, RECIPE
from framework.plugin.manager import PluginManager
from framework.plugin.registry import FRAMEWORK, PluginError
from framework.training import builtin
from framework.training.parts import Parts, prepare

if TYPE_CHECKING:
    from framework.training.recipe import Recipe
    from framework.training.run import Run

__all__ = ["Loggers", "add_loggers", "prepared"]


Loggers = dict[str, Callable[["Run | None"], object]]
"""Makers of loggers by their names: each is given the run, and makes a plugin."""


def prepared(
    recipe: Recipe, plugins: PluginManager | Iterable[object], run: Run | None, loggers: Iterable[str]
) -> tuple[PluginManager, Parts, Loggers]:
    """The plugins, the recipe's parts and the loggers asked for; where that fails, the run is recorded as failed."""
    try:
        manager = _manager(plugins, recipe)
        parts = prepare(recipe, manager)
        return manager, parts, {name: manager.registry("loggers")[name] for name in loggers}
    except Exception as error:
        if run is not None:
            run.finish("failed", in_words(error))
        raise


def add_loggers(manager: PluginManager, loggers: Loggers, run: Run | None) -> None:
    """Makes the loggers for a run, in place of another run's."""
    for name, make in loggers.items():
        if f"logger {name}" in manager:
            manager.unregister(f"logger {name}")
        manager.register(make(run), f"logger {name}")


def _manager(plugins: PluginManager | Iterable[object], recipe: Recipe) -> PluginManager:
    """A manager with the plugins and the framework's own names.

    Without a manager, which has its own say about it, the hooks in the recipe's file and in the plugin beside it
    count too.
    """
    if isinstance(plugins, PluginManager):
        manager = plugins
    else:
        manager = PluginManager()
        plugins, file = list(plugins), recipe.file
        if file is not None and file.local is not None and file.local not in plugins:
            manager.register(file.local, LOCAL)
        if file is not None and file.has_hooks:
            manager.register(file.module, RECIPE)
        for plugin in plugins:
            manager.register(plugin)
    if FRAMEWORK not in manager:
        manager.register(builtin, FRAMEWORK)
    _check_operations(manager)
    return manager


def _check_operations(manager: PluginManager) -> None:
    """An operation that no one could reach by its name is an error before training, not in the midst of it."""
    if not manager.is_implemented("register_operations", FRAMEWORK):
        return
    registry = manager.registry("operations")
    for name, operation in registry.items():
        source = registry.source(name)
        if not isinstance(operation, Operation):
            raise PluginError(
                f"Plugin {source!r} registers {name!r} among the operations, but it is none: "
                f"make it one with {name} = operation(…) (from framework.extend)."
            )
        if source != FRAMEWORK and operation.name != name:
            raise PluginError(
                f"Plugin {source!r} registers the operation {operation.name!r} as {name!r}: use one name for both."
            )
