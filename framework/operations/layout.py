"""How a result lies in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.direct import copied

__all__ = ["channels_last", "copied", "has_channels_last", "in_order", "like_images"]


def in_order(array: Any) -> Any:
    """A result laid out in the order of its dimensions, as PyTorch's is whatever the input's layout."""
    if array.__class__ is ndarray and array.flags.c_contiguous:
        return array
    return copied(array)


def has_channels_last(array: Any) -> bool:
    """Whether an array of images or volumes lies in memory with its channels last, by PyTorch's rule."""
    strides = array.strides
    if array.ndim not in (4, 5) or strides[1] > strides[-1] or 0 in array.shape:
        return False
    least = 0
    for axis in (1, *range(array.ndim - 1, 1, -1), 0):
        if strides[axis] < least or (axis == 0 and least == strides[1]):
            return False
        least = strides[axis] * max(1, array.shape[axis])
    return True


def channels_last(array: Any) -> Any:
    """A copy of images or volumes that lies in memory with its channels last."""
    last = tuple(range(2, array.ndim))
    first = (0, array.ndim - 1, *range(1, array.ndim - 1))
    return np.transpose(np.copy(np.transpose(array, (0, *last, 1)), order="C"), first)


def like_images(result: Any, input: Any) -> Any:
    """A result that lies in order, or with its channels last where the input's are."""
    return channels_last(result) if has_channels_last(input) else result
