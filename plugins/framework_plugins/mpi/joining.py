"""Finds out whether this is one of the processes of a training, and how each of them is to speak and to end."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import framework
from framework.extend import UserError
from framework.threads import THREADS, processors

if TYPE_CHECKING:
    from framework_plugins.mpi.world import World

__all__ = ["FOLDER", "PROCESSES", "STARTER", "join", "tell_starter", "training"]

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "MPI_LOCALNRANKS")
"""What MPI's starters say in the environment of each process: how many there are."""

RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK")
OF_MPI = "PMI_", "PMIX_", "OMPI_COMM_WORLD_"
TASKS = "SLURM_STEP_NUM_TASKS"

FOLDER, STARTER, PROCESSES = "FRAMEWORK_MPI_FOLDER", "FRAMEWORK_MPI_STARTER", "FRAMEWORK_MPI_PROCESSES"
"""In the environment of what --nproc starts: the folder where processes tell of themselves, its starter's number, and N."""

PATIENCE = 1.0
"""Seconds in which others come to the same end as a process that has failed; later, it has failed alone."""


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
    bound = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
    sharing = sum(not bound.isdisjoint(each) for each in world.here(bound))
    if not any(name in os.environ for name in THREADS):
        framework.set_num_threads(max(1, processors() // sharing))
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
    atexit.register(_end, world)
    return world


class _End:
    training = False
    # Of a process that may not speak: where it would have, and what it has said.
    voice: int | None = None
    said: IO[bytes] | None = None


def training(on: bool) -> None:
    """Between the two calls all processes train, or are about to: one that ends by itself would have the others wait."""
    _End.training = on


def _end(world: World) -> None:
    """A process that ends by itself ends all, and says why; where all have come to the same, the first one says it."""
    sys.stderr.flush()
    if _End.training and world.rank == 0:
        tell_starter("failed", "")
    alone = not world.all_end(PATIENCE)
    world.abort_at_exit(alone and _End.training)
    if alone and world.rank == 0 and FOLDER in os.environ:
        _to_nowhere(2)  # what MPI says when it ends the job, the starter says better
    if alone and _End.voice is not None and _End.said is not None:
        _End.said.seek(0)
        os.write(_End.voice, _End.said.read())


def _to_nowhere(number: int) -> None:
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), number)


def _be_quiet(rank: int) -> None:
    """One process speaks for all; what others have to say is kept for when they alone fail."""
    sys.stdout.flush()
    _to_nowhere(1)
    folder = os.environ.get(FOLDER)
    if folder:
        with open(Path(folder, f"{rank}.txt"), "wb", buffering=0) as file:
            os.dup2(file.fileno(), 2)
    else:
        _End.voice, _End.said = os.dup(2), tempfile.TemporaryFile(buffering=0)
        os.dup2(_End.said.fileno(), 2)


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
