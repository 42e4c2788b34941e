"""Workers that are threads: nothing is copied, for datasets that wait for files or compute in NumPy."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from framework.data.workers.info import enter_thread
from framework.data.workers.serving import Work, serve

__all__ = ["ThreadPool"]

Answers = queue.SimpleQueue[tuple[int, Any]]


class ThreadPool:
    """A thread for each worker. All answer through one queue; what is not waited for yet is kept."""

    def __init__(self, work: Work) -> None:
        self._inboxes: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in range(work.workers)]
        self._answers: Answers = queue.SimpleQueue()
        self._early: list[deque[Any]] = [deque() for _ in range(work.workers)]
        for worker, inbox in enumerate(self._inboxes):
            # Threads don't know the pool, so it goes, and with it they, when its iterator does.
            arguments = work, worker, inbox, self._answers
            threading.Thread(target=_run, args=arguments, name=f"DataLoader worker {worker}", daemon=True).start()

    def send(self, worker: int, message: Any) -> None:
        """Tell a worker something."""
        self._inboxes[worker].put(message)

    def receive(self, workers: Sequence[int], timeout: float | None) -> tuple[int, Any]:
        """The next message of one of some workers, and whose it is. Raises TimeoutError."""
        for worker in workers:
            if self._early[worker]:
                return worker, self._early[worker].popleft()
        while True:
            try:
                worker, message = self._answers.get(timeout=timeout)
            except queue.Empty:
                raise TimeoutError from None
            if worker in workers:
                return worker, message
            self._early[worker].append(message)

    def stop(self) -> None:
        """Threads end when they have read what they are at."""
        for inbox in self._inboxes:
            inbox.put(None)


def _run(work: Work, worker: int, inbox: queue.SimpleQueue[Any], answers: Answers) -> None:
    enter_thread(worker, work.workers, work.base_seed, work.reading.dataset)
    where = f"in DataLoader worker thread {worker}"
    # Nobody would notice that a thread has ended.
    serve(work, worker, where, inbox.get, lambda message: answers.put((worker, message)), BaseException)
