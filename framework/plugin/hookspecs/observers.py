"""Hooks that watch: an exception in one is reported once, that observer is switched off, and training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from framework.plugin.markers import hookspec

if TYPE_CHECKING:
    from pathlib import Path

    from framework.training.trainer import Trainer


@hookspec
def log(trainer: Trainer, record: Mapping[str, Any]) -> None:
    """Called with each record: one an epoch, and any that a plugin gives to `trainer.log`.

    Arguments:
        trainer: the Trainer.
        record: names and numbers; an epoch's has "epoch", "step", "time" (seconds) and its metrics.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        records = []

        @hookimpl
        def log(record):
            records.append(record)
    """


@hookspec
def checkpoint_saved(trainer: Trainer, path: Path) -> None:
    """Called after a checkpoint was written in full, and at last the trained weights.

    Arguments:
        trainer: the Trainer.
        path: the checkpoint's folder, or the file of the weights.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        saved = []

        @hookimpl
        def checkpoint_saved(path):
            saved.append(path.name)
    """


@hookspec
def interrupted(trainer: Trainer) -> None:
    """Called when Ctrl-C, or another signal that the Trainer heeds, has ended training, before `run_end`.

    Arguments:
        trainer: the Trainer.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def interrupted(trainer):
            print("stopped by hand at step", trainer.step)
    """


@hookspec
def run_failed(trainer: Trainer, error: BaseException) -> None:
    """Called when an exception has ended training, before `run_end`.

    Arguments:
        trainer: the Trainer.
        error: the exception, which is raised again afterwards.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def run_failed(trainer, error):
            print("failed at step", trainer.step, "with", error)
    """


@hookspec
def run_end(trainer: Trainer, status: str, reason: str) -> None:
    """Called last, however training ended.

    Arguments:
        trainer: the Trainer.
        status: "finished", "stopped" (a plugin's `should_stop`), "interrupted" or "failed".
        reason: why it ended, in words.
    Returns:
        Nothing.
    Example:
        from framework.extend import hookimpl

        @hookimpl
        def run_end(trainer, status, reason):
            print(f"{status} after {trainer.step} steps: {reason}")
    """
