"""How a result lies in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

__all__ = ["in_order"]


def in_order(array: Any) -> Any:
    """A result laid out in the order of its dimensions, as PyTorch's is whatever the input's layout."""
    if array.__class__ is ndarray and array.flags.c_contiguous:
        return array
    return np.copy(array, order="C")
