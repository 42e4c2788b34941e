"""Runs commands as processes of their own, some at a time, which end with this one."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from framework.training.interrupts import Interrupts

__all__ = ["Processes"]

Task = TypeVar("Task")
CHILD = "framework.training.sweeping.child"
POLL = 0.02
"""Seconds between two looks at whether a process has ended."""


class Processes:
    """At most `jobs` processes of the command line at once.

    In them a copy of the recipe is run where it is asked for. The first signal is passed on to them, who finish their
    step and save; a second one, too, and they stop at once.
    """

    def __init__(
        self,
        jobs: int,
        recipe: Path,
        copy: Path,
        environment: Mapping[str, str],
        directory: Path,
        signals: Sequence[int],
    ) -> None:
        self.jobs, self.environment, self.directory = jobs, environment, directory
        self.recipe = [str(recipe), str(copy)]
        self.interrupts = Interrupts(signals, self._pass_on)
        self.active: dict[subprocess.Popen[bytes], Any] = {}

    def run(self, tasks: Iterable[tuple[Task, Callable[[Task], list[str]], Path]]) -> Iterator[tuple[Task, int]]:
        """Each task whose process has ended, with its exit code. Raises Interrupted when all have after a signal."""
        waiting = iter(tasks)
        task = next(waiting, None)
        try:
            with self.interrupts.on():
                while self.active or (task is not None and self.interrupts.came is None):
                    while task is not None and len(self.active) < self.jobs and self.interrupts.came is None:
                        which, words, output = task
                        self.active[self._start(words(which), output)] = which
                        task = next(waiting, None)
                    time.sleep(POLL)
                    for process in [each for each in self.active if each.poll() is not None]:
                        yield self.active.pop(process), process.returncode
                self.interrupts.check()
        except BaseException:  # a second signal, too
            self._pass_on()
            self._wait()
            raise

    def _start(self, words: list[str], output: Path) -> subprocess.Popen[bytes]:
        with open(output, "ab") as file:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", CHILD, str(os.getpid()), *self.recipe, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.directory,
                # A terminal's Ctrl-C then comes by this process alone, once.
                process_group=0 if os.name == "posix" else None,
            )

    def _pass_on(self) -> None:
        for process in self.active:
            with contextlib.suppress(OSError):
                process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)

    def _wait(self) -> None:
        for process in self.active:
            process.wait()
