"""Read and write parts of tensors: `x[1:3]`, `x[mask]`, `x[rows, columns] = values`.

A basic subscript (integers, slices, None, ...) is one view, whose node has the name of its last step. An advanced one
copies; its gradient adds up where an element was taken more than once.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes, operation
from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.grad_mode import mode
from framework.autograd.inplace import check_writable, inplace
from framework.autograd.storage import INFERENCE
from framework.autograd.tensor import normalize_dim, wrap
from framework.operations.accumulation import add_at, arrays_of, pick, place
from framework.operations.arguments import integer
from framework.operations.choosing import overwrite
from framework.operations.conversion import to_dtype
from framework.operations.creation_arguments import check_tensor
from framework.operations.overwriting import copy_, fill_, scalar_array
from framework.operations.subscripts import FULL, Subscript, check_step, index_error, simple

__all__ = ["index_put", "narrow", "narrow_copy", "select"]


def _view(input: Any, index: Any) -> Any:
    return input[index]


def _view_row(name: str, grad_fn: str | None = None) -> Any:
    """A whole basic subscript as one view, its node named after the last step."""
    row = operation(_view, name=name, grad_fn=grad_fn, view=True)
    row.add_derivative(_placed, "input")
    return row


def _placed(g: Any, input_shape: Any, index: Any) -> Any:
    """Zeros with the gradient at a basic index. One that leaves nothing out leaves all in its order."""
    whole = math.prod(g.shape) == math.prod(input_shape)
    return reshaped(g, input_shape) if whole else place(g, input_shape, index)


_select = _view_row("select")
_slice = _view_row("slice")
_unsqueeze = _view_row("newaxis", "UnsqueezeBackward0")
_alias = _view_row("alias")
_ROWS = {"select": _select, "slice": _slice, "unsqueeze": _unsqueeze, "": _alias}


@operation(name="index_put")
def _index_put(input: Any, values: Any, indices: Any, accumulate: Any) -> Any:
    """A copy with the elements at an advanced index replaced, or added to."""
    out = np.copy(input)
    put(out, arrays_of(indices), values, accumulate)
    return out


@_index_put.derivative("input")
def _(g: Any, indices: Any, accumulate: Any) -> Any:
    return g if accumulate else _index_put(g, np.zeros((), g.dtype), indices, False)


_index_put.add_derivative(lambda g, indices: pick(g, indices), "values")


def put(out: Any, subscript: tuple[Any, ...], values: Any, accumulate: bool) -> None:
    """Writes values into an array at an advanced index."""
    try:
        if accumulate:
            add_at(out, subscript, values)
        else:
            out[subscript] = values
    except (TypeError, ValueError):
        raise _mismatch(values.shape, out[subscript].shape) from None


def _mismatch(found: tuple[int, ...], wanted: tuple[int, ...]) -> RuntimeError:
    return RuntimeError(
        f"shape mismatch: value tensor of shape {list(found)} cannot be broadcast to indexing result of shape {list(wanted)}"
    )


def _getitem(self: Tensor, index: Any) -> Tensor:
    """The part of the tensor that a subscript names: a view, or a copy if there are tensors, lists or masks in it."""
    kind = index.__class__
    array = self._array
    try:
        if kind is int and array.ndim:
            return _select.function(self, (index, ...))
        if kind is slice and array.ndim:
            check_step(index)
            return _slice.function(self, (index, ...))
        if kind is Tensor:
            if _picks(index._array, array.shape):
                return pick.function(self, (index,))
        elif array.ndim:
            quick = simple(index)
            if quick is not None:
                return _ROWS[quick[0]].function(self, quick[1])
    except IndexError:
        # Read with care below, it raises what PyTorch raises.
        pass
    read = Subscript(index, array.shape)
    if read.advanced:
        return _picked(_viewed(self, read) if read.last else self, read.advanced)
    return _viewed(self, read)


def _picks(index: Any, shape: tuple[int, ...]) -> bool:
    """Whether an index array needs no care: integers for the first dimension, or a mask that fits."""
    if index.dtype.kind == "i":
        return bool(index.ndim and shape and index.itemsize == 8)
    return bool(index.dtype.kind == "b" and index.ndim and index.shape == shape[: index.ndim])


def _viewed(self: Tensor, read: Subscript) -> Tensor:
    try:
        return _ROWS[read.last].function(self, tuple(read.basic))
    except IndexError as error:
        raise index_error(error, read.basic, False) from None


def _picked(self: Tensor, indices: tuple[Any, ...]) -> Tensor:
    try:
        return pick.function(self, indices)
    except IndexError as error:
        raise index_error(error, indices, True) from None


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """Overwrites the part of the tensor that a subscript names."""
    if not (mode.recording and self.requires_grad) and _written(self, index, value):
        return
    if not isinstance(value, Tensor):
        value = _scalar_value(self, value)
    if index is True or index is False:
        # As in PyTorch, True stands for the whole tensor and False for nothing.
        if index:
            _overwrite(self[None], value)
        return
    read = Subscript(index, self._array.shape)
    target = _viewed(self, read) if read.last else self
    if read.advanced:
        recording = mode.recording and (self.requires_grad or value.requires_grad)
        _put_into(target, read.advanced, value, bool(recording))
    else:
        _overwrite(target, value)


def _written(self: Tensor, index: Any, value: Any) -> bool:
    """Writes at once where nothing is recorded and nothing can go wrong: whether it did."""
    array = self._array
    if not array.ndim or self._storage is INFERENCE or 0 in array.strides:
        return False
    number = value.__class__ is float
    if number:
        if array.dtype.kind != "f" or not -6e4 < value < 6e4:
            return False
    elif value.__class__ is int:
        if array.dtype.kind not in "fi" or not -128 <= value < 128:
            return False
        number = True
    elif value.__class__ is Tensor:
        shared = value._storage is not None and value._storage is self._storage
        if shared or value.requires_grad or value._array.dtype != array.dtype:
            return False
        value = value._array
    else:
        return False
    try:
        if index.__class__ is Tensor:
            if not _picks(index._array, array.shape):
                return False
            if number and index._array.dtype.kind == "b":
                overwrite(array, index._array, value)
            else:
                array[index._array] = value
        else:
            quick = simple(index)
            if quick is None:
                return False
            target = array[quick[1]]
            if not number and value.shape != target.shape:
                return False
            target[...] = value
    except (IndexError, TypeError, ValueError):
        # Read with care, it raises what PyTorch raises.
        return False
    self._bump()
    return True


def _scalar_value(self: Tensor, value: Any) -> Tensor:
    """A number to assign, as a tensor of the type of the tensor it goes into."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        name = f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")
        raise TypeError(f"can't assign a {name} to a torch.{self.dtype.scalar_name}Tensor")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    return wrap(scalar_array("__setitem__", value, self._array.dtype))


