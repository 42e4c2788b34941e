"""Changes a tensor's shape: views wherever the memory allows it, with PyTorch's names and errors."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.size import contiguous_format
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, dims, integer, sizes
from framework.operations.inplace_views import inplace_view

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "flatten",
    "ravel",
    "reshape",
    "squeeze",
    "unflatten",
    "unsqueeze",
]


_view = operation(reshaped, name="view", view=True)
_view.derivative("input")(lambda g, input_shape: reshaped(g, input_shape))


_reshape_alias = operation(reshaped, name="reshape_alias", view=True)
_reshape_alias.derivative("input")(lambda g, input_shape: reshaped(g, input_shape))


_unsafe_view = operation(reshaped, name="unsafe_view")
_unsafe_view.derivative("input")(lambda g, input_shape: reshaped(g, input_shape))


@operation(view=True, grad_fn="AliasBackward0")
def _view_as_dtype(input: Any, dtype: Any) -> Any:
    # There is no NumPy function for a reinterpretation, only the method.
    return input.view(dtype)


@operation(view=True)
def _squeeze(input: Any) -> Any:
    return input.squeeze() if type(input) is np.ndarray else np.squeeze(input)


@operation(view=True, grad_fn="SqueezeBackward1")
def _squeeze_dim(input: Any, dim: Any) -> Any:
    axis = dim if input.ndim and input.shape[dim] == 1 else ()
    return input.squeeze(axis) if type(input) is np.ndarray else np.squeeze(input, axis=axis)


@operation(view=True, grad_fn="SqueezeBackward2")
def _squeeze_dims(input: Any, dims: Any) -> Any:
    return np.squeeze(input, axis=tuple([dim for dim in dims if input.ndim and input.shape[dim] == 1]))


@operation(view=True)
def _unsqueeze(input: Any, dim: Any) -> Any:
    # np.expand_dims takes twice the time; input[None] leaves the new dimension with a step of 0.
    return reshaped(input, (*input.shape[:dim], 1, *input.shape[dim:]))


for _row in (_squeeze, _squeeze_dim, _squeeze_dims, _unsqueeze):
    _row.derivative("input")(lambda g, input_shape: reshaped(g, input_shape))


@lru_cache(typed=True)
def _read(found: int, *given: Any) -> tuple[int, ...]:
    """The shape that integers given one by one mean for so many elements."""
    return _resolved(sizes(given, "view"), found)


@lru_cache
def _resolved(shape: tuple[int, ...], found: int) -> tuple[int, ...]:
    """The shape with its -1 filled in, or PyTorch's RuntimeError if so many elements don't fit."""
    unknown = None
    known = 1
    for position, size in enumerate(shape):
        if size >= 0:
            known *= size
        elif size != -1:
            raise RuntimeError(f"invalid shape dimension {size} at index {position} of shape {list(shape)}")
        elif unknown is not None:
            raise RuntimeError("only one dimension can be inferred")
        else:
            unknown = position
    if unknown is None:
        if known == found:
            return shape
    elif known and found % known == 0:
        return (*shape[:unknown], found // known, *shape[unknown + 1 :])
    elif not known and not found:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {found}")


def is_viewable(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether an array can take a shape without a copy."""
    return bool(array.flags.c_contiguous) or np.may_share_memory(array, reshaped(array, shape))


def view(input: Tensor, *shape: Any, size: Any = None, dtype: Any = None) -> Tensor:
    """The same memory in another shape (one size may be -1), or read as another type of elements.

    RuntimeError if the strides don't allow it: `reshape` copies then.
    """
    if shape and shape[0].__class__ is int and size is dtype is None:
        array = input._array
        target = _read(array.size, *shape)
        if array.flags.c_contiguous:
            return _view.function(input, target)
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], dtypes.dtype)):
        return _as_dtype(input, dtypes.as_numpy(shape[0] if dtype is None else dtype))
    if not shape and size is None:
        raise TypeError("view() received an invalid combination of arguments - got (), but expected a size or a dtype")
    shape = _resolved(sizes(shape if size is None else (size,), "view"), input._array.size)
    if not is_viewable(input._array, shape):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return _view.function(input, shape)


