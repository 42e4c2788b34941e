"""How a batch is read: samples of a dataset one by one, many at once, or as they come out of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.data.collate import default_collate
from framework.data.dataset import IterableDataset, TensorDataset
from framework.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from framework.data.splitting import Subset

__all__ = ["Reading"]

Read = Callable[[Any], Any]
Gather = Callable[[np.ndarray], Any]

# Samplers whose batches can be had as arrays.
_OF_INTEGERS = (SequentialSampler, RandomSampler)


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
        """What a sampler of this dataset gives, as arrays where they can be used."""
        if self._gathers() and type(sampler) is BatchSampler and type(sampler.sampler) in _OF_INTEGERS:
            return sampler.arrays()
        return iter(sampler)

    def open(self) -> Read:
        """The function from what `indices` gives to a batch; StopIteration at the end of a stream."""
        if self.is_stream:
            return _stream_reader(self.dataset, self.collate, self.batched, self.drop_last)
        read = _reader(self.dataset, self.collate, self.batched)
        return _gathering(gatherer(self.dataset), read) if self._gathers() else read

    def _gathers(self) -> bool:
        return self.batched and self.collate is default_collate and _holds_rows(self.dataset)


def _holds_rows(dataset: Any) -> bool:
    """Whether samples are rows of tensors, of which a batch is read at once."""
    kind = type(dataset)
    if isinstance(dataset, Subset):
        return kind.__getitems__ is Subset.__getitems__ and _holds_rows(dataset.dataset)
    plain = isinstance(dataset, TensorDataset) and kind.__getitem__ is TensorDataset.__getitem__
    return plain and not hasattr(kind, "__getitems__")


def gatherer(dataset: Any) -> Gather | None:
    """How to read a batch of a dataset of rows at once; None where a subset's indices are not plain integers."""
    if isinstance(dataset, TensorDataset):
        return dataset.batch
    gather, chosen = gatherer(dataset.dataset), as_indices(dataset.indices)
    if gather is None or chosen is None:
        return None
    return lambda indices: gather(chosen.take(indices))


def as_indices(places: Any) -> np.ndarray | None:
    """Plain integers as an array; None for all else that an index may be."""
    if isinstance(places, Tensor):
        places = places.detach().numpy()
    if isinstance(places, np.ndarray):
        return places if places.ndim == 1 and places.dtype.kind == "i" else None
    if isinstance(places, range) or (isinstance(places, list | tuple) and {*map(type, places)} == {int}):
        return np.array(places, dtype=np.int64)
    return None


def _gathering(gather: Gather | None, read: Read) -> Read:
    def read_at_once(places: Any) -> Any:
        indices = None if gather is None else as_indices(places)
        if gather is not None and indices is not None:
            try:
                return gather(indices)
            except IndexError:  # said again below, of the index that is wrong
                pass
        plain = isinstance(places, np.ndarray) and places.dtype.kind == "i"
        return read(places.tolist() if plain else places)

    return read_at_once


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
