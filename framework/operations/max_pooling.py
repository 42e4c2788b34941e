"""The largest element of each window: `max_pool1d`, `max_pool2d`, `max_pool3d`, and where it was."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
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
from framework.operations.windows import (
    Window,
    choose,
    contracted,
    extended,
    laid,
    maxima,
    memory_order,
    place,
    positions,
    winners,
)

__all__ = [
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
]

Windows = tuple[Window, ...]


@operation(name="place_at_maxima")
def place_at_maxima(g: Any, input: Any, windows: Windows) -> Any:
    """Zeros like the input with each window's gradient at the element that is its maximum."""
    levels = []
    x = input
    for number, window in enumerate(windows):
        x = extended(x, window)
        shape = x.shape
        x, stays = winners(x, window, number == len(windows) - 1)
        levels.append((window, stays, shape))
    for window, stays, shape in reversed(levels):
        g = contracted(place(g, window, stays, shape), window)
    return g


@operation(name="take_at_maxima")
def take_at_maxima(values: Any, input: Any, windows: Windows) -> Any:
    """For each window, the value where the input has its maximum."""
    x = input
    for number, window in enumerate(windows):
        x, stays = winners(extended(x, window), window, number == len(windows) - 1)
        values = choose(extended(values, window), window, stays)
    return np.copy(values, order="C")


# Which element is largest does not change with the input, but the gradient's graph leads to it, as in PyTorch.
place_at_maxima.add_derivative(lambda g: np.zeros_like(g), "input")
place_at_maxima.add_derivative(lambda g, input, windows: take_at_maxima(g, input, windows), "g")
take_at_maxima.add_derivative(lambda g, input: np.zeros_like(input), "input")
take_at_maxima.add_derivative(lambda g, input, windows: place_at_maxima(g, input, windows), "values")


@lru_cache(maxsize=256)
def _offsets(window: Window, step: int) -> Any:
    """How much each element of the extended array adds to an index: its place along the dimension, in elements."""
    found = np.array(positions(window), np.int32) * np.int32(step)
    return found.reshape((-1, *(1,) * (-1 - window.dim)))


def located(input: Any, windows: Windows) -> tuple[Any, Any]:
    """The maxima, and their places in the input's last dimensions as one number each."""
    x = input
    places: Any = None
    step = 1
    for window in windows:
        offsets = np.asarray(_offsets(window, step), like=input)
        x = extended(x, window)
        places = offsets if places is None else extended(places, window) + offsets
        x, stays = winners(x, window, False)
        places = np.broadcast_to(choose(places, window, stays), x.shape)
        step *= window.size
    order = memory_order(input)
    return laid(np.copy(x, order="C"), order), laid(np.positive(places, dtype=np.int64, order="C"), order)


def _formula(g: Any, input: Any, windows: Windows) -> Any:
    return place_at_maxima(g, input, windows)


def max_pool_row(name: str, grad_fn: str) -> Any:
    """An operation that takes the maximum of each window."""
    return operation(lambda input, windows: maxima(input, windows), name=name, grad_fn=grad_fn, input=_formula)


def located_row(name: str, grad_fn: str) -> Any:
    """An operation that takes the maximum of each window and says where it was."""
    row = operation(located, name=name, grad_fn=grad_fn, residuals=("indices",), outputs=2)
    row.add_derivative(_formula, "input")
    return row


_ROWS = {
    1: max_pool_row("max_pool1d", "SqueezeBackward1"),
    2: max_pool_row("max_pool2d", "MaxPool2DWithIndicesBackward0"),
    3: max_pool_row("max_pool3d", "MaxPool3DWithIndicesBackward0"),
}
_LOCATED = {
    1: located_row("max_pool1d_with_indices", "SqueezeBackward1"),
    2: located_row("max_pool2d_with_indices", "MaxPool2DWithIndicesBackward0"),
    3: located_row("max_pool3d_with_indices", "MaxPool3DWithIndicesBackward0"),
}
_NUMBERS = "efdbBhilq"


