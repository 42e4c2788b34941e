"""Max pooling with windows at random places: `fractional_max_pool2d`, `fractional_max_pool3d`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype, reshaped, taken_along, zeros
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.max_pooling import located
from framework.operations.pooling_arguments import check_input, ints, refuse_types
from framework.operations.sampling import rand
from framework.operations.unpooling import add_flat, take_flat
from framework.operations.windows import Window

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]


def _starts(samples: Any, size: int, kernel: int, out: int) -> Any:
    """Where the windows of each plane start along a dimension; the last ends at the end."""
    last = np.full_like(samples, size - kernel, shape=(*samples.shape, min(out, 1)), dtype=np.int64)
    if out < 2:
        return last
    dtype = samples.dtype.type
    alpha = dtype(size - kernel) / dtype(out - 1)
    moved = samples[..., None]
    numbers = np.arange(out - 1).astype(dtype)
    first = in_dtype((numbers + moved) * alpha, np.int64) - in_dtype(moved * alpha, np.int64)
    return np.concatenate((first, last), axis=-1)


def _fractional(input: Any, samples: Any, kernel: tuple[int, ...], outs: tuple[int, ...]) -> tuple[Any, Any]:
    """The maxima, and their places in the last dimensions as one number each."""
    count = len(outs)
    sizes = input.shape[input.ndim - count :]
    lead = input.shape[: input.ndim - count]
    planes = reshaped(input, (-1, *sizes))
    if 0 in outs or 0 in lead:
        shape = (*lead, *outs)
        return zeros(input, shape=shape), np.zeros_like(input, shape=shape, dtype=np.int64)
    # In two dimensions PyTorch takes the samples' columns from the last dimension on, in three from the first.
    columns = range(count) if count == 3 else reversed(range(count))
    places = []
    for column, size, width, out in zip(columns, sizes, kernel, outs, strict=True):
        given = reshaped(samples[: lead[0]] if input.ndim == count + 2 else samples[:1], (-1, count))[:, column]
        starts = _starts(given, size, width, out)
        places.append(reshaped(starts[..., None] + np.arange(width), (len(planes), out * width)))
    subscript: list[Any] = [reshaped(np.arange(len(planes)), (-1, *(1,) * count))]
    for axis, each in enumerate(places):
        subscript.append(reshaped(each, (len(planes), *(1,) * axis, -1, *(1,) * (count - axis - 1))))
    spans = planes[tuple(subscript)]
    windows = tuple(
        [
            Window(axis - count, out * width, width, width, 0, 1, out)
            for axis, (width, out) in reversed([*enumerate(zip(kernel, outs, strict=True))])
        ]
    )
    largest, found = located(spans, windows)
    flat = reshaped(found, (len(planes), -1))
    index: Any = 0
    step = 1
    for each, window, size in zip(reversed(places), windows, reversed(sizes), strict=True):
        index = index + taken_along(each, flat % window.size, 1) * step
        flat = flat // window.size
        step *= size
    shape = (*lead, *outs)
    return reshaped(largest, shape), reshaped(index, shape)


@operation(name="fractional_back")
def fractional_back(g: Any, input: Any, indices: Any, count: int) -> Any:
    """Zeros like the input with each window's gradient at its maximum."""
    return add_flat(g, indices, input.shape[input.ndim - count :])


# The gradient does not depend on the input, but its graph leads to it, as in PyTorch.
fractional_back.add_derivative(lambda g: zeros(g), "input")
fractional_back.add_derivative(lambda g, indices, count: take_flat(g, indices, count), "g")


def _row(name: str, grad_fn: str) -> Any:
    row = operation(_fractional, name=name, grad_fn=grad_fn, residuals=("indices",), outputs=2)

    row.add_derivative(lambda g, input, indices, outs: fractional_back(g, input, indices, len(outs)), "input")
    return row


_ROWS = {
    2: _row("fractional_max_pool2d", "FractionalMaxPool2DBackward0"),
    3: _row("fractional_max_pool3d", "FractionalMaxPool3DBackward0"),
}


def _pooled(
    count: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Tensor | None
) -> tuple[Tensor, Tensor]:
    name = f"fractional_max_pool{count}d"
    if output_size is None:
        if output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        if count == 2 and len(output_ratio) > 2:
            raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
        ratios = tuple(output_ratio) if hasattr(output_ratio, "__iter__") else (output_ratio,) * count
        output_size = [int(input.size(dim - count) * ratio) for dim, ratio in enumerate(ratios)]
    array = check_input(input, name)
    if samples is None:
        batch = 1 if array.ndim == count + 1 else input.size(0)
        samples = rand(batch, input.size(-count - 1), count, dtype=input.dtype)
    kernel, outs = ints(kernel_size, name, "kernel_size", 2), ints(output_size, name, "output_size", 3)
    kernel = kernel * count if type(kernel_size) is int else kernel
    outs = outs * count if type(output_size) is int else outs
    _check(name, count, array, kernel, outs, samples._array)
    return _ROWS[count].function(input, samples, kernel, outs)


def _check(name: str, count: int, array: Any, kernel: Any, outs: Any, samples: Any) -> None:
    kinds = "tuple of Ints" if count == 2 else "tuple of three Ints"
    for argument, value in (("kernel_size", kernel), ("output_size", outs)):
        if len(value) != count:
            raise RuntimeError(f"{name}: {argument} must either be a single Int or {kinds}")
    where = name if count == 2 else f"{name}_out"
    shape = array.shape
    if array.ndim not in (count + 1, count + 2):
        raise RuntimeError(f"{where}(): Expected {count + 1}D or {count + 2}D tensor, but got: {list(shape)}")
    for dim in range(array.ndim - count - 1, array.ndim):
        if shape[dim] == 0:
            raise RuntimeError(
                f"{where}(): Expected input to have non-zero size for non-batch dimensions, but got{list(shape)} with "
                f"dimension {dim} being empty."
            )
    # In three dimensions PyTorch leaves at least one element over, and looks at the width before the height.
    spare = count - 2
    axes = ("height", "width") if count == 2 else ("time", "width", "height")
    order = (0, 1) if count == 2 else (0, 2, 1)
    for axis, dim in zip(axes, order, strict=True):
        size, width = shape[dim - count], kernel[dim]
        if outs[dim] + width - 1 + spare > size:
            raise RuntimeError(f"{where}(): pool {axis} {width} too large relative to input {axis} {size}")
    if samples.dtype != array.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    if samples.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions, got {samples.ndim}")
    batch = 1 if array.ndim == count + 1 else shape[0]
    if samples.shape[0] < batch:
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if samples.shape[1] != shape[-count - 1]:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if samples.shape[2] != count:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {count}; got {samples.shape[2]}.")
    refuse_types(array.dtype, f"{name}_out_frame", "efd")


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of `output_size` windows whose places in the last two dimensions are drawn.

    `output_ratio` gives the size as a share of the input's. With `return_indices` also where each maximum was.
    """
    found = _pooled(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of `output_size` windows whose places in the last three dimensions are drawn.

    `output_ratio` gives the size as a share of the input's. With `return_indices` also where each maximum was.
    """
    found = _pooled(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d`, and where each maximum was."""
    return _pooled(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d`, and where each maximum was."""
    return _pooled(3, input, kernel_size, output_size, output_ratio, _random_samples)
