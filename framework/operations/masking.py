"""Choose elements by a condition: `where`, `masked_fill`, `masked_select`, `nonzero`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes, operation
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.errors import broadcast_error
from framework.autograd.inplace import inplace
from framework.autograd.protocol import register
from framework.autograd.tensor import wrap
from framework.operations.accumulation import accumulate
from framework.operations.arguments import integer
from framework.operations.choosing import choose, kept, pick_masked
from framework.operations.conversion import to_dtype
from framework.operations.creation_arguments import check_tensor
from framework.operations.layout import in_order
from framework.operations.overwriting import scalar_array

__all__ = ["argwhere", "masked_fill", "masked_scatter", "masked_select", "nonzero", "nonzero_static", "where"]

_NUMBERS = (bool, int, float)


@operation(name="where", promote="common")
def _where(condition: Any, input: Any, other: Any) -> Any:
    result = choose(condition, input, other)
    if type(condition) is np.ndarray and result.ndim > 1 and condition.shape == result.shape:
        # It lies in memory as the condition does.
        if condition.flags.c_contiguous != result.flags.c_contiguous:
            laid = np.empty_like(condition, result.dtype)
            laid[...] = result
            return laid
    return result


_where.add_derivative(lambda g, condition: kept(g, condition, True), "input")
_where.add_derivative(lambda g, condition: kept(g, condition, False), "other")


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """Elements of `input` where the condition holds, of `other` elsewhere; either may be a number.

    With the condition alone: the indices where it holds, one tensor for each dimension.
    """
    if not isinstance(condition, Tensor):
        raise TypeError(f"where(): argument 'condition' (position 1) must be Tensor, not {type(condition).__name__}")
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    for name, each in (("input", input), ("other", other)):
        if not isinstance(each, (Tensor, *_NUMBERS)):
            raise TypeError(f"where(): argument '{name}' must be Tensor or Number, not {type(each).__name__}")
    if condition._array.dtype.kind != "b":
        condition = _boolean(condition)
    return _where.function(condition, input, other)


def _boolean(condition: Tensor) -> Tensor:
    if condition._array.dtype != np.uint8:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.scalar_name}"
        )
    warnings.warn(
        "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future version "
        "of PyTorch. Use a boolean condition instead.",
        UserWarning,
        stacklevel=3,
    )
    return wrap(in_dtype(condition._array, np.bool_))


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor's elements where the condition holds, those of `other` elsewhere."""
    result: Tensor = where(condition, self, other)
    return result


_where_method.__name__ = "where"


@operation(name="masked_fill")
def _masked_fill(mask: Any, input: Any, value: Any) -> Any:
    return in_order(choose(mask, value, input))


_masked_fill.add_derivative(lambda g, mask: kept(g, mask, False), "input")
_masked_fill_with = operation(_masked_fill.forward, name="masked_fill_tensor", grad_fn="MaskedFillBackward1")
_masked_fill_with.add_derivative(lambda g, mask: kept(g, mask, False), "input")
_masked_fill_with.add_derivative(lambda g, mask: np.add.reduce(kept(g, mask, True), axis=None), "value")


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """A copy with `value` wherever the mask, which is broadcast, is True."""
    check_tensor("masked_fill", "input", 1, input)
    check_tensor("masked_fill", "mask", 2, mask)
    if not isinstance(value, (Tensor, *_NUMBERS)):
        raise TypeError(f"masked_fill(): argument 'value' (position 3) must be Number, not {type(value).__name__}")
    if mask._array.shape != input._array.shape:
        error = broadcast_error([mask._array.shape, input._array.shape])
        if error is not None:
            raise error
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {dtypes.c_name(mask.dtype)}"
        )
    dtype = input._array.dtype
    if not isinstance(value, Tensor):
        # The array is 0-dimensional so that the result keeps the input's type.
        return _masked_fill.function(mask, input, scalar_array("masked_fill", value, dtype))
    if value._array.dtype != dtype:
        value = to_dtype(value, dtype)
    return _masked_fill_with.function(mask, input, value)


_masked_fill_inplace = inplace(masked_fill)


