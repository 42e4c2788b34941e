"""The raw memory that a file holds for its tensors: which types its elements may be of, and tensors that show it."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from framework.autograd import Tensor, dtypes
from framework.autograd.memory import window
from framework.autograd.tensor import wrap
from framework.operations.strided import check_window
from framework.serialization.errors import LoadError

__all__ = ["STORAGE_TYPES", "ElementType", "Memory", "element_type"]


class ElementType:
    """A type of elements by PyTorch's name: the dtype that holds it here, or why there is none."""

    __slots__ = ("dtype", "itemsize", "name", "refused")

    def __init__(self, name: str, itemsize: int, dtype: dtypes.dtype | None, refused: str = "") -> None:
        self.name = name
        self.itemsize = itemsize
        self.dtype = dtype
        self.refused = refused

    def required(self) -> dtypes.dtype:
        """The dtype, or LoadError with the reason why there is none."""
        if self.dtype is None:
            raise LoadError(f"it holds {self.name} tensors: {self.refused}")
        return self.dtype


_COMPLEX = "complex tensors are out of scope. Save torch.view_as_real(tensor) instead"
_QUANTIZED = "quantized tensors are out of scope. Save tensor.dequantize() instead"
_NARROW = "NumPy has no such type. Save tensor.float() instead"

_TYPES = {each.name: ElementType(each.name, each.itemsize, each) for each in dtypes.ALL}
# bfloat16 is the upper half of float32: widened, its values stay what they were.
_TYPES["bfloat16"] = ElementType("bfloat16", 2, dtypes.float32)
for _name, _itemsize, _reason in [
    ("complex32", 4, _COMPLEX), ("complex64", 8, _COMPLEX), ("complex128", 16, _COMPLEX),
    ("qint8", 1, _QUANTIZED), ("quint8", 1, _QUANTIZED), ("qint32", 4, _QUANTIZED), ("quint4x2", 1, _QUANTIZED),
    ("quint2x4", 1, _QUANTIZED), ("float8_e4m3fn", 1, _NARROW), ("float8_e4m3fnuz", 1, _NARROW),
    ("float8_e5m2", 1, _NARROW), ("float8_e5m2fnuz", 1, _NARROW), ("float8_e8m0fnu", 1, _NARROW),
    ("float4_e2m1fn_x2", 1, _NARROW),
]:  # fmt: skip
    _TYPES[_name] = ElementType(_name, _itemsize, None, _reason)

STORAGE_TYPES = {
    "BFloat16Storage": _TYPES["bfloat16"],
    "ComplexDoubleStorage": _TYPES["complex128"],
    "ComplexFloatStorage": _TYPES["complex64"],
    "QInt32Storage": _TYPES["qint32"],
    "QInt8Storage": _TYPES["qint8"],
    "QUInt2x4Storage": _TYPES["quint2x4"],
    "QUInt4x2Storage": _TYPES["quint4x2"],
    "QUInt8Storage": _TYPES["quint8"],
    "UntypedStorage": _TYPES["uint8"],
    **{f"{each.scalar_name}Storage": _TYPES[each.name] for each in dtypes.ALL},
}


def element_type(name: str) -> ElementType | None:
    """The type of elements that PyTorch calls by a name such as "float32"; None when it has none such."""
    return _TYPES.get(name)


class Memory:
    """Bytes that tensors may share, in a file's order of bytes, and what type of elements they were saved as."""

    __slots__ = ("_converted", "kind", "raw", "swapped")

    def __init__(self, raw: Any, kind: ElementType, byteorder: str = sys.byteorder) -> None:
        self.raw = raw
        self.kind = kind
        self.swapped = byteorder != sys.byteorder
        self._converted: dict[str, Any] = {}

    def elements(self, kind: ElementType) -> Any:
        """All elements of a type, as one flat array: the bytes themselves wherever they can be used as they are."""
        found = self._converted.get(kind.name)
        if found is None:
            found = self._converted[kind.name] = self._read(kind)
        return found

    def _read(self, kind: ElementType) -> Any:
        dtype = kind.required().dtype
        whole = self.raw[: self.raw.size // kind.itemsize * kind.itemsize]
        if kind.name == "bool" and whole.size and whole.max() > 1:
            raise LoadError("it is damaged: a boolean is neither 0 nor 1")
        if kind.name == "bfloat16":
            return _widened(whole.view("<u2" if (sys.byteorder == "little") != self.swapped else ">u2"))
        if whole.__array_interface__["data"][0] % kind.itemsize:
            whole = whole.copy()
        if self.swapped and kind.itemsize > 1:
            return whole.view(dtype.newbyteorder()).astype(dtype)
        return whole.view(dtype)

    def overwrite(self, data: Any) -> None:
        """Puts other bytes in place of all there are, in the file's order; tensors made before show them too."""
        if data.size != self.raw.size:
            raise LoadError(f"a storage of {self.raw.size} bytes cannot become one of {data.size}")
        self.raw[...] = data
        self.refresh()

    def refresh(self) -> None:
        """Brings tensors up to date that show the bytes in another form, after these were written."""
        for name, found in self._converted.items():
            found[...] = self._read(_TYPES[name])

    def tensor(self, kind: ElementType, offset: Any, size: Any, stride: Any, cls: type[Tensor] = Tensor) -> Any:
        """A tensor that shows elements from an offset on, by sizes and steps; LoadError where these lead outside."""
        shape, steps = _integers("size", size), _integers("stride", stride)
        if type(offset) is not int:
            raise LoadError(f"it is damaged: a tensor's offset is {_kind(offset)}")
        elements = self.elements(kind)
        try:
            if 0 in shape and len(shape) == len(steps) and min(*shape, *steps) >= 0 and elements.size < offset:
                offset = 0
            check_window(elements, (shape, steps, offset))
            return wrap(window(elements, (shape, steps, offset)), cls)
        except (RuntimeError, ValueError, OverflowError, MemoryError) as error:
            raise LoadError(f"it is damaged: a tensor reaches outside of its memory ({error})") from error


# Elements, more than an address can count.
_TOO_MANY = 1 << 62


def _widened(halves: Any) -> Any:
    """bfloat16 as float32."""
    return np.left_shift(halves, np.uint32(16), dtype=np.uint32).view(dtypes.float32.dtype)


def _integers(what: str, given: Any) -> tuple[int, ...]:
    if not isinstance(given, (tuple, list)) or any([type(each) is not int for each in given]):
        raise LoadError(f"it is damaged: a tensor's {what} is no tuple of integers")
    if max(given, default=0) >= _TOO_MANY or (
        what == "size" and math.prod([max(each, 1) for each in given]) >= _TOO_MANY
    ):
        raise LoadError(f"it is damaged: a tensor's {what} goes beyond any memory")
    return tuple(given)


def _kind(value: Any) -> str:
    return f"a value of type {type(value).__name__}"
