"""Turns scores into probabilities along a dimension (`softmax`), or into their logarithms (`log_softmax`)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import largest, product, reshaped
from framework.autograd.operation import operation
from framework.autograd.sums import add_up, ones
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations.arguments import check_tensors, integer
from framework.operations.blocks import whole
from framework.operations.small_rows import small
from framework.operations.softmax_blocks import MANY, row_largest, softmax_images, softmax_rows

__all__ = ["log_softmax", "row_totals", "softmax"]


def row_totals(rows: Any) -> Any:
    """The sum of each row of a matrix. A product with ones takes a third of the time of a sum along short rows."""
    if rows.__class__ is np.ndarray and rows.shape[1] <= 512 and rows.dtype.itemsize > 2:
        return product(rows, ones(rows.shape[1], rows.dtype))
    return np.dot(rows, np.ones_like(rows, shape=(rows.shape[1],)))


def _is_last(x: Any, dim: int | None) -> bool:
    return dim is not None and dim == x.ndim - 1 and x.shape[-1] > 0


def _largest(x: Any, dim: int | None) -> Any:
    if 0 in x.shape:
        return 0.0
    if not _is_last(x, dim):
        return largest(x, dim, True)
    if x.ndim == 2:
        return row_largest(x)
    return reshaped(row_largest(reshaped(x, (-1, x.shape[-1]))), (*x.shape[:-1], 1))


def _total(x: Any, dim: int | None) -> Any:
    if not _is_last(x, dim):
        return add_up(x, dim, keepdims=True)
    if x.ndim == 2:
        return row_totals(x)[:, None]
    return reshaped(row_totals(reshaped(x, (-1, x.shape[-1]))), (*x.shape[:-1], 1))


def _shifted(input: Any, dim: int | None) -> Any:
    """The scores less the largest along `dim`."""
    if type(input) is np.ndarray and input.flags.c_contiguous:
        return input - _largest(input, dim)
    # order="C": the result lies in memory in the order of its dimensions, as PyTorch's does, whatever the input's.
    return np.subtract(input, _largest(input, dim), order="C")


def _by_blocks(input: Any, dim: int | None, logs: bool) -> Any:
    """The softmax of many scores, or its logarithm; None where they are few."""
    shape = input.shape
    # Logarithms take one more step, so that there is less to gain.
    if input.__class__ is not np.ndarray or dim is None or math.prod(shape) < (16 * MANY if logs else MANY):
        return None
    if input.dtype.itemsize != 4 and (logs or input.dtype.itemsize == 2):
        return None
    before, after = math.prod(shape[:dim]), math.prod(shape[dim + 1 :])
    if after == 1:
        return np.reshape(whole(softmax_rows, np.reshape(input, (before, shape[dim])), logs), shape)
    return np.reshape(whole(softmax_images, np.reshape(input, (before, shape[dim], after)), logs), shape)


@operation()
def _softmax(input: Any, dim: int | None) -> Any:
    if (rows := small(input, dim)) is not None:
        exponentials = np.exp(rows.shifted(input))
        return exponentials / product(exponentials, rows.square)
    if (found := _by_blocks(input, dim, False)) is not None:
        return found
    exponentials = _shifted(input, dim)
    exponentials = np.exp(exponentials, out=exponentials if input.ndim else None)
    exponentials /= _total(exponentials, dim)
    return exponentials


@operation(grad_fn="SoftmaxBackwardDataBackward0")
def softmax_gradient(g: Any, out: Any, dim: int | None) -> Any:
    """The gradient of scores from that of their probabilities `out`."""
    if _is_last(out, dim):
        found = g - np.vecdot(g, out)[..., None]
    else:
        found = g - _total(g * out, dim)
    return np.multiply(found, out, out=found if out.ndim else None)


_softmax.add_derivative(lambda g, out, dim: softmax_gradient(g, out, dim), "input")
softmax_gradient.add_derivative(lambda incoming, out, dim: softmax_gradient(incoming, out, dim), "g")


@softmax_gradient.derivative("out")
def _(incoming: Any, g: Any, out: Any, dim: int | None) -> Any:
    sums = [np.add.reduce(each * out, axis=dim, keepdims=True) for each in (g, incoming)]
    return incoming * (g - sums[0]) - sums[1] * g


@operation()
def _log_softmax(input: Any, dim: int | None) -> Any:
    if (rows := small(input, dim)) is not None:
        scores = rows.shifted(input)
        return scores - np.log(product(np.exp(scores), rows.square))
    if (found := _by_blocks(input, dim, True)) is not None:
        return found
    scores = _shifted(input, dim)
    scores -= np.log(_total(np.exp(scores), dim))
    return scores


@operation(grad_fn="LogSoftmaxBackwardDataBackward0")
def log_softmax_gradient(g: Any, out: Any, dim: int | None) -> Any:
    """The gradient of scores from that of the logarithms `out` of their probabilities."""
    found = np.exp(out)
    if not out.ndim:
        return g - found * g
    np.multiply(found, _total(g, dim), out=found)
    return np.subtract(g, found, out=found)


_log_softmax.add_derivative(lambda g, out, dim: log_softmax_gradient(g, out, dim), "input")


@log_softmax_gradient.derivative("g", "out")
def _(incoming: Any, g: Any, out: Any, dim: int | None) -> tuple[Any, Any]:
    shares = np.exp(out)
    along = incoming * shares
    return (
        incoming - np.add.reduce(along, axis=dim, keepdims=True),
        np.negative(along * np.add.reduce(g, axis=dim, keepdims=True)),
    )


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials along `dim`, scaled to sum to 1; computed in `dtype` if given."""
    return _along(_softmax, "softmax", input, dim, dtype)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, without overflow; computed in `dtype` if given."""
    return _along(_log_softmax, "log_softmax", input, dim, dtype)


def _along(row: Any, name: str, input: Tensor, dim: int, dtype: Any) -> Tensor:
    if input.__class__ is not Tensor:
        check_tensors(name, input=input)
    if dtype is not None:
        input = input.to(dtype)
    array = input._array
    ndim = array.ndim
    if dim.__class__ is not int or not 0 <= dim < ndim:
        dim = normalize_dim(integer(dim, name, "dim", 2), ndim)
    if array.dtype.kind != "f":
        if not array.size:
            return wrap(np.copy(array))
        kernel = f"{name}_lastdim_kernel_impl" if dim >= ndim - 1 else f"{name}_kernel_impl"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.from_numpy(array.dtype).scalar_name}'")
    # All of an array of no dimensions is its own row.
    return row.function(input, dim if ndim else None)


attach(log_softmax, softmax)
