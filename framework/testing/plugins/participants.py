"""Checks what takes part in training: a tiny one runs with it, compiled as it is written, and can be resumed exactly."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from framework.errors import UserError
from framework.plugin.checks import SPECS
from framework.plugin.manager import Plugin
from framework.plugin.registry import PluginError
from framework.testing.exact_resume import assert_exact_resume
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.testing.tiny_run import TinyRuns, Training

__all__ = ["check", "check_logger"]

WHY = "What a hook changes from step to step must be in what save_state returns, and be put back by load_state."


def check(plugin: Plugin, thing: object, options: Mapping[str, click.Option]) -> Iterator[Finding]:
    """A tiny training with the plugin, and with what each of its options switches on; then resumed after crashes."""
    takes_part = [hook for hook in plugin.hooks if SPECS[hook].kind != "registry"]
    if not takes_part:
        return
    everything = {name: value for name, option in options.items() if (value := _value(option)) is not None}
    cases: dict[str, dict[str, Any]] = {"hooks": {}}
    cases |= {options[name].opts[0]: {name: value} for name, value in everything.items()}
    for title, values in cases.items():
        runs = found("training", title, "runs", partial(_run, thing, values))
        if runs.ok is None:  # it may go with another one
            values = everything
            together = found("training", title, "runs", partial(_run, thing, values))
            runs = together if together.ok is not None else runs
        yield runs
        if runs.ok:
            yield found("training", title, "compiled", partial(_same, thing, values))
            yield found("training", title, "resumes", partial(_resumes, thing, values))


def check_logger(name: str, thing: object) -> Iterator[Finding]:
    """A tiny training with a logger, whose observers must not raise."""
    yield found("loggers", name, "runs", lambda: _train(thing, {}, loggers=[name]))


def check_scheduler(name: str, thing: object) -> Iterator[Finding]:
    """A tiny training with a schedule, resumed after crashes."""

    def run() -> None:
        try:
            _train(thing, {}, scheduler=name)
        except PluginError:
            raise
        except UserError as error:  # a hyperparameter that it needs
            raise NotChecked(str(error)) from None

    runs = found("schedulers", name, "runs", run)
    yield runs
    if runs.ok:
        yield found("schedulers", name, "resumes", partial(_resumes, thing, {}, scheduler=name))


def _given(thing: object) -> list[object]:
    """The plugin, unless every training has it anyway."""
    first_party = getattr(thing, "__name__", type(thing).__module__).startswith("framework_plugins")
    return [] if first_party else [thing]


def _value(option: click.Option) -> Any:
    """A value that an option may well have; None where that is not to be guessed."""
    if option.is_flag:
        return True
    if isinstance(option.type, click.Choice):
        return option.type.choices[0]
    plain = {"integer": 2, "float": 0.5, "integer range": 2, "float range": 0.5}.get(option.type.name)
    return (plain,) if plain is not None and option.multiple else plain


def _train(thing: object, options: Mapping[str, Any], **how: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return TinyRuns(Path(folder))(*_given(thing), options=options, **how)
        except UserError as error:
            if options and error.__cause__ is None:
                raise NotChecked(f"It does not take {next(iter(options.values()))!r}: {error}") from None
            raise


def _run(thing: object, options: Mapping[str, Any]) -> None:
    _train(thing, options)


def _same(thing: object, options: Mapping[str, Any]) -> None:
    """The same losses compiled and as it is written."""
    one, other = (_train(thing, options, compile=compiled).history for compiled in (True, False))
    assert one["train/loss"] == other["train/loss"], (
        f"compiled, the losses are {one['train/loss']} in the place of {other['train/loss']}"
    )


def _resumes(thing: object, options: Mapping[str, Any], **how: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            assert_exact_resume(Path(folder), *_given(thing), options=dict(options), **how)
        except AssertionError as error:
            text = str(error).partition("\nThe runs are in ")[0]
            forgotten = "".join(f"{each}\n" for each in _forgotten(thing, options, **how))
            raise AssertionError(f"{text}\n{forgotten}{WHY}") from None


def _forgotten(thing: object, options: Mapping[str, Any], **how: Any) -> Iterator[str]:
    """The plain values of plugins that training changes and that are not in what their save_state returns."""
    trained = _train(thing, options, **how)
    fresh = Training(_given(thing), options=options, **how).trainer().plugins.plugins
    before = {name: vars(part) for plugin in fresh for name, part in plugin.parts.items() if hasattr(part, "__dict__")}
    states = trained.plugins.save_states(trained)
    for plugin in trained.plugins.plugins:
        for name, part in plugin.parts.items():
            if type(part).__module__.partition(".")[0] in ("framework", "framework_plugins") and thing is not part:
                continue
            for attribute, value in getattr(part, "__dict__", {}).items():
                plain = isinstance(value, int | float | str) and type(value) is not bool
                if plain and before.get(name, {}).get(attribute) != value and not _holds(states.get(name), value):
                    how_kept = "it is not in what its save_state returns" if name in states else "it has no save_state"
                    yield f"{name}.{attribute} changes in training, and {how_kept}."


def _holds(tree: Any, value: Any) -> bool:
    """Whether a value is somewhere in a tree."""
    if isinstance(tree, Mapping):
        return any(_holds(each, value) for each in tree.values())
    if isinstance(tree, list | tuple | set):
        return any(_holds(each, value) for each in tree)
    return type(tree) is type(value) and bool(tree == value)
