"""The order in which a DataLoader visits a dataset: in sequence, at random, in batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Generic, TypeVar, cast

import numpy as np

from framework.autograd.dtypes import float64
from framework.operations import as_tensor, multinomial
from framework.random import Generator, default_generator

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """Iterates over indices of a dataset; a subclass defines `__iter__`, and mostly `__len__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} is a Sampler and must define __iter__.")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, … as far as the dataset goes."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)

    def chunks(self) -> Iterator[np.ndarray]:
        """The same indices, as arrays."""
        yield np.arange(len(self.data_source))


class RandomSampler(Sampler[int]):
    """Every index once in random order, or `num_samples` of them, also with replacement.

    Without a generator, one is seeded from the default generator when iteration starts.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """How many indices one pass gives: the dataset's present length, unless given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        for chunk in self.chunks():
            yield from chunk.tolist()

    def __len__(self) -> int:
        return self.num_samples

    def chunks(self) -> Iterator[np.ndarray]:
        """The same indices, as arrays: whole permutations, or 32 draws each with replacement."""
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(draw_seed(default_generator))
        if self.replacement:
            full, rest = divmod(self.num_samples, 32)
            for _ in range(full):
                yield generator.integers(0, n, (32,))
            yield generator.integers(0, n, (rest,))
        else:
            full, rest = divmod(self.num_samples, n)
            for _ in range(full):
                yield generator.permutation(n)
            # Drawn even when nothing of it is used: a given generator goes on from here.
            if rest or self.generator is not None:
                yield generator.permutation(n)[:rest]


class SubsetRandomSampler(Sampler[int]):
    """The given indices, each once, in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for position in (self.generator or default_generator).permutation(len(self.indices)).tolist():
            yield self.indices[position]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, each drawn as often as its weight says; without replacement, each at most once.

    Raises ValueError for weights that are not in one row.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            shape = tuple(self.weights.shape)
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {shape}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices from another sampler; the last may be shorter, or dropped."""

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self) -> int:
        size = len(cast(Sized, self.sampler))
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)

    def arrays(self) -> Iterator[np.ndarray]:
        """The same batches as arrays, without a Python integer per sample where possible."""
        if type(self.sampler) not in (SequentialSampler, RandomSampler):
            for batch in self:
                yield np.array(batch)
            return
        size = self.batch_size
        rest = np.empty(0, dtype=np.int64)
        for chunk in cast("SequentialSampler | RandomSampler", self.sampler).chunks():
            indices = np.concatenate((rest, chunk)) if len(rest) else chunk
            full = len(indices) - len(indices) % size
            for start in range(0, full, size):
                yield indices[start : start + size]
            rest = indices[full:]
        if len(rest) and not self.drop_last:
            yield rest


def draw_seed(generator: Generator) -> int:
    """A non-negative 63-bit number, as PyTorch draws the seed of a loader or a sampler."""
    return int(generator.random_full(()))
