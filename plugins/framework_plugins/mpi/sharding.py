"""Gives each process its part of every batch: of a batch of 10, the second of four processes has rows 2 to 4.

Batches are drawn as by one process, from the same generator, and cut then: so the data's order is that of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from framework.data import DataLoader, IterableDataset
from framework.extend import Tensor, UserError

__all__ = ["Part", "Parts", "part_of"]


class Part:
    """Which rows of a batch are this process's: those from `rank * rows // size` on.

    `empty` says that there are none, `together` that all processes are at this batch, and none looks at it by itself.
    """

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.empty, self.together = False, True

    def rows(self, count: int) -> slice:
        """The rows of a batch of so many. Where there are fewer rows than processes, some have the first, which counts nothing."""
        first, last = (number * count // self.size for number in (self.rank, self.rank + 1))
        self.empty = first == last
        return slice(0, 1) if self.empty else slice(first, last)


class IndexParts:
    """A batch sampler: of each batch of indices that another draws, this process's."""

    def __init__(self, batches: Iterable[Sequence[Any]], part: Part) -> None:
        self.batches, self.part = batches, part

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for batch in self.batches:
            indices = list(batch)
            yield indices[self.part.rows(len(indices))]

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]


class Parts:
    """Batches that somebody else makes, cut: all tensors of a batch have its rows in their first dimension."""

    def __init__(self, batches: Iterable[Any], part: Part) -> None:
        self.batches, self.part = batches, part
        self.batch_size = getattr(batches, "batch_size", None)

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            yield _cut(batch, self.part.rows(_rows(batch)))

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]


def part_of(data: Iterable[Any], part: Part) -> Iterable[Any]:
    """The same batches, of each this process's rows alone; a DataLoader reads no others."""
    if not isinstance(data, DataLoader) or isinstance(data.dataset, IterableDataset) or data.batch_sampler is None:
        return Parts(data, part)
    if data.num_workers:
        # What is drawn ahead is not yet trained with: whether a part is empty would be told too early.
        return Parts(data, part)
    made = DataLoader(
        data.dataset,
        batch_sampler=IndexParts(data.batch_sampler, part),
        collate_fn=data.collate_fn,
        generator=data.generator,
    )
    vars(made)["batch_size"] = data.batch_size  # that of all: a run is resumed in more or fewer processes
    return made


def _rows(batch: Any) -> int:
    found = _lengths(batch)
    lengths = set(found)
    if len(lengths) != 1:
        raise UserError(
            "A batch is cut into a part for each process, so all its tensors must have its samples in their first dimension; "
            f"here these are {sorted(lengths) if lengths else 'none'}. A DataLoader over a Dataset of samples always does."
        )
    return lengths.pop()


def _lengths(batch: Any) -> list[int]:
    if isinstance(batch, Tensor):
        return [len(batch)] if batch.ndim else []
    parts = batch.values() if isinstance(batch, Mapping) else batch if isinstance(batch, list | tuple) else ()
    return [length for each in parts for length in _lengths(each)]


def _cut(batch: Any, rows: slice) -> Any:
    if isinstance(batch, Tensor):
        return batch[rows] if batch.ndim else batch
    if isinstance(batch, Mapping):
        return {name: _cut(each, rows) for name, each in batch.items()}
    if isinstance(batch, list):
        return [_cut(each, rows) for each in batch]
    if isinstance(batch, tuple):
        cut = [_cut(each, rows) for each in batch]
        return type(batch)(*cut) if hasattr(batch, "_fields") else tuple(cut)
    return batch
