"""Repeats a tensor along its dimensions: without a copy (`expand`) or with one (`repeat`)."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.errors import broadcast_error
from framework.autograd.grad_mode import mode
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.size import Size, contiguous_format
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, sizes

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "meshgrid",
    "repeat_interleave",
    "tile",
]


@operation(view=True)
def _expand(input: Any, shape: Any) -> Any:
    if type(input) is not np.ndarray:
        if mode.trace is not None and input.__class__ is np.ndarray:
            return mode.trace.call(_expand.forward, (input, shape), {})
        if not isinstance(input, np.generic):
            return np.broadcast_to(input, shape)
        input = np.asarray(input)
    # np.broadcast_to's result is read-only; an expanded tensor's elements may be written one by one.
    strides = _steps(input.shape, input.strides, shape)
    if input.flags.c_contiguous:
        return np.ndarray(shape, input.dtype, input, 0, strides)
    return np.lib.stride_tricks.as_strided(input, shape, strides)


@lru_cache
def _steps(shape: tuple[int, ...], strides: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array expanded to a shape."""
    missing = len(target) - len(shape)
    kept = zip(shape, target[missing:], strides, strict=True)
    return (0,) * missing + tuple([step if size == wanted else 0 for size, wanted, step in kept])


_expand.derivative("input")(lambda g: g)


def expand(input: Tensor, *args: Any, size: Any = None) -> Tensor:
    """A view in which dimensions of size 1, and new leading ones, are repeated without a copy. -1 keeps a size."""
    if not args and size is None:
        raise TypeError('expand() missing 1 required positional arguments: "size"')
    return _expanded(input, sizes(args if size is None else (size,), "expand"))


def _expanded(input: Tensor, target: tuple[int, ...]) -> Tensor:
    shape = input._array.shape
    if target != shape:
        target = _expansion(shape, target, input.dtype)
    return _expand.function(input, target)


