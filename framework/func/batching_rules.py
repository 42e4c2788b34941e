"""What NumPy's functions mean on a whole batch: the dimension of the examples stands before all others."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from framework.func.batched import BatchedArray, NotBatched, aligned, is_batched, looped, size_of, whole

_rules: dict[Any, Callable[..., Any]] = {}

# They write into what they are given, or tell what holds for all examples.
_REFUSED = {
    np.allclose, np.array_equal, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask,
}  # fmt: skip


def rule(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Makes a function `(function, level, *arguments)` the rule of some of NumPy's."""

    def register(made: Callable[..., Any]) -> Callable[..., Any]:
        _rules.update(dict.fromkeys(functions, made))
        return made

    return register


class _NoRule(Exception):
    """A rule does not cover a call, which is then made for each example."""


def of_function(function: Any, level: int, args: Any, kwargs: Any) -> Any:
    """A call of a NumPy function with a batch among its arguments."""
    if function in _REFUSED or kwargs.get("out") is not None:
        raise NotBatched(f"np.{function.__name__} on a batch")
    if function in _rules and not any(isinstance(each, (np.ndarray, BatchedArray)) for each in kwargs.values()):
        try:
            return _rules[function](function, level, *args, **kwargs)
        except (_NoRule, TypeError) as error:
            if isinstance(error, NotBatched):
                raise
    return looped(function, level, args, kwargs)


def like(array: BatchedArray, function: Any, args: Any, kwargs: Any) -> Any:
    """A call of a function that makes an array like a batch (`like=`): one to fill, or one the same for all."""
    if function not in (np.zeros, np.ones, np.empty, np.full):
        return function(*args, **kwargs)
    shape, *rest = args
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return made(function((array.data.shape[0], *sizes), *rest, **kwargs, like=array.data), array.level)


def of_ufunc(ufunc: np.ufunc, method: str, level: int, inputs: Any, kwargs: Any) -> Any:
    """A call of a ufunc, or of its `reduce` or `accumulate`, with a batch among its operands."""
    if method == "__call__":
        if ufunc is np.matmul:
            if kwargs.keys() - {"dtype", "casting"}:
                raise NotBatched("np.matmul into an array")
            return _matmul(level, *inputs, **kwargs)
        if ufunc.signature is not None and ufunc is not np.vecdot:
            return looped(ufunc, level, inputs, kwargs)
        ndim = max(np.ndim(each) for each in inputs)
        out = kwargs.pop("out", None)
        if out is not None:
            kwargs["out"] = tuple([written(each, level, ndim) for each in out])
        result = ufunc(*[aligned(each, level, ndim) for each in inputs], **kwargs)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return tuple([made(each, level) for each in result]) if type(result) is tuple else made(result, level)
    if method == "at" and is_batched(inputs[0], level):
        return _add_at(ufunc, level, *inputs)
    if "out" in kwargs or method == "at":
        raise NotBatched(f"np.{ufunc.__name__}.{method} into an array")
    if method == "reduce" and is_batched(inputs[0], level):
        return _reduced(ufunc.reduce, level, *inputs, **{"axis": 0, **kwargs})
    if method == "accumulate" and is_batched(inputs[0], level):
        return _along(ufunc.accumulate, level, *inputs, **{"axis": 0, **kwargs})
    return looped(getattr(ufunc, method), level, inputs, kwargs)


def _add_at(ufunc: np.ufunc, level: int, a: Any, indices: Any, values: Any) -> None:
    data = written(a, level, a.ndim)
    key = a._key(indices if isinstance(indices, tuple) else (indices,))
    if key is None:
        raise NotBatched("indices that stand apart")
    ufunc.at(data, key, aligned(values, level, data[key].ndim - 1))


def made(data: Any, level: int) -> BatchedArray:
    """A batch that a call just made."""
    return BatchedArray(data, level, True)


def written(value: Any, level: int, ndim: int) -> Any:
    """The array of a batch to write into: one that an operation made, of all the dimensions there are."""
    if not is_batched(value, level) or not value.fresh or value.ndim != ndim:
        raise NotBatched("a write into a batch, or into what is the same for all of it")
    return value.data


@rule(np.copyto)
def _copyto(function: Any, level: int, dst: Any, src: Any, casting: Any = "same_kind") -> None:
    place = written(dst, level, np.ndim(dst))
    np.copyto(place, aligned(src, level, place.ndim - 1), casting=casting)


def _of(value: Any, level: int) -> Any:
    """The array of a batch."""
    if not is_batched(value, level):
        raise _NoRule
    return value.data


def _axis(axis: Any, ndim: int) -> Any:
    """Dimensions of an example as dimensions of the batch."""
    if isinstance(axis, (int, np.integer)):
        return normalize_axis_index(int(axis), ndim) + 1
    return tuple([each + 1 for each in normalize_axis_tuple(axis, ndim)])


