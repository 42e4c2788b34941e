"""Joins tensors (`cat`, `stack`) and parts them (`split`, `chunk`, `unbind`): parts are views."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, integer, sizes, tensor_list
from framework.operations.indexing import _slice
from framework.operations.layout import channels_last, has_channels_last, in_order
from framework.operations.shape import atleast_1d, atleast_2d, atleast_3d

__all__ = [
    "cat",
    "chunk",
    "concat",
    "concatenate",
    "dstack",
    "hstack",
    "split",
    "split_with_sizes",
    "stack",
    "tensor_split",
    "unbind",
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "vstack",
]


def _between(start: int, stop: int, dim: int) -> tuple[slice, ...]:
    """The index of one part along a dimension."""
    if not dim:
        return (slice(start, stop),)
    return (*[slice(None)] * dim, slice(start, stop))


@operation(sequence=True, promote="common")
def _cat(tensors: Any, dim: Any) -> Any:
    joined = np.concatenate(tensors, axis=dim)
    if joined.ndim > 3 and all([has_channels_last(each) for each in tensors]):
        return channels_last(joined)
    return in_order(joined)


@_cat.derivative("tensors")
def _(g: Any, tensors_shape: Any, dim: Any) -> Any:
    parts, start = [], 0
    for shape in tensors_shape:
        parts.append(g[_between(start, start + shape[dim], dim)])
        start += shape[dim]
    return parts


@operation(sequence=True, promote="common")
def _stack(tensors: Any, dim: Any) -> Any:
    at = (*[slice(None)] * dim, None)
    return in_order(np.concatenate([each[at] for each in tensors], axis=dim))


@_stack.derivative("tensors")
def _(g: Any, tensors_shape: Any, dim: Any) -> Any:
    return [g[(*[slice(None)] * dim, number)] for number in range(len(tensors_shape))]


@operation(view=True, outputs="list")
def _split(input: Any, size: Any, dim: Any) -> Any:
    return [input[_between(at, at + size, dim)] for at in range(0, input.shape[dim] or 1, size or 1)]


@operation(view=True, outputs="list")
def _split_with_sizes(input: Any, sizes: Any, dim: Any) -> Any:
    parts, start = [], 0
    for size in sizes:
        parts.append(input[_between(start, start + size, dim)])
        start += size
    return parts


_unsafe_split = operation(_split.forward, name="unsafe_split", outputs="list")
_unsafe_split_with_sizes = operation(_split_with_sizes.forward, name="unsafe_split_with_sizes", outputs="list")
for _row in (_split, _split_with_sizes, _unsafe_split, _unsafe_split_with_sizes):
    _row.derivative("input")(lambda g, dim: np.concatenate(g, axis=dim))


@operation(view=True, outputs="list")
def _unbind(input: Any, dim: Any) -> Any:
    if not dim and input.ndim > 1:
        return [input[number] for number in range(input.shape[0])]
    before = [slice(None)] * dim
    # The Ellipsis keeps an element a 0-d array that shares the memory.
    return [input[(*before, number, ...)] for number in range(input.shape[dim])]


_unbind.derivative("input")(lambda g, dim: np.stack(g, axis=dim))


def cat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """The tensors one after the other along `dim`; their other sizes must agree. Types are promoted.

    An empty tensor of shape (0,) is passed over, as PyTorch does.
    """
    given = tensor_list(tensors, "cat")
    if not given:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    return _joined(given, integer(dim if axis is None else axis, "cat", "dim", 2))


def _joined(given: list[Tensor], dim: int) -> Tensor:
    shapes = [each._array.shape for each in given]
    if shapes[0] and shapes.count(shapes[0]) == len(shapes):
        return _cat.function(given, normalize_dim(dim, len(shapes[0])))
    if () in shapes:
        raise RuntimeError(f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated")
    if (0,) in shapes and any(len(shape) > 1 for shape in shapes):
        return _cat_without_empty(given, dim)
    dim = normalize_dim(dim, len(shapes[0]))
    _check_sizes(shapes, dim)
    return _cat.function(given, dim)


def _cat_without_empty(given: list[Tensor], dim: int) -> Tensor:
    """`cat` where tensors of shape (0,) stand among others: they count for the type, and have a gradient of nothing."""
    like = next(each._array.shape for each in given if each._array.shape != (0,))
    dim = normalize_dim(dim, len(like))
    nothing = (*like[:dim], 0, *like[dim + 1 :])
    return _joined([each.reshape(nothing) if each._array.shape == (0,) else each for each in given], dim)


def _check_sizes(shapes: list[tuple[int, ...]], dim: int) -> None:
    first = shapes[0]
    for number, shape in enumerate(shapes):
        if shape == first:
            continue
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for axis, (expected, found) in enumerate(zip(first, shape, strict=True)):
            if axis != dim and expected != found:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {expected} but got size "
                    f"{found} for tensor number {number} in the list."
                )


def concat(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """`cat`, by another name."""
    return cat(tensors, dim, axis=axis)


def concatenate(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """`cat`, by NumPy's name."""
    return cat(tensors, dim, axis=axis)


