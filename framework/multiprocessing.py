"""Python's `multiprocessing` under PyTorch's name, with `spawn`: `mp.Process`, `mp.Queue`, `mp.Pool` and so on.

A tensor sent to another process is copied: memory is not shared.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from traceback import format_exc
from typing import Any

__all__ = [
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "get_all_sharing_strategies",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]

_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = ["file_descriptor"]


def __getattr__(name: str) -> Any:
    return getattr(multiprocessing, name)


def get_all_sharing_strategies() -> set[str]:
    """The names that `set_sharing_strategy` takes."""
    return _STRATEGIES


def get_sharing_strategy() -> str:
    """What was set last."""
    return _strategy[0]


def set_sharing_strategy(new_strategy: str) -> None:
    """Keeps the name; tensors are copied from process to process."""
    if new_strategy not in _STRATEGIES:
        raise AssertionError(f"Invalid sharing strategy: {new_strategy}")
    _strategy[0] = new_strategy


class ProcessRaisedException(Exception):
    """A started process raised an exception, whose traceback the message holds."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.error_index = error_index
        self.error_pid = error_pid


class ProcessExitedException(Exception):
    """A started process ended with an exit code other than 0."""

    def __init__(self, msg: str, error_index: int, error_pid: int, exit_code: int) -> None:
        super().__init__(msg)
        self.error_index = error_index
        self.error_pid = error_pid
        self.exit_code = exit_code


def _run(fn: Callable[..., Any], index: int, args: tuple[Any, ...], errors: Connection) -> None:
    try:
        fn(index, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        errors.send(format_exc())
        raise SystemExit(1) from None


class ProcessContext:
    """Processes that were started together."""

    def __init__(self, processes: list[Any], errors: list[Connection]) -> None:
        self.processes = processes
        self.errors = errors

    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Waits for processes to end: True when all have.

        When one fails, the others are ended, and what it raised is raised here.
        """
        running = [process for process in self.processes if process.is_alive()]
        if running:  # Waiting for none would never end.
            wait([process.sentinel for process in running], timeout)
        for index, process in enumerate(self.processes):
            if process.exitcode:
                self._fail(index, process)
        return all(process.exitcode == 0 for process in self.processes)

    def _fail(self, index: int, process: Any) -> None:
        for other in self.processes:
            if other.is_alive():
                other.terminate()
            other.join()
        if self.errors[index].poll():
            trace = self.errors[index].recv()
            message = f"\n\n-- Process {index} terminated with the following error:\n{trace}"
            raise ProcessRaisedException(message, index, process.pid)
        code = process.exitcode
        raise ProcessExitedException(
            f"process {index} terminated with exit code {code}", index, process.pid, exit_code=code
        )


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Calls `fn(0, *args)`, `fn(1, *args)` and so on, each in a process of its own.

    Waits for them to end, or returns them as a `ProcessContext`.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, errors = [], []
    for index in range(nprocs):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, index, args, there), daemon=daemon)
        process.start()
        there.close()
        processes.append(process)
        errors.append(here)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """`start_processes` with a fresh Python for each."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
