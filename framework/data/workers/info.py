"""What a worker knows of itself: its number, its seed, and the copy of the dataset that it reads."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.random import Generator, manual_seed

__all__ = ["WorkerGenerators", "WorkerInfo", "enter_process", "enter_thread", "get_worker_info"]


@dataclass(frozen=True, slots=True)
class WorkerGenerators:
    """Random numbers for a thread, seeded for it alone: the default generators are all threads'."""

    random_generator: random.Random
    torch_generator: Generator
    numpy_generator: np.random.Generator


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker's number `id` of `num_workers`, its seed and its dataset; a thread has generators of its own, `rng`."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: WorkerGenerators | None = None
    worker_method: str | None = "multiprocessing"


class _Here:
    """Whose code this process runs, and this thread."""

    process: WorkerInfo | None = None
    thread = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """The worker that runs this code; None in the process, or thread, that has the DataLoader."""
    return getattr(_Here.thread, "info", _Here.process)


def enter_process(worker: int, workers: int, base_seed: int, dataset: Any) -> None:
    """Makes this process a worker: random numbers of Python, NumPy and the framework start at its own seeds."""
    seed = base_seed + worker
    random.seed(seed)
    manual_seed(seed)
    # As PyTorch seeds NumPy: its own SeedSequence of these four words.
    words = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(words).generate_state(4))
    _Here.process = WorkerInfo(worker, workers, seed, dataset)


def enter_thread(worker: int, workers: int, base_seed: int, dataset: Any) -> None:
    """Makes this thread a worker, with generators of its own."""
    seed = base_seed + worker
    rng = WorkerGenerators(random.Random(seed), Generator().manual_seed(seed), np.random.default_rng(seed))
    _Here.thread.info = WorkerInfo(worker, workers, seed, dataset, rng, "thread")
