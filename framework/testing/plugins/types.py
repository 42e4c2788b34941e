"""Looks at the type that an operation makes of arguments of different types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import Operation
from framework.autograd.tensor import Tensor, wrap

__all__ = ["check_types"]


def check_types(operation: Operation, call: Sequence[Any]) -> None:
    """Types meet by PyTorch's rules, where float64 without dimensions widens no float32."""
    places = [number for number in operation.positions if isinstance(call[number], ndarray)]
    mixed = [_single(each) for each in call]
    mixed[places[-1]] = wrap(np.array(0.5))
    result = _result(operation, mixed)
    if result is not None and result.ndim and result.dtype != np.float32:
        name = operation.parameters[places[-1]]
        raise AssertionError(
            f"{operation.name}: of float32, and of float64 without dimensions as {name!r}, it makes {result.dtype}: in "
            "PyTorch, what has no dimensions widens nothing, so it must be float32. Say that types are to meet so: "
            "operation(…, promote='common'), or 'float' if whole numbers are to become float32."
        )


def _single(value: Any) -> Any:
    if not isinstance(value, ndarray):
        return value
    return wrap(value.astype(np.float32) if value.dtype.kind == "f" else value.copy())


def _result(operation: Operation, arguments: Sequence[Any]) -> ndarray | None:
    """What a call gives, if it takes these arguments."""
    try:
        output = operation(*arguments)
    except Exception:
        return None
    return output._array if isinstance(output, Tensor) else None
