"""Datasets made of others: their samples side by side, or one dataset after the other."""

from __future__ import annotations

import bisect
import itertools
import warnings
from collections.abc import Iterable, Iterator, Sized
from typing import Any, TypeVar, cast

from framework.data.dataset import Dataset, IterableDataset

__all__ = ["ChainDataset", "ConcatDataset", "StackDataset"]

T_co = TypeVar("T_co", covariant=True)


class ConcatDataset(Dataset[T_co]):
    """The samples of several datasets, one dataset after the other. `a + b` makes one too.

    Raises AssertionError when there is no dataset, ValueError for a negative index beyond the length.
    """

    datasets: list[Dataset[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(each, IterableDataset) for each in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(len(cast(Sized, each)) for each in self.datasets))

    def __getitem__(self, index: Any) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[which - 1] if which else 0
        return self.datasets[which][index - before]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    @property
    def cummulative_sizes(self) -> list[int]:
        """`cumulative_sizes`, as it was once spelled."""
        text = "`cummulative_sizes` attribute is renamed to `cumulative_sizes`"
        warnings.warn(text, FutureWarning, stacklevel=2)
        return self.cumulative_sizes


class ChainDataset(IterableDataset[T_co]):
    """The samples of several streams, one stream after the other. `a + b` makes one too.

    Raises AssertionError for a dataset that is no stream, when it is reached.
    """

    datasets: Iterable[Dataset[T_co]]

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for each in self._streams():
            yield from each

    def __len__(self) -> int:
        return sum(len(cast(Sized, each)) for each in self._streams())

    def _streams(self) -> Iterator[IterableDataset[T_co]]:
        for each in self.datasets:
            if not isinstance(each, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield each


class StackDataset(Dataset[Any]):
    """Samples side by side: a tuple of one from each dataset, or a dict for datasets given by name.

    Raises ValueError when the lengths differ, for both kinds of arguments, or none.
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or"
                "``dict``- (via ``kwargs``) like input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        parts = self._parts()
        self._length = len(parts[0])
        if any(self._length != len(part) for part in parts):
            raise ValueError("Size mismatch between datasets")

    def _parts(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def _sample(self, values: Iterable[Any]) -> Any:
        """What one sample is, from the samples of all parts."""
        return dict(zip(self.datasets, values, strict=True)) if isinstance(self.datasets, dict) else tuple(values)

    def __getitem__(self, index: Any) -> Any:
        return self._sample(part[index] for part in self._parts())

    def __getitems__(self, indices: list[int]) -> list[Any]:
        columns = [_read(part, indices) for part in self._parts()]
        return [self._sample(values) for values in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length


def _read(part: Any, indices: list[int]) -> list[Any]:
    read = getattr(part, "__getitems__", None)
    if not callable(read):
        return [part[index] for index in indices]
    samples = read(indices)
    if len(samples) != len(indices):
        raise ValueError(f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(samples)}")
    return cast("list[Any]", samples)