def _overwrite(target: Tensor, value: Tensor) -> None:
    """`target.copy_(value)`, the ones at the front of the value's shape left out."""
    shape, wanted = value._array.shape, target._array.shape
    if shape == wanted:
        copy_(target, value)
    elif not shape:
        fill_(target, value)
    else:
        ones = 0
        while ones < len(shape) and shape[ones] == 1:
            ones += 1
        value = value[(0,) * ones] if ones else value
        check_expands(value, wanted)
        copy_(target, value)


def check_expands(value: Tensor, wanted: tuple[int, ...]) -> None:
    """Raises PyTorch's error for a value that does not expand to the wanted shape."""
    shape = value._array.shape
    if len(shape) > len(wanted):
        kind = "CPUBoolType" if value._array.dtype.kind == "b" else f"torch.{value.dtype.scalar_name}Tensor"
        raise RuntimeError(
            f"expand({kind}{{{list(shape)}}}, size={list(wanted)}): the number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    for back in range(1, len(shape) + 1):
        if shape[-back] not in (1, wanted[-back]):
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted[-back]}) must match the existing size ({shape[-back]}) at "
                f"non-singleton dimension {len(wanted) - back}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )


def _put_into(
    target: Tensor, indices: tuple[Any, ...], value: Tensor, recording: bool, accumulate: bool = False
) -> None:
    """Writes a value at an advanced index of a tensor."""
    try:
        value = _checked_values(target, indices, value, accumulate)
        if recording:
            _index_put_recorded(target, value, indices, accumulate)
            return
        check_writable(target, False)
        put(target._array, arrays_of(indices), value._array, accumulate)
        target._bump()
    except IndexError as error:
        _check_meet(target._array, indices, value._array.shape)
        raise index_error(error, indices, True) from None


def _checked_values(target: Tensor, indices: tuple[Any, ...], value: Tensor, accumulate: bool) -> Tensor:
    """The value to put, of the tensor's type, the ones at the front of its shape left out."""
    array, values = target._array, value._array
    ones = 0
    while ones < values.ndim and values.shape[ones] == 1:
        ones += 1
    value = value[(0,) * ones] if ones else value
    if values.dtype == array.dtype:
        return value
    if _is_fill(indices, values) and not accumulate:
        return to_dtype(value, array.dtype)
    _check_meet(array, indices, value._array.shape)
    have, want = (dtypes.from_numpy(each.dtype).scalar_name for each in (values, array))
    raise RuntimeError(
        f"Index put requires the source and destination dtypes match, got {want} for the destination and {have} "
        "for the source."
    )


