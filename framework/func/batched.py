"""`BatchedArray`: an array that looks like one example of a batch and computes all of them at once.

It speaks NumPy's two protocols, as an array of another library does, so every operation and every formula of a
derivative runs on it as written. A NumPy call with a rule here is made once, for the whole batch; any other is made
for each example, and the results are stacked. What cannot be said for a batch (a decision by a value, a write, an
array method) raises `NotBatched`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.lib.mixins import NDArrayOperatorsMixin

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor


class NotBatched(TypeError):
    """What a batch cannot do as one: it must be done example by example."""

    def again(self, function: Any, arguments: Any) -> Any:
        """A pure function called for each example, where the batch refused it."""
        level = _level(arguments)
        if level < 0:
            raise self
        return looped(function, level, arguments, {})


class BatchedArray(NDArrayOperatorsMixin):
    """A batch along the first dimension of `data`, seen as one example.

    level: tells the batches of nested `vmap`s apart; the inner one has the greater number.
    fresh: whether an operation just made it, to fill it.
    """

    __slots__ = ("data", "fresh", "level")

    def __init__(self, data: Any, level: int, fresh: bool = False) -> None:
        self.data = data
        self.level = level
        self.fresh = fresh

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape[1:]

    @property
    def ndim(self) -> int:
        return self.data.ndim - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.data.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        return self.data.strides[1:]

    @property
    def flags(self) -> Any:
        return self.data.flags

    def copy(self, order: str = "C") -> BatchedArray:
        """The batch in memory of its own: what in-place operations begin with."""
        return BatchedArray(np.copy(self.data), self.level, True)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        level = _level((*inputs, *kwargs.values()))
        if level != self.level or any(isinstance(each, Tensor) for each in inputs):
            return NotImplemented
        if "where" in kwargs:
            raise NotBatched(f"np.{ufunc.__name__} on a part of a batch")
        from framework.func import batching_rules

        return batching_rules.of_ufunc(ufunc, method, level, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from framework.func import batching_rules

        level = _level((*args, *kwargs.values()))
        if level < 0:
            return batching_rules.like(self, function, args, kwargs)
        if level != self.level or any(issubclass(each, Tensor) for each in types):
            return NotImplemented
        return batching_rules.of_function(function, level, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        key = index if isinstance(index, tuple) else (index,)
        level = max(self.level, _level(key))
        if not any(isinstance(each, (ndarray, list, BatchedArray)) for each in key):
            return BatchedArray(self.data[(slice(None), *key)], self.level, self.fresh)
        physical = None if level > self.level else self._key(key)
        if physical is None:
            return looped(lambda a, k: a[k], level, (self, index), {})
        return BatchedArray(self.data[physical], self.level, True)

    def __setitem__(self, index: Any, value: Any) -> None:
        key = index if isinstance(index, tuple) else (index,)
        physical = self._key(key) if self.fresh and _level((*key, value)) <= self.level else None
        if physical is None:
            raise NotBatched("a write into a batch")
        self.data[physical] = aligned(value, self.level, self.data[physical].ndim - 1)

    def _key(self, key: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The index into the whole batch that is `key` in each example; None where there is none."""
        advanced = [
            at for at, each in enumerate(key) if isinstance(each, (ndarray, list, int, np.integer, BatchedArray))
        ]
        arrays = [each for each in key if isinstance(each, (ndarray, list, BatchedArray))]
        if not arrays:
            return (slice(None), *key)
        if advanced != list(range(advanced[0], advanced[-1] + 1)):
            return None  # indices that stand apart move their dimension to the front
        if _level(arrays) < self.level:
            return (slice(None), *key)
        if advanced[0] != 0 or any(getattr(each, "dtype", None) == np.bool_ for each in arrays):
            return None
        ndim = max(np.ndim(each) for each in arrays)
        size = self.data.shape[0]
        which = np.reshape(np.arange(size), (size, *(1,) * ndim))
        return (which, *[aligned(each, self.level, ndim) for each in key[: len(advanced)]], *key[len(advanced) :])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotBatched("a batch does not become a NumPy array by itself")

    def __bool__(self) -> bool:
        raise NotBatched("a decision by a value of a batch")

    def __float__(self) -> float:
        raise NotBatched("a batch is not one number")

    __int__ = __index__ = __float__

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.shape[0]))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise NotBatched(f"the array method or attribute .{name} of a batch")


