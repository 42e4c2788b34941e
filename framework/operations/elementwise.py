"""How chains of elementwise steps are computed: with constants of the right type, half precision in float32."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype
from framework.autograd.tensor import Tensor
from framework.operations.halves import half

__all__ = ["Constant", "at_least", "at_most", "between", "elementwise", "masked"]

# Up to this many elements np.clip costs more to begin than it saves: past it, it takes a third of the time.
_FEW = 2000


class Constant(dict[Any, Any]):
    """A number as an array of no dimensions of each type: `Constant(1.0)[x.dtype]`.

    With it a small operation takes half of a Python number's time.
    """

    def __init__(self, value: float) -> None:
        self.value = value

    def __missing__(self, dtype: Any) -> Any:
        made = self[dtype] = np.array(self.value, dtype)
        made.flags.writeable = False
        return made


def elementwise(compute: Callable[..., Any], first: Any, *rest: Any) -> Any:
    """`compute(first, …)` of arrays and numbers; half precision is computed in float32 and rounded once, as in PyTorch."""
    dtype = first.dtype
    if dtype.itemsize != 2 or dtype.kind != "f":
        return compute(first, *rest)
    wide = [in_dtype(each, np.float32) if hasattr(each, "dtype") else each for each in (first, *rest)]
    result = compute(*wide)
    return result.to(dtype) if isinstance(result, Tensor) else half(result, dtype)


def between(x: Any, low: Any, high: Any) -> Any:
    """Each element, or the bound that it is beyond; nan stays."""
    return np.clip(x, low, high) if math.prod(x.shape) > _FEW else np.minimum(np.maximum(x, low), high)


def at_least(x: Any, low: Any) -> Any:
    """Each element, but `low` where it is lower; nan stays."""
    return np.clip(x, low, math.inf) if math.prod(x.shape) > _FEW else np.maximum(x, low)


def at_most(x: Any, high: Any) -> Any:
    """Each element, but `high` where it is higher; nan stays."""
    return np.clip(x, -math.inf, high) if math.prod(x.shape) > _FEW else np.minimum(x, high)


def masked(x: Any, mask: Any) -> Any:
    """An array where the mask is set, else 0. Quicker than a product with booleans, which casts them on the way."""
    kept = in_dtype(mask, x.dtype)
    kept *= x
    return kept