@rule(np.sum, np.mean, np.prod, np.max, np.min, np.all, np.any, np.var, np.std, np.count_nonzero, np.nansum)
def _reduced(function: Any, level: int, a: Any, axis: Any = None, **kwargs: Any) -> Any:
    data = _of(a, level)
    axes = tuple(range(1, data.ndim)) if axis is None else _axis(axis, data.ndim - 1)
    return made(function(data, axis=axes, **kwargs), level)


@rule(np.argmax, np.argmin)
def _arg(function: Any, level: int, a: Any, axis: Any = None, **kwargs: Any) -> Any:
    data = _of(a, level)
    if axis is None:
        if kwargs.get("keepdims"):
            raise _NoRule
        return made(function(np.reshape(data, (data.shape[0], -1)), axis=1), level)
    return made(function(data, axis=_axis(axis, data.ndim - 1), **kwargs), level)


@rule(np.cumsum, np.cumprod)
def _cumulative(function: Any, level: int, a: Any, axis: Any = None, **kwargs: Any) -> Any:
    if axis is None:
        raise _NoRule
    return _along(function, level, a, axis, **kwargs)


@rule(np.sort, np.argsort)
def _along(function: Any, level: int, a: Any, axis: Any = -1, **kwargs: Any) -> Any:
    data = _of(a, level)
    if axis is None:
        raise _NoRule
    return made(function(data, axis=_axis(axis, data.ndim - 1), **kwargs), level)


@rule(np.flip)
def _flip(function: Any, level: int, m: Any, axis: Any = None) -> Any:
    data = _of(m, level)
    axes = tuple(range(1, data.ndim)) if axis is None else _axis(axis, data.ndim - 1)
    return BatchedArray(np.flip(data, axes), level)


@rule(np.roll, np.repeat)
def _counted(function: Any, level: int, a: Any, count: Any, axis: Any = None) -> Any:
    data = _of(a, level)
    if axis is None or is_batched(count, level):
        raise _NoRule
    return made(function(data, count, axis=_axis(axis, data.ndim - 1)), level)


@rule(np.reshape)
def _reshape(function: Any, level: int, a: Any, shape: Any, **kwargs: Any) -> Any:
    data = _of(a, level)
    sizes = [int(each) for each in (shape if isinstance(shape, (tuple, list)) else (shape,))]
    if kwargs:
        raise _NoRule
    if -1 in sizes:
        known = 1
        for each in sizes:
            known *= each if each != -1 else 1
        if not known:
            raise _NoRule
        sizes[sizes.index(-1)] = a.size // known
    return BatchedArray(np.reshape(data, (data.shape[0], *sizes)), level, a.fresh)


@rule(np.transpose)
def _transpose(function: Any, level: int, a: Any, axes: Any = None) -> Any:
    data = _of(a, level)
    order = tuple(range(data.ndim - 1, 0, -1)) if axes is None else _axis(tuple(axes), data.ndim - 1)
    return BatchedArray(np.transpose(data, (0, *order)), level, a.fresh)


@rule(np.swapaxes, np.moveaxis)
def _moved(function: Any, level: int, a: Any, first: Any, second: Any) -> Any:
    data = _of(a, level)
    return BatchedArray(function(data, _axis(first, data.ndim - 1), _axis(second, data.ndim - 1)), level, a.fresh)


@rule(np.squeeze)
def _squeeze(function: Any, level: int, a: Any, axis: Any = None) -> Any:
    data = _of(a, level)
    axes = (
        tuple([at for at in range(1, data.ndim) if data.shape[at] == 1]) if axis is None else _axis(axis, data.ndim - 1)
    )
    return BatchedArray(np.squeeze(data, axis=axes), level, a.fresh)


@rule(np.expand_dims)
def _expand_dims(function: Any, level: int, a: Any, axis: Any) -> Any:
    data = _of(a, level)
    axes = axis if isinstance(axis, tuple) else (axis,)
    return BatchedArray(np.expand_dims(data, _axis(axes, data.ndim - 1 + len(axes))), level, a.fresh)


@rule(np.broadcast_to)
def _broadcast_to(function: Any, level: int, array: Any, shape: Any) -> Any:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    data = aligned(array, level, len(sizes))
    return BatchedArray(np.broadcast_to(data, (data.shape[0], *sizes)), level)


@rule(np.tril, np.triu)
def _triangle(function: Any, level: int, m: Any, k: int = 0) -> Any:
    if np.ndim(m) < 2:
        raise _NoRule
    return made(function(_of(m, level), k), level)