def _as_dtype(input: Tensor, target: np.dtype[Any]) -> Tensor:
    array = input._array
    if array.dtype == target:
        return _view.function(input, array.shape)
    found, wanted = dtypes.from_numpy(array.dtype), dtypes.from_numpy(target)
    what = f"to view {found.scalar_name} as {wanted.scalar_name} (different element sizes)"
    if array.itemsize != target.itemsize:
        if not array.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {what}")
        if array.strides[-1] != array.itemsize and array.shape[-1] != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {what}, but got {array.strides[-1] // array.itemsize}")
        ratio = target.itemsize // array.itemsize
        if ratio > 1 and array.shape[-1] % ratio:
            raise RuntimeError(f"self.size(-1) must be divisible by {ratio} {what}, but got {array.shape[-1]}")
    return _view_as_dtype.function(input, target)


def reshape(input: Tensor, shape: Any) -> Tensor:
    """The elements in another shape: a view where the strides allow it, else a copy. One size may be -1."""
    if input.__class__ is not Tensor:
        check_tensors("reshape", input=input)
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"reshape(): argument 'shape' (position 2) must be tuple of ints, not {type(shape).__name__}")
    return _reshaped(input, sizes((shape,), "reshape", "shape"))


def _reshaped(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    shape = _resolved(shape, input._array.size)
    if input._array.flags.c_contiguous:
        return _view.function(input, shape)
    if is_viewable(input._array, shape):
        return _reshape_alias.function(input, shape)
    return _unsafe_view.function(input.clone(memory_format=contiguous_format), shape)


def _reshape_method(self: Tensor, *args: Any, shape: Any = None) -> Tensor:
    if args and args[0].__class__ is int and shape is None:
        array = self._array
        target = _read(array.size, *args)
        if array.flags.c_contiguous:
            return _view.function(self, target)
    if not args and shape is None:
        raise TypeError('reshape() missing 1 required positional arguments: "shape"')
    return _reshaped(self, sizes(args if shape is None else (shape,), "reshape", "shape"))


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.view(other.shape)`."""
    if other.__class__ is not Tensor:
        check_tensors("view_as", input=input, other=other)
    array, shape = input._array, other._array.shape
    if array.flags.c_contiguous and array.size == other._array.size:
        return _view.function(input, shape)
    return view(input, tuple(shape))


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.reshape(other.shape)`."""
    check_tensors("reshape_as", input=input, other=other)
    return _reshaped(input, tuple(other._array.shape))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` as one."""
    if input.__class__ is not Tensor:
        check_tensors("flatten", input=input)
    array = input._array
    start, end = integer(start_dim, "flatten", "start_dim", 2), integer(end_dim, "flatten", "end_dim", 3)
    target = _flattened(array.shape, start, end)
    if target == array.shape:
        return input
    return _view.function(input, target) if array.flags.c_contiguous else _reshaped(input, target)


@lru_cache
def _flattened(shape: tuple[int, ...], start_dim: int, end_dim: int) -> tuple[int, ...]:
    ndim = len(shape)
    start = normalize_dim(start_dim, ndim)
    end = normalize_dim(end_dim, ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension as several, of the given sizes (one may be -1)."""
    if input.__class__ is not Tensor:
        check_tensors("unflatten", input=input)
    shape = input._array.shape
    dim = normalize_dim(integer(dim, "unflatten", "dim", 2), len(shape))
    if not isinstance(sizes, (tuple, list)):
        raise TypeError(f"unflatten(): argument 'sizes' (position 3) must be tuple of ints, not {type(sizes).__name__}")
    parts = tuple([integer(each, "unflatten", "sizes", 3) for each in sizes])
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if not shape:
        raise RuntimeError("unflatten got an unexpected error:\nDimension specified as 0 but tensor has no dimensions")
    size = shape[dim]
    if min(parts) < 0 or 0 in parts:
        try:
            parts = _resolved(parts, size)
        except RuntimeError as error:
            if not str(error).startswith("shape "):
                raise RuntimeError(f"unflatten got an unexpected error:\n{error}") from None
            parts = ()
    if not parts or math.prod(parts) != size:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({size}) in the "
            "input tensor"
        )
    return view(input, (*shape[:dim], *parts, *shape[dim + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements as one dimension."""
    if input.__class__ is not Tensor:
        check_tensors("ravel", input=input)
    return view(input.contiguous(), -1)


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Without its dimensions of size 1, or without those among `dim` that have size 1."""
    if input.__class__ is not Tensor:
        check_tensors("squeeze", input=input)
    if dim is None:
        return _squeeze.function(input)
    if isinstance(dim, (tuple, list)):
        return _squeeze_dims.function(input, dims(dim, input._array.ndim, "squeeze"))
    return _squeeze_dim.function(input, normalize_dim(integer(dim, "squeeze", "dim"), input._array.ndim))


def _squeeze_method(self: Tensor, *dim: Any, **kwargs: Any) -> Tensor:
    return squeeze(self, dim if len(dim) > 1 else dim[0] if dim else kwargs.pop("dim", None), **kwargs)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a dimension of size 1 put in at `dim`."""
    if input.__class__ is not Tensor:
        check_tensors("unsqueeze", input=input)
    ndim = input._array.ndim
    if dim.__class__ is int and 0 <= dim <= ndim:
        return _unsqueeze.function(input, dim)
    return _unsqueeze.function(input, normalize_dim(integer(dim, "unsqueeze", "dim", 2), ndim + 1))


def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension; a tuple for several."""
    return _each(tensors, lambda x: _view.function(x, (1,)) if not x._array.ndim else x)


def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions, new ones in front; a tuple for several."""

    def raised(x: Tensor) -> Tensor:
        ndim = x._array.ndim
        return _view.function(x, (1, 1)) if ndim == 0 else _unsqueeze.function(x, 0) if ndim == 1 else x

    return _each(tensors, raised)


def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions, as NumPy's `atleast_3d` places them; a tuple for several."""

    def raised(x: Tensor) -> Tensor:
        ndim = x._array.ndim
        if ndim == 0:
            return _view.function(x, (1, 1, 1))
        if ndim == 1:
            return _unsqueeze.function(_unsqueeze(x, 0), 2)
        return _unsqueeze.function(x, 2) if ndim == 2 else x

    return _each(tensors, raised)


def _each(tensors: Any, function: Any) -> Any:
    if len(tensors) == 1:
        if isinstance(tensors[0], Tensor):
            return function(tensors[0])
        tensors = tensors[0]
    return tuple([function(each) for each in tensors])


def _in_order(function: str, order: str) -> None:
    if order != "C":
        raise TypeError(f"np.{function} of a Tensor knows order='C' alone, not {order!r}")


def _np_reshape(a: Any, shape: Any, order: str = "C") -> Tensor:
    _in_order("reshape", order)
    return _reshaped(a, sizes((shape,), "reshape", "shape"))


def _np_ravel(a: Any, order: str = "C") -> Tensor:
    _in_order("ravel", order)
    return _reshaped(a, (-1,))


def _np_squeeze(a: Any, axis: Any = None) -> Tensor:
    return squeeze(a, axis)


def _np_expand_dims(a: Any, axis: Any) -> Tensor:
    if not isinstance(axis, (tuple, list)):
        return unsqueeze(a, axis)
    ndim = a._array.ndim + len(axis)
    for each in sorted(normalize_dim(each, ndim) for each in axis):
        a = unsqueeze(a, each)
    return a


register(np.reshape, _np_reshape)
register(np.ravel, _np_ravel)
register(np.squeeze, _np_squeeze)
register(np.expand_dims, _np_expand_dims)
register(np.atleast_1d, atleast_1d)
register(np.atleast_2d, atleast_2d)
register(np.atleast_3d, atleast_3d)
register(np.shape, lambda a: tuple(a._array.shape))
register(np.ndim, lambda a: a._array.ndim)
register(np.size, lambda a, axis=None: a._array.size if axis is None else a._array.shape[axis])

attach(
    flatten,
    ravel,
    reshape_as,
    unflatten,
    unsqueeze,
    view,
    view_as,
    named={
        "reshape": _reshape_method,
        "squeeze": _squeeze_method,
        "squeeze_": inplace_view(_squeeze_method, "squeeze_"),
        "unsqueeze_": inplace_view(unsqueeze),
    },
)
