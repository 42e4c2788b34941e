"""The plugins of one training: those of a manager, or objects given by hand, with the framework's own names."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from framework.autograd import Operation
from framework.errors import UserError, did_you_mean, in_words, listed
from framework.plugin.finding import LOCAL, RECIPE
from framework.plugin.manager import MADE, PluginManager
from framework.plugin.registry import FRAMEWORK, PluginError, UnknownName
from framework.training import builtin
from framework.training.parts import Parts, prepare

if TYPE_CHECKING:
    from framework.training.recipe import Recipe
    from framework.training.run import Run
    from framework.training.trainer import Trainer

__all__ = ["Loggers", "add_loggers", "check_answers", "prepare_data", "prepared"]


Loggers = dict[str, Callable[["Run | None"], object]]
"""Makers of loggers by their names: each is given the run, and makes a plugin."""


def prepared(
    recipe: Recipe,
    plugins: PluginManager | Iterable[object],
    run: Run | None,
    loggers: Iterable[str],
    options: Mapping[str, Any],
) -> tuple[PluginManager, Parts, Loggers]:
    """The plugins, the recipe's parts and the loggers asked for; where that fails, the run is recorded as failed."""
    try:
        manager = _manager(plugins, recipe)
        _make_plugins(manager, recipe, options)
        parts = prepare(recipe, manager)
        makers = {name: manager.registry("loggers")[name] for name in loggers}
        for name, make in makers.items():
            _check_requirements(name, make)
        return manager, parts, makers
    except Exception as error:
        if run is not None:
            run.finish("failed", in_words(error))
        if isinstance(error, UnknownName) and (hint := _who_has_it(error, manager)):
            raise UnknownName(f"{error}{hint}") from None
        raise


def _check_requirements(name: str, logger: object) -> None:
    """A package that a logger needs and that is missing is an error before a run is made."""
    requires = getattr(logger, "requires", {})
    if not isinstance(requires, Mapping):
        raise PluginError(f"The logger {name!r}: its `requires` is {{module: what to install}}, not {requires!r}.")
    for module, package in requires.items():
        try:
            import_module(module)
        except Exception as error:  # of any kind: what is there may be broken
            missing = isinstance(error, ImportError) and find_spec(module.partition(".")[0]) is None
            why = "is not installed" if missing else f"cannot be imported ({in_words(error)})"
            raise UserError(
                f"The logger {name!r} needs {module}, which {why}: pip install {shlex.quote(package)}"
            ) from error


def _who_has_it(error: UnknownName, manager: PluginManager) -> str:
    """The call that has a name which one of the plugins that come with the framework adds, unless it was left out."""
    if not error.kind:
        return ""
    there = PluginManager.load(installed=False, report=lambda message: None).registry(error.kind)
    if error.name not in there:
        return ""
    plugin = there.source(error.name)
    if f"no:{plugin}" in manager.given:
        return ""
    return (
        f" A plugin has it, which the command line uses by itself; here: from framework_plugins import {plugin}; "
        f"Trainer(recipe, plugins=[{plugin}])."
    )


def _make_plugins(manager: PluginManager, recipe: Recipe, options: Mapping[str, Any]) -> None:
    """Register what the recipe and the options ask for, in place of what was made for another training."""
    for plugin in manager.plugins:
        if plugin.origin == MADE:
            manager.unregister(plugin.name)
    made = list(recipe.plugins)
    if options or manager.caller("make_plugins"):
        made = _chosen(made, manager, options)
    for each in made:
        manager.register(each, origin=MADE)


def _chosen(recipes: list[object], manager: PluginManager, options: Mapping[str, Any]) -> list[object]:
    """The recipe's plugins, and those that the options ask for.

    Of one class there is one: what an option was given for comes before the recipe's, and that before what is made
    without any.
    """
    known = manager.registry("options")
    unknown = [f"there is no run option {name!r}.{did_you_mean(name, known)}" for name in options if name not in known]
    if unknown:
        hint = "" if known else " They are added by plugins: give Trainer(…, plugins=PluginManager.load())."
        raise UserError("The options do not fit the plugins:" + listed(unknown) + hint)
    chosen = list(recipes)
    for plugin, returned in manager.answers("make_plugins", options={**dict.fromkeys(known), **options}):
        given = any(known.source(name) == plugin for name in options)
        for each in returned if isinstance(returned, list | tuple) else [returned]:
            same = [other for other in chosen if type(other) is type(each)]
            if same and not given:
                continue
            chosen = [*(other for other in chosen if other not in same), each]
    return chosen


def prepare_data(trainer: Trainer) -> None:
    """What plugins put in the place of the recipe's data, each in that of the one before."""
    parts, hook = trainer.parts, "prepare_data"
    if not trainer.plugins.caller(hook):
        return
    parts.train = trainer.plugins.fold(hook, "data", parts.train, trainer=trainer, split="train")
    parts.validation = {
        name: trainer.plugins.fold(hook, "data", data, trainer=trainer, split=name)
        for name, data in parts.validation.items()
    }


def check_answers(answers: list[Any]) -> None:
    """`before_step` only tells: who answers thinks that it asks, as it once did."""
    if answers:
        raise PluginError(
            f"A plugin's before_step returned {answers[0]!r}; it must return nothing. To leave an update out, "
            "implement should_update(trainer) and return False."
        )


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
