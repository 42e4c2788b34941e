"""Take slices and elements along a dimension, and add to them: `index_select`, `gather`, `index_add`, `one_hot`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.protocol import register
from framework.autograd.tensor import normalize_dim, wrap
from framework.operations.accumulation import accumulate, add_at
from framework.operations.creation_arguments import check_tensor
from framework.operations.overwriting import as_scalar
from framework.operations.subscripts import FULL

__all__ = [
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "one_hot",
    "take",
    "take_along_dim",
]


@operation(name="index_select")
def _index_select(input: Any, dim: Any, index: Any) -> Any:
    if not input.ndim:
        return np.reshape(np.take(np.reshape(input, (1,)), index), ())
    return np.take(input, index, axis=dim)


@_index_select.derivative("input")
def _(g: Any, input_shape: Any, dim: Any, index: Any) -> Any:
    return accumulate(g, input_shape, (FULL,) * dim + (index,)) if input_shape else g


def along(index: Any, dim: int) -> tuple[Any, ...]:
    """The subscript that `index` along one dimension means: every other dimension counts up."""
    if index.ndim < 2:
        return (index,)
    after = index.ndim - 1
    return tuple(
        [
            index if axis == dim else np.reshape(np.arange(size), (size,) + (1,) * (after - axis))
            for axis, size in enumerate(index.shape)
        ]
    )


@operation(name="gather")
def gather_along(input: Any, dim: Any, index: Any) -> Any:
    if not input.ndim:
        return np.reshape(np.take(np.reshape(input, (1,)), index), index.shape)
    result = input[along(index, dim)] if index.ndim else input[index]
    return result if result.flags.c_contiguous else np.copy(result, order="C")


@gather_along.derivative("input")
def _(g: Any, input_shape: Any, dim: Any, index: Any) -> Any:
    return _accumulate_along(g, input_shape, dim, index)


@operation(name="accumulate_along")
def _accumulate_along(values: Any, shape: Any, dim: Any, index: Any) -> Any:
    """Zeros of a shape with `values` added where `index` along a dimension says."""
    out = np.zeros(shape, values.dtype, like=values)
    add_at(np.reshape(out, shape or (1,)), along(index, dim), values)
    return out


_accumulate_along.add_derivative(lambda g, dim, index: gather_along(g, dim, index), "values")


@operation(name="take")
def _take(input: Any, index: Any) -> Any:
    return np.take(np.reshape(input, (-1,)), index)


@_take.derivative("input")
def _(g: Any, input_shape: Any, index: Any) -> Any:
    flat = accumulate(g, (int(np.prod(input_shape)),), (index,))
    return np.reshape(flat, input_shape)


@operation(name="index_add")
def _index_add(input: Any, dim: Any, index: Any, source: Any, alpha: Any) -> Any:
    out = np.copy(input, order="C")
    source = source if alpha == 1 else source * alpha
    add_at(np.reshape(out, out.shape or (1,)), (FULL,) * dim + (index,), source)
    return out


_index_add.add_derivative(lambda g: g, "input")


@_index_add.derivative("source")
def _(g: Any, dim: Any, index: Any, alpha: Any) -> Any:
    taken = _index_select(g, dim, index)
    return taken if alpha == 1 else taken * alpha


@operation(name="index_copy")
def _index_copy(input: Any, dim: Any, index: Any, source: Any) -> Any:
    out = np.copy(input)
    np.reshape(out, out.shape or (1,))[(FULL,) * dim + (index,)] = source
    return out


_index_copy.add_derivative(lambda g, dim, index: _index_select(g, dim, index), "source")


@operation(name="index_fill")
def _index_fill(input: Any, dim: Any, index: Any, value: Any) -> Any:
    out = np.copy(input)
    np.reshape(out, out.shape or (1,))[(FULL,) * dim + (index,)] = value
    return out


_index_copy.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")


_index_fill.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")
_index_fill_with = operation(_index_fill.forward, name="index_fill_tensor", grad_fn="IndexFillBackward1")
_index_fill_with.add_derivative(lambda g, dim, index: _index_fill(g, dim, index, 0.0), "input")


@_index_fill_with.derivative("value")
def _(g: Any, dim: Any, index: Any) -> Any:
    # A slice that is named twice is filled once.
    g = g if g.ndim else np.reshape(g, (1,))
    size = g.shape[dim]
    return np.add.reduce(_index_select(g, dim, np.unique(index % size)), axis=None)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of a dimension that `index` (1-D) names, as a copy."""
    dim = check_index(input, dim, index, "index_select", 2)
    found = index._array
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if found.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not input._array.ndim and found.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {found.size} value(s)")
    size = input._array.shape[dim] if input._array.ndim else 1
    decide(_refuse_outside, found, size)
    return _index_select.function(input, dim, index if found.ndim else index[None])


