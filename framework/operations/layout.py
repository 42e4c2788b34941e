"""How a result lies in memory."""

from __future__ import annotations

from typing import Any

from numpy import ndarray

from framework.autograd.direct import copied

__all__ = ["copied", "in_order"]


def in_order(array: Any) -> Any:
    """A result laid out in the order of its dimensions, as PyTorch's is whatever the input's layout."""
    if array.__class__ is ndarray and array.flags.c_contiguous:
        return array
    return copied(array)