def _check_meet(array: Any, indices: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """Raises if the value does not broadcast: PyTorch says so before it looks at the indices."""
    # Index 0 is there wherever the dimension is not empty.
    first = [
        each * 0 if isinstance(each, np.ndarray) and each.dtype.kind == "i" else each for each in arrays_of(indices)
    ]
    try:
        wanted = array[tuple(first)].shape
    except IndexError as error:
        if "broadcast" in str(error):
            raise index_error(error, indices, True) from None
        return
    try:
        fits = np.broadcast_shapes(shape, wanted) == wanted
    except ValueError:
        fits = False
    if not fits:
        raise _mismatch(shape, wanted)


def _is_fill(indices: tuple[Any, ...], values: Any) -> bool:
    """Whether one value goes wherever one mask is True."""
    tensors = [each for each in indices if each is not FULL]
    return values.size == 1 and len(tensors) == 1 and tensors[0]._array.dtype.kind == "b"


_index_put_recorded = inplace(_index_put)


def _read_indices(input: Tensor, indices: Any) -> tuple[Tensor, tuple[Any, ...]]:
    """The indices of `index_put`: a tuple of tensors, None for a whole dimension."""
    if not isinstance(indices, (tuple, list)):
        raise TypeError(
            f"index_put(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}"
        )
    for position, each in enumerate(indices):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {type(each).__name__}")
    read = Subscript(tuple(indices), input._array.shape)
    return (_viewed(input, read) if read.last else input), read.advanced


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of the tensor with `values` at the places that a tuple of index tensors names, or added to them."""
    target, picked = _read_indices(input, indices)
    check_tensor("index_put", "values", 2, values)
    if target is not input:
        return index_put_(input.clone(), indices, values, accumulate)
    try:
        value = _checked_values(input, picked, values, accumulate)
        return _index_put.function(input, value, picked, accumulate)
    except IndexError as error:
        _check_meet(input._array, picked, values._array.shape)
        raise index_error(error, picked, True) from None


def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """Writes `values` at the places that a tuple of index tensors names, or adds them."""
    target, picked = _read_indices(self, indices)
    check_tensor("index_put_", "values", 2, values)
    recording = mode.recording and (self.requires_grad or values.requires_grad)
    _put_into(target, picked, values, bool(recording), accumulate)
    return self


def _delitem(self: Tensor, index: Any) -> None:
    """Refused: a tensor keeps its shape."""
    raise TypeError("Tensor does not support deleting items")


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at one index of a dimension, which is left out: a view."""
    array = input._array
    if type(dim) is not int or type(index) is not int:
        dim, index = integer(dim, "select", "dim", 2), integer(index, "select", "index", 3)
    if not array.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = normalize_dim(dim, array.ndim)
    size = array.shape[dim]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(array.shape)} at dimension {dim}"
        )
    return _select.function(input, (FULL,) * dim + (int(index), ...))


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` slices of a dimension from `start` on: a view."""
    array = input._array
    if type(dim) is not int or type(length) is not int:
        dim, length = integer(dim, "narrow", "dim", 2), integer(length, "narrow", "length", 4)
    if isinstance(start, Tensor) and (start._array.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    if not array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = normalize_dim(dim, array.ndim)
    size = array.shape[dim]
    start = int(start)
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _slice.function(input, (FULL,) * dim + (slice(start, start + length), ...))


@operation(name="narrow_copy")
def _narrow_copy(input: Any, index: Any) -> Any:
    return np.copy(input[index], order="C")


_narrow_copy.add_derivative(_placed, "input")


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`length` slices of a dimension from `start` on, as a copy."""
    check_tensor("narrow_copy", "input", 1, input)
    dim, start = integer(dim, "narrow_copy", "dim", 2), integer(start, "narrow_copy", "start", 3)
    length = integer(length, "narrow_copy", "length", 4)
    narrow(input.detach(), dim, start, max(length, 0))
    dim = normalize_dim(dim, input._array.ndim)
    size = input._array.shape[dim]
    first = start + size if start < 0 else start
    if length < 0:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return _narrow_copy.function(input, (FULL,) * dim + (slice(first, first + length),))


attach(
    select,
    narrow,
    narrow_copy,
    index_put,
    index_put_,
    named={"__getitem__": _getitem, "__setitem__": _setitem, "__delitem__": _delitem},
)
