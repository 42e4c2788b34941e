"""Data-parallel training on MPI: each process takes a part of every batch, and all take the same step.

    framework train --nproc 4 recipe.py          # on one machine
    mpiexec -n 64 framework train recipe.py      # in a job of MPI's, as on a cluster

The recipe is the same, and so are its numbers, to rounding: N processes with a batch of B are one with a batch of B. Needs
mpi4py: `pip install "framework-train[mpi]"`, or `[mpi-site]` where a cluster has an MPI of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from framework.extend import Register, UserError, hookimpl
from framework_plugins.mpi.joining import FOLDER, join

if TYPE_CHECKING:
    import click


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    join()  # before anything is said: one process speaks for all
    register(
        "nproc",
        click.Option(
            ["--nproc"],
            type=click.IntRange(1),
            metavar="N",
            expose_value=False,
            callback=asked_for,
            is_eager=True,
            help="Train in N processes, each with its part of every batch (needs MPI).",
        ),
    )
    register(
        "sync_batch_norm",
        click.Option(
            ["--sync-batch-norm"],
            is_flag=True,
            help="In several processes, batch norm takes its statistics over the whole batch.",
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
    from framework_plugins.mpi.parallel import DataParallel

    return DataParallel(world, sync_batch_norm=bool(options["sync_batch_norm"]))


def asked_for(context: click.Context, parameter: click.Parameter, processes: int | None) -> None:
    """`--nproc N`: starts N processes with the rest of the command line, and ends as they do."""
    if processes in (None, 1) or context.resilient_parsing or FOLDER in os.environ:
        return
    words = sys.argv[1:]
    if any(word in ("-h", "--help") for word in words):
        return
    if join() is not None:
        raise UserError(
            "--nproc starts processes of MPI's, and this is one already: leave it out under mpiexec or srun."
        )
    if context.info_name is None or context.info_name.split()[-1] not in ("train", "resume"):
        raise UserError("--nproc goes with `framework train` and `framework resume`.")
    if ":" in words:
        raise UserError("An argument that is a colon alone has a meaning of its own to mpiexec: leave it out.")
    from framework_plugins.mpi.starting import Job

    sys.exit(Job(words, processes).run())
