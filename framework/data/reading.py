"""How a batch is read: samples of a dataset one by one, many at once, or as they come out of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from framework.data.collate import default_collate
from framework.data.dataset import IterableDataset, TensorDataset
from framework.data.sampler import BatchSampler
from framework.data.splitting import Subset

__all__ = ["Reading"]

Read = Callable[[Any], Any]


@dataclass(frozen=True)
class Reading:
    """A dataset and what is made of its samples. A worker has one of its own."""

    dataset: Any
    collate: Callable[[Any], Any]
    batched: bool
    drop_last: bool

    @property
    def is_stream(self) -> bool:
        """Whether samples come in an order of the dataset's own, to an end that only it knows."""
        return isinstance(self.dataset, IterableDataset)

    def indices(self, sampler: Iterable[Any]) -> Iterator[Any]:
        """What a sampler of this dataset gives, in the form in which it is read best."""
        if self._gatherer() is None:
            return iter(sampler)
        return sampler.arrays() if type(sampler) is BatchSampler else map(np.array, cast(Any, sampler))

    def open(self) -> Read:
        """The function from what `indices` gives to a batch; StopIteration at the end of a stream."""
        if self.is_stream:
            return _stream_reader(self.dataset, self.collate, self.batched, self.drop_last)
        return self._gatherer() or _reader(self.dataset, self.collate, self.batched)

    def _gatherer(self) -> Read | None:
        return gatherer(self.dataset) if self.batched and self.collate is default_collate else None


def gatherer(dataset: Any) -> Callable[[np.ndarray], Any] | None:
    """How to read a whole batch of tensor rows at once; None when samples are made one by one."""
    if isinstance(dataset, TensorDataset):
        kind = type(dataset)
        if kind.__getitem__ is TensorDataset.__getitem__ and not hasattr(kind, "__getitems__"):
            return dataset.batch
    elif isinstance(dataset, Subset) and type(dataset).__getitems__ is Subset.__getitems__:
        gather = gatherer(dataset.dataset)
        if gather is not None:
            return _chosen(gather, dataset.indices)
    return None


def _chosen(gather: Callable[[np.ndarray], Any], chosen: Any) -> Callable[[np.ndarray], Any]:
    places = np.array(chosen, dtype=np.int64)

    def read(indices: np.ndarray) -> Any:
        try:
            return gather(places.take(indices))
        except IndexError:
            # One by one it is found out whose index is wrong, in the words of either.
            return gather(np.array([chosen[index] for index in indices]))

    return read


def _reader(dataset: Any, collate: Read, batched: bool) -> Read:
    if not batched:
        return lambda index: collate(dataset[index])
    read_all = getattr(dataset, "__getitems__", None)
    if read_all:
        return lambda indices: collate(read_all(indices))
    return lambda indices: collate([dataset[index] for index in indices])


def _stream_reader(dataset: Any, collate: Read, batched: bool, drop_last: bool) -> Read:
    samples, ended = iter(dataset), False

    def read(places: Any) -> Any:
        nonlocal ended
        if ended:
            raise StopIteration
        if not batched:
            return collate(next(samples))
        batch = []
        for _ in places:
            try:
                batch.append(next(samples))
            except StopIteration:
                # Its next() may not be called again.
                ended = True
                break
        if not batch or (drop_last and len(batch) < len(places)):
            raise StopIteration
        return collate(batch)

    return read
