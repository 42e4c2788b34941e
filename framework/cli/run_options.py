"""The options of a run: those that `train` and `resume` have in common, and those that plugins add."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource

from framework.cli.session import debug_option, plugin_option, say, session

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = [
    "RunCommand",
    "added_options",
    "fit",
    "given_options",
    "given_words",
    "quiet_option",
    "run_options",
    "signals",
]

ADDED = "framework.options"


class RunCommand(click.Command):
    """A command with the options that plugins add; those given with `-p` among its own options too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        early = [value for option, value in itertools.pairwise(args) if option in ("-p", "--plugin")]
        early = [*self.plugins_of_a_run(args), *early]
        ctx.meta[ADDED] = dict(session(ctx).load(None, *early).registry("options"))
        return super().parse_args(ctx, args)

    def plugins_of_a_run(self, args: Sequence[str]) -> Iterable[str]:
        """The values of `-p` that a run among the arguments was trained with."""
        return ()

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get(ADDED, {}).values()]


def added_options(context: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the options that plugins added, by name: those given, and defaults that say something."""
    added: Mapping[str, click.Option] = context.meta[ADDED]
    found = {name: values[str(option.name)] for name, option in added.items() if option.expose_value}
    return {name: value for name, value in found.items() if value is not None and value is not False and value != ()}


def given_options(context: click.Context, values: Mapping[str, Any], late: Iterable[str]) -> dict[str, Any]:
    """Of these, the ones that were given on the command line, before the run or, the `late` ones, after it."""
    late = set(late)
    added: Mapping[str, click.Option] = context.meta[ADDED]
    return {
        name: values[key]
        for name, option in added.items()
        if option.expose_value
        and ((key := str(option.name)) in late or context.get_parameter_source(key) is ParameterSource.COMMANDLINE)
    }


def given_words(context: click.Context, values: Mapping[str, Any]) -> Iterator[str]:
    """The options named in `values`, and those of `-p`, as they were given on the command line."""
    for value in session(context).given:
        yield from ("-p", value)
    for option in context.command.get_params(context):
        name = str(option.name)
        if name not in values or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value, flag = values[name], option.opts[0]
        if isinstance(value, bool):
            yield flag if value else option.secondary_opts[0]
        else:
            several = value if isinstance(option, click.Option) and option.multiple else [value]
            for each in several:
                yield from (flag, *(map(str, each) if isinstance(each, tuple) else [str(each)]))


quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that belong to every run."""
    for option in reversed(
        [
            click.option(
                "--log",
                "loggers",
                multiple=True,
                metavar="NAME",
                help="Also log with a logger that a plugin adds. May be repeated.",
            ),
            click.option(
                "--compile/--no-compile",
                "compiled",
                default=None,
                help="Run the training step as a NumPy program (the default), or as it is written: the same numbers, "
                "slower.",
            ),
            click.option(
                "--on-nan",
                type=click.Choice(["stop", "skip", "warn"]),
                help="What to do when the loss or a gradient is not finite: stop before the update and say why (the "
                "default), leave the batch out, or warn once.",
            ),
            quiet_option,
            plugin_option,
            debug_option,
        ]
    ):
        command = option(command)
    return command


def signals() -> Sequence[int]:
    """Those that end a run of the command line in an orderly way."""
    from signal import SIGINT, SIGTERM

    return SIGINT, SIGTERM


def fit(trainer: Trainer) -> None:
    """Train; where a signal ends it, say how to go on, and exit as a process does that the signal has ended."""
    from framework.training.interrupts import Aborted, Interrupted, in_words

    def noted(number: int) -> None:
        # A handler may not write to a stream that is being written to.
        what = "finishing this batch (reading it too, if it is on its way), then saving. A second one stops at once."
        with contextlib.suppress(OSError):
            os.write(2, f"\n{in_words(number)}: {what}\n".encode())

    trainer.interrupts.noted = noted
    try:
        trainer.fit()
    except (Interrupted, Aborted) as error:
        _end(trainer, 128 + error.signal)
    except KeyboardInterrupt:
        _end(trainer, 130)


def _end(trainer: Trainer, code: int) -> NoReturn:
    if trainer.run is not None:
        say(f"To go on: {trainer.run.command()}")
    sys.exit(code)
