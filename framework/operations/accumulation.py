"""Pick elements at an index, and add up values that go to the same place.

`pick` and `accumulate` are each other's derivatives, so gradients of every order follow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import operation
from framework.autograd.direct import reshaped, transposed
from framework.autograd.tensor import Tensor
from framework.operations.choosing import pick_masked


def arrays_of(indices: Any) -> tuple[Any, ...]:
    """A subscript with its Tensors as arrays."""
    return tuple([each._array if isinstance(each, Tensor) else each for each in indices])


@operation(name="place_slice")
def place(values: Any, shape: Any, index: Any) -> Any:
    """Zeros of a shape with `values` at a basic index."""
    out = np.zeros(shape, values.dtype, like=values)
    out[index] = values
    return out


place.add_derivative(lambda g, index: g[index], "values")


@operation(name="index")
def pick(input: Any, indices: Any) -> Any:
    """The elements at an advanced index: arrays, masks and full slices."""
    last = arrays_of(indices[-1:])[0]
    if last.dtype.kind != "b" and all(each.__class__ is slice for each in indices[:-1]):
        axis = len(indices) - 1
        # np.take does the same and takes twice as long on small arrays, most of it to find the method.
        if input.__class__ is last.__class__ is np.ndarray:
            return input.take(last, axis)
        return np.take(input, last, axis=axis)
    if last.dtype.kind == "b" and len(indices) == 1:
        return pick_masked(input, last)
    result = input[arrays_of(indices)]
    # NumPy may lay a result out with the picked dimensions first; PyTorch's is contiguous.
    return result if result.flags.c_contiguous else np.copy(result, order="C")


@operation(name="accumulate")
def accumulate(values: Any, shape: Any, indices: Any) -> Any:
    """Zeros of a shape with `values` added at an advanced index; places named twice get both."""
    subscript = arrays_of(indices)
    out = np.zeros(shape, values.dtype, like=values)
    add_at(out, subscript, values)
    return out


pick.add_derivative(lambda g, input_shape, indices: accumulate(g, input_shape, indices), "input")


accumulate.add_derivative(lambda g, indices: pick(g, indices), "values")


def add_at(out: Any, subscript: tuple[Any, ...], values: Any) -> None:
    """`out[subscript] += values` that counts every repetition, for a contiguous `out`."""
    arrays = [each for each in subscript if isinstance(each, np.ndarray)]
    if len(arrays) == 1 and arrays[0].dtype.kind == "b":
        # A mask names no place twice.
        out[subscript] += values
    elif values.size <= 32 or any([each.dtype.kind == "b" for each in arrays]) or not out.flags.c_contiguous:
        np.add.at(out, subscript, values)
    elif len(subscript) == 1 and _are_few_rows(out, arrays[0], values):
        _add_few_rows(out, arrays[0], values)
    elif values.size <= 96:
        np.add.at(out, subscript, values)
    else:
        _add_rows(out, subscript, arrays, values)


def _are_few_rows(out: Any, index: Any, values: Any) -> bool:
    """Whether few values, one for each element of the indexed rows, are plain arrays."""
    plain = type(out) is type(index) is type(values) is np.ndarray
    return plain and values.size <= 1 << 16 and values.shape == index.shape + out.shape[1:]


def _add_few_rows(out: Any, index: Any, values: Any) -> None:
    """For an index of the first dimension alone: by places in the flattened array, without ado."""
    least, most = index.min(), index.max()
    if most >= len(out) or least < -len(out):
        np.add.at(out, index, values)  # which says what is wrong
    rows = np.where(index < 0, index + len(out), index) if least < 0 else index
    width = math.prod(out.shape[1:])
    places = rows if width == 1 else np.add.outer(rows * width, np.arange(width))
    np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))


def _add_rows(out: Any, subscript: tuple[Any, ...], arrays: list[Any], values: Any) -> None:
    """The indexed dimensions brought to the front and numbered through, so that every value goes to one row."""
    dims = [dim for dim, each in enumerate(subscript) if isinstance(each, np.ndarray)]
    adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
    shape = np.broadcast_shapes(*[each.shape for each in arrays])
    values = np.broadcast_to(values, out[subscript].shape) if values.ndim == 0 else values
    first = dims[0] if adjacent else 0
    if first:
        places = range(first, first + len(shape))
        values = np.moveaxis(values, tuple(places), tuple(range(len(shape))))
    rows = _row_numbers([out.shape[dim] for dim in dims], arrays, shape)
    others = [dim for dim in range(out.ndim) if dim not in dims]
    if dims == list(range(len(dims))):
        target = reshaped(out, (math.prod([out.shape[dim] for dim in dims]), -1))
        _sum_rows(target, rows, reshaped(values, (len(rows), target.shape[1])))
        return
    turned = np.zeros([out.shape[dim] for dim in (*dims, *others)], out.dtype)
    flat = reshaped(turned, (math.prod(turned.shape[: len(dims)]), -1))
    _sum_rows(flat, rows, reshaped(values, (len(rows), flat.shape[1])))
    out += transposed(turned, np.argsort((*dims, *others)))


def _row_numbers(sizes: list[int], arrays: list[Any], shape: tuple[int, ...]) -> Any:
    """The indices of several dimensions as one number each, negative ones counted from the end."""
    rows: Any = 0
    for size, each in zip(sizes, arrays, strict=True):
        rows = rows * size + np.where(each < 0, each + size, each)
    return reshaped(np.broadcast_to(rows, shape), (-1,))


def _sum_rows(out: Any, rows: Any, values: Any) -> None:
    """Adds each row of values to its row of `out`, by the way that is quickest for their number and width."""
    count, width = values.shape
    if width == 1:
        np.add.at(out[:, 0], rows, values[:, 0])
        return
    if count * width > 65536:
        if count > 4 * len(out):
            _sum_runs(out, rows, values)
            return
        if width >= 64:
            rows, values = _sum_distinct(out, rows, values)
    # NumPy adds at repeated places quickest along one dimension.
    places = np.add.outer(rows * width, np.arange(width))
    np.add.at(reshaped(out, (-1,)), reshaped(places, (-1,)), reshaped(values, (-1,)))


def _sum_runs(out: Any, rows: Any, values: Any) -> None:
    """For many values a row: sorted, each row is one run."""
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1])))
    out[rows[starts]] += np.add.reduceat(values[order], starts, axis=0)


def _sum_distinct(out: Any, rows: Any, values: Any) -> tuple[Any, Any]:
    """For few values a row: adds up to three of each row, whole rows at a time; returns the rest."""
    last = np.empty(len(out), np.intp)
    for _ in range(3):
        numbers = np.arange(len(rows))
        last[rows] = numbers
        distinct = last[rows] == numbers
        named = rows[distinct]
        out[named] += values[distinct]
        rows, values = rows[~distinct], values[~distinct]
        if not len(rows):
            break
    return rows, values
