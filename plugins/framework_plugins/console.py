"""Prints a line for an epoch, and what came of it at the end."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator, Mapping
from numbers import Number
from typing import Any, TextIO

from framework.extend import Trainer, hookimpl

LINES = 50
"""A run of more epochs than this prints some of them, evenly."""


class Console:
    """Writes to stdout; where that was closed or is full, it says so once and training goes on."""

    unwritable: TextIO | None = None

    @hookimpl
    def epoch_end(self, trainer: Trainer, metrics: Mapping[str, Any]) -> None:
        if _printed_by_another(trainer):
            return
        epochs = trainer.epochs
        every = math.ceil(epochs / LINES)
        if trainer.epoch == 1 or trainer.epoch % every == 0 or trainer.epoch == epochs:
            self._print(trainer, f"epoch {trainer.epoch:>{len(str(epochs))}}/{epochs}  {summary(metrics)}")

    @hookimpl
    def run_end(self, trainer: Trainer, status: str, reason: str) -> None:
        steps = _count(trainer.step, "step")
        if status == "finished":
            seconds = trainer.history.final["time"]
            self._print(trainer, f"finished after {_count(trainer.epoch, 'epoch')}, {steps}, {seconds:.1f} s")
        else:
            # Why it failed is said by whoever catches the error.
            because = f": {reason}" if status == "stopped" else ""
            self._print(trainer, f"{status} in epoch {trainer.epoch}, after {steps}{because}")
        if status in ("finished", "stopped"):
            for text in (*trainer.history.notes, *described(trainer)):
                self._print(trainer, text)
        if trainer.run is not None:
            self._print(trainer, f"run: {trainer.run.path}")

    def _print(self, trainer: Trainer, line: str) -> None:
        from tqdm import tqdm

        stdout = sys.stdout
        if stdout is None or stdout is self.unwritable:
            return
        try:
            tqdm.write(line, file=stdout)  # above a progress bar, if one is shown
            stdout.flush()  # a full disk is noticed here, not when the interpreter ends
        except (OSError, ValueError) as error:
            self.unwritable = stdout
            _discard(stdout)
            with contextlib.suppress(OSError, ValueError):
                trainer.plugins.report(f"Standard output cannot be written to ({error}); training goes on without it.")


def _printed_by_another(trainer: Trainer) -> bool:
    """Whether a plugin, such as a logger, says of itself that it prints the epochs in place of this one's lines."""
    parts = (part for plugin in trainer.plugins.plugins for part in plugin.parts.values())
    return any(getattr(part, "prints_epochs", False) is True for part in parts)


def summary(metrics: Mapping[str, Any]) -> str:
    """Metrics in one line, those of a split together: `train loss 0.1, accuracy 0.98  validation loss …`.

    What is no number, such as a table, has no place there.
    """
    groups: dict[str, list[str]] = {}
    for name, value in metrics.items():
        split, _, metric = name.rpartition("/")
        with contextlib.suppress(TypeError, ValueError):
            number = f"{value:.4f}" if isinstance(value, float) and 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"
            groups.setdefault(split, []).append(f"{metric} {number}")
    return "  ".join(f"{split} {', '.join(numbers)}".strip() for split, numbers in groups.items())


def described(trainer: Trainer) -> Iterator[str]:
    """What metrics say of those of their values that are no numbers: the last epoch's, validation's if there is any."""
    if not trainer.history.records:
        return
    metrics, final = trainer.parts.metrics, trainer.history.final
    for split in trainer.recipe.validation or ["train"]:
        for name, metric in metrics.items():
            value = final.get(f"{split}/{name}")
            number = value is None or isinstance(value, Number)
            if not number and (text := metric.describe(value, trainer.recipe.classes)):
                yield f"{split} {name}:\n{text}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _discard(stream: TextIO) -> None:
    """Let what is still in a stream's buffer go nowhere, or the interpreter fails on it when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


console = Console()
