"""Lets a plain list of samples be training data, as PyTorch's DataLoader does; a list of batches stays what it is.

And says how much data there is, where that is known: a stream may end when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Number
from typing import Any

from framework.autograd import Tensor
from framework.data import Dataset

__all__ = ["Samples", "as_dataset", "known_length", "samples_in", "shapes_of"]


class Samples(Dataset[Any]):
    """A list as a dataset."""

    def __init__(self, samples: list[Any]) -> None:
        self.samples = samples

    def __getitem__(self, index: Any) -> Any:
        return self.samples[index]

    def __len__(self) -> int:
        return len(self.samples)


def as_dataset(data: Any) -> Any:
    """A list of single samples as a dataset; anything else as it is."""
    return Samples(data) if isinstance(data, list) and data and _is_sample(data[0]) else data


def known_length(data: Any) -> int | None:
    """How many samples or batches there are; None for what has no length."""
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        return None


def samples_in(batch: Any) -> int:
    """How many samples a batch holds: as many as its first tensor, or array, is long; 1 where it has none."""
    length = known_length(_first_array(batch))
    return 1 if length is None else length


def _first_array(batch: Any) -> Any:
    if isinstance(batch, list | tuple | Mapping):
        parts = batch.values() if isinstance(batch, Mapping) else batch
        return next((found for each in parts if (found := _first_array(each)) is not None), None)
    return batch if hasattr(batch, "shape") else None


def shapes_of(batch: Any) -> Any:
    """What a batch is made of, as JSON: for a tensor its shape and dtype; lists and dicts stay; None for all else."""
    if isinstance(batch, Tensor):
        return {"shape": list(batch.shape), "dtype": str(batch.dtype).removeprefix("torch.")}
    if isinstance(batch, Mapping):
        return {"of": {str(name): shapes_of(each) for name, each in batch.items()}}
    return [shapes_of(each) for each in batch] if isinstance(batch, list | tuple) else None


def _is_sample(element: Any) -> bool:
    """Whether `(*inputs, target)` is plainly one sample.

    Its target is one number then, or its parts are vectors of
    different lengths, which those of a batch never are.
    """
    if not isinstance(element, list | tuple) or len(element) < 2:
        return False
    *inputs, target = element
    if isinstance(target, Number) or getattr(target, "ndim", None) == 0:
        return True
    vectors = [part for part in (*inputs, target) if isinstance(part, Tensor) and part.ndim == 1]
    return len(vectors) == len(element) and len({len(vector) for vector in vectors}) > 1
