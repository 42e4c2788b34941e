"""Workers that are processes: started, spoken to, and ended, whatever becomes of either side."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import time
import warnings
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.util import Finalize
from typing import Any

from framework.data.workers.channel import Channel, Packet, pack
from framework.data.workers.info import enter_process
from framework.data.workers.serving import Failure, Work, serve

__all__ = ["ProcessPool", "WorkerDied"]

PATIENCE = 5.0
"""Seconds that workers are given to end by themselves, and after which a worker looks whether its parent lives."""

# Ends of this process's own: a forked worker closes its copies, or the others would never find them closed.
_main_ends: weakref.WeakSet[Connection[Any, Any]] = weakref.WeakSet()


class WorkerDied(Exception):
    """A worker process ended without being told to."""

    def __init__(self, process: Any) -> None:
        process.join(1)
        code = process.exitcode
        how = "" if code is None else f": exit code {code}"
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
            how = f": killed by {name}{memory}"
        super().__init__(f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly{how}")


class ProcessPool:
    """A process for each worker, and a channel to it."""

    def __init__(self, work: Work, context: Any) -> None:
        self._owner = os.getpid()
        # Python ends all processes with a signal, and waits for them: which these, not heeding it, must not be left to.
        self._at_exit: Any = Finalize(None, self.stop, exitpriority=10)
        self._processes: list[Any] = []
        self._channels: list[Channel] = []
        from framework import get_num_threads

        # Finds the library of linear algebra, which a forked worker then need not.
        get_num_threads()
        try:
            for worker in range(work.workers):
                self._start(work, worker, context)
        except BaseException:
            self.stop()
            raise

    def _start(self, work: Work, worker: int, context: Any) -> None:
        here, there = context.Pipe()
        _main_ends.add(here)
        self._channels.append(Channel(here))
        process = context.Process(target=_run, args=(work, worker, there), daemon=True)
        try:
            process.start()
        except (TypeError, AttributeError, pickle.PicklingError) as error:
            method = context.get_start_method()
            if method == "fork":
                raise
            raise type(error)(
                f"{error}. A worker process started by {method!r} gets the dataset, collate_fn and worker_init_fn by "
                "pickle: define their classes and functions at the top of a module. Where the system can fork, "
                "multiprocessing_context='fork' needs no pickle"
            ) from error
        finally:
            # Or it would not be found closed when the worker dies.
            there.close()
        self._processes.append(process)

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes."""
        return [process.pid for process in self._processes]

    def send(self, worker: int, message: Any) -> None:
        """Tell a worker something. That it is dead will be seen when its answer is waited for."""
        try:
            self._channels[worker].send(message)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self, workers: Sequence[int], timeout: float | None) -> tuple[int, Any]:
        """The next message of one of some workers, and whose it is. Raises TimeoutError, or WorkerDied."""
        sources: dict[Any, int] = {}
        for worker in workers:
            sources[self._channels[worker].connection] = worker
            sources[self._processes[worker].sentinel] = worker
        ready = wait(list(sources), timeout)
        if not ready:
            raise TimeoutError
        # What a worker sent before it died comes first: a process is told of by a number, a connection is an object.
        worker = sources[next((each for each in ready if not isinstance(each, int)), ready[0])]
        try:
            return worker, self._channels[worker].receive()
        except (EOFError, ConnectionResetError):
            raise WorkerDied(self._processes[worker]) from None

    def stop(self) -> None:
        """End all processes: they find their channel closed, and those that are slow to look are ended from outside."""
        if os.getpid() != self._owner:
            # A forked copy of the iterator: the processes are not its own.
            return
        self._at_exit.cancel()
        try:
            for channel in self._channels:
                channel.close()
            deadline = time.monotonic() + PATIENCE
            for process in self._processes:
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for process in self._processes:
                if process.is_alive():
                    process.kill()
                process.join()


def _run(work: Work, worker: int, connection: Connection[Any, Any]) -> None:
    """The whole life of a worker process."""
    # Ctrl-C goes to all processes of a terminal, SIGTERM often to all of a job. What it means is decided by the one
    # that has the loader.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for end in list(_main_ends):
        end.close()
    from framework import set_num_threads

    with warnings.catch_warnings():
        # Some libraries of linear algebra can't be told.
        warnings.simplefilter("ignore")
        set_num_threads(1)
    enter_process(worker, work.workers, work.base_seed, work.reading.dataset)
    channel, outbox = Channel(connection), queue.SimpleQueue[Packet]()
    where = f"in DataLoader worker process {worker}"
    # The next batch is read while the last is on its way.
    threading.Thread(target=_deliver, args=(channel, outbox), daemon=True).start()
    serve(work, worker, where, _Inbox(channel).receive, lambda message: outbox.put(_packed(message, where)))


class _Inbox:
    """What the loader sends; None when it is gone."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.parent = os.getppid()

    def receive(self) -> Any:
        # Another process that was forked meanwhile may hold the other end open: so it is looked for, too.
        while not self.channel.connection.poll(PATIENCE):
            if os.getppid() != self.parent:
                return None
        try:
            return self.channel.receive()
        except (EOFError, OSError):
            return None


def _packed(message: tuple[Any, Any], where: str) -> Packet:
    """A message as it is sent; what can't be pickled is replaced by the error that says so."""
    try:
        return pack(message)
    except Exception:
        number, batch = message
        failure = batch.as_runtime_error() if isinstance(batch, Failure) else Failure(where)
        try:
            return pack((number, failure))
        except Exception:
            return pack((number, failure.as_runtime_error()))


def _deliver(channel: Channel, outbox: queue.SimpleQueue[Packet]) -> None:
    while True:
        packet = outbox.get()
        try:
            channel.write(packet)
        except OSError:
            # The loader is gone; the other thread finds it so too.
            return
