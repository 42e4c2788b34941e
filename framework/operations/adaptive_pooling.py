"""Pools to a size of one's choice: `adaptive_avg_pool1d` … `3d`, `adaptive_max_pool1d` … `3d`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype, zeros
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.average_pooling import average_windows, spread_averages
from framework.operations.max_pooling import located, place_at_maxima
from framework.operations.pooling_arguments import check_input, ints, refuse_types
from framework.operations.reduction import mean
from framework.operations.resampling import Line, resample, resample_back, taps
from framework.operations.windows import Window, maxima

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
]

Windows = tuple[Window, ...]
Lines = tuple[Line, ...]


@lru_cache(maxsize=256)
def _equal_windows(sizes: tuple[int, ...], outs: tuple[int, ...]) -> Windows:
    """The windows that part each dimension evenly."""
    count = len(sizes)
    return tuple(
        [
            Window(number - count, size, size // out, size // out, 0, 1, out)
            for number, (size, out) in reversed([*enumerate(zip(sizes, outs, strict=True))])
        ]
    )


@lru_cache(maxsize=256)
def _average_plan(sizes: tuple[int, ...], outs: tuple[int, ...]) -> tuple[Windows, Lines]:
    """Windows where they are all of one size along each dimension, else lines."""
    if all([out and size % out == 0 for size, out in zip(sizes, outs, strict=True)]):
        return _equal_windows(sizes, outs), ()
    count = len(sizes)
    return (), tuple(
        [Line("average", number - count, size, out) for number, (size, out) in enumerate(zip(sizes, outs, strict=True))]
    )


@lru_cache(maxsize=256)
def _max_plan(sizes: tuple[int, ...], outs: tuple[int, ...]) -> tuple[Windows, Lines]:
    """The windows, and the lines that lay them out one after the other where they are not so already."""
    if all([out and size % out == 0 for size, out in zip(sizes, outs, strict=True)]):
        return _equal_windows(sizes, outs), ()
    count = len(sizes)
    lines = tuple(
        [Line("windows", number - count, size, out) for number, (size, out) in enumerate(zip(sizes, outs, strict=True))]
    )
    lengths = [taps(line, np.float64)[0].shape[1] for line in lines]
    widths = [max(length // max(line.out, 1), 1) for line, length in zip(lines, lengths, strict=True)]
    windows = tuple(
        [
            Window(line.dim, length, width, width, 0, 1, line.out)
            for line, length, width in reversed([*zip(lines, lengths, widths, strict=True)])
        ]
    )
    return windows, lines


def _average(input: Any, plan: Any) -> Any:
    windows, lines = plan
    return average_windows(input, windows, True) if windows else resample(input, lines)


@operation(name="adaptive_average_back")
def adaptive_average_back(g: Any, input: Any, plan: Any) -> Any:
    """Each element's share of the gradients of the windows it is in."""
    windows, lines = plan
    return spread_averages(g, input, windows, True) if windows else resample_back(g, lines)


# The gradient does not depend on the input, but its graph leads to it, as in PyTorch.
adaptive_average_back.add_derivative(lambda g: zeros(g), "input")
adaptive_average_back.add_derivative(lambda g, plan: _average(g, plan), "g")


def _average_row(name: str, grad_fn: str) -> Any:
    row = operation(lambda input, plan: _average(input, plan), name=name, grad_fn=grad_fn)
    row.add_derivative(lambda g, input, plan: adaptive_average_back(g, input, plan), "input")
    return row


_AVERAGE = {
    1: _average_row("adaptive_avg_pool1d", "SqueezeBackward1"),
    2: _average_row("adaptive_avg_pool2d", "AdaptiveAvgPool2DBackward0"),
    3: _average_row("adaptive_avg_pool3d", "AdaptiveAvgPool3DBackward0"),
}


def _adaptive_maximum(input: Any, plan: Any) -> tuple[Any, Any]:
    """The maxima, and their places in the last dimensions as one number each."""
    windows, lines = plan
    if 0 in [window.out for window in windows]:
        outs = [window.out for window in reversed(windows)]
        empty = zeros(input, shape=(*input.shape[: input.ndim - len(outs)], *outs))
        return empty, in_dtype(empty, np.int64)
    if not lines:
        return located(input, windows)
    largest, places = located(resample(input, lines), windows)
    found: Any = 0
    step = 1
    for window, line in zip(windows, reversed(lines), strict=True):
        along = np.asarray(taps(line, np.float64)[0][0] * step, like=input)
        found = found + np.take(along, places % window.size)
        places = places // window.size
        step *= line.size
    return largest, found


def _max_formula(g: Any, input: Any, plan: Any) -> Any:
    windows, lines = plan
    if 0 in [window.out for window in windows]:
        return zeros(input)
    if not lines:
        return place_at_maxima(g, input, windows)
    return resample_back(place_at_maxima(g, resample(input, lines), windows), lines)


def _adaptive_values(input: Any, plan: Any) -> Any:
    windows, lines = plan
    if 0 in [window.out for window in windows]:
        return _adaptive_maximum(input, plan)[0]
    return maxima(resample(input, lines) if lines else input, windows)


def _max_rows(name: str, grad_fn: str) -> tuple[Any, Any]:
    values = operation(_adaptive_values, name=name, grad_fn=grad_fn, input=_max_formula)
    both = operation(_adaptive_maximum, name=f"{name}_with_indices", grad_fn=grad_fn, residuals=("indices",), outputs=2)
    both.add_derivative(_max_formula, "input")
    return values, both


