"""Data-parallel training on MPI: each process takes a part of every batch, and all take the same step.

    framework train --nproc 4 recipe.py          # on one machine
    mpiexec -n 64 framework train recipe.py      # in a job of MPI's, as on a cluster

The recipe is the same, and so are its numbers, to rounding: N processes with a batch of B are one with a batch of B. Needs
mpi4py: `pip install "framework-train[mpi]"`, or `[mpi-site]` where a cluster has an MPI of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from framework.extend import Register, Run, UserError, hookimpl
from framework_plugins.mpi.joining import FOLDER, join, training

if TYPE_CHECKING:
    import click


PARALLEL = "train", "resume"
"""The commands that several processes run together."""


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    with contextlib.suppress(UserError):  # which is raised anew where something is to be trained
        join()  # before anything is said: one process speaks for all
    register(
        "nproc",
        click.Option(
            ["--nproc"],
            type=click.IntRange(1),
            metavar="N",
            callback=asked_for,
            help="Train in N processes, each with its part of every batch (needs MPI).",
        ),
    )
    register(
        "sync_batch_norm",
        click.Option(
            ["--sync-batch-norm"],
            is_flag=True,
            help="In several processes, batch norm takes its statistics over the whole batch; not compiled then.",
        ),
    )


@hookimpl
def should_write() -> bool | None:
    world = join()
    return None if world is None or world.rank == 0 else False


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    world = join()
    if world is None:
        return None
    import click

    context = click.get_current_context(silent=True)
    if context is not None:
        _check_command(context.command_path.split()[1])
    from framework_plugins.mpi.parallel import DataParallel

    return DataParallel(world, sync_batch_norm=bool(options["sync_batch_norm"]))


def asked_for(context: click.Context, parameter: click.Parameter, processes: int | None) -> int | None:
    """`--nproc N`: starts N processes with the rest of the command line, and ends as they do.

    A run that is resumed without it has as many as before; behind the run, it is read here all the same.
    """
    if context.resilient_parsing:
        return processes
    words, world = sys.argv[1:], join()
    command = context.command_path.split()[1]
    if world is not None:
        if processes is not None and FOLDER not in os.environ:
            raise UserError(
                "--nproc starts processes of MPI's, and this is one already: leave it out under mpiexec or srun."
            )
        _check_command(command)
        training(True)
        return processes
    asked = processes
    if asked is None and command == "resume":
        asked = _asked_behind(words) or _had(words)
    if asked in (None, 1):
        return processes
    if command not in PARALLEL:
        raise UserError("--nproc goes with `framework train` and `framework resume`.")
    if ":" in words:
        raise UserError("An argument that is a colon alone has a meaning of its own to mpiexec: leave it out.")
    from framework_plugins.mpi.starting import Job

    sys.exit(Job(words, asked).run())


def _check_command(command: str) -> None:
    if command not in PARALLEL:
        raise UserError(f"`framework {command}` is for one process: start it without mpiexec or srun.")


def _asked_behind(words: Sequence[str]) -> int | None:
    """The number that `--nproc` has among words that are not parsed yet."""
    texts = [word.removeprefix("--nproc=") for word in words if word.startswith("--nproc=")]
    texts += [number for word, number in itertools.pairwise(words) if word == "--nproc"]
    return int(texts[-1]) if texts and texts[-1].isdigit() else None


def _had(words: Sequence[str]) -> int | None:
    """In how many processes the run among the words was trained."""
    for word in words:
        with contextlib.suppress(UserError, OSError):
            found = Run.open(word).info["options"].get("nproc")
            return found if isinstance(found, int) else None
    return None
