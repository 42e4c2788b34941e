"""Collections of samples: a class of your own, a stream, or rows of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from framework.autograd import Tensor, is_grad_enabled

if TYPE_CHECKING:
    from framework.data.combining import ChainDataset, ConcatDataset

__all__ = ["Dataset", "IterableDataset", "TensorDataset"]

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """A map from an index to a sample; a subclass defines `__getitem__`, and mostly `__len__`.

    One that reads many samples at once defines `__getitems__`, from a list of indices to a list of samples.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        from framework.data.combining import ConcatDataset

        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """A stream of samples; a subclass defines `__iter__`, and `__len__` if it is known.

    Each worker of a DataLoader iterates over a copy: `get_worker_info()` says which part of the stream is its own.
    """

    def __add__(self, other: Dataset[T_co]) -> ChainDataset[T_co]:  # type: ignore[override]
        from framework.data.combining import ChainDataset

        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples are the rows of one or more tensors of equal length.

    Raises AssertionError when the lengths differ.
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))

    def batch(self, indices: np.ndarray) -> list[Tensor]:
        """The samples at `indices`, collated: one indexing call a tensor."""
        return [_rows(tensor, indices) for tensor in self.tensors]


def _rows(tensor: Tensor, indices: np.ndarray) -> Tensor:
    if not tensor.requires_grad or not is_grad_enabled():
        try:
            return Tensor._wrap(tensor._array.take(indices, axis=0))
        except IndexError:  # said again below, in PyTorch's words
            pass
    return tensor[indices]
