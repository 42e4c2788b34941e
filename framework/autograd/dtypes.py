"""Number types with PyTorch's names and text, and PyTorch's rules for mixing them.

A `dtype` stands for a NumPy dtype and prints as PyTorch prints it. `result_type` is the rule by which operands of
different types meet: a tensor outranks a 0-d tensor, which outranks a Python number, and a lower rank widens the
result only when it brings a higher kind (boolean < integer < floating point).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np


class dtype:
    """A number type: `framework.float32`, `framework.int64`, ….

    There is one object for each type, so both `is` and `==` compare. NumPy takes it wherever it takes a dtype.
    """

    __slots__ = ("dtype", "is_floating_point", "itemsize", "kind", "name", "scalar_name")

    # NumPy looks for an attribute of this name on an object given as a dtype.
    dtype: np.dtype[Any]

    def __init__(self, name: str, scalar_name: str) -> None:
        self.name = name
        self.scalar_name = scalar_name
        self.dtype = np.dtype(name)
        self.kind = self.dtype.kind
        self.is_floating_point = self.kind == "f"
        self.itemsize = self.dtype.itemsize

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy dtype."""
        return self.dtype

    @property
    def is_complex(self) -> bool:
        """Whether numbers have an imaginary part: those of no tensor here have."""
        return self.kind == "c"

    @property
    def is_signed(self) -> bool:
        """Whether negative numbers can be held."""
        return self.kind in "fic"

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Unavailable(dtype):
    """A type of PyTorch's that no tensor here can have: there to be named and compared, refused wherever it is used."""

    __slots__ = ("reason",)

    def __init__(self, name: str, scalar_name: str, kind: Any, itemsize: int, reason: str) -> None:
        self.name = name
        self.scalar_name = scalar_name
        self.kind = kind
        self.is_floating_point = kind == "f"
        self.itemsize = itemsize
        self.reason = reason

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        raise RuntimeError(self.reason)


float64 = dtype("float64", "Double")
float32 = dtype("float32", "Float")
float16 = dtype("float16", "Half")
int64 = dtype("int64", "Long")
int32 = dtype("int32", "Int")
int16 = dtype("int16", "Short")
int8 = dtype("int8", "Char")
uint8 = dtype("uint8", "Byte")
uint16 = dtype("uint16", "UInt16")
uint32 = dtype("uint32", "UInt32")
uint64 = dtype("uint64", "UInt64")
boolean = dtype("bool", "Bool")

_BFLOAT16 = (
    "bfloat16 is not available, since NumPy has no such type. Use float32 (.float()) for the same range of values, or "
    "float16 (.half()) where memory matters more than range"
)
_COMPLEX = (
    "complex tensors are not available. Keep the real and the imaginary part in two tensors, or in a last dimension"
)
bfloat16 = Unavailable("bfloat16", "BFloat16", "f", 2, _BFLOAT16)
complex32 = Unavailable("complex32", "ComplexHalf", "c", 4, _COMPLEX)
complex64 = Unavailable("complex64", "ComplexFloat", "c", 8, _COMPLEX)
complex128 = Unavailable("complex128", "ComplexDouble", "c", 16, _COMPLEX)

ALL = (float64, float32, float16, int64, int32, int16, int8, uint8, uint16, uint32, uint64, boolean)
_BY_NUMPY: dict[Any, dtype] = {each.dtype: each for each in ALL}
_NAMED = {each.name: each for each in (*ALL, bfloat16, complex32, complex64, complex128)}
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def _by_name(name: str) -> dtype:
    return _NAMED[name]


class _Default:
    """The type that Python floats and `zeros(3)` take. One for the process, as in PyTorch."""

    float: dtype = float32


def get_default_dtype() -> dtype:
    """The type of floating-point tensors made without one."""
    return _Default.float


def set_default_dtype(d: dtype) -> None:
    """Makes `d` the type of floating-point tensors made without one."""
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type, got {d!r}")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    _Default.float = from_numpy(d.dtype)


