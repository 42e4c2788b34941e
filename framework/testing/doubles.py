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

    def __getitem__(self, index: Any) -> DeviceArray:
        return _onto(self._values[_off(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        # What an operation makes, it may fill; that it writes into nothing else is checked elsewhere.
        self._values[_off(index)] = _off(value)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method not in ("__call__", "reduce") or (method == "reduce" and ufunc not in (np.add, np.multiply)):
            raise TypeError(f"np.{ufunc.__name__}.{method} does not run on a device")
        if "where" in kwargs:
            raise TypeError(f"np.{ufunc.__name__}(where=…) does not run on a device")
        return _run(lambda a, k: getattr(ufunc, method)(*a, **k), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.asarray:
            # np.asarray(table, like=x) is how an operation brings a table of its own to where x is.
            return DeviceArray(np.asarray(*args, **kwargs))
        return _run(lambda a, k: function(*a, **k), args, kwargs)

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


def _onto(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return DeviceArray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        items = [_onto(each) for each in value]
        return value._make(items) if hasattr(value, "_make") else type(value)(items)
    return value


def _run(call: Callable[[Any, Any], Any], args: Any, kwargs: Any) -> Any:
    return _onto(call(_off(tuple(args)), {name: _off(value) for name, value in kwargs.items()}))
