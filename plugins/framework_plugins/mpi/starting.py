"""`--nproc N`: starts the processes of a training by MPI's own starter, watches over them, and says how they ended."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from framework.extend import Run, UserError
from framework.threads import THREADS, processors
from framework.training.children import end_with_parent
from framework_plugins.mpi.joining import FOLDER, PROCESSES, STARTER

__all__ = ["Job"]

HERE = {
    "HYDRA_LAUNCHER": "fork",
    "HYDRA_RMK": "user",
    "PRTE_MCA_rmaps_default_mapping_policy": ":OVERSUBSCRIBE",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
}
"""Has mpiexec (MPICH's, and Open MPI's of version 5 and before) start as many processes as it is told to, on this machine."""

WHO, SIGNAL = re.compile(r"PID (\d+)"), re.compile(r"\(signal (\d+)\)|on\s+signal (\d+)")
"""What mpiexec says of a process that was killed: MPICH's, and Open MPI's."""


class Job:
    """The processes of one training, started by MPI's own starter and watched over."""

    def __init__(self, words: list[str], processes: int) -> None:
        self.words, self.processes = words, processes
        self.signals: list[int] = []

    def run(self) -> int:
        """Gives the exit code when all have ended; where one has failed or was killed, says which, and how to go on."""
        starter = _mpiexec()
        _append()
        there = processors()
        if self.processes > there:
            kinds = f"{there} processor{'s' if there > 1 else ''}"
            sys.stderr.write(
                f"warning: {self.processes} processes share {kinds}, and wait for each other: slower than {there}.\n"
            )
        threads = {name: str(max(1, there // self.processes)) for name in THREADS}
        with (
            tempfile.TemporaryDirectory(prefix="framework-mpi-") as folder,
            open(Path(folder, "mpi.txt"), "w+") as said,
        ):
            self.folder = Path(folder)
            self.job = subprocess.Popen(
                [
                    starter,
                    "-n",
                    str(self.processes),
                    sys.executable,
                    "-P",
                    "-m",
                    "mpi4py",
                    "-m",
                    "framework",
                    *self.words,
                ],
                env=HERE | threads | dict(os.environ) | self._marks(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,  # a terminal's Ctrl-C comes by this process alone
                preexec_fn=partial(end_with_parent, os.getpid()) if sys.platform == "linux" else None,
            )
            with self._passing_on():
                code = self.job.wait()
            if code:
                code = -self.signals[0] if self.signals else self._explain(code)
        return code if code >= 0 else 128 - code

    def _marks(self) -> dict[str, str]:
        """What the processes are to know; and one order of sets for all."""
        seed = os.environ.get("PYTHONHASHSEED", "random")
        return {
            FOLDER: str(self.folder),
            STARTER: str(os.getpid()),
            PROCESSES: str(self.processes),
            "PYTHONHASHSEED": seed if seed != "random" else "0",
        }

    @contextlib.contextmanager
    def _passing_on(self) -> Iterator[None]:
        """A signal goes to the first process, which has all stop after the step; a second one ends them at once."""

        def handle(number: int, frame: Any) -> None:
            self.signals.append(number)
            if len(self.signals) > 1 or not self._tell(number):
                self.job.terminate()

        before = {each: signal.signal(each, handle) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _tell(self, number: int) -> bool:
        try:
            os.kill(int((self.folder / "0").read_text()), number)
        except (OSError, ValueError):  # not there yet, or no more
            return False
        return True

    def _explain(self, code: int) -> int:
        """Say what the processes that may not speak have said, and who was killed; gives its exit code, below 0."""
        if (self.folder / "failed").exists():  # the first process has said what there is to say
            return code
        said = [self.folder / f"{rank}.txt" for rank in range(1, self.processes)]
        texts = {each.stem: _plain(each.read_text(errors="replace")) for each in said if each.exists()}
        told = {text: rank for rank, text in reversed(texts.items()) if text}
        for text, rank in told.items():
            sys.stderr.write(f"process {rank}: {text}\n")
        mpi = (self.folder / "mpi.txt").read_text(errors="replace")
        killed = SIGNAL.search(mpi)
        code = -int(killed[1] or killed[2]) if killed else code
        if code < 0:
            who = f"process {self._rank(mpi)} of {self.processes}" if killed else "mpiexec"
            reason = f"{who} was killed ({signal.Signals(-code).name})"
            sys.stderr.write(f"error: {reason}, so all have ended.\n")
        elif told:
            reason = next(iter(told)).partition("\n")[0].removeprefix("error: ")
        elif (self.folder / "0").exists():
            reason = f"MPI ended all, with exit code {code}"
            sys.stderr.write(f"{_plain(mpi)}\nerror: {reason}.\n")
        else:
            reason = "the processes could not be started"
            sys.stderr.write(f"{mpi}error: {reason}: what mpiexec says stands above.\n")
        run = self.folder / "run"
        if run.exists():
            self._record(Path(run.read_text()), reason)
        return code

    def _rank(self, mpi: str) -> str:
        """The number of the process that mpiexec names by the system's number."""
        who = WHO.search(mpi)
        ranks = [
            each.name for each in self.folder.glob("[0-9]*") if each.suffix == "" and who and each.read_text() == who[1]
        ]
        return ranks[0] if ranks else "?"

    def _record(self, path: Path, reason: str) -> None:
        """The run has ended, though its own process could not write so; say how to go on."""
        with contextlib.suppress(UserError, OSError):
            run = Run.open(path)
            if run.info["status"] == "running":
                run.finish("failed", reason)
            sys.stderr.write(f"To go on: {run.command()}\n")


def _append() -> None:
    """Files that output goes to are written at their ends, since another process writes them, too."""
    if sys.platform == "win32":
        return
    import fcntl

    for number in (1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.fstat(number).st_mode):
                fcntl.fcntl(number, fcntl.F_SETFL, fcntl.fcntl(number, fcntl.F_GETFL) | os.O_APPEND)


def _plain(text: str) -> str:
    """What a process has said, without what MPI adds when it ends the job, and warnings, which the first says too."""
    lines = [line for line in text.splitlines() if not line.startswith(("Abort(", "[unset]", "warning: "))]
    return "\n".join(lines).strip()


def _mpiexec() -> str:
    """The mpiexec beside this Python, where the wheel puts it, else that of the path; UserError where there is none."""
    beside = Path(sys.executable).with_name("mpiexec")
    found = str(beside) if beside.exists() else shutil.which("mpiexec")
    try:
        import mpi4py
    except ImportError:
        mpi4py = None  # type: ignore[assignment]
    if found is None or mpi4py is None:
        missing = "mpi4py" if mpi4py is None else "the program mpiexec"
        raise UserError(
            f"--nproc needs MPI, and {missing} is not to be found: pip install 'framework-train[mpi]'; on a cluster, which has "
            "an MPI of its own, load its module and pip install 'framework-train[mpi-site]'. --nproc 1 trains without it."
        )
    return found
