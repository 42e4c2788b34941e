"""Tensors put together by blocks, columns and combinations, and taken apart by rows, columns and depth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.arguments import integer, tensor_list
from framework.operations.creation_arguments import check_tensor
from framework.operations.joining import cat, stack, tensor_split, vstack

__all__ = [
    "block_diag",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "dsplit",
    "hsplit",
    "row_stack",
    "vsplit",
]


def _matrix_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """The shape of a matrix; a vector is a row."""
    rows, columns = (1,) * (2 - len(shape)) + shape
    return rows, columns


@operation(sequence=True, promote="common")
def _block_diag(tensors: Any) -> Any:
    shapes = [_matrix_shape(each.shape) for each in tensors]
    total = tuple([sum(sizes) for sizes in zip(*shapes, strict=True)])
    out = np.zeros(total, tensors[0].dtype, like=tensors[0])
    row = column = 0
    for each, (rows, columns) in zip(tensors, shapes, strict=True):
        out[row : row + rows, column : column + columns] = each
        row, column = row + rows, column + columns
    return out


@_block_diag.derivative("tensors")
def _(g: Any, tensors_shape: Any) -> Any:
    parts = []
    row = column = 0
    for shape in tensors_shape:
        rows, columns = _matrix_shape(shape)
        parts.append(reshaped(g[row : row + rows, column : column + columns], shape))
        row, column = row + rows, column + columns
    return parts


def block_diag(*tensors: Any) -> Tensor:
    """The matrix with the given ones along its diagonal, zero elsewhere; a vector is a row. Types are promoted."""
    given = tensor_list(tensors, "block_diag")
    if not given:
        return wrap(np.empty((1, 0), np.float32))
    for number, each in enumerate(given):
        if each._array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {number} has "
                f"{each._array.ndim} dimensions"
            )
    return _block_diag.function(given)


def _check_vector(input: Tensor) -> None:
    if input._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input._array.shape)}")


def cartesian_prod(*tensors: Any) -> Tensor:
    """All ways to take one element of each vector, a row each; of a single vector, itself."""
    given = tensor_list(tensors, "cartesian_prod")
    for each in given:
        _check_vector(each)
    if len(given) == 1:
        return given[0]
    if not given:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in given[1:]:
        if each.dtype is not given[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    return _cartesian_prod.function(given)


@operation(sequence=True, grad_fn="StackBackward0")
def _cartesian_prod(tensors: Any) -> Any:
    sizes = tuple([each.shape[0] for each in tensors])
    out = np.empty_like(tensors[0], shape=(*sizes, len(sizes)))
    for number, each in enumerate(tensors):
        out[..., number] = reshaped(each, (-1,) + (1,) * (len(sizes) - 1 - number))
    return reshaped(out, (math.prod(sizes), len(sizes)))


@_cartesian_prod.derivative("tensors")
def _(g: Any, tensors_shape: Any) -> Any:
    sizes = tuple([shape[0] for shape in tensors_shape])
    grid = reshaped(g, (*sizes, len(sizes)))
    places = range(len(sizes))
    return [
        np.add.reduce(grid[..., number], axis=tuple([each for each in places if each != number])) for number in places
    ]


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take `r` elements of a vector in their order, a row each; `with_replacement` each more than once."""
    check_tensor("combinations", "input", 1, input)
    if type(r) is not int:
        r = integer(r, "combinations", "r", 2)
    _check_vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if not r:
        return wrap(np.empty(0, input._array.dtype))
    columns = _chosen(input._array.shape[0], r, not with_replacement)
    return stack([input[wrap(each)] for each in columns], 1)


def _chosen(size: int, r: int, once: bool) -> list[Any]:
    """The places that each way to choose `r` of so many takes, a column for each place."""
    columns = [np.arange(size)]
    for _ in range(r - 1):
        # Each way so far goes on with every place from its last on, or from the next.
        start = columns[-1] + once
        counts = np.maximum(size - start, 0)
        ends = np.cumsum(counts)
        columns = [np.repeat(each, counts) for each in columns]
        total = int(counts.sum())
        columns.append(np.arange(total) - np.repeat(ends - counts - start, counts))
    return columns


def column_stack(tensors: Any) -> Tensor:
    """The tensors side by side; vectors become columns."""
    given = tensor_list(tensors, "column_stack")
    if not given:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    return cat([each if each._array.ndim > 1 else each.reshape(each._array.size, 1) for each in given], 1)


def row_stack(tensors: Any) -> Tensor:
    """`vstack`, by another name."""
    if not isinstance(tensors, (list, tuple)):
        tensor_list(tensors, "row_stack")
    return vstack(tensors)


def _parted(name: str, least: int, dim: int) -> Any:
    """`hsplit`, `vsplit` or `dsplit`: along `dim`, of tensors with at least so many dimensions."""

    def parted(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        given = indices_or_sections
        if isinstance(given, Tensor) and not given._array.ndim and given._array.dtype.kind in "iu":
            given = int(given)
        whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
        if not isinstance(input, Tensor) or not (whole or isinstance(given, (tuple, list))):
            raise _refused(name, input, given)
        ndim = input._array.ndim
        if ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {ndim} "
                "dimensions!"
            )
        axis = min(dim, ndim - 1)
        size = input._array.shape[axis]
        if whole and (not given or size % given):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {axis}, but the size of the dimension {size} is not "
                f"divisible by the split_size {given}!"
            )
        return tensor_split(input, given, axis)

    parted.__name__ = parted.__qualname__ = name
    return parted


def _refused(name: str, input: Any, given: Any) -> TypeError:
    """PyTorch's error for arguments that neither form takes."""
    kinds = [type(each).__name__ for each in (input, given)]
    marked = [kinds[0] if isinstance(input, Tensor) else f"!{kinds[0]}!", kinds[1]]
    sections = f"({marked[0]}, {kinds[1] if kinds[1] == 'int' else f'!{kinds[1]}!'})"
    why = "      didn't match because some of the arguments have invalid types: "
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({', '.join(kinds)}), but expected one of:\n"
        f" * (Tensor input, int sections)\n{why}{sections}\n"
        f" * (Tensor input, tuple of ints indices)\n{why}({marked[0]}, !{kinds[1]}!)\n"
    )


hsplit = _parted("hsplit", 1, 1)
hsplit.__doc__ = "Views of consecutive parts of the columns (of a vector, its elements): so many, or parted at indices."
vsplit = _parted("vsplit", 2, 0)
vsplit.__doc__ = "Views of consecutive parts of the rows: so many, or parted at indices."
dsplit = _parted("dsplit", 3, 2)
dsplit.__doc__ = "Views of consecutive parts along the third dimension: so many, or parted at indices."


def _parted_method(function: Any) -> Any:
    name = function.__name__

    def method(self: Tensor, *given: Any, indices: Any = None, sections: Any = None) -> tuple[Tensor, ...]:
        named = sections if indices is None else indices
        if named is None and not given:
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got (), but expected one of:\n"
                " * (int sections)\n * (tuple of ints indices)\n"
            )
        parts: tuple[Tensor, ...] = function(self, named if not given else given[0] if len(given) == 1 else given)
        return parts

    method.__name__ = method.__qualname__ = name
    method.__doc__ = function.__doc__
    return method


attach(named={each.__name__: _parted_method(each) for each in (hsplit, vsplit, dsplit)})
