"""The mean of each window: `avg_pool1d`, `avg_pool2d`, `avg_pool3d`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.direct import zeros
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import integer
from framework.operations.halves import half
from framework.operations.pooling_arguments import (
    check_input,
    each_dimension,
    flag,
    is_plain,
    one_dimension,
    refuse_several,
    refuse_types,
    windows_of,
)
from framework.operations.windows import Window, spread, sums

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d"]

Windows = tuple[Window, ...]


@lru_cache(maxsize=256)
def _counts(windows: Windows, count_padding: bool) -> Any:
    """How many elements each window counts: a number where all count the same, else an array."""
    counts: Any = 1
    for window in windows:
        start = np.arange(window.out) * window.stride - window.padding
        stop = np.minimum(start + window.kernel, window.size + window.padding)
        if not count_padding:
            start, stop = np.maximum(start, 0), np.minimum(stop, window.size)
        counts = counts * (stop - start).reshape((-1, *(1,) * (-1 - window.dim)))
    return int(counts.flat[0]) if np.all(counts == counts.flat[0]) else counts


def _divided(total: Any, windows: Windows, divisor: Any) -> Any:
    """Sums of windows by what they count, or by `divisor` if it is a number and no flag. Writes into `total`."""
    by = _counts(windows, divisor) if isinstance(divisor, bool) else divisor
    if isinstance(by, np.ndarray):
        by = np.asarray(by.astype(total.dtype), like=total)
    if total.dtype.kind == "f":
        return np.divide(total, by, out=total)
    # Whole numbers are cut towards zero.
    return np.sign(total) * (np.absolute(total) // np.absolute(by)) * np.sign(by)


@operation(name="average_windows")
def average_windows(input: Any, windows: Windows, divisor: Any) -> Any:
    """The mean of each window. `divisor`: whether padding counts, or a number that stands for the count."""
    if input.dtype.itemsize == 2:
        return half(average_windows(np.positive(input, dtype=np.float32), windows, divisor), input.dtype)
    return _divided(sums(input, windows), windows, divisor)


@operation(name="spread_averages")
def spread_averages(g: Any, input: Any, windows: Windows, divisor: Any) -> Any:
    """The reverse of `average_windows`: each element's share of the gradients of its windows."""
    if g.dtype.itemsize == 2:
        return half(spread_averages(np.positive(g, dtype=np.float32), input, windows, divisor), g.dtype)
    return spread(_divided(np.copy(g), windows, divisor), windows)


def _formula(g: Any, input: Any, windows: Windows, divisor: Any) -> Any:
    return spread_averages(g, input, windows, divisor)


average_windows.add_derivative(_formula, "input")
# The gradient does not depend on the input, but its graph leads to it, as in PyTorch.
spread_averages.add_derivative(lambda g: zeros(g), "input")
spread_averages.add_derivative(lambda g, windows, divisor: average_windows(g, windows, divisor), "g")


def average_row(name: str, grad_fn: str) -> Any:
    """An operation that takes the mean of each window."""
    return operation(average_windows.forward, name=name, grad_fn=grad_fn, input=_formula)


_ROWS = {
    1: average_row("avg_pool1d", "SqueezeBackward1"),
    2: average_row("avg_pool2d", "AvgPool2DBackward0"),
    3: average_row("avg_pool3d", "AvgPool3DBackward0"),
}


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of the last dimension, zeros at the padding, which counts if `count_include_pad`."""
    array = check_input(input, "avg_pool1d")
    find = _found_1d if is_plain(kernel_size, stride, padding) else _found_1d.__wrapped__
    found = find(array.shape, array.dtype, kernel_size, stride, padding, ceil_mode, count_include_pad)
    return _ROWS[1].function(input, *found)


@lru_cache(maxsize=512, typed=True)
def _found_1d(
    shape: tuple[int, ...], dtype: Any, kernel: Any, stride: Any, padding: Any, ceil_mode: Any, include: Any
) -> tuple[Windows, Any]:
    """The windows and the divisor that the arguments mean; raises where they are not allowed."""
    name = "avg_pool1d"
    sizes = one_dimension(name, kernel, stride, padding)
    flag(ceil_mode, name, "ceil_mode")
    flag(include, name, "count_include_pad")
    if len(shape) not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {len(shape)}-dimensional tensor for argument #1 'self' "
            f"(while checking arguments for {name})"
        )
    refuse_several(name, *sizes)
    (k,), (s,), (p,) = sizes[0], sizes[1] or sizes[0], sizes[2]
    as_image = (*shape[:-1], 1, shape[-1])
    window, _ = windows_of("avg_pool2d", as_image, (1, k), (1, s), (0, p), (1, 1), ceil_mode)
    refuse_types(dtype, "avg_pool2d", "efdlq")
    return (window,), include


def _averaged(count: int, input: Tensor, sizes: tuple[Any, Any, Any], *options: Any) -> Tensor:
    array = check_input(input, f"avg_pool{count}d")
    find = _found if is_plain(*sizes) else _found.__wrapped__
    found = find(count, array.shape, array.dtype, *sizes, *options)
    return _ROWS[count].function(input, *found)


@lru_cache(maxsize=512, typed=True)
def _found(
    count: int,
    shape: tuple[int, ...],
    dtype: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: Any,
    include: Any,
    override: Any,
) -> tuple[Windows, Any]:
    """The windows and the divisor that the arguments mean; raises where they are not allowed."""
    name = f"avg_pool{count}d"
    sizes = each_dimension(name, count, "either be" if count == 2 else "be", kernel, stride, padding, 1)
    flag(ceil_mode, name, "ceil_mode")
    flag(include, name, "count_include_pad")
    divisor = include if override is None else integer(override, name, "divisor_override")
    if override is not None and not divisor:
        raise RuntimeError("divisor must be not zero")
    ndim = len(shape)
    if count == 2 and ndim < 3:
        if not ndim:
            raise IndexError("Dimension specified as -3 but tensor has no dimensions")
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got -3)")
    if count == 3 and ndim not in (4, 5):
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    windows = windows_of(name, shape, *sizes, ceil_mode)
    refuse_types(dtype, "avg_pool2d" if count == 2 else "avg_pool3d_out_frame", "efdlq" if count == 2 else "fdlq")
    return windows, divisor


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last two dimensions, zeros at the padding.

    `count_include_pad`: whether these count. `divisor_override` stands for the count, if given.
    """
    return _averaged(2, input, (kernel_size, stride, padding), ceil_mode, count_include_pad, divisor_override)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last three dimensions, zeros at the padding.

    `count_include_pad`: whether these count. `divisor_override` stands for the count, if given.
    """
    return _averaged(3, input, (kernel_size, stride, padding), ceil_mode, count_include_pad, divisor_override)
