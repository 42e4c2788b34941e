"""Goes through all that a plugin adds, and has each checked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from framework.cli.main import COMMANDS
from framework.errors import UserError, did_you_mean
from framework.plugin.checks import marked
from framework.plugin.manager import KINDS, Plugin, PluginManager
from framework.plugin.ordering import order_of
from framework.plugin.registry import FRAMEWORK
from framework.testing.plugins import losses, operations, optimizers, participants
from framework.testing.plugins.finding import Finding, found
from framework.testing.plugins.inputs import examples
from framework.testing.plugins.participants import Trainings
from framework.training import builtin

__all__ = ["check_plugin"]


def check_plugin(name: str, manager: PluginManager) -> Iterator[Finding]:
    """Everything that can be known of the plugin of that name, of those in use, one finding after the other."""
    plugin = next((each for each in manager.plugins if each.name == name), None)
    if plugin is None:
        raise UserError(f"There is no plugin {name!r}.{did_you_mean(name, [each.name for each in manager.plugins])}")
    if FRAMEWORK not in manager:
        manager.register(builtin, FRAMEWORK)
    yield from _hooks(plugin, manager)
    trainings = Trainings(plugin.parts[plugin.name])
    free = True
    for kind in KINDS:
        for owner, each, thing in manager.registrations(kind):
            if owner != plugin.name:
                continue
            finding = found(kind, each, "free name", partial(_check_free, kind, each, plugin, manager))
            free = free and (finding.ok is True or kind == "commands")
            yield finding
            yield from _thing(kind, each, thing, plugin, manager, trainings)
    options = {
        each: option
        for owner, each, option in manager.registrations("options")
        if owner == plugin.name and isinstance(option, click.Option)
    }
    if free:
        yield from participants.check(plugin, trainings, options)
    else:
        yield Finding(
            "training", plugin.name, "runs", None, "Nothing can be trained with it before its names are free."
        )


def _hooks(plugin: Plugin, manager: PluginManager) -> Iterator[Finding]:
    """Names and arguments of hooks, without which it would not have been loaded, and whom it is ordered by."""
    known = [each.name for each in manager.plugins]
    strangers = [
        f"{hook}: {side} {other!r}, which is no plugin in use.{did_you_mean(other, known)}"
        for part in plugin.parts.values()
        for hook, function, _ in marked(part)
        for side, others in order_of(function).items()
        for other in others
        if other not in known
    ]
    yield Finding("hooks", plugin.name, ", ".join(plugin.hooks), True)
    if strangers:
        yield Finding("hooks", plugin.name, "order", None, "\n".join(strangers))


def _check_free(kind: str, name: str, plugin: Plugin, manager: PluginManager) -> None:
    """AssertionError where another plugin, or the framework itself, has the name, too."""
    assert kind != "commands" or name not in COMMANDS, (
        f"The framework has a command {name!r} itself: choose another name."
    )
    owners = [owner for owner, other, _ in manager.registrations(kind) if other == name]
    owners.remove(plugin.name)
    assert not owners, (
        f"{' and '.join(map(repr, owners))} registers {name!r} among the {kind}, too: choose another name, such as "
        f"{plugin.name}_{name}."
    )


def _thing(
    kind: str, name: str, thing: Any, plugin: Plugin, manager: PluginManager, trainings: Trainings
) -> Iterator[Finding]:
    given = examples(manager, name) if kind in ("operations", "losses", "metrics") else []
    if isinstance(given, str):
        return  # which is told where the examples are looked at
    if kind == "operations":
        yield from operations.check(name, thing, given)
    elif kind == "losses":
        yield from losses.check_loss(name, thing, given)
    elif kind == "metrics":
        yield from losses.check_metric(name, thing, given)
    elif kind == "optimizers":
        yield from optimizers.check(name, thing)
    elif kind == "loggers":
        yield from participants.check_logger(name, trainings)
    elif kind == "schedulers":
        yield from participants.check_scheduler(name, trainings)
    elif kind == "commands":
        yield found(kind, name, "help", lambda: _help(name, thing))
    elif kind == "options":
        yield found(kind, name, "help", lambda: _option(name, thing))
    elif kind == "examples":
        yield found(kind, name, "calls", lambda: _examples(name, plugin, manager))
    else:
        yield found(kind, name, "loads", lambda: _recipe(thing))


def _help(name: str, command: object) -> None:
    assert isinstance(command, click.Command), f"{command!r} is no click command"
    text = command.get_help(click.Context(command, info_name=name))
    assert command.help, f"it has no description: write a docstring, which `framework {name} --help` shows\n{text}"


def _option(name: str, option: object) -> None:
    assert isinstance(option, click.Option), f'{option!r} is no click option: click.Option(["--{name}"], help=…)'
    assert option.help, "it has no description, which `framework train --help` shows: click.Option(…, help=…)"


def _examples(name: str, plugin: Plugin, manager: PluginManager) -> None:
    """They are of a thing that the plugin adds, and calls of it."""
    names = [
        each
        for kind in ("operations", "losses", "metrics")
        for owner, each, _ in manager.registrations(kind)
        if owner == plugin.name
    ]
    assert name in names, f"it adds no operation, loss or metric {name!r}.{did_you_mean(name, names)}"
    given = examples(manager, name)
    assert not isinstance(given, str), given


def _recipe(path: str | Path) -> None:
    from framework.training.recipe_file import load_recipe

    path = Path(path)
    assert path.is_absolute() or path.exists(), (
        f"its path {str(path)!r} goes by the folder one is in: register Path(__file__).parent / {path.name!r}"
    )
    load_recipe(path)
