"""One pass over a DataLoader's batches, read where they are used."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NoReturn

from framework.data.reading import Reading
from framework.data.sampler import draw_seed
from framework.random import default_generator

if TYPE_CHECKING:
    from framework.data.loader import DataLoader

__all__ = ["LoaderIterator"]


class LoaderIterator:
    """One pass over a DataLoader's batches."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._reading = Reading(loader.dataset, loader.collate_fn, loader._auto_collation, loader.drop_last)
        self._sampler = loader._index_sampler
        self._workers = loader.num_workers
        if loader.pin_memory:
            _say_that_nothing_is_pinned(loader.pin_memory_device)
        self._indices = self._reading.indices(self._sampler)
        # PyTorch seeds its worker processes with this number, and draws it without workers too.
        self._base_seed = draw_seed(loader.generator or default_generator)
        self._yielded, self._promised = 0, loader._IterableDataset_len_called
        if self._workers == 0:
            if loader.timeout != 0:
                raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
            self._read = self._reading.open()

    def __iter__(self) -> LoaderIterator:
        return self

    def __next__(self) -> Any:
        batch = self._read(next(self._indices))
        if self._promised is not None:
            self._count()
        return batch

    def __len__(self) -> int:
        return len(self._sampler)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError("{} cannot be pickled", type(self).__name__)

    def skip(self, batches: int) -> None:
        """Pass over some batches without reading their samples, to resume inside a pass; a stream has to be read."""
        for _ in range(batches):
            places = next(self._indices)
            if self._reading.is_stream:
                self._read(places)

    def _count(self) -> None:
        """A warning when a stream gives more than it said it would."""
        self._yielded += 1
        if self._promised is None or self._yielded <= self._promised:
            return
        text = (
            f"Length of IterableDataset {self._reading.dataset} was reported to be {self._promised}"
            f"(when accessing len(dataloader)), but {self._yielded} samples have been fetched. "
        )
        if self._workers:
            text += (
                "For multiprocessing data-loading, this could be caused by not properly configuring the "
                "IterableDataset replica at each worker. Please see "
                "https://pytorch.org/docs/stable/data.html#torch.utils.data.IterableDataset for examples."
            )
        warnings.warn(text, stacklevel=3)


def _say_that_nothing_is_pinned(device: str) -> None:
    if device:
        text = (
            "pin_memory_device is deprecated, the current accelerator will be used as the device,"
            f"ignore pin_memory_device='{device}'."
        )
        warnings.warn(text, stacklevel=4)
    text = "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used."
    warnings.warn(text, stacklevel=4)
