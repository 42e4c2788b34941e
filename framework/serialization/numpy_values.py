"""NumPy's arrays, numbers and dtypes as pickles hold them: plain ones are made anew, with objects inside refused."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from framework.serialization.errors import LoadError, shown

__all__ = ["array_from_buffer", "build_array", "build_dtype", "empty_array", "numpy_dtype", "scalar"]

# Numbers, booleans, bytes and text; neither objects nor records.
_PLAIN = re.compile(r"[<>=|]?(\?|[biufcSU]\d{1,9})")
_BUFFERS = (bytes, bytearray)


def numpy_dtype(name: Any, align: Any = False, copy: Any = False) -> np.dtype[Any]:
    """A dtype by its short name, an object of its own."""
    text = name.decode("ascii") if type(name) is bytes else name
    if type(text) is not str or not _PLAIN.fullmatch(text):
        what = shown(text) if type(text) is str else type(text).__name__
        raise LoadError(f"it holds NumPy values of type {what}: only numbers, booleans and text are read")
    return np.dtype(text, copy=True)


def build_dtype(dtype: Any, state: Any) -> None:
    """Gives a dtype the order of bytes that its state names."""
    order = state[1].decode("ascii") if type(state[1]) is bytes else state[1]
    if order not in ("<", ">", "|", "=") or any(each is not None for each in state[2:5]):
        raise LoadError("it holds NumPy records, which are not read. Save each field as an array")
    ordered: Any = dtype.newbyteorder(order)
    dtype.__setstate__(ordered.__reduce__()[2])


def empty_array(kind: Any, shape: Any, letter: Any) -> np.ndarray:
    """What a pickled array starts as, until its state is there."""
    if getattr(kind, "value", None) is not np.ndarray:
        raise LoadError("it is damaged: it makes a NumPy array of another class")
    return np.ndarray((0,), np.int8)


def build_array(array: Any, state: Any) -> None:
    """Gives an array its shape and its elements."""
    _, shape, dtype, fortran, data = state
    if type(data) is str:  # of Python 2, read as latin1
        data = data.encode("latin1")
    _check(data, dtype, shape)
    array.__setstate__((1, shape, dtype, bool(fortran), bytes(data)))


def scalar(dtype: Any, data: Any = b"") -> Any:
    """One value."""
    if type(data) is str:
        data = data.encode("latin1")
    _check(data, dtype, ())
    return np.ndarray((), dtype, data)[()]


def array_from_buffer(data: Any, dtype: Any, shape: Any, order: Any, axis_order: Any = None) -> np.ndarray:
    """An array around bytes, as protocol 5 has it."""
    if order not in ("C", "F") or axis_order is not None:
        raise LoadError("it holds a NumPy array in an unusual order. Save a copy of it: array.copy()")
    _check(data, dtype, shape)
    return np.ndarray(shape, dtype, bytearray(data), order=order)


def _check(data: Any, dtype: Any, shape: Any) -> None:
    sound = isinstance(dtype, np.dtype) and type(shape) is tuple and all([type(n) is int and n >= 0 for n in shape])
    if sound and type(data) is list:
        raise LoadError("it holds a NumPy array of objects, which could be code. Save numbers only")
    if not sound or type(data) not in _BUFFERS or math.prod(shape) * dtype.itemsize != len(data):
        raise LoadError("it is damaged: the bytes of a NumPy array do not match its shape")
