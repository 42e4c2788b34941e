"""The `framework` command: finds the command asked for, and ends every error as one message."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

import click

from framework import __version__
from framework.cli.failure import explain, usage_error
from framework.cli.session import Session, debug_option, plugin_option, say, session
from framework.errors import did_you_mean

if TYPE_CHECKING:
    from framework.plugin.registry import Registry

__all__ = ["cli", "main"]

# Where each command is, and what the list of commands says of it: its module is read when it runs.
COMMANDS = {
    "coverage": "List which of PyTorch's names are here, and why others are not.",
    "diff": "Compare two runs: what was done differently, and what came of it.",
    "evaluate": "Measure a trained model: loss and metrics, on its data or on new data.",
    "export": "Write a run's weights as .safetensors, .npz or .pt.",
    "hooks": "List the hooks, what each is for, and which plugins implement it.",
    "lr-find": "Find a learning rate for a recipe, by trying growing ones.",
    "new": "Start a plugin of your own, or a recipe.",
    "plugins": "List the plugins that are loaded, and what each adds.",
    "predict": "Use a trained model on the rows of a CSV or .npy file.",
    "reproduce": "Run a batch again that gave nan or infinity.",
    "recipes": "List the recipes that come with the package; copy one.",
    "resume": "Go on with a run that was interrupted or killed.",
    "runs": "List what was trained, sorted and filtered.",
    "show": "Show a run, sweep or recipe: its values, model, step as NumPy.",
    "sweep": "Train a recipe at many values of its hyperparameters, and compare.",
    "train": "Train a recipe.",
    "verify": "Prove that a recipe's run, killed and resumed, is the uninterrupted one.",
}


ADDED = "framework.commands"


class CommandLine(click.Group):
    """The commands of `COMMANDS`, then those of plugins."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *self.added(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return self.added(ctx).get(cmd_name)
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"framework.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.list_commands(ctx))
            ctx.fail(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = {name: command.get_short_help_str() for name, command in self.added(ctx).items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted({**added, **COMMANDS}.items()))

    def added(self, ctx: click.Context) -> dict[str, click.Command]:
        """The commands that plugins add; one that cannot be used is named and left out."""
        if ADDED not in ctx.meta:
            registry = session(ctx).plugins().registry("commands")
            ctx.meta[ADDED] = dict(_usable(registry))
        added: dict[str, click.Command] = ctx.meta[ADDED]
        return added

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run; end with exit code 0, 1 (an error), 2 (a wrong call) or 130 (interrupted)."""
        state = extra.setdefault("obj", Session())
        _take_every_character()
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: state.say_once(f"warning: {message}")
            try:
                code = super().main(args, "framework", complete_var, standalone_mode=False, **extra)
                if sys.stdout is not None:  # what does not reach its reader is known here, not as the interpreter ends
                    sys.stdout.flush()
            except click.UsageError as error:
                end(usage_error(error), error.exit_code)
            except click.ClickException as error:
                end(error.format_message(), error.exit_code)
            except BrokenPipeError:  # whoever read the output has seen enough
                _discard_output()
                sys.exit(1)
            except (click.Abort, KeyboardInterrupt):
                say("interrupted")
                sys.exit(130)
            except Exception as error:
                if state.debug:
                    raise
                end(explain(error), 1)
        sys.exit(code if isinstance(code, int) else 0)


def _usable(registry: Registry[Any]) -> Iterator[tuple[str, click.Command]]:
    for name, command in registry.items():
        problem = None
        if name in COMMANDS:
            problem = f"adds a command {name!r}, but framework has one itself"
        elif not isinstance(command, click.Command):
            problem = f"adds {command!r} as the command {name!r}, but it is not a click command"
        if problem is None:
            yield name, command
        else:
            say(f"warning: Plugin {registry.source(name)!r} {problem}; it is left out.")


def end(message: str, code: int) -> NoReturn:
    """Say what went wrong, and exit."""
    say(f"error: {message}")
    sys.exit(code)


def _take_every_character() -> None:
    """Have what the output's encoding lacks be printed as \\xfc: no work is lost over a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and (stream.encoding, stream.errors) != ("utf-8", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Let what is still to be written go nowhere, or the interpreter fails on it when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@click.command(
    cls=CommandLine,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="framework %(version)s")
@plugin_option
@debug_option
@click.pass_context
def cli(context: click.Context) -> None:
    """Train, inspect and use models from the shell.

    \b
    framework train recipe.py --help    the options of a recipe
    framework recipes                   recipes to start from
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """The console script."""
    cli.main()
