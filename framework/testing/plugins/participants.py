"""Checks what takes part in training: a tiny one runs with it, compiled as it is written, and can be resumed exactly."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import click

from framework.errors import UserError
from framework.plugin.checks import SPECS
from framework.plugin.manager import Plugin
from framework.plugin.registry import PluginError
from framework.testing.exact_resume import assert_exact_resume, maker
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.testing.tiny_run import TinyRuns, Training
from framework.training.trainer import Trainer

__all__ = ["Trainings", "check", "check_logger", "check_scheduler"]

OURS = "framework", "framework_plugins"
WHY = "What a hook changes from step to step must be in what save_state returns, and be put back by load_state."


def check(plugin: Plugin, trainings: Trainings, options: Mapping[str, click.Option]) -> Iterator[Finding]:
    """A tiny training with the plugin, and with what each of its options switches on; then resumed after crashes."""
    takes_part = [hook for hook in plugin.hooks if SPECS[hook].kind != "registry"]
    if not takes_part:
        return
    everything = {name: value for name, option in options.items() if (value := _value(option)) is not None}
    cases: dict[str, dict[str, Any]] = {"hooks": {}}
    cases |= {options[name].opts[0]: {name: value} for name, value in everything.items()}
    for title, values in cases.items():
        runs = found("training", title, "runs", partial(trainings.train, values))
        if runs.ok is None:  # it may go with another one
            values = everything
            together = found("training", title, "runs", partial(trainings.train, values))
            runs = together if together.ok is not None else runs
        yield runs
        if runs.ok:
            yield found("training", title, "compiled", partial(_check_compiled, trainings, values))
            yield found("training", title, "resumes", partial(_check_resumes, trainings, values))


def check_logger(name: str, trainings: Trainings) -> Iterator[Finding]:
    """A tiny training with a logger, whose observers must not raise."""
    yield found("loggers", name, "runs", partial(trainings.train, {}, loggers=[name]))


def check_scheduler(name: str, trainings: Trainings) -> Iterator[Finding]:
    """A tiny training with a schedule, resumed after crashes."""

    def run() -> None:
        try:
            trainings.train({}, scheduler=name)
        except PluginError:
            raise
        except UserError as error:  # a hyperparameter that it needs
            raise NotChecked(str(error)) from None

    runs = found("schedulers", name, "runs", run)
    yield runs
    if runs.ok:
        yield found("schedulers", name, "resumes", partial(_check_resumes, trainings, {}, scheduler=name))


class Trainings:
    """Tiny trainings with a plugin, which is in each as it was before the first of them."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    @cached_property
    def make(self) -> Callable[[], list[object]]:
        """Gives the plugin, unless every training has it anyway."""
        home = getattr(self.thing, "__name__", type(self.thing).__module__)
        return list if home.startswith("framework_plugins") else maker(self.thing)

    def train(self, options: Mapping[str, Any], **how: Any) -> Trainer:
        """One of them; NotChecked where an option cannot be given alone, or not with this value."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                return TinyRuns(Path(folder))(*self.make(), options=options, **how)
            except UserError as error:
                if options and error.__cause__ is None:
                    raise NotChecked(f"It does not take {next(iter(options.values()))!r}: {error}") from None
                raise


def _value(option: click.Option) -> Any:
    """A value that an option may well have; None where that is not to be guessed."""
    if option.is_flag:
        return True
    if isinstance(option.type, click.Choice):
        return option.type.choices[0]
    plain = {"integer": 2, "float": 0.5, "integer range": 2, "float range": 0.5}.get(option.type.name)
    return (plain,) if plain is not None and option.multiple else plain


def _check_compiled(trainings: Trainings, options: Mapping[str, Any]) -> None:
    """The same losses compiled and as it is written."""
    one, other = (trainings.train(options, compile=compiled).history for compiled in (True, False))
    assert one["train/loss"] == other["train/loss"], (
        f"compiled, the losses are {one['train/loss']} in the place of {other['train/loss']}"
    )


def _check_resumes(trainings: Trainings, options: Mapping[str, Any], **how: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            assert_exact_resume(Path(folder), trainings.make, options=dict(options), **how)
        except AssertionError as error:
            text = str(error).partition("\nThe runs are in ")[0]
            forgotten = "".join(f"{each}\n" for each in _forgotten(trainings, options, **how))
            raise AssertionError(f"{text}\n{forgotten}{WHY}") from None


def _forgotten(trainings: Trainings, options: Mapping[str, Any], **how: Any) -> Iterator[str]:
    """The plain values of plugins that training changes and that are not in what their save_state returns."""
    trained = trainings.train(options, **how)
    states = trained.plugins.save_states(trained)
    after = _plain_values(trained)  # now, since of a module there is but one
    before = _plain_values(Training(trainings.make(), options=options, **how).trainer())
    for name, values in after.items():
        for attribute, value in values.items():
            if before.get(name, {}).get(attribute) != value and not _holds(states.get(name), value):
                how_kept = "it is not in what its save_state returns" if name in states else "it has no save_state"
                yield f"{name}.{attribute} changes in training, and {how_kept}."


def _plain_values(trainer: Trainer) -> dict[str, dict[str, Any]]:
    """Numbers and texts that a person's plugins which keep a state have as attributes, by the name of each part."""
    return {
        name: {each: value for each, value in vars(part).items() if type(value) in (int, float, str)}
        for plugin in trainer.plugins.plugins
        if "save_state" in plugin.hooks
        for name, part in plugin.parts.items()
        if hasattr(part, "__dict__") and type(part).__module__.partition(".")[0] not in OURS
    }


def _holds(tree: Any, value: Any) -> bool:
    """Whether a value is somewhere in a tree."""
    if isinstance(tree, Mapping):
        return any(_holds(each, value) for each in tree.values())
    if isinstance(tree, list | tuple | set):
        return any(_holds(each, value) for each in tree)
    return type(tree) is type(value) and bool(tree == value)
