"""Undoes max pooling: `max_unpool1d`, `max_unpool2d`, `max_unpool3d`; and what takes and adds at flat places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.decisions import decide
from framework.autograd.direct import reshaped
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.pooling_arguments import ints, refuse_types

__all__ = ["max_unpool1d", "max_unpool2d", "max_unpool3d"]


def _flat_places(indices: Any, count: int, size: int) -> Any:
    """Indices into the last `count` dimensions as indices into a whole array with `size` elements in these."""
    planes = math.prod(indices.shape[: indices.ndim - count])
    rows = reshaped(indices, (planes, math.prod(indices.shape[indices.ndim - count :])))
    return reshaped(rows + np.arange(planes)[:, None] * size, indices.shape)


@operation(name="take_flat")
def take_flat(input: Any, indices: Any, count: int) -> Any:
    """The elements whose place in the last `count` dimensions, counted as one, is given."""
    size = math.prod(input.shape[input.ndim - count :])
    return np.take(reshaped(input, (-1,)), _flat_places(indices, count, size))


@operation(name="add_flat")
def add_flat(values: Any, indices: Any, sizes: tuple[int, ...]) -> Any:
    """Zeros with values added at places in the last dimensions, which are counted as one and have these sizes."""
    lead = values.shape[: values.ndim - len(sizes)]
    out = np.zeros(math.prod(lead) * math.prod(sizes), values.dtype)
    np.add.at(out, reshaped(_flat_places(indices, len(sizes), math.prod(sizes)), (-1,)), reshaped(values, (-1,)))
    return reshaped(out, (*lead, *sizes))


take_flat.add_derivative(
    lambda g, input_shape, indices, count: add_flat(g, indices, tuple(input_shape[len(input_shape) - count :])), "input"
)
add_flat.add_derivative(lambda g, indices, sizes: take_flat(g, indices, len(sizes)), "values")


def _unpooled(input: Any, indices: Any, sizes: tuple[int, ...]) -> Any:
    """Zeros with each value at its place in the last dimensions."""
    lead = input.shape[: input.ndim - len(sizes)]
    out = np.zeros(math.prod(lead) * math.prod(sizes), input.dtype)
    out[_flat_places(indices, len(sizes), math.prod(sizes))] = input
    return reshaped(out, (*lead, *sizes))


def _row(name: str, grad_fn: str) -> Any:
    row = operation(_unpooled, name=name, grad_fn=grad_fn)
    row.add_derivative(lambda g, indices, sizes: take_flat(g, indices, len(sizes)), "input")
    return row


_ROWS = {
    1: _row("max_unpool1d", "SqueezeBackward1"),
    2: _row("max_unpool2d", "MaxUnpool2DBackward0"),
    3: _row("max_unpool3d", "MaxUnpool3DBackward0"),
}


def _each(value: Any, count: int) -> Any:
    return tuple(value) if hasattr(value, "__iter__") else (value,) * count


def _output_size(input: Tensor, kernel: Any, stride: Any, padding: Any, output_size: Any) -> Any:
    """The size of the last dimensions before pooling: as given, if pooling could have left the input's."""
    count = len(kernel)
    shape = input.size()
    default = [
        (size - 1) * step + width - 2 * pad
        for size, step, width, pad in zip(shape[len(shape) - count :], stride, kernel, padding, strict=False)
    ]
    if output_size is None:
        found: Any = default
    else:
        if len(output_size) == count + 2:
            output_size = output_size[2:]
        if len(output_size) != count:
            raise ValueError(
                f"output_size should be a sequence containing {count} or {count + 2} elements, but it has a length of "
                f"'{len(output_size)}'"
            )
        for dim in range(count):
            low, high = default[dim] - stride[dim], default[dim] + stride[dim]
            if not low < output_size[dim] < high:
                raise ValueError(f'invalid output_size "{output_size}" (dim {dim} must be between {low} and {high})')
        found = output_size
    for dim in range(count):
        if found[dim] < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, but got "
                f"output_size[{dim}]={found[dim]}"
            )
    return found


def _refuse_places(found: Any, sizes: tuple[int, ...]) -> None:
    wrong = (found < 0) | (found >= math.prod(sizes))
    if wrong.any():
        listed = "x".join(map(str, sizes))
        raise RuntimeError(f"Found an invalid max index: {found[wrong][-1]} (output volumes are of size {listed})")


def _unpool(
    count: int, input: Tensor, indices: Tensor, kernel: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    kernel, padding = _each(kernel, count), _each(padding, count)
    stride = kernel if stride is None else _each(stride, count)
    outs = _output_size(input, kernel, stride, padding, output_size)
    name = f"max_unpool{max(count, 2)}d"
    sizes = ints(list(outs), name, "output_size", 3)
    array, found = input._array, indices._array
    _check(count, array, found, sizes, ints(list(stride), name, "stride", 4))
    if array.size:
        decide(_refuse_places, found, (*sizes, 1) if count == 1 else sizes)
    return _ROWS[count].function(input, indices, sizes)


def _check(count: int, array: Any, found: Any, sizes: tuple[int, ...], stride: tuple[int, ...]) -> None:
    if count == 3:
        ndim, shape, kind, got = array.ndim, array.shape, "3d", ""
    else:
        extra = 1 if count == 1 else 0
        ndim, shape, kind = array.ndim + extra, (*array.shape, *(1,) * extra), "2d"
        got = f" but got: {Tensor._wrap(found).dtype.scalar_name}"
    if found.dtype != np.int64:
        raise RuntimeError(f"elements in indices should be type int64{got}")
    ranks = (4, 5) if count == 3 else (3, 4)
    if ndim not in ranks:
        raise RuntimeError(
            f"Input to max_unpooling{kind} should be a {ranks[0]}d or {ranks[1]}d Tensor, but got a tensor with {ndim} "
            "dimensions."
        )
    if count == 3 and len(sizes) != 3:
        raise RuntimeError(
            f"There should be exactly three elements (depth, height, width) in output_size, but got {len(sizes)} elements."
        )
    if count == 3 and min(stride) <= 0:
        raise RuntimeError(f"strides should be greater than zero, but got stride: {list(stride)}")
    if found.shape != array.shape:
        given = [*found.shape, *(1,) * (count == 1)]
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(shape)}) but got indices tensor "
            f"with shape: {given}"
        )
    for dim in range(1, ndim):
        if shape[dim] == 0:
            raise RuntimeError(
                f"max_unpooling{kind}_forward_out_cpu(): Expected input to have non-zero size for non-batch dimensions, "
                f"but got {list(shape)} with dimension {dim} being empty."
            )
    refuse_types(array.dtype, f"max_unpool{kind}", "efd")


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with each maximum back in its place in the last dimension, as `max_pool1d` tells it."""
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with each maximum back in its place in the last two dimensions, as `max_pool2d` tells it."""
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Zeros with each maximum back in its place in the last three dimensions, as `max_pool3d` tells it."""
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)