def _level(values: Any) -> int:
    """The greatest level of the batches among some values; -1 without any."""
    found = -1
    for each in values:
        if isinstance(each, Tensor):
            each = each._array
        if isinstance(each, BatchedArray):
            found = max(found, each.level)
        elif type(each) in (list, tuple):
            found = max(found, _level(each))
    return found


def is_batched(value: Any, level: int) -> bool:
    """Whether a value is a batch of this level."""
    return isinstance(value, BatchedArray) and value.level == level


def aligned(value: Any, level: int, ndim: int) -> Any:
    """An operand whose examples meet others of `ndim` dimensions: ones are put in after the batch's dimension."""
    if not is_batched(value, level):
        return value
    data = value.data
    missing = ndim + 1 - data.ndim
    return np.reshape(data, (data.shape[0], *(1,) * missing, *data.shape[1:])) if missing > 0 else data


def whole(value: Any, level: int, size: int) -> Any:
    """A value as the array of a batch of it: repeated where it is the same for all."""
    return value.data if is_batched(value, level) else np.broadcast_to(value, (size, *np.shape(value)))


def size_of(values: Any, level: int) -> int:
    """How many examples there are."""
    for each in values:
        if isinstance(each, Tensor):
            each = each._array
        if is_batched(each, level):
            return int(each.data.shape[0])
        if type(each) in (list, tuple) and _level(each) == level:
            return size_of(each, level)
    raise NotBatched("no batch")


def looped(function: Any, level: int, args: Any, kwargs: Any) -> Any:
    """A call made for each example, the results stacked."""
    size = size_of((*args, *kwargs.values()), level)
    results = [
        function(
            *_picked(tuple(args), level, index), **{key: _picked(each, level, index) for key, each in kwargs.items()}
        )
        for index in range(size)
    ]
    if not results:
        raise NotBatched("an empty batch")
    return _together(results, level)


def decided(question: Any, values: Any) -> Any:
    """What a question about values answers for every example; they must agree."""
    level = _level(values)
    if level < 0:
        return question(*values)
    answers = [question(*_picked(tuple(values), level, index)) for index in range(size_of(values, level))]
    if any(each != answers[0] for each in answers):
        raise NotBatched("examples that go different ways")
    return answers[0]


def _picked(value: Any, level: int, index: int) -> Any:
    if is_batched(value, level):
        return value.data[index]
    if isinstance(value, Tensor) and is_batched(value._array, level):
        return unbatch(value, 0, level, value._array.data.shape[0]).select(0, index)
    if type(value) in (list, tuple):
        return type(value)(_picked(each, level, index) for each in value)
    return value


def _together(results: list[Any], level: int) -> Any:
    first = results[0]
    if isinstance(first, (ndarray, np.generic, BatchedArray)):
        if any(each.shape != first.shape for each in results):
            raise NotBatched("another shape for each example")
        return BatchedArray(np.stack(results), level, True)
    if first is None:
        return None
    if isinstance(first, Tensor):
        return batch(np.stack(results), 0, level)
    if type(first) in (list, tuple):
        return type(first)(_together(list(each), level) for each in zip(*results, strict=True))
    raise NotBatched(f"a {type(first).__name__} for each example")


@operation(name="batch")
def batch(input: Any, dim: int, level: int) -> Any:
    return BatchedArray(np.moveaxis(input, dim, 0), level)


@operation(name="unbatch")
def unbatch(input: Any, dim: int, level: int, size: int) -> Any:
    data = whole(input, level, size)
    # A result has memory of its own.
    if data.__class__ is not np.ndarray or data.base is not None:
        data = np.copy(data)
    return np.moveaxis(data, 0, dim)


batch.derivative("input")(lambda g, input_shape, dim, level: unbatch(g, dim, level, input_shape[dim]))
unbatch.derivative("input")(lambda g, dim, level: batch(g, dim, level))
