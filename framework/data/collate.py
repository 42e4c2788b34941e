"""Makes one batch from a list of samples: tensors stacked, structure kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.autograd.dtypes import float64
from framework.operations import as_tensor, stack, tensor

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch from samples: tensors, arrays and numbers stacked, within dicts and sequences.

    Python floats give float64. Tuples come back as lists. Strings stay a list.
    Raises TypeError for other types, RuntimeError for sequences of unequal length.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(list(batch), 0)
    if isinstance(first, np.ndarray):
        _refuse_objects(first)
        return stack([as_tensor(array) for array in batch], 0)
    if isinstance(first, np.bool_ | np.number):
        return as_tensor(batch)
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _like_mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        is_named = isinstance(first, tuple) and hasattr(first, "_fields")
        if not is_named and any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(column) for column in zip(*batch, strict=False)]
        return _like_sequence(first, columns)
    raise TypeError(_refusal(type(first)))


def default_convert(data: Any) -> Any:
    """Arrays and NumPy numbers as tensors, within dicts and sequences; the rest unchanged."""
    if isinstance(data, Tensor):
        return data
    if type(data).__module__ == "numpy" and not isinstance(data, np.str_):
        return data if isinstance(data, np.ndarray) and data.dtype.kind in "SUO" else as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data


def _like_mapping(model: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    if type(model) is dict:
        return values
    return _rebuilt(model, values, isinstance(model, MutableMapping), _update)


def _like_sequence(model: Sequence[Any], values: list[Any]) -> Any:
    if isinstance(model, tuple):
        return type(model)(*values) if hasattr(model, "_fields") else values
    if type(model) is list:
        return values
    return _rebuilt(model, values, isinstance(model, MutableSequence), _assign)


def _rebuilt(model: Any, values: Any, mutable: bool, fill: Callable[[Any, Any], None]) -> Any:
    # A subclass may carry more than its items: a copy of a sample keeps it. Some can't be built so.
    try:
        if not mutable:
            return type(model)(values)
        result = copy.copy(model)
        fill(result, values)
        return result
    except TypeError:
        return values


def _update(target: Any, values: Any) -> None:
    target.update(values)


def _assign(target: Any, values: Any) -> None:
    for i, value in enumerate(values):
        target[i] = value


def _refuse_objects(array: np.ndarray) -> None:
    if array.dtype.kind in "SUO":
        raise TypeError(_refusal(array.dtype))


def _refusal(found: Any) -> str:
    return f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}"
