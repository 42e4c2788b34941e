"""Take slices and elements along a dimension: `index_select`, `gather`, `take`; `one_hot`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped, taken
from framework.autograd.errors import broadcast_error
from framework.autograd.protocol import register
from framework.autograd.tensor import normalize_dim, wrap
from framework.operations.accumulation import accumulate
from framework.operations.arguments import integer
from framework.operations.creation_arguments import check_tensor
from framework.operations.places import add_at_places, take_at_places
from framework.operations.subscripts import FULL

__all__ = [
    "gather",
    "index_select",
    "one_hot",
    "take",
    "take_along_dim",
]


@operation(name="index_select")
def _index_select(input: Any, dim: Any, index: Any) -> Any:
    if not input.ndim:
        return reshaped(np.take(reshaped(input, (1,)), index), ())
    return taken(input, index, dim)


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
            index if axis == dim else reshaped(np.arange(size), (size,) + (1,) * (after - axis))
            for axis, size in enumerate(index.shape)
        ]
    )


@operation(name="gather")
def gather_along(input: Any, dim: Any, index: Any) -> Any:
    return take_at_places(input, index, dim)


@gather_along.derivative("input")
def _(g: Any, input_shape: Any, dim: Any, index: Any) -> Any:
    return _accumulate_along(g, input_shape, dim, index)


@operation(name="accumulate_along")
def _accumulate_along(values: Any, shape: Any, dim: Any, index: Any) -> Any:
    """Zeros of a shape with `values` added where `index` along a dimension says."""
    out = np.zeros(shape, values.dtype, like=values)
    add_at_places(out, index, dim, values)
    return out


_accumulate_along.add_derivative(lambda g, dim, index: gather_along(g, dim, index), "values")


@operation(name="take")
def _take(input: Any, index: Any) -> Any:
    return taken(reshaped(input, (-1,)), index)


@_take.derivative("input")
def _(g: Any, input_shape: Any, index: Any) -> Any:
    flat = accumulate(g, (int(np.prod(input_shape)),), (index,))
    return reshaped(flat, input_shape)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of a dimension that `index` (1-D) names, as a copy."""
    dim = check_index(input, dim, index, "index_select", 3)
    found = index._array
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if found.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    shape = input._array.shape
    if not shape and found.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {found.size} value(s)")
    decide(_refuse_slice, found, shape, dim)
    return _index_select.function(input, dim, index if found.ndim else index[None])


def _refuse_slice(found: Any, shape: tuple[int, ...], dim: int) -> None:
    wrong = outside(found, shape[dim] if shape else 1)
    if wrong is not None:
        if len(shape) > 1 and not shape[dim]:
            raise RuntimeError("index_select(): self indexing axis dim should be positive")
        if len(shape) > 1 and (dim or 0 in shape):
            raise RuntimeError(f"INDICES element is out of DATA bounds, id={wrong} axis_dim={shape[dim]}")
        raise IndexError("index out of range in self")


def check_index(input: Any, dim: int, index: Any, name: str, position: int) -> int:
    """The dimension counted from the front; raises unless there is one such and `index` is a Tensor."""
    if dim.__class__ is not int or not isinstance(input, Tensor) or not isinstance(index, Tensor):
        check_arguments(input, dim, index, name, position)
    return normalize_dim(dim, input._array.ndim)


def check_arguments(input: Any, dim: int, index: Any, name: str, position: int) -> None:
    """Raises unless these are a Tensor, an integer and a Tensor."""
    check_tensor(name, "input", 1, input)
    integer(dim, name, "dim", 2)
    check_tensor(name, "index", position, index)


def outside(index: Any, size: int) -> int | None:
    """The first index that is not between 0 and the size; None if all are."""
    if index.size <= 32:
        for each in index.reshape(-1).tolist():
            if not 0 <= each < size:
                return int(each)
        return None
    # As unsigned numbers, negative ones are too large as well.
    if np.maximum.reduce(index.view(f"u{index.itemsize}"), axis=None) < size:
        return None
    return int(index[(index < 0) | (index >= size)].flat[0])


def check_range(index: Any, shape: tuple[int, ...], dim: int) -> None:
    """Raises unless every index lies between 0 and the size of the dimension."""
    decide(_refuse_past, index, shape[dim] if shape else 1, dim)


def _refuse_past(index: Any, size: int, dim: int) -> None:
    wrong = outside(index, size)
    if wrong is not None:
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """`out[i][j] = input[index[i][j]][j]` for `dim=0`, and so on: elements along one dimension, of the shape of `index`."""
    dim = check_index(input, dim, index, "gather", 3)
    found, shape = index._array, input._array.shape
    if not found.size:
        return gather_along.function(input, dim, index)
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError("gather(): Expected dtype int32/int64 for index")
    if found.shape != shape:
        check_along("input", shape, found, dim)
        for axis, size in enumerate(found.shape):
            if axis != dim and size > shape[axis]:
                raise RuntimeError(
                    f"Size does not match at dimension {axis} expected index {list(found.shape)} to be no larger than "
                    f"self {list(shape)} apart from dimension {dim}"
                )
    decide(_refuse_past, found, shape[dim] if shape else 1, dim)
    return gather_along.function(input, dim, index)


def check_along(name: str, shape: tuple[int, ...], index: Any, dim: int) -> None:
    """Raises unless an index has as many dimensions as a shape; one of none counts as one of one."""
    if max(index.ndim, 1) != max(len(shape), 1):
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at these places of the flattened tensor, in the shape of `index`."""
    check_tensor("take", "input", 1, input)
    check_tensor("take", "index", 2, index)
    if index._array.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype.scalar_name}")
    try:
        return _take.function(input, index)
    except IndexError:
        count = input.numel()
        if not count:
            raise IndexError("take(): tried to take from an empty tensor") from None
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
        return gather(input.view(-1), 0, indices.view(-1))
    have, asked = input._array.shape, indices._array.shape
    if len(have) != len(asked):
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(have)} dimensions for input, and {len(asked)} dimensions for indices"
        )
    dim = normalize_dim(dim, len(have))
    if not have:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    size = have[dim]
    if not size and indices._array.size:
        raise RuntimeError("ZeroDivisionError")
    if have != asked:
        input, indices = _beside(input, indices, dim)
    if decide(_leaves, indices._array, size):
        # As in PyTorch, places past the ends are counted on around the dimension.
        indices = wrap(np.remainder(indices._array, size))
    return gather_along.function(input, dim, indices)


def _beside(input: Tensor, indices: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The two broadcast to each other outside a dimension."""
    shapes = [each._array.shape for each in (input, indices)]
    single = [(*shape[:dim], 1, *shape[dim + 1 :]) for shape in shapes]
    error = broadcast_error(single)
    if error is not None:
        raise error
    common = np.broadcast_shapes(*single)
    first, second = ((*common[:dim], shape[dim], *common[dim + 1 :]) for shape in shapes)
    return input.expand(first), indices.expand(second)


def _leaves(indices: Any, size: int) -> bool:
    return outside(indices, size) is not None


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
    return wrap(in_dtype(classes[..., None] == np.arange(num_classes), np.int64))


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
    index_select,
    take,
    take_along_dim,
)
