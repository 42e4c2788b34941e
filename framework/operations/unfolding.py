"""Sliding blocks of images as columns and back: `unfold` and `fold`, each the other's derivative."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import reshaped
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import integer
from framework.operations.convolution_columns import Sizes, seen, zeros

__all__ = ["fold", "unfold"]


def _counts(size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Sizes:
    """How many blocks there are along each dimension."""
    return tuple(
        [
            (n + 2 * p - d * (k - 1) - 1) // s + 1
            for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
        ]
    )


@operation(grad_fn="Im2ColBackward0")
def im2col(input: Any, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Any:
    """(…, channels, height, width) to (…, channels * places of the kernel, blocks)."""
    images = reshaped(input, (-1, *input.shape[-3:])) if input.shape[0] else input
    batch, channels = images.shape[:2]
    out = _counts(images.shape[2:], kernel, dilation, padding, stride)
    result = np.empty_like(input, shape=(batch, channels, math.prod(kernel), *out), order="C")
    if any(padding):
        whole = [n + 2 * p for n, p in zip(images.shape[2:], padding, strict=True)]
        padded = zeros(input, (batch, channels, *whole))
        inner: Any = (..., *[slice(p, p + n) for n, p in zip(images.shape[2:], padding, strict=True)])
        padded[inner] = images
        images = padded
    for place, each in enumerate(seen(kernel, out, stride, dilation)):
        result[:, :, place] = images[each]
    return reshaped(result, (*input.shape[:-3], channels * math.prod(kernel), math.prod(out)))


@operation(grad_fn="Col2ImBackward0")
def col2im(input: Any, size: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> Any:
    """Adds each column of (…, channels * places, blocks) where `im2col` would have taken it from."""
    out = _counts(size, kernel, dilation, padding, stride)
    channels = input.shape[-2] // math.prod(kernel)
    columns = reshaped(input, (*input.shape[:-2], channels, math.prod(kernel), *out))
    whole = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    room = zeros(input, (*input.shape[:-2], channels, *whole))
    for place, each in enumerate(seen(kernel, out, stride, dilation)):
        there = room[each]
        np.add(there, columns[..., place, :, :], out=there)
    if not any(padding):
        return room
    inner: Any = (..., *[slice(p, p + n) for n, p in zip(size, padding, strict=True)])
    return np.copy(room[inner], order="C")


im2col.add_derivative(
    lambda g, input_shape, kernel, dilation, padding, stride: col2im(
        g, input_shape[-2:], kernel, dilation, padding, stride
    ),
    "input",
)
col2im.add_derivative(
    lambda g, kernel, dilation, padding, stride: im2col(g, kernel, dilation, padding, stride), "input"
)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The blocks that a kernel sees of (batch, channels, height, width): (batch, channels * places, blocks)."""
    x, kernel, dilation, padding, stride = _read(
        "im2col", input, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride
    )
    _check_sizes(kernel, dilation, padding, stride)
    if x.ndim == 2:
        raise IndexError("Dimension out of range (expected to be in range of [-2, 1], but got 2)")
    if x.ndim not in (3, 4) or 0 in x.shape[x.ndim - 3 :]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, "
            f"but got: {list(x.shape)}"
        )
    size = x.shape[-2:]
    out = _counts(size, kernel, dilation, padding, stride)
    if min(out) < 1:
        raise RuntimeError(
            f"Given input with spatial size {size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, "
            f"calculated shape of the array of sliding blocks as {out}, but its components must be at least one."
        )
    _check_type(x, "im2col")
    return im2col.function(input, kernel, dilation, padding, stride)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Sums blocks, (batch, channels * places, blocks), where they lie in images of `output_size`."""
    x, size, kernel, dilation, padding, stride = _read(
        "col2im",
        input,
        output_size=output_size,
        kernel_size=kernel_size,
        dilation=dilation,
        padding=padding,
        stride=stride,
    )
    _check_sizes(kernel, dilation, padding, stride)
    if x.ndim not in (2, 3) or 0 in x.shape[x.ndim - 2 :]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for "
            f"input, but got: {list(x.shape)}"
        )
    if x.shape[-2] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={x.shape[-2]} and kernel_size={kernel}."
        )
    out = _counts(size, kernel, dilation, padding, stride)
    known = f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, stride={stride}, "
    if x.shape[-1] != out[0] * out[1]:
        raise RuntimeError(
            f"{known}expected size of input's dimension 2 to match the calculated number of sliding blocks {out[0]} * "
            f"{out[1]} = {out[0] * out[1]}, but got input.size(2)={x.shape[-1]}."
        )
    if min(out) < 1:
        raise RuntimeError(
            f"{known}calculated shape of the array of sliding blocks as {out}, which is too small (non-positive)"
        )
    _check_type(x, "col2im")
    return col2im.function(input, size, kernel, dilation, padding, stride)


def _read(function: str, input: Any, **sizes: Any) -> Any:
    """The array, and each size as a pair."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{function}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return (input._array, *[_pair(value, function, name, at) for at, (name, value) in enumerate(sizes.items(), 2)])


def _pair(value: Any, function: str, name: str, position: int) -> Sizes:
    if type(value) is int:
        return (value, value)
    found = []
    for at, each in enumerate(value if isinstance(value, (tuple, list)) else (value,)):
        try:
            found.append(integer(each, function, name))
        except TypeError:
            raise TypeError(
                f"{function}(): argument '{name}' (position {position}) must be tuple of ints, but found element of "
                f"type {type(each).__name__} at pos {at}"
            ) from None
    if not isinstance(value, (tuple, list)):
        found *= 2
    if len(found) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(found)}")
    return tuple(found)


def _check_sizes(kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> None:
    for words, short, values in (("kernel size", "kernel", kernel), ("dilation", "dilation", dilation)):
        if min(values) < 1:
            raise RuntimeError(f"{words} should be greater than zero, but got {_named(short, values)}")
    if min(padding) < 0:
        raise RuntimeError(f"padding should be non-negative, but got {_named('pad', padding)}")
    if min(stride) < 1:
        raise RuntimeError(f"stride should be greater than zero, but got {_named('stride', stride)}")


def _named(name: str, values: Sizes) -> str:
    return f"{name}_height: {values[0]} {name}_width: {values[1]}"


def _check_type(x: Any, kernel: str) -> None:
    if x.dtype.kind in "iu":
        raise NotImplementedError(
            f"\"{kernel}_out_cpu\" not implemented for '{dtypes.from_numpy(x.dtype).scalar_name}'"
        )
