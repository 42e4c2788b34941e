"""`DeviceArray`: an array stricter than any real one, to find formulas that would fail elsewhere.

It speaks NumPy's two protocols and nothing more: it has no array methods, cannot be converted to a NumPy array, and
does not mix with NumPy arrays of one dimension or more, as arrays in another memory do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class DeviceArray(NDArrayOperatorsMixin):
    """Stands for an array in the memory of a device. `host()` fetches it, for the test alone."""

    __slots__ = ("_values",)

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def host(self) -> np.ndarray:
        """The values as a NumPy array."""
        return self._values

    @property
    def shape(self) -> tuple[int, ...]:
        return self._values.shape

    @property
    def ndim(self) -> int:
        return self._values.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._values.dtype

    @property
    def strides(self) -> tuple[int, ...]:
        return self._values.strides

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._onto(self._values[_off(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        # What an operation makes, it may fill; that it writes into nothing else is checked elsewhere.
        self._values[_off(index)] = _off(value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method not in ("__call__", "reduce") or (method == "reduce" and ufunc not in (np.add, np.multiply)):
            raise TypeError(f"np.{ufunc.__name__}.{method} does not run on a device")
        if "where" in kwargs:
            raise TypeError(f"np.{ufunc.__name__}(where=…) does not run on a device")
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return self._run(name, getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.asarray:
            # np.asarray(table, like=x) is how an operation brings a table of its own to where x is.
            return self._onto(np.asarray(*args, **kwargs))
        return self._run(function.__name__, function, args, kwargs)

    def _run(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        return self._onto(function(*_off(tuple(args)), **{name: _off(value) for name, value in kwargs.items()}))

    def _onto(self, value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return type(self)(np.asarray(value))
        if isinstance(value, (list, tuple)):
            items = [self._onto(each) for each in value]
            return value._make(items) if hasattr(value, "_make") else type(value)(items)
        return value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("an array on a device does not become a NumPy array by itself")

    def __bool__(self) -> bool:
        raise TypeError("a formula must not decide by a value: it may be on a device, or not be known yet")

    def __iter__(self) -> Any:
        return (self[index] for index in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"array method or attribute .{name}: use np.{name}(x, …), which means the same on arrays and Tensors"
        )


def _off(value: Any) -> Any:
    if isinstance(value, DeviceArray):
        return value._values
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError(
            f"a NumPy array of shape {value.shape} meets an array on a device: make it with a function of the device's "
            "array, such as np.zeros_like(g, shape=…)"
        )
    if type(value) in (list, tuple):
        return type(value)(_off(each) for each in value)
    return value


class Widened(TypeError):
    """float32 became float64."""


class SingleArray(DeviceArray):
    """Stands for a float32 array, and refuses whatever widens it, in the line that does."""

    __slots__ = ()

    def _run(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        result = super()._run(name, function, args, kwargs)
        given = [*_leaves(args), *_leaves(list(kwargs.values()))]
        wide = [each for each in _leaves([result]) if getattr(each, "dtype", None) == np.float64]
        if wide and not any(isinstance(each, DeviceArray) and each.dtype == np.float64 for each in given):
            of = " and ".join(dict.fromkeys(map(_kind, given)))
            raise Widened(f"np.{name} of {of} gives float64")
        return result


def _leaves(values: Any) -> list[Any]:
    """What is in lists and tuples as deep as they go."""
    return [leaf for each in values for leaf in (_leaves(each) if isinstance(each, (list, tuple)) else [each])]


def _kind(value: Any) -> str:
    if isinstance(value, DeviceArray):
        return f"a {value.dtype} array"
    return repr(value) if not isinstance(value, np.ndarray) else f"a {value.dtype} NumPy array"
