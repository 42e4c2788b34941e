"""Types of tensors by their element type: `FloatTensor(2, 3)` makes one, `isinstance(x, LongTensor)` tells."""

from __future__ import annotations

from typing import Any

from framework.autograd import Tensor, dtypes
from framework.operations.from_data import constructed

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "tensortype",
]


class tensortype(type):
    """The type of these types: their instances are the tensors of one element type, of any class."""

    dtype: dtypes.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Any:
        return constructed(Tensor, data, device, cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


def _type(dtype: dtypes.dtype) -> Any:
    names = {"__module__": "torch", "dtype": dtype, "is_cuda": False, "is_sparse": False}
    return tensortype(f"{dtype.scalar_name}Tensor", (), names)


BoolTensor = _type(dtypes.boolean)
ByteTensor = _type(dtypes.uint8)
CharTensor = _type(dtypes.int8)
DoubleTensor = _type(dtypes.float64)
FloatTensor = _type(dtypes.float32)
HalfTensor = _type(dtypes.float16)
IntTensor = _type(dtypes.int32)
LongTensor = _type(dtypes.int64)
ShortTensor = _type(dtypes.int16)
