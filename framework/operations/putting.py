"""Write elements at places of the flattened tensor: `put`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import reshaped, zeros
from framework.operations.accumulation import add_at
from framework.operations.creation_arguments import check_tensor
from framework.operations.gathering import _take
from framework.operations.ordering import check_flag

__all__ = ["put"]


@operation(name="put")
def _put(input: Any, index: Any, source: Any, accumulate: bool) -> Any:
    flat = np.copy(reshaped(input, (-1,)))
    places, values = reshaped(index, (-1,)), reshaped(source, (-1,))
    if accumulate:
        add_at(flat, (places,), values)
    else:
        flat[places] = values
    found = reshaped(flat, input.shape)
    if input.flags.c_contiguous:
        return found
    # As the input lies in memory.
    out = np.empty_like(input)
    out[...] = found
    return out


@_put.derivative("input")
def _(g: Any, index: Any, accumulate: bool) -> Any:
    return g if accumulate else _put(g, index, zeros(g, shape=index.shape), False)


@_put.derivative("source")
def _(g: Any, index: Any, source_shape: Any) -> Any:
    return reshaped(_take(g, index), source_shape)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with the elements of `source` at these places of the flattened tensor; added to with `accumulate`."""
    check_tensor("put", "input", 1, input)
    check_tensor("put", "index", 2, index)
    check_tensor("put", "source", 3, source)
    check_flag("put", "accumulate", accumulate)
    array, places, values = input._array, index._array, source._array
    if places.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index.dtype.scalar_name}")
    if values.dtype != array.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype.scalar_name} and source.dtype = {source.dtype.scalar_name}"
        )
    if values.size != places.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{values.size}, index.numel() = {places.size}"
        )
    if places.size:
        if not array.size:
            raise IndexError("put_(): Tried to put elements into an empty tensor")
        decide(_refuse_outside, places, array.size)
    return _put.function(input, index, source, accumulate)


def _refuse_outside(places: Any, size: int) -> None:
    if not (places.min() >= -size and places.max() < size):
        wrong = places[(places < -size) | (places >= size)].flat[0]
        raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {size} elements.")


attach(put, inplace=[put])
