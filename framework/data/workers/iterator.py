"""One pass over a DataLoader's batches, which workers read ahead of their use."""

from __future__ import annotations

import itertools
import multiprocessing
import weakref
from typing import TYPE_CHECKING, Any

from framework.data.iterator import LoaderIterator
from framework.data.workers.processes import ProcessPool, WorkerDied
from framework.data.workers.serving import RESUME, Ended, Failure, Work
from framework.data.workers.threads import ThreadPool

if TYPE_CHECKING:
    from framework.data.loader import DataLoader

__all__ = ["WorkersIterator"]


class WorkersIterator(LoaderIterator):
    """Gives out numbered tasks in turn, `prefetch_factor` a worker, and takes the batches in that order.

    With `in_order=False`, in the order in which they are ready. Workers end with the pass, with the iterator,
    or, if persistent, with the loader.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        if loader.prefetch_factor is None or loader.prefetch_factor <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._workers = loader.num_workers
        self._most = loader.prefetch_factor * loader.num_workers
        self._in_order, self._persistent, self._timeout = loader.in_order, loader.persistent_workers, loader.timeout
        work = Work(self._reading, self._base_seed, loader.num_workers, loader.worker_init_fn)
        self._pool: ProcessPool | ThreadPool
        if loader.worker_method == "thread":
            self._pool = ThreadPool(work)
        else:
            self._pool = ProcessPool(work, loader.multiprocessing_context or multiprocessing.get_context())
        # Also when the iterator is dropped in the middle of a pass, and when Python ends.
        self._stop = weakref.finalize(self, self._pool.stop)
        self._begin()

    @property
    def is_alive(self) -> bool:
        """Whether the workers can serve another pass."""
        return self._stop.alive

    def restart(self, loader: DataLoader[Any]) -> None:
        """Another pass, with the same workers; what is left of the last is thrown away."""
        for worker in range(self._workers):
            self._pool.send(worker, RESUME)
        for worker in range(self._workers):
            while self._receive([worker])[1][0] != RESUME:
                pass
        self._yielded, self._promised = 0, loader._IterableDataset_len_called
        self._begin()

    def _begin(self) -> None:
        # As PyTorch does, which asks a sampler twice in the first pass.
        self._indices = self._reading.indices(self._sampler)
        self._turns = itertools.cycle(range(self._workers))
        self._tasks: dict[int, int] = {}
        self._numbers = itertools.count()
        self._ended: set[int] = set()
        for _ in range(self._most):
            self._give_task()

    def __next__(self) -> Any:
        batch = self._next()
        if isinstance(batch, Failure):
            batch.reraise()
        self._count()
        return batch

    def _next(self) -> Any:
        """The next batch, or the Failure in its place; the worker that sent it has another task by then."""
        while self._tasks:
            number, worker = next(iter(self._tasks.items()))
            if worker in self._ended:
                del self._tasks[number]
                continue
            waited_for = [worker] if self._in_order else sorted(set(self._tasks.values()) - self._ended)
            worker, (number, batch) = self._receive(waited_for)
            del self._tasks[number]
            if isinstance(batch, Ended):
                self._ended.add(worker)
            self._give_task()
            if not isinstance(batch, Ended):
                return batch
        if not self._persistent:
            self._stop()
        raise StopIteration

    def _give_task(self) -> None:
        places = next(self._indices, None)
        if places is None and not self._reading.is_stream:
            return
        for worker in itertools.islice(self._turns, self._workers):
            if worker not in self._ended and (self._in_order or self._has_room(worker)):
                number = next(self._numbers)
                self._tasks[number] = worker
                self._pool.send(worker, (number, places))
                return

    def _has_room(self, worker: int) -> bool:
        given = sum(each == worker for each in self._tasks.values())
        return given < self._most // (self._workers - len(self._ended))

    def _receive(self, workers: list[int]) -> tuple[int, Any]:
        try:
            return self._pool.receive(workers, self._timeout or None)
        except TimeoutError:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds") from None
        except WorkerDied as error:
            self._give_up()
            raise RuntimeError(str(error)) from None
        except BaseException:
            # Interrupted within a message: nothing after it could be understood.
            self._give_up()
            raise

    def _give_up(self) -> None:
        self._tasks.clear()
        self._stop()

    def skip(self, batches: int) -> None:
        """Pass over some batches; samples are read only of those that workers have been told to."""
        if self._reading.is_stream:
            super().skip(batches)
            return
        for _ in range(batches - len(self._tasks)):
            next(self._indices)
            next(self._turns)
        for _ in range(min(batches, len(self._tasks))):
            self._next()