@lru_cache
def _expansion(shape: tuple[int, ...], target: tuple[int, ...], dtype: Any) -> tuple[int, ...]:
    """The sizes to which a shape is expanded, each -1 filled in."""
    missing = len(target) - len(shape)
    if missing < 0:
        raise RuntimeError(
            f"expand(torch.{dtype.scalar_name}Tensor{{{list(shape)}}}, size={list(target)}): the number of sizes "
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    result = list(target)
    for position in reversed(range(len(target))):
        wanted, size = target[position], shape[position - missing] if position >= missing else None
        if size is None:
            if wanted == -1 and shape:
                raise RuntimeError(
                    f"The expanded size of the tensor ({wanted}) isn't allowed in a leading, non-existing dimension "
                    f"{position}"
                )
        elif wanted == -1:
            result[position] = size
        elif size not in (1, wanted):
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted}) must match the existing size ({size}) at non-singleton "
                f"dimension {position}.  Target sizes: {list(target)}.  Tensor sizes: {list(shape)}"
            )
    if result and min(result) < 0:
        raise RuntimeError("numel: integer multiplication overflow")
    return tuple(result)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.expand(other.shape)`."""
    check_tensors("expand_as", input=input, other=other)
    return _expanded(input, tuple(other._array.shape))


def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """`input.expand(size)`."""
    if input.__class__ is not Tensor:
        check_tensors("broadcast_to", input=input)
    return _expanded(input, sizes((size,), "broadcast_to"))


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which tensors of these shapes broadcast."""
    read = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    result = [1] * max([len(each) for each in read], default=0)
    for number, given in enumerate(read):
        for position in range(-1, -len(given) - 1, -1):
            size = given[position]
            if size not in (1, result[position]) and result[position] != 1:
                shown = given if isinstance(shapes[number], int) else shapes[number]
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {size} at {position}! Mismatching argument at "
                    f"index {number} had {shown}; but expected shape should be broadcastable to {result}"
                )
            if size < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({size}): ({size})")
            result[position] = size if size != 1 else result[position]
    return Size(result)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of the tensors, all expanded to the shape to which they broadcast."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape: tuple[int, ...] = ()
    for each in tensors:
        try:
            shape = np.broadcast_shapes(shape, each._array.shape)
        except ValueError:
            raise broadcast_error([shape, each._array.shape]) or AssertionError from None
    return tuple([each if each._array.shape == shape else _expanded(each, shape) for each in tensors])


@operation()
def _repeat(input: Any, repeats: Any) -> Any:
    return np.tile(input, repeats)


@_repeat.derivative("input")
def _(g: Any, input_shape: Any, repeats: Any) -> Any:
    shape = (1,) * (len(repeats) - len(input_shape)) + tuple(input_shape)
    blocks = [size for pair in zip(repeats, shape, strict=True) for size in pair]
    summed = np.add.reduce(reshaped(g, blocks), axis=tuple(range(0, len(blocks), 2)))
    return reshaped(summed, input_shape)


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """A copy repeated along each dimension; further numbers in front add dimensions."""
    if not repeats:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    return _repeated(input, sizes(repeats, "repeat", "repeats", 1))


def _repeated(input: Tensor, given: tuple[int, ...]) -> Tensor:
    if len(given) < input._array.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if given and min(given) < 0:
        shape = (1,) * (len(given) - input._array.ndim) + input._array.shape
        target = [size * times for size, times in zip(shape, given, strict=True)]
        if min(target) < 0:
            negative = next(each for each in target if each < 0)
            raise RuntimeError(f"Trying to create tensor with negative dimension {negative}: {target}")
        given = tuple([max(each, 0) for each in given])
    return _repeat.function(input, given)


def tile(input: Tensor, dims: Any) -> Tensor:
    """A copy repeated along the last dimensions, as NumPy's `tile`."""
    if input.__class__ is not Tensor:
        check_tensors("tile", input=input)
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"tile(): argument 'dims' (position 2) must be tuple of ints, not {type(dims).__name__}")
    return _tiled(input, sizes((dims,), "tile", "dims", 2))


def _tiled(input: Tensor, given: tuple[int, ...]) -> Tensor:
    return _repeated(input, (1,) * (input._array.ndim - len(given)) + given)


def _tile_method(self: Tensor, *args: Any, dims: Any = None) -> Tensor:
    if not args and dims is None:
        raise TypeError('tile() missing 1 required positional arguments: "dims"')
    return _tiled(self, sizes(args if dims is None else (dims,), "tile", "dims", 1))


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (of dimension `dim`; of all, flattened, without it) repeated in place.

    `repeats` is one number or a tensor with one for each element. RuntimeError if negative or of another size.
    Without it, `input` itself says how often each of 0, 1, 2, ... is repeated.
    """
    if input.__class__ is not Tensor:
        check_tensors("repeat_interleave", input=input)
    if repeats is None:
        return Tensor._wrap(_times_each(input, None))
    whole = isinstance(repeats, (int, np.integer)) and not isinstance(repeats, bool)
    if not (whole or isinstance(repeats, Tensor)) or isinstance(dim, float):
        given = ", ".join([type(each).__name__ for each in (input, repeats, dim) if each is not None])
        raise TypeError(
            f"repeat_interleave() received an invalid combination of arguments - got ({given}), but expected one of:\n"
            " * (Tensor input, Tensor repeats, int dim = None, *, int output_size = None)\n"
            " * (Tensor repeats, *, int output_size = None)\n"
            " * (Tensor input, int repeats, int dim = None, *, int output_size = None)\n"
        )
    if dim is None:
        input, dim = input.flatten(), 0
    if isinstance(repeats, Tensor):
        return _interleaved(input, repeats, dim, output_size)
    shape = input._array.shape
    dim = normalize_dim(dim, len(shape))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    if not shape:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
    if output_size is not None and output_size != repeats * shape[dim]:
        raise RuntimeError(
            f"repeat_interleave: Invalid output_size, expected {repeats * shape[dim]} but got {output_size}"
        )
    spread = input.unsqueeze(dim + 1).expand(*shape[: dim + 1], repeats, *shape[dim + 1 :])
    return spread.clone(memory_format=contiguous_format).flatten(dim, dim + 1)


def _times_each(repeats: Tensor, output_size: int | None) -> Any:
    """0, 1, 2, ... each as often as `repeats` says."""
    counts = repeats._array
    if counts.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if counts.dtype not in (np.int64, np.int32):
        raise NotImplementedError(f"\"repeat_interleave_cpu\" not implemented for '{repeats.dtype.scalar_name}'")
    if counts.size and counts.min() < 0:
        raise RuntimeError("repeats can not be negative")
    if output_size is not None and output_size != counts.sum():
        raise RuntimeError("allocated size does not match required size")
    return np.repeat(np.arange(counts.size, dtype=counts.dtype), counts)


def _interleaved(input: Tensor, repeats: Tensor, dim: int, output_size: int | None) -> Tensor:
    counts, shape = repeats._array, input._array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    size = shape[normalize_dim(dim, len(shape))]
    if counts.ndim == 0 or (counts.ndim == 1 and counts.size == 1):
        repeats = repeats.reshape(1).expand(size)
    elif counts.ndim == 1 and counts.size != size:
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {counts.shape[0]} and "
            f"input.size({dim}) = {size}"
        )
    elif counts.ndim != 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    index = _times_each(repeats, output_size)
    return input.index_select(dim, Tensor._wrap(index))


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Each 1-D tensor expanded over the grid that they span together.

    `indexing`: with "ij" (the default, with a warning) the first tensor runs along the first dimension,
    with "xy" along the second.
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", stacklevel=2
        )
        indexing = "ij"
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in tensors:
        if each._array.ndim > 1:
            raise RuntimeError(
                "torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"tensor of shape {list(each._array.shape)}"
            )
    for each in tensors[1:]:
        if each.dtype is not tensors[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([each.numel() for each in tensors])
    grids = [
        each.view(*[-1 if axis == number else 1 for axis in range(len(shape))]).expand(shape)
        for number, each in enumerate(tensors)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


def _np_repeat(a: Any, repeats: Any, axis: int | None = None) -> Tensor:
    if isinstance(repeats, (list, tuple, np.ndarray)):
        repeats = Tensor._wrap(np.asarray(repeats, np.int64))
    return repeat_interleave(a, repeats, axis)


def _np_tile(a: Any, reps: Any) -> Tensor:
    return _tiled(a, tuple(reps) if isinstance(reps, (tuple, list)) else (reps,))


register(np.broadcast_to, lambda array, shape, subok=False: _expanded(array, sizes((shape,), "broadcast_to")))
register(np.broadcast_arrays, lambda *args, subok=False: broadcast_tensors(*args))
register(np.repeat, _np_repeat)
register(np.tile, _np_tile)

attach(
    broadcast_to,
    expand,
    expand_as,
    repeat,
    repeat_interleave,
    named={"tile": _tile_method},
)
