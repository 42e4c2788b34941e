"""Prints a line for an epoch, and what came of it at the end."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from framework.extend import Trainer, hookimpl

LINES = 50
"""A run of more epochs than this prints some of them, evenly."""


@hookimpl
def epoch_end(trainer: Trainer, metrics: Mapping[str, Any]) -> None:
    epochs = trainer.recipe.epochs
    every = math.ceil(epochs / LINES)
    if trainer.epoch == 1 or trainer.epoch % every == 0 or trainer.epoch == epochs:
        _print(f"epoch {trainer.epoch:>{len(str(epochs))}}/{epochs}  {summary(metrics)}")


@hookimpl
def run_end(trainer: Trainer, status: str, reason: str) -> None:
    steps = _count(trainer.step, "step")
    if status == "finished":
        seconds = trainer.history.final["time"]
        _print(f"finished after {_count(trainer.epoch, 'epoch')}, {steps}, {seconds:.1f} s")
    else:
        # Why it failed is said by whoever catches the error.
        because = f": {reason}" if status == "stopped" else ""
        _print(f"{status} in epoch {trainer.epoch}, after {steps}{because}")
    if trainer.run is not None:
        _print(f"run: {trainer.run.path}")


def summary(metrics: Mapping[str, Any]) -> str:
    """Metrics in one line, those of a split together: `train loss 0.1, accuracy 0.98  validation loss …`."""
    groups: dict[str, list[str]] = {}
    for name, value in metrics.items():
        split, _, metric = name.rpartition("/")
        number = f"{value:.4f}" if isinstance(value, float) and 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"
        groups.setdefault(split, []).append(f"{metric} {number}")
    return "  ".join(f"{split} {', '.join(numbers)}".strip() for split, numbers in groups.items())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _print(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line, file=sys.stdout)  # above a progress bar, if one is shown