def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """Writes `value` wherever the mask, which is broadcast, is True."""
    if isinstance(mask, Tensor) and mask._array.shape != self._array.shape:
        error = broadcast_error([self._array.shape, mask._array.shape])
        if error is not None:
            raise error
    return _masked_fill_inplace(self, mask, value)


@operation(name="masked_select")
def _masked_select(input: Any, mask: Any) -> Any:
    shape = np.broadcast_shapes(input.shape, mask.shape)
    return pick_masked(np.broadcast_to(input, shape), np.broadcast_to(mask, shape))


@_masked_select.derivative("input")
def _(g: Any, input_shape: Any, mask: Any) -> Any:
    shape = np.broadcast_shapes(input_shape, mask.shape)
    return accumulate(g, shape, (np.broadcast_to(mask, shape),))


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is True (both are broadcast), in one dimension."""
    check_tensor("masked_select", "mask", 2, mask)
    if mask._array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    if mask._array.shape != input._array.shape:
        error = broadcast_error([mask._array.shape, input._array.shape])
        if error is not None:
            raise error
    return _masked_select.function(input, mask)


@operation(name="masked_scatter")
def _masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    shape = np.broadcast_shapes(input.shape, mask.shape)
    out = np.copy(np.broadcast_to(input, shape), order="C")
    mask = np.broadcast_to(mask, out.shape)
    out[mask] = reshaped(source, (-1,))[: np.count_nonzero(mask)]
    return out


_masked_scatter.add_derivative(lambda g, mask: kept(g, mask, False), "input")


@_masked_scatter.derivative("source")
def _(g: Any, mask: Any, source_shape: Any) -> Any:
    taken = _masked_select(g, mask)
    places = np.arange(taken.shape[0])
    return reshaped(accumulate(taken, (int(np.prod(source_shape)),), (places,)), source_shape)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy in which the places where the mask is True take the elements of `source`, in order."""
    check_tensor("masked_scatter", "mask", 2, mask)
    check_tensor("masked_scatter", "source", 3, source)
    error = broadcast_error([mask._array.shape, input._array.shape])
    if error is not None:
        raise error
    if source._array.dtype != input._array.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got{input.dtype.scalar_name} and "
            f"{source.dtype.scalar_name}"
        )
    if mask._array.dtype.kind != "b":
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype.scalar_name}"
        )
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    if source.numel() < np.count_nonzero(np.broadcast_to(mask._array, shape)):
        raise RuntimeError("Number of elements of source < number of ones in mask")
    return _masked_scatter.function(input, mask, source)


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: one row each, or one tensor for each dimension."""
    check_tensor("nonzero", "input", 1, input)
    array = input._array
    if as_tuple:
        return tuple([wrap(each) for each in coordinates(array if array.ndim else array[None])])
    # PyTorch's result lies in memory one dimension after the other.
    if not array.ndim:
        return wrap(np.empty((int(array != 0), 0), np.int64))
    return wrap(np.array(coordinates(array)).T)


def coordinates(array: Any) -> tuple[Any, ...]:
    """`np.nonzero`, by places in the flattened array where there are many elements: a fifth of the time."""
    if array.size < 2048 or array.ndim < 2:
        return np.nonzero(array)
    rest = np.flatnonzero(array if array.dtype.kind == "b" else array != 0)
    found = []
    for size in array.shape[:0:-1]:
        rows = rest // size
        found.append(rest - rows * size)
        rest = rows
    return (rest, *reversed(found))


def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of the first `size` elements that are not zero, one row each; rows of `fill_value` make up the rest."""
    check_tensor("nonzero_static", "input", 1, input)
    size = integer(size, "nonzero_static", "size")
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    array = input._array
    rows = np.full((size, array.ndim), fill_value, np.int64)
    for column, found in enumerate(coordinates(array) if array.ndim else ()):
        rows[: len(found), column] = found[:size]
    return wrap(rows)


def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, one row each."""
    result: Tensor = nonzero(input)
    return result


def _numpy_where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return nonzero(condition, as_tuple=True)
    return _where(condition, x, y)


register(np.where, _numpy_where)
register(np.nonzero, lambda a: nonzero(a, as_tuple=True))
attach(
    argwhere,
    masked_fill,
    masked_fill_,
    masked_scatter,
    masked_select,
    nonzero,
    nonzero_static,
    _where_method,
    inplace=[masked_scatter],
)