def _windows(
    count: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> Windows:
    array = check_input(input, f"max_pool{count}d")
    find = _found if is_plain(kernel, stride, padding, dilation) else _found.__wrapped__
    return find(count, array.shape, array.dtype, kernel, stride, padding, dilation, ceil_mode)


@lru_cache(maxsize=512, typed=True)
def _found(
    count: int,
    shape: tuple[int, ...],
    dtype: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: Any,
) -> Windows:
    """The windows that the arguments mean; raises where they are not allowed."""
    name = f"max_pool{count}d"
    flag(ceil_mode, name, "ceil_mode", 6)
    sizes = each_dimension(name, count, "either be", kernel, stride, padding, dilation)
    if len(shape) not in (count + 1, count + 2):
        ranks = f"{count + 1}D or {count + 2}D"
        raise RuntimeError(f"non-empty {ranks} (batch mode) tensor expected for input")
    windows = windows_of(name, shape, *sizes, ceil_mode)
    refuse_types(dtype, name, _NUMBERS)
    return windows


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last two dimensions; with `return_indices` also where it was."""
    windows = _windows(2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return (_LOCATED if return_indices else _ROWS)[2].function(input, windows)


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last three dimensions; with `return_indices` also where it was."""
    windows = _windows(3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return (_LOCATED if return_indices else _ROWS)[3].function(input, windows)


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last dimension; with `return_indices` also where it was."""
    if return_indices:
        return max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    array = check_input(input, "max_pool1d")
    find = _found_1d if is_plain(kernel_size, stride, padding, dilation) else _found_1d.__wrapped__
    windows = find(array.shape, array.dtype, kernel_size, stride, padding, dilation, ceil_mode)
    return _ROWS[1].function(input, windows)


@lru_cache(maxsize=512, typed=True)
def _found_1d(
    shape: tuple[int, ...], dtype: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> Windows:
    """The windows that the arguments mean; raises where they are not allowed."""
    sizes = one_dimension("max_pool1d", kernel, stride, padding, dilation)
    flag(ceil_mode, "max_pool1d", "ceil_mode", 6)
    window = _one_window(shape, sizes, ceil_mode)
    refuse_types(dtype, "max_pool1d_impl", "efd")
    return (window,)


def _one_window(shape: tuple[int, ...], sizes: list[tuple[int, ...]], ceil_mode: bool) -> Window:
    kernel, stride, padding, dilation = sizes
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for input, but got:"
            f"{list(shape)}"
        )
    for argument, value, kinds in (
        ("kernel_size", kernel, "an int, list of ints or tuple of ints"),
        ("stride", stride, "None, an int, list of ints, or tuple of ints"),
        ("padding", padding, "an int, list of ints, or tuple of ints"),
        ("dilation", dilation, "an int, list of ints or tuple of ints"),
    ):
        if len(value) != 1 and not (argument == "stride" and not value):
            raise RuntimeError(f"max_pool1d() {argument} must be {kinds} of size 1 but got size {len(value)}")
    (k,), (s,), (p,), (d,) = kernel, stride or kernel, padding, dilation
    if k <= 0:
        raise RuntimeError(f"max_pool1d() kernel_size must be greater than zero, but got {k}")
    if s <= 0:
        raise RuntimeError(f"max_pool1d() stride must be greater than zero, but got {s}")
    if p < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {p}")
    if p > k // 2:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
        )
    if d <= 0:
        raise RuntimeError(f"max_pool1d() dilation must be greater than zero, but got {d}")
    size = shape[-1]
    room = size + 2 * p - d * (k - 1) - 1
    out = (room + (s - 1 if ceil_mode else 0)) // s + 1
    if ceil_mode and (out - 1) * s >= size + p:
        out -= 1
    if out <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {out}")
    return Window(-1, size, k, s, p, d, out)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool1d`, and where in the last dimension each maximum was."""
    name = "max_pool1d_with_indices"
    array = check_input(input, name)
    sizes = one_dimension(name, kernel_size, stride, padding, dilation)
    refuse_several(name, *sizes)
    flag(ceil_mode, name, "ceil_mode", 6)
    if array.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {array.ndim}-dimensional tensor for argument #1 'self' "
            f"(while checking arguments for {name})"
        )
    (k,), (s,), (p,), (d,) = sizes[0], sizes[1] or sizes[0], sizes[2], sizes[3]
    shape = (*array.shape[:-1], 1, array.shape[-1])
    window, _ = windows_of("max_pool2d", shape, (1, k), (1, s), (0, p), (1, d), ceil_mode)
    refuse_types(array.dtype, "max_pool2d", _NUMBERS)
    return _LOCATED[1].function(input, (window,))


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool2d`, and where in the last two dimensions, counted as one, each maximum was."""
    windows = _windows(2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return _LOCATED[2].function(input, windows)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> tuple[Tensor, Tensor]:
    """`max_pool3d`, and where in the last three dimensions, counted as one, each maximum was."""
    windows = _windows(3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return _LOCATED[3].function(input, windows)
