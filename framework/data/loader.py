"""Batches from a dataset, in PyTorch's order for the same seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar, cast

import numpy as np

from framework.data.collate import default_collate, default_convert
from framework.data.dataset import Dataset, Subset, TensorDataset
from framework.data.sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed
from framework.random import Generator, default_generator

__all__ = ["DataLoader"]

T_co = TypeVar("T_co", covariant=True)

_FIXED = frozenset({"batch_size", "batch_sampler", "sampler", "drop_last", "dataset"})


class DataLoader(Generic[T_co]):
    """Iterates over batches of a dataset; a new pass, and a new order if shuffled, each time.

    `batch_size=None` gives single samples. Options of worker processes (`num_workers`, `prefetch_factor`, …) and
    `pin_memory` are accepted and change nothing: samples are loaded in this process, in the same order.
    Raises ValueError for options that exclude each other.
    """

    def __init__(
        self,
        dataset: Dataset[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Sequence[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            source = cast(Sized, dataset)
            if shuffle:
                sampler = RandomSampler(source, generator=generator)
            else:
                sampler = SequentialSampler(source)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self.generator = generator
        self.collate_fn = collate_fn
        self.__dict__.update(
            dataset=dataset,
            batch_size=batch_size,
            drop_last=drop_last,
            sampler=sampler,
            batch_sampler=batch_sampler,
        )

    dataset: Dataset[T_co]
    batch_size: int | None
    drop_last: bool
    sampler: Iterable[Any]
    batch_sampler: Iterable[Sequence[Any]] | None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    def __iter__(self) -> LoaderIterator:
        return LoaderIterator(self)

    def __len__(self) -> int:
        return len(cast(Sized, self.sampler if self.batch_sampler is None else self.batch_sampler))


class LoaderIterator:
    """One pass over a DataLoader's batches."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        collate = loader.collate_fn
        batch_sampler = loader.batch_sampler
        gather = None
        if collate is default_collate and batch_sampler is not None:
            gather = _gatherer(loader.dataset)
        self._indices: Iterator[Any]
        self._read: Callable[[Any], Any]
        if gather is not None:
            self._read = gather
            if type(batch_sampler) is BatchSampler:
                self._indices = batch_sampler.arrays()
            else:
                self._indices = map(np.array, cast(Any, batch_sampler))
        else:
            self._indices = iter(loader.sampler if batch_sampler is None else batch_sampler)
            self._read = _reader(loader.dataset, collate, batch_sampler is not None)
        # PyTorch seeds its worker processes with this number, and draws it without workers too.
        self._base_seed = draw_seed(loader.generator or default_generator)
        self._length = loader.__len__

    def __iter__(self) -> LoaderIterator:
        return self

    def __next__(self) -> Any:
        return self._read(next(self._indices))

    def __len__(self) -> int:
        return self._length()

    def skip(self, batches: int) -> None:
        """Pass over some batches without reading their samples, to resume inside a pass."""
        for _ in range(batches):
            next(self._indices)


def _gatherer(dataset: Any) -> Callable[[np.ndarray], Any] | None:
    """How to read a whole batch of tensor rows at once; None when samples are made one by one."""
    if isinstance(dataset, TensorDataset):
        kind = type(dataset)
        if kind.__getitem__ is TensorDataset.__getitem__ and not hasattr(kind, "__getitems__"):
            return dataset.batch
    elif isinstance(dataset, Subset) and type(dataset).__getitems__ is Subset.__getitems__:
        gather = _gatherer(dataset.dataset)
        if gather is not None:
            chosen = np.array(dataset.indices, dtype=np.int64)
            return lambda indices: gather(chosen.take(indices))
    return None


def _reader(dataset: Any, collate: Callable[[Any], Any], batched: bool) -> Callable[[Any], Any]:
    if not batched:
        return lambda index: collate(dataset[index])
    read_all = getattr(dataset, "__getitems__", None)
    if read_all:
        return lambda indices: collate(read_all(indices))
    return lambda indices: collate([dataset[index] for index in indices])


def _check_workers(
    num_workers: int,
    timeout: float,
    prefetch_factor: int | None,
    persistent_workers: bool,
    multiprocessing_context: Any,
) -> None:
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers > 0:
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError("prefetch_factor option should be non-negative")
        return
    if prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if persistent_workers:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if multiprocessing_context is not None:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