@rule(np.diagonal)
def _diagonal(function: Any, level: int, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    data = _of(a, level)
    first, second = (_axis(each, data.ndim - 1) for each in (axis1, axis2))
    return BatchedArray(np.diagonal(data, offset, first, second), level)


@rule(np.concatenate, np.stack)
def _joined(function: Any, level: int, arrays: Any, axis: Any = 0) -> Any:
    if axis is None:
        raise _NoRule
    size = size_of(arrays, level)
    parts = [whole(each, level, size) for each in arrays]
    ndim = parts[0].ndim - 1 + (function is np.stack)
    return made(function(parts, axis=_axis(axis, ndim)), level)


@rule(np.where, np.clip)
def _choice(function: Any, level: int, *operands: Any) -> Any:
    if len(operands) != 3:
        raise _NoRule
    ndim = max(np.ndim(each) for each in operands)
    return made(function(*[aligned(each, level, ndim) for each in operands]), level)


@rule(np.take_along_axis)
def _take_along_axis(function: Any, level: int, arr: Any, indices: Any, axis: Any) -> Any:
    if axis is None or np.ndim(arr) != np.ndim(indices):
        raise _NoRule
    size = size_of((arr, indices), level)
    place = _axis(axis, np.ndim(arr))
    return made(np.take_along_axis(whole(arr, level, size), whole(indices, level, size), place), level)


@rule(np.take)
def _take(function: Any, level: int, a: Any, indices: Any, axis: Any = None, **kwargs: Any) -> Any:
    data = _of(a, level)
    if axis is None or is_batched(indices, level):
        raise _NoRule
    return made(np.take(data, indices, axis=_axis(axis, data.ndim - 1), **kwargs), level)


@rule(np.astype)
def _astype(function: Any, level: int, x: Any, dtype: Any, **kwargs: Any) -> Any:
    return made(np.astype(_of(x, level), dtype, **kwargs), level)


@rule(np.copy)
def _copy(function: Any, level: int, a: Any, *order: Any, **kwargs: Any) -> Any:
    return BatchedArray(np.copy(_of(a, level)), level, True)


@rule(np.zeros_like, np.ones_like, np.empty_like, np.full_like)
def _like(function: Any, level: int, a: Any, *value: Any, shape: Any = None, **kwargs: Any) -> Any:
    data = _of(a, level)
    if any(is_batched(each, level) for each in value) or len(value) > (function is np.full_like):
        raise _NoRule
    sizes = a.shape if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return BatchedArray(function(data, *value, shape=(data.shape[0], *sizes), **kwargs), level, True)


@rule(np.may_share_memory, np.shares_memory)
def _share(function: Any, level: int, a: Any, b: Any) -> Any:
    return function(*[each.data if is_batched(each, level) else each for each in (a, b)])


@rule(np.shape)
def _shape(function: Any, level: int, a: Any) -> Any:
    return a.shape


@rule(np.ndim)
def _ndim(function: Any, level: int, a: Any) -> Any:
    return a.ndim


@rule(np.size)
def _size(function: Any, level: int, a: Any, axis: Any = None) -> Any:
    return a.size if axis is None else a.shape[axis]


@rule(np.dot)
def _dot(function: Any, level: int, a: Any, b: Any) -> Any:
    first, second = np.ndim(a), np.ndim(b)
    if not first or not second:
        return np.multiply(a, b)
    if first > 2 or second > 2:
        raise _NoRule
    return _matmul(level, a, b)


def _matmul(level: int, a: Any, b: Any, **kwargs: Any) -> Any:
    first, second = np.ndim(a), np.ndim(b)
    if not first or not second:
        raise ValueError("matmul: an operand does not have enough dimensions")
    if is_batched(a, level) and not is_batched(b, level) and first <= 2 and second == 2:
        # The same matrix for all examples: one product of all their rows.
        data = a.data
        rows = np.reshape(data, (-1, data.shape[-1]))
        product = np.matmul(rows, b, **kwargs)
        return made(np.reshape(product, (*data.shape[:-1], product.shape[-1])), level)
    x = np.reshape(a, (1, *np.shape(a))) if first == 1 else a
    y = np.reshape(b, (*np.shape(b), 1)) if second == 1 else b
    ndim = max(np.ndim(x), np.ndim(y))
    product = np.matmul(aligned(x, level, ndim), aligned(y, level, ndim), **kwargs)
    dropped = tuple([-1] * (second == 1) + [-2] * (first == 1))
    return made(np.squeeze(product, axis=dropped) if dropped else product, level)


@rule(np.einsum)
def _einsum(function: Any, level: int, subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    if not isinstance(subscripts, str) or "->" not in subscripts:
        raise _NoRule
    letter = next(each for each in string.ascii_letters if each not in subscripts)
    terms, out = subscripts.split("->")
    named = [
        letter + term if is_batched(each, level) else term
        for term, each in zip(terms.split(","), operands, strict=True)
    ]
    arrays = [each.data if is_batched(each, level) else each for each in operands]
    return made(np.einsum(f"{','.join(named)}->{letter}{out}", *arrays, **kwargs), level)
