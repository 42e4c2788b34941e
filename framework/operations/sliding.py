"""`Tensor.unfold`: windows that slide along a dimension, as a view."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.grad_mode import mode
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim

__all__: list[str] = []

FULL = slice(None)


@operation(view=True, name="unfold", grad_fn="UnfoldBackward0")
def _unfold(input: Any, dim: int, size: int, step: int) -> Any:
    if type(input) is not np.ndarray:
        if mode.trace is not None and input.__class__ is np.ndarray:
            return mode.trace.call(_unfold.forward, (input, dim, size, step), {})
        if size == 0:
            return zeros(input, shape=(*_counted(input.shape, dim, size, step), 0))
        windows = np.lib.stride_tricks.sliding_window_view(input, size, axis=dim)
        return windows[(*(FULL,) * dim, slice(None, None, step))]
    shape = (*_counted(input.shape, dim, size, step), size)
    strides = list(input.strides)
    width = strides[dim]
    strides[dim] = width * step
    # The usual functions give what is read-only, and take ten times as long.
    if input.flags.c_contiguous:
        return np.ndarray(shape, input.dtype, input, 0, (*strides, width))
    return np.lib.stride_tricks.as_strided(input, shape, (*strides, width))


def _counted(shape: tuple[int, ...], dim: int, size: int, step: int) -> tuple[int, ...]:
    return (*shape[:dim], (shape[dim] - size) // step + 1, *shape[dim + 1 :])


@operation(name="unfold_back")
def _folded(g: Any, shape: Any, dim: int, step: int) -> Any:
    """Zeros of a shape with the windows added where they come from."""
    out = np.zeros_like(g, shape=tuple(shape), order="C")
    count, size = g.shape[dim], g.shape[-1]
    before = (FULL,) * dim
    if size <= count:
        for number in range(size):
            out[(*before, slice(number, number + (count - 1) * step + 1, step))] += g[..., number]
        return out
    for number in range(count):
        # The window's elements are last; in the output they lie along the dimension.
        part = np.moveaxis(g[(*before, number)], -1, dim)
        out[(*before, slice(number * step, number * step + size))] += part
    return out


_unfold.add_derivative(lambda g, input_shape, dim, step: _folded(g, input_shape, dim, step), "input")
_folded.add_derivative(lambda g, dim, g_shape, step: _unfold(g, dim, g_shape[-1], step), "g")


def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` elements along a dimension, `step` apart, as a view with the windows' elements last."""
    for position, (argument, value) in enumerate((("dimension", dimension), ("size", size), ("step", step)), 1):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(
                f"unfold(): argument '{argument}' (position {position}) must be int, not {type(value).__name__}"
            )
    shape = self._array.shape
    dim = normalize_dim(int(dimension), len(shape))
    longest = shape[dim] if shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > longest:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {longest} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return self.reshape(1)[:size]
    return _unfold.function(self, dim, int(size), int(step))


attach(unfold)