def stack(tensors: Any, dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Tensors of one shape, put side by side along a new dimension. Types are promoted."""
    dim = dim if axis is None else axis
    given = tensor_list(tensors, "stack")
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = given[0]._array.shape
    dim = normalize_dim(integer(dim, "stack", "dim", 2), len(shape) + 1)
    for number, each in enumerate(given):
        if each._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(each._array.shape)} at entry {number}"
            )
    return _stack.function(given, dim)


def hstack(tensors: Any) -> Tensor:
    """The tensors side by side: along the second dimension, vectors along their only one."""
    given = [atleast_1d(each) for each in _some(tensors, "hstack")]
    return cat(given, 0 if given[0]._array.ndim == 1 else 1)


def vstack(tensors: Any) -> Tensor:
    """The tensors below each other: vectors become rows."""
    return cat([atleast_2d(each) for each in _some(tensors, "vstack")], 0)


def dstack(tensors: Any) -> Tensor:
    """The tensors behind each other: along the third dimension."""
    return cat([atleast_3d(each) for each in _some(tensors, "dstack")], 2)


def _some(given: Any, function: str) -> list[Tensor]:
    found = tensor_list(given, function)
    if not found:
        raise RuntimeError(f"{function} expects a non-empty TensorList")
    return found


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the given sizes."""
    if tensor.__class__ is not Tensor:
        check_tensors("split", tensor=tensor)
    return _parts(tensor, split_size_or_sections, dim)


def _split_method(self: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    return _parts(self, split_size, dim)


def _parts(input: Tensor, given: Any, dim: int) -> tuple[Tensor, ...]:
    if isinstance(given, (tuple, list)):
        return split_with_sizes(input, given, dim)
    if given is None or isinstance(given, (bool, float, str)):
        _check_parts(given, "split_with_sizes")
    size = integer(given, "split", "split_size", 2)
    array = input._array
    if not array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
    dim = normalize_dim(integer(dim, "split", "dim", 3), array.ndim)
    if not size and array.shape[dim]:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {array.shape[dim]}"
        )
    return _split.function(input, size, dim)


def _check_parts(given: Any, function: str) -> None:
    if not isinstance(given, (tuple, list)):
        raise TypeError(
            f"{function}(): argument 'split_sizes' (position 2) must be tuple of ints, not {type(given).__name__}"
        )


def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the given sizes, which must add up to the dimension's."""
    array = input._array
    _check_parts(split_sizes, "split_with_sizes")
    if not array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    given = sizes((split_sizes,), "split_with_sizes", "split_sizes", 2)
    given_dim, dim = dim, normalize_dim(integer(dim, "split_with_sizes", "dim"), array.ndim)
    if any(each < 0 for each in given):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(given)}"
        )
    if sum(given) != array.shape[dim]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {array.shape[dim]} (input tensor's size at "
            f"dimension {given_dim}), but got split_sizes={list(given)}"
        )
    return _split_with_sizes.function(input, given, dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` consecutive parts of one size along `dim`; the last may be smaller."""
    if input.__class__ is not Tensor:
        check_tensors("chunk", input=input)
    chunks = integer(chunks, "chunk", "chunks", 2)
    array = input._array
    if not array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = normalize_dim(integer(dim, "chunk", "dim"), array.ndim)
    if not array.shape[dim]:
        return _split_with_sizes.function(input, (0,) * chunks, dim)
    return _split.function(input, -(-array.shape[dim] // chunks), dim)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`split`, whose parts are no views to the graph: writing into them is allowed, and not noticed by the others."""
    split(input.detach(), integer(split_size, "unsafe_split", "split_size", 2), dim)
    return _unsafe_split.function(input, split_size, normalize_dim(dim, input._array.ndim))


def unsafe_split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """`split_with_sizes`, whose parts are no views to the graph."""
    _check_parts(split_sizes, "unsafe_split_with_sizes")
    split_with_sizes(input.detach(), split_sizes, dim)
    return _unsafe_split_with_sizes.function(input, tuple(split_sizes), normalize_dim(dim, input._array.ndim))


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """`chunk`, whose parts are no views to the graph."""
    first = chunk(input.detach(), integer(chunks, "unsafe_chunk", "chunks", 2), dim)[0]
    dim = normalize_dim(dim, input._array.ndim)
    if not input._array.shape[dim]:
        return _unsafe_split_with_sizes.function(input, (0,) * chunks, dim)
    return _unsafe_split.function(input, first._array.shape[dim], dim)


def _refuse_sections(given: Any) -> NoReturn:
    raise TypeError(
        f"tensor_split() received an invalid combination of arguments - got (Tensor, {type(given).__name__}, int), but "
        "expected one of:\n * (Tensor input, tuple of ints indices, int dim = 0)\n * (Tensor input, Tensor "
        "tensor_indices_or_sections, int dim = 0)\n * (Tensor input, int sections, int dim = 0)\n"
    )


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts: so many, as equal as can be, or parted before each of the given indices."""
    if input.__class__ is not Tensor:
        check_tensors("tensor_split", input=input)
    given = indices_or_sections.tolist() if isinstance(indices_or_sections, Tensor) else indices_or_sections
    if given is None or isinstance(given, (bool, float, str)):
        _refuse_sections(indices_or_sections)
    shape = input._array.shape
    if not shape:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = normalize_dim(integer(dim, "tensor_split", "dim"), len(shape))
    if isinstance(given, (tuple, list)):
        at = [0, *sizes((tuple(given),), "tensor_split", "indices"), shape[dim]]
    else:
        sections = integer(given, "tensor_split", "sections")
        if sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {sections}")
        quotient, rest = divmod(shape[dim], sections)
        at = [number * quotient + min(number, rest) for number in range(sections + 1)]
    return tuple([_slice.function(input, _between(start, stop, dim)) for start, stop in pairwise(at)])


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """A view of each slice along `dim`, which goes away."""
    if input.__class__ is not Tensor:
        check_tensors("unbind", input=input)
    dim = normalize_dim(integer(dim, "unbind", "dim", 2), input._array.ndim)
    if not input._array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return _unbind.function(input, dim)


def _all_tensors(arrays: Any) -> list[Tensor]:
    return [each if isinstance(each, Tensor) else Tensor._wrap(np.asarray(each)) for each in arrays]


def _np_concatenate(arrays: Any, axis: int | None = 0) -> Tensor:
    given = _all_tensors(arrays)
    return cat([each.reshape(-1) for each in given]) if axis is None else cat(given, axis)


def _np_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    if isinstance(indices_or_sections, int) and ary._array.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return list(tensor_split(ary, indices_or_sections, axis))


register(np.concatenate, _np_concatenate)
register(np.stack, lambda arrays, axis=0: stack(_all_tensors(arrays), axis))
register(np.hstack, lambda tup: hstack(_all_tensors(tup)))
register(np.vstack, lambda tup: vstack(_all_tensors(tup)))
register(np.dstack, lambda tup: dstack(_all_tensors(tup)))
register(np.split, _np_split)
register(np.array_split, lambda ary, indices_or_sections, axis=0: list(tensor_split(ary, indices_or_sections, axis)))

attach(
    chunk,
    split_with_sizes,
    tensor_split,
    unbind,
    unsafe_chunk,
    unsafe_split,
    unsafe_split_with_sizes,
    named={"split": _split_method},
)