def _refuse_outside(found: Any, size: int) -> None:
    if found.size and not (found.min() >= 0 and found.max() < size):
        raise IndexError("index out of range in self")


def check_index(input: Any, dim: int, index: Any, name: str, position: int) -> int:
    """The dimension counted from the front; raises unless there is one such and `index` is a Tensor."""
    check_arguments(input, dim, index, name, position)
    return normalize_dim(dim, input._array.ndim)


def check_arguments(input: Any, dim: int, index: Any, name: str, position: int) -> None:
    """Raises unless these are a Tensor, an integer and a Tensor."""
    check_tensor(name, "input", 1, input)
    if not isinstance(dim, (int, np.integer)) or isinstance(dim, bool):
        raise TypeError(f"{name}(): argument 'dim' (position 1) must be int, not {type(dim).__name__}")
    check_tensor(name, "index", position, index)


def check_range(index: Any, shape: tuple[int, ...], dim: int) -> None:
    """Raises unless every index lies between 0 and the size of the dimension."""
    if index.size:
        decide(_refuse_past, index, shape[dim] if shape else 1, dim)


def _refuse_past(index: Any, size: int, dim: int) -> None:
    # As unsigned numbers, negative ones are too large as well.
    largest = np.maximum.reduce(index.view(f"u{index.itemsize}"), axis=None)
    if largest >= size:
        wrong = index[(index < 0) | (index >= size)].flat[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """`out[i][j] = input[index[i][j]][j]` for `dim=0`, and so on: elements along one dimension, of the shape of `index`."""
    dim = check_index(input, dim, index, "gather", 2)
    array, found = input._array, index._array
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if found.size or found.ndim == array.ndim:
        check_along("input", array.shape, found, dim)
        for axis, size in enumerate(found.shape):
            if axis != dim and size > array.shape[axis]:
                raise RuntimeError(
                    f"Size does not match at dimension {axis} expected index {list(found.shape)} to be no larger than "
                    f"self {list(array.shape)} apart from dimension {dim}"
                )
        check_range(found, array.shape, dim)
    elif not found.size:
        return wrap(np.empty(found.shape, array.dtype))
    return gather_along.function(input, dim, index)


def check_along(name: str, shape: tuple[int, ...], index: Any, dim: int) -> None:
    if max(index.ndim, 1) != max(len(shape), 1):
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at these places of the flattened tensor, in the shape of `index`."""
    check_tensor("take", "index", 1, index)
    if index._array.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.scalar_name}")
    try:
        return _take.function(input, index)
    except IndexError:
        count = input.numel()
        found = index._array
        wrong = found[(found < -count) | (found >= count)].flat[0]
        raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {count} elements.") from None


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` with `input` and `indices` broadcast to each other outside `dim`; flattened if `dim` is None."""
    check_tensor("take_along_dim", "indices", 2, indices)
    if indices._array.dtype != np.int64:
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got " + indices.dtype.scalar_name
        )
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    dim = normalize_dim(dim, input.ndim)

    def beside(size: int, shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(size if axis == dim else each for axis, each in enumerate(shape))

    shape = np.broadcast_shapes(beside(1, input.shape), beside(1, indices.shape))
    return gather(input.expand(beside(input.shape[dim], shape)), dim, indices.expand(beside(indices.shape[dim], shape)))


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy with each slice of `source` added to the slice of a dimension that `index` (1-D) names."""
    dim = check_index(input, dim, index, "index_add", 2)
    check_tensor("index_add", "source", 3, source)
    shape, given = input._array.shape, source._array.shape
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"index_add_(): self ({input.dtype.scalar_name}) and source ({source.dtype.scalar_name}) must have the "
            "same scalar type"
        )
    if index.numel() != (given[dim] if given else 1):
        raise RuntimeError(
            f"index_add_(): Number of indices ({index.numel()}) should be equal to source.size(dim): ({given[dim]}), "
            f"for dim: {dim}"
        )
    if shape[:dim] + shape[dim + 1 :] != given[:dim] + given[dim + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(shape)} source.shape = {list(given)}"
        )
    try:
        check_range(index._array, shape, dim)
    except RuntimeError:
        if len(shape) > 1:
            raise
        raise IndexError("index out of range in self") from None
    return _index_add.function(input, dim, index, source, alpha)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy with the slices of a dimension that `index` (1-D) names replaced by those of `source`."""
    dim = check_index(input, dim, index, "index_copy", 2)
    check_tensor("index_copy", "source", 3, source)
    shape, given = input._array.shape, source._array.shape
    if shape and given and len(shape) != len(given):
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({len(given)}), destination dimensionality ({len(shape)})"
        )
    beside, given_beside = (list(each[:dim] + each[dim + 1 :]) for each in (shape, given))
    if beside != given_beside:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, beside))} at dimension {dim} and source slice shape: "
            f"{' '.join(map(str, given_beside))} at dimension 0."
        )
    if given and index.numel() != given[dim]:
        raise IndexError(
            f"index_copy_(): Number of indices ({index.numel()}) should be equal to source.size(dim) ({given[dim]})"
        )
    try:
        check_range(index._array, shape, dim)
    except RuntimeError as error:
        raise IndexError(f"index_copy_(): {error}") from None
    return _index_copy.function(input, dim, index, source)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with the slices of a dimension that `index` (1-D) names filled with `value`."""
    check_arguments(input, dim, index, "index_fill", 2)
    if index._array.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    dim = normalize_dim(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    shape = input._array.shape or (1,)
    found, size = index._array, shape[dim]
    empty = size > 0 and 0 in shape
    if found.size and not empty:
        decide(_refuse_beyond, found, size, dim)
    if empty:
        # There is nothing to fill, and PyTorch does not look at the index.
        index = index.reshape(-1)[:0]
    if isinstance(value, Tensor):
        return _index_fill_with.function(input, dim, index, value)
    return _index_fill.function(input, dim, index, as_scalar("index_fill", value, input._array.dtype))


def _refuse_beyond(found: Any, size: int, dim: int) -> None:
    if not (found.min() >= -size and found.max() < size):
        wrong = found[(found < -size) | (found >= size)].flat[0]
        raise IndexError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For every class number a row of zeros with a one at that place: int64, one dimension more."""
    check_tensor("one_hot", "input", 1, tensor)
    classes = tensor._array
    if classes.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not classes.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wrap(np.zeros((*classes.shape, num_classes), np.int64))
    num_classes = decide(_class_count, classes, num_classes)
    return wrap(np.astype(classes[..., None] == np.arange(num_classes), np.int64))


def _class_count(classes: Any, num_classes: int) -> int:
    if classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(classes.max())
    if num_classes == -1:
        return largest + 1
    if largest >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return num_classes


def _numpy_take(a: Any, indices: Any, axis: Any = None) -> Any:
    if axis is None:
        return _take(a, indices)
    ndim = a.ndim
    return a[(FULL,) * (axis % ndim) + (indices,)]


def _numpy_take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    indices = indices if isinstance(indices, Tensor) else wrap(np.asarray(indices))
    return take_along_dim(arr, indices, axis)


register(np.take, _numpy_take)
register(np.take_along_axis, _numpy_take_along_axis)
attach(
    gather,
    index_add,
    index_copy,
    index_fill,
    index_select,
    take,
    take_along_dim,
    inplace=[index_add, index_copy, index_fill],
)
