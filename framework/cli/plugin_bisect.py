"""`framework plugins bisect`: finds the plugin that makes a command fail, by running it with fewer and fewer of them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from framework.cli.session import debug_option, plugin_option, session
from framework.errors import UserError, named
from framework.plugin.finding import LOCAL

__all__ = ["bisect", "smallest"]


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, and the last line that it printed, numbers aside."""

    code: int
    line: str
    output: str


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@plugin_option
@debug_option
@click.pass_context
def bisect(context: click.Context, command: tuple[str, ...]) -> None:
    """Find the plugin that makes COMMAND fail, such as: framework plugins bisect -- train recipe.py

    It is run again and again, each time with half of the plugins switched off; what it writes, it writes each time.
    """
    words = [*command[command[:1] == ("framework",) :]]
    state = session(context)
    names = [*(plugin.name for plugin in state.plugins().plugins), LOCAL]
    tries = Tries([word for each in state.given for word in ("-p", each)], words, names)
    wanted = tries.run(names)
    if wanted.code == 0:
        raise UserError(f"This does not fail: framework {' '.join(words)}")
    if tries.fails_alike([], wanted):
        raise UserError(f"No plugin is to blame, it fails without any, too: {wanted.line.removeprefix('error: ')}")
    found = smallest(names, lambda some: tries.fails_alike(some, wanted))
    click.echo()
    together = "" if len(found) == 1 else " together, each of which is needed for it"
    click.echo(f"It fails because of {named(found)}{together}:")
    click.echo("\n".join(f"  {line}" for line in wanted.output.strip().splitlines()[-3:]))
    click.echo(f"To leave {'it' if len(found) == 1 else 'one'} out: {' or '.join(f'-p no:{name}' for name in found)}")


def smallest(names: Sequence[str], fails: Callable[[Sequence[str]], bool]) -> list[str]:
    """A part of `names` that still fails, and does not without any one of them; all of them fail. Zeller's ddmin."""
    left, parts = list(names), 2
    while len(left) > 1:
        size = -(-len(left) // parts)
        chunks = [left[start : start + size] for start in range(0, len(left), size)]
        others = [[name for name in left if name not in chunk] for chunk in chunks]
        if (chunk := next(filter(fails, chunks), None)) is not None:
            left, parts = chunk, 2
        elif parts > 2 and (rest := next(filter(fails, others), None)) is not None:
            left, parts = rest, max(parts - 1, 2)
        elif parts >= len(left):
            break
        else:
            parts = min(2 * parts, len(left))
    return left


class Tries:
    """Runs one command with some of the plugins, and prints a line for each try."""

    def __init__(self, given: Sequence[str], words: Sequence[str], names: Sequence[str]) -> None:
        self.given, self.words, self.names = given, words, names

    def run(self, some: Sequence[str]) -> Outcome:
        """Run it with these plugins alone, and those that the command asks for itself."""
        off = [word for name in self.names if name not in some for word in ("-p", f"no:{name}")]
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "framework", *self.given, *off, *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        lines = done.stdout.strip().splitlines()
        outcome = Outcome(done.returncode, re.sub(r"\d+", "#", lines[-1] if lines else ""), done.stdout)
        how = "works" if done.returncode == 0 else f"fails ({done.returncode})"
        seconds = time.perf_counter() - start
        click.echo(f"with {_shown(some)}: {how}, {seconds:.1f} s")
        return outcome

    def fails_alike(self, some: Sequence[str], wanted: Outcome) -> bool:
        """Whether it fails as it did at first: without a plugin that it needs, it fails otherwise."""
        outcome = self.run(some)
        return (outcome.code, outcome.line) == (wanted.code, wanted.line)


def _shown(names: Sequence[str]) -> str:
    return f"{len(names)} plugins" if len(names) > 3 else ", ".join(names) or "none"
