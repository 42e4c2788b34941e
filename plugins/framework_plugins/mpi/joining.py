"""Finds out whether this is one of the processes of a training, and how each of them is to speak and to end."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import framework
from framework.extend import UserError
from framework.threads import processors

if TYPE_CHECKING:
    from framework_plugins.mpi.world import World

__all__ = ["FOLDER", "PROCESSES", "STARTER", "THREADS", "ended_well", "join", "tell_starter"]

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "MPI_LOCALNRANKS")
"""What MPI's starters say in the environment of each process: how many there are."""

RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")
OF_MPI = "PMI_", "PMIX_", "OMPI_COMM_WORLD_"
TASKS = "SLURM_STEP_NUM_TASKS"
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

FOLDER, STARTER, PROCESSES = "FRAMEWORK_MPI_FOLDER", "FRAMEWORK_MPI_STARTER", "FRAMEWORK_MPI_PROCESSES"
"""In the environment of what --nproc starts: the folder where processes tell of themselves, its starter's number, and N."""

PATIENCE = 1.0
"""Seconds that a process that has failed leaves the first one to say the same."""


@functools.cache
def join() -> World | None:
    """The world that this process is part of; None where it trains alone. UserError for processes that do not know each other."""
    tasks = int(os.environ.get(TASKS) or 1)
    if tasks == 1 and not any(name in os.environ for name in (*SIZES, *RANKS)):
        return None
    from framework_plugins.mpi.world import World

    world = World()
    for name in [name for name in os.environ if name.startswith(OF_MPI)]:
        del os.environ[name]  # or processes that this one starts, such as a sweep's, would take themselves for it
    if world.size == 1 and tasks > 1:
        raise UserError(
            f"SLURM has started {tasks} processes that do not know each other, so each would train the whole: start them with "
            "`srun --mpi=pmi2` or `--mpi=pmix` (`srun --mpi=list` shows which there are), or with the mpiexec of this MPI."
        )
    if world.size == 1:
        return None
    if not any(name in os.environ for name in THREADS):
        framework.set_num_threads(max(1, processors() // world.here))
    tell_starter(str(world.rank), str(os.getpid()))
    asked = os.environ.get(PROCESSES)
    if asked is not None and world.size != int(asked):
        raise UserError(
            f"--nproc {asked} has come to {world.size} processes that know each other: mpiexec and mpi4py are of different MPIs. "
            "Start them by that MPI's own mpiexec, without --nproc."
        )
    if world.rank:
        _be_quiet(world.rank)
    else:
        _speak_for_all()
    atexit.register(_end, world.rank)
    return world


class _End:
    well = False


def ended_well() -> None:
    """Training has come to its end, in all processes."""
    _End.well = True


def _end(rank: int) -> None:
    """Where all have failed alike, the first has time to say so, before the others' end takes it with them."""
    if _End.well:
        return
    if rank:
        time.sleep(PATIENCE)
        return
    tell_starter("failed", "")
    if FOLDER in os.environ:  # what MPI says when it ends the job, the starter says better
        sys.stderr.flush()
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)


def _be_quiet(rank: int) -> None:
    """One process speaks for all; what others have to say is kept for when they alone fail."""
    sys.stdout.flush()
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    folder = os.environ.get(FOLDER)
    if folder:
        with open(Path(folder, f"{rank}.txt"), "wb", buffering=0) as file:
            os.dup2(file.fileno(), 2)


def _speak_for_all() -> None:
    """Write to where the starter does, a terminal perhaps, and not through the starter of MPI, which is none."""
    starter = os.environ.get(STARTER)
    for number in (1, 2):
        with contextlib.suppress(OSError, TypeError):
            place = os.open(f"/proc/{starter}/fd/{number}", os.O_WRONLY | os.O_APPEND)
            os.dup2(place, number)
            os.close(place)


def tell_starter(name: str, text: str) -> None:
    """Leave a word for whoever started this process with --nproc."""
    folder = os.environ.get(FOLDER)
    if folder:
        with contextlib.suppress(OSError):
            Path(folder, name).write_text(text)
