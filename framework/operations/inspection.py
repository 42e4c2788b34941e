"""Ask what a tensor is, and in which type tensors and numbers meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, dtype, dtypes
from framework.autograd.attach import attach
from framework.autograd.dtypes import can_cast
from framework.operations.creation_arguments import check_tensor

__all__ = [
    "can_cast",
    "detach",
    "get_device",
    "is_complex",
    "is_floating_point",
    "is_inference",
    "is_nonzero",
    "is_same_size",
    "is_tensor",
    "numel",
    "promote_types",
    "result_type",
    "typename",
]


def detach(input: Tensor) -> Tensor:
    """The same memory, outside the graph."""
    check_tensor("detach", "input", 1, input)
    return input.detach()


def get_device(input: Tensor) -> int:
    """-1: the CPU."""
    check_tensor("get_device", "input", 1, input)
    return input.get_device()


def is_tensor(obj: Any) -> bool:
    """Whether an object is a Tensor."""
    return isinstance(obj, Tensor)


def typename(obj: Any) -> str:
    """The name of an object's type, or of a class: `int`, `numpy.ndarray`, `torch.FloatTensor`."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if isinstance(obj, type) else type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floating-point numbers."""
    check_tensor("is_floating_point", "input", 1, input)
    return input.is_floating_point()


def is_complex(input: Tensor) -> bool:
    """False: complex numbers are not supported."""
    check_tensor("is_complex", "input", 1, input)
    return False


def is_inference(input: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    check_tensor("is_inference", "input", 1, input)
    return input.is_inference()


def is_nonzero(input: Tensor) -> bool:
    """Whether a tensor of one element is not zero."""
    check_tensor("is_nonzero", "input", 1, input)
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    check_tensor("is_same_size", "input", 1, input)
    check_tensor("is_same_size", "other", 2, other)
    return bool(input._array.shape == other._array.shape)


def numel(input: Tensor) -> int:
    """The number of elements."""
    check_tensor("numel", "input", 1, input)
    return input.numel()


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The type in which two tensors or numbers meet in arithmetic."""
    operands = [each._array if isinstance(each, Tensor) else each for each in (tensor1, tensor2)]
    return dtypes.from_numpy(dtypes.result_dtype(operands))


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The type in which tensors of two types meet."""
    met = dtypes.promote(type1.dtype, type2.dtype)
    assert met is not None
    return dtypes.from_numpy(np.dtype(met))


attach(is_nonzero, is_same_size)


def _assert(condition: Any, message: str) -> None:
    """Raises AssertionError with the message unless the condition holds. Public code uses the name."""
    if not condition:
        raise AssertionError(message)
