"""`Traced`: stands for an array while a function is traced; every NumPy call on it runs and is recorded.

It says that it is an `ndarray` and has an ndarray's methods, so that the engine and the operations take the very ways
that they take on arrays. Only what needs the values themselves (a Python decision, `.item()`) tells the trace.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray
from numpy.lib.mixins import NDArrayOperatorsMixin

from framework.compiler.tracing.instructions import Number, Value

if TYPE_CHECKING:
    from framework.compiler.tracing.trace import Trace

# Methods of arrays whose result Python sees, so that it could decide by it.
_TELLING = frozenset({"item", "tolist", "tobytes", "tofile", "dump", "dumps"})
# Methods that write into the array itself.
WRITING = frozenset({"fill", "itemset", "partition", "put", "setfield", "sort"})
_FORM = frozenset({"shape", "ndim", "dtype", "strides", "size", "itemsize", "nbytes", "flags", "base"})
_REFUSED = frozenset({"resize", "setflags", "byteswap", "data", "ctypes", "__array_interface__", "__array_struct__"})


class Traced(NDArrayOperatorsMixin):
    """An array of a trace."""

    __slots__ = ("__weakref__", "trace", "value")

    def __init__(self, value: Value, trace: Trace) -> None:
        self.value = value
        self.trace = trace

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.value.array.dtype

    @property
    def ndim(self) -> int:
        return self.value.array.ndim

    @property
    def T(self) -> Any:
        return np.transpose(self)

    def __len__(self) -> int:
        return len(self.value.array)

    def __getitem__(self, index: Any) -> Any:
        return self.trace.item(self, index)

    def __setitem__(self, index: Any, values: Any) -> None:
        self.trace.set_item(self, index, values)

    def __iter__(self) -> Any:
        return (self[index] for index in range(len(self)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        return self.trace.ufunc(ufunc, method, inputs, named)

    def __array_function__(self, function: Any, types: Any, args: Any, named: Any) -> Any:
        return self.trace.function(function, args, named)

    def __getattr__(self, name: str) -> Any:
        if name in _FORM:
            return getattr(self.value.array, name)
        method = getattr(ndarray, name)
        if name in _TELLING:
            return lambda *args, **named: getattr(self._told(f".{name}()"), name)(*args, **named)
        if name in _REFUSED:
            return getattr(self._told(f".{name}"), name)
        if not callable(method):  # real, imag, flat
            return getattr(self._told(f".{name}"), name)
        return lambda *args, **named: self.trace.method(method, name, self, args, named)

    def _told(self, what: str) -> ndarray:
        """The values, which the trace learns of: from here on Python knows them."""
        return self.trace.tell(self.value, what)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray:
        array = np.asarray(self._told("a call that takes plain arrays"), dtype)
        return array.copy() if copy else array

    def __bool__(self) -> bool:
        return bool(self._told("a decision (if, while, and, or, not, assert)"))

    def __int__(self) -> int:
        return int(self._told("int()"))

    def __float__(self) -> float:
        return float(self._told("float()"))

    def __index__(self) -> int:
        return operator.index(self._told("an index").item())

    def __contains__(self, element: Any) -> bool:
        return element in self._told("in")

    def __repr__(self) -> str:
        return repr(self._told("printing"))

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(self._told("printing"), spec)

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'numpy.ndarray'")

    def __copy__(self) -> Any:
        return np.copy(self, order="K")

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return np.copy(self, order="K")

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._told("pickling").__reduce_ex__(protocol)


class TracedNumber:
    """A Python number that every run has anew. It meets arrays as a Python number does; arithmetic on it is recorded."""

    __slots__ = ("number", "trace")

    def __init__(self, number: Number, trace: Trace) -> None:
        self.number = number
        self.trace = trace

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **named: Any) -> Any:
        if any(isinstance(each, Traced) or type(each) is ndarray for each in inputs):
            return self.trace.ufunc(ufunc, method, inputs, named)
        plain = [each.told(f"np.{ufunc.__name__}") if type(each) is TracedNumber else each for each in inputs]
        return getattr(ufunc, method)(*plain, **named)

    def told(self, what: str) -> float:
        """The value, which the trace learns of."""
        self.trace.tell(None, f"{what} of a number that changes from step to step")
        return self.number.value

    def __float__(self) -> float:
        return float(self.told("float()"))

    def __int__(self) -> int:
        return int(self.told("int()"))

    def __bool__(self) -> bool:
        return bool(self.told("a decision (if, while, and, or, not, assert)"))

    def __repr__(self) -> str:
        return repr(self.told("printing"))

    def __hash__(self) -> int:
        return hash(self.told("hash()"))


def _arithmetic(function: Callable[..., Any], reflected: bool = False) -> Any:
    def method(self: TracedNumber, *others: Any) -> Any:
        if not all(type(each) in (TracedNumber, int, float) for each in others):
            return NotImplemented
        operands = tuple(each.number if type(each) is TracedNumber else each for each in (self, *others))
        if reflected:
            operands = operands[::-1]
        return TracedNumber(made(function, operands), self.trace)

    return method


def made(function: Callable[..., Any], operands: tuple[Any, ...]) -> Number:
    """A number made of others."""
    values = [each.value if isinstance(each, Number) else each for each in operands]
    return Number(function(*values), function=function, operands=operands)


def _comparison(function: Callable[..., Any]) -> Any:
    def method(self: TracedNumber, other: Any) -> Any:
        if isinstance(other, Traced) or type(other) is ndarray:
            return NotImplemented
        return function(self.told("a comparison"), other)

    return method


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    setattr(TracedNumber, f"__{_name}__", _arithmetic(getattr(operator, _name)))
    setattr(TracedNumber, f"__r{_name}__", _arithmetic(getattr(operator, _name), reflected=True))
for _name in ("neg", "pos", "abs"):
    setattr(TracedNumber, f"__{_name}__", _arithmetic(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(TracedNumber, f"__{_name}__", _comparison(getattr(operator, _name)))