def from_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """The dtype that stands for a NumPy dtype."""
    try:
        return _BY_NUMPY[numpy_dtype]
    except KeyError:
        pass
    native = numpy_dtype.newbyteorder("=")
    if native in _BY_NUMPY:
        return _BY_NUMPY[native]
    raise TypeError(
        f"can't convert np.ndarray of type numpy.{numpy_dtype.type.__name__}. The only supported types are: "
        "float64, float32, float16, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
    )


def as_numpy(given: Any) -> np.dtype[Any]:
    """The NumPy dtype meant by one of ours, a NumPy dtype, or Python's `float`, `int` or `bool`."""
    if isinstance(given, dtype):
        return given.dtype
    if given is float:
        return float64.dtype
    if given is int:
        return int64.dtype
    if given is bool:
        return boolean.dtype
    return from_numpy(np.dtype(given)).dtype


def scalar_dtype(value: Any) -> np.dtype[Any]:
    """The type a Python number takes when it becomes a tensor."""
    if isinstance(value, bool):
        return boolean.dtype
    if isinstance(value, int):
        return int64.dtype
    return _Default.float.dtype


def promote(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """The type in which values of two types meet, ranks aside. None stands for no operand."""
    if a is None or a == b:
        return b
    if b is None:
        return a
    if a.kind == "f" and b.kind != "f":
        return a
    if b.kind == "f" and a.kind != "f":
        return b
    if {a.kind, b.kind} == {"u", "i"} and (a.itemsize if a.kind == "u" else b.itemsize) > 1:
        raise RuntimeError(
            f"Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{from_numpy(a).scalar_name} and {from_numpy(b).scalar_name}"
        )
    return np.promote_types(a, b)


def _combine(higher: np.dtype[Any] | None, lower: np.dtype[Any] | None) -> np.dtype[Any] | None:
    if higher is None or lower is None:
        return higher if lower is None else lower
    return promote(higher, lower) if _RANK[lower.kind] > _RANK[higher.kind] else higher


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of type `from_` may be written into a tensor of type `to`."""
    return _RANK[from_.kind] <= _RANK[to.kind]


def c_name(of: dtype | np.dtype[Any]) -> str:
    """What PyTorch's messages call a type that they give its name in C."""
    names = {
        "float64": "double", "float32": "float", "float16": "c10::Half", "int64": "long int", "int32": "int",
        "int16": "short int", "int8": "signed char", "uint8": "unsigned char", "uint16": "short unsigned int",
        "uint32": "unsigned int", "uint64": "long unsigned int",
    }  # fmt: skip
    return names.get(of.name, of.name)


def result_dtype(operands: Any) -> np.dtype[Any]:
    """The NumPy dtype in which arrays and Python numbers meet, by PyTorch's ranks."""
    tensors = zero_dim = numbers = None
    for each in operands:
        if isinstance(each, (bool, int, float)):
            numbers = promote(numbers, scalar_dtype(each))
        elif each.ndim:
            tensors = promote(tensors, each.dtype)
        else:
            zero_dim = promote(zero_dim, each.dtype)
    result = _combine(tensors, _combine(zero_dim, numbers))
    assert result is not None
    return result


def _check_dtype(name: str, given: Any) -> None:
    if not isinstance(given, dtype):
        raise TypeError(f"{name}(): argument 'type' (position 1) must be torch.dtype, not {type(given).__name__}")


class finfo:
    """Limits of a floating-point type, as `torch.finfo`."""

    def __init__(self, type: dtype | None = None) -> None:
        given = _Default.float if type is None else type
        _check_dtype("finfo", given)
        if not given.is_floating_point:
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{given!r}'"
            )
        limits = np.finfo(given.dtype)
        self.dtype = given.name
        self.bits = limits.bits
        self.eps = float(limits.eps)
        self.max = float(limits.max)
        self.min = float(limits.min)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = 10.0**-limits.precision

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer type, as `torch.iinfo`."""

    def __init__(self, type: dtype) -> None:
        _check_dtype("iinfo", type)
        if type is boolean:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if type.is_floating_point:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type!r}'")
        limits = np.iinfo(type.dtype)
        self.dtype = type.name
        self.bits = limits.bits
        self.max = int(limits.max)
        self.min = int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