_MAX = {
    1: _max_rows("adaptive_max_pool1d", "SqueezeBackward1"),
    2: _max_rows("adaptive_max_pool2d", "AdaptiveMaxPool2DBackward0"),
    3: _max_rows("adaptive_max_pool3d", "AdaptiveMaxPool3DBackward0"),
}


def _one_size(input: Tensor, output_size: Any, name: str) -> tuple[Any, tuple[int, ...]]:
    array = check_input(input, name)
    outs = ints(output_size, name, "output_size", 2)
    if array.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {array.ndim}-dimensional tensor for argument #1 'self' "
            f"(while checking arguments for {name})"
        )
    if len(outs) != 1:
        raise RuntimeError(f"{name}() argument 'output_size' should contain one int (got {len(outs)})")
    return array, outs


def _sizes(input: Tensor, output_size: Any, name: str, count: int) -> tuple[Any, tuple[int, ...]]:
    """The array, and the size asked for along each dimension: None keeps a dimension's own."""
    if isinstance(output_size, int):
        array = check_input(input, name)
        outs = ints(output_size, name, "output_size", 2)
        return array, outs * count
    shape = input.size()
    if len(shape) <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    own = shape[-len(output_size) :] if len(output_size) else ()
    outs = ints(
        [size if each is None else each for each, size in zip(output_size, own, strict=True)], name, "output_size", 2
    )
    return input._array, outs


def _refuse_empty(shape: tuple[int, ...], start: int, name: str) -> None:
    for dim in range(start, len(shape)):
        if shape[dim] == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{list(shape)} with dimension {dim} being empty"
            )


def _refuse_negative(outs: tuple[int, ...], name: str) -> None:
    if min(outs) < 0:
        # PyTorch leaves a space out between the last two.
        listed = f"{outs[0]}, {outs[1]}" + "".join([f",{each}" for each in outs[2:]])
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {{{listed}}}"
        )


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each of `output_size` windows that cover the last dimension as evenly as can be."""
    array, outs = _one_size(input, output_size, "adaptive_avg_pool1d")
    _refuse_negative((1, *outs), "adaptive_avg_pool2d")
    if outs == (1,):
        return mean(input.unsqueeze(-2), (-2, -1), True).squeeze(-2)
    _refuse_empty((*array.shape[:-1], 1, array.shape[-1]), array.ndim, "adaptive_avg_pool2d")
    refuse_types(array.dtype, "adaptive_avg_pool2d", "efd")
    return _AVERAGE[1].function(input, _average_plan(array.shape[-1:], outs))


def _adaptive_average(input: Tensor, output_size: Any, count: int, kernel: str) -> Tensor:
    name = f"adaptive_avg_pool{count}d"
    array, outs = _sizes(input, output_size, name, count)
    if len(outs) != count:
        raise RuntimeError(f"{name}: output_size must be {count}")
    _refuse_negative(outs, name)
    shape = array.shape
    if outs == (1,) * count and array.ndim in (count + 1, count + 2):
        return mean(input, tuple(range(-count, 0)), True)
    if array.ndim not in (count + 1, count + 2):
        raise RuntimeError(f"{name}(): Expected {count + 1}D or {count + 2}D tensor, but got {list(shape)}")
    _refuse_empty(shape, array.ndim - 2 if count == 2 else 1, name)
    refuse_types(array.dtype, kernel, "efd")
    return _AVERAGE[count].function(input, _average_plan(shape[-count:], outs))


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each window; windows cover the last two dimensions as evenly as can be. None keeps a size."""
    return _adaptive_average(input, output_size, 2, "adaptive_avg_pool2d")


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each window; windows cover the last three dimensions as evenly as can be. None keeps a size."""
    return _adaptive_average(input, output_size, 3, "adaptive_avg_pool3d_cpu")


def _adaptive_max(input: Tensor, output_size: Any, count: int, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{count}d"
    if count == 1:
        array, outs = _one_size(input, output_size, name)
    else:
        array, outs = _sizes(input, output_size, name, count)
        if array.ndim not in (count + 1, count + 2):
            raise RuntimeError(f"{name}(): Expected {count + 1}D or {count + 2}D tensor, but got: {list(array.shape)}")
        if len(outs) != count:
            raise RuntimeError(f"{name}(): internal error: output_size.size() must be {count}")
    shape = array.shape
    _refuse_empty(shape, 1, name)
    if min(outs) < 0:
        wanted = [*shape[: array.ndim - count], *((1,) if count == 1 else ()), *outs]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(outs)}: {wanted}")
    refuse_types(array.dtype, {3: "adaptive_max_pool3d_cpu"}.get(count, "adaptive_max_pool2d"), "efd")
    plan = _max_plan(shape[-count:], outs)
    return _MAX[count][1 if return_indices else 0].function(input, plan)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of `output_size` windows that cover the last dimension; also where it was, if asked."""
    return _adaptive_max(input, output_size, 1, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each window; windows cover the last two dimensions. Also where it was, if asked."""
    return _adaptive_max(input, output_size, 2, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each window; windows cover the last three dimensions. Also where it was, if asked."""
    return _adaptive_max(input, output_size, 3, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 1, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 2, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d`, and where each maximum was."""
    return _adaptive_max(input, output_size, 3, True)
