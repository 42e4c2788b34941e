"""Convolution, its transpose and their gradients as operations that are each other's derivatives.

A convolution is linear in its input and in its weight. Its gradient by the input is a transposed convolution of the
gradient by the weight; the one by the weight is a product of the gradient with the input. Each of the three has the
other two for derivatives, so that derivatives of any order come of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.operations import convolution_ways as ways
from framework.operations.convolution_columns import Pads, Sizes
from framework.operations.layout import channels_last, has_channels_last

__all__ = ["convolution", "convolution_by_weight", "convolution_transposed"]


def _with_two_dimensions(
    function: Callable[..., Any], first: Any, second: Any, third: Any, *geometry: Any, groups: int
) -> Any:
    """Signals as images of one row; half precision as single within, as PyTorch has it."""
    half = first.dtype.itemsize == 2 and first.dtype.kind == "f"
    flat = first.ndim == 3
    if not (half or flat):
        return function(first, second, third, *geometry, groups)
    arrays = [first, second, third]
    if half:
        arrays = [each if each is None else np.astype(each, np.float32) for each in arrays]
    if flat:
        arrays = [each if each is None or each.ndim < 3 else each[:, :, None] for each in arrays]
        geometry = tuple([_row(each) for each in geometry])
    result = function(*arrays, *geometry, groups)
    several = result.__class__ is tuple
    results = list(result) if several else [result]
    if flat:
        results = [each[:, :, 0] for each in results]
    if half:
        results = [np.astype(each, np.float16) for each in results]
    return results if several else results[0]


def _laid_out(result: Any, input: Any, weight: Any) -> Any:
    """The result with its channels last in memory where those of the input or the weight are."""
    if any([has_channels_last(each) and not (each.ndim == 5 and each.dtype.itemsize > 4) for each in (input, weight)]):
        return channels_last(result)
    return result


def _row(sizes: Any) -> Any:
    return (((0, 0) if sizes[0].__class__ is tuple else 1), *sizes)


@operation(name="convolution")
def convolution(input: Any, weight: Any, bias: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int) -> Any:
    """The convolution of (batch, channels, *size) by (outputs, channels / groups, *kernel).

    pads: zeros before and after, for each dimension.
    """
    result = _with_two_dimensions(ways.forward, input, weight, bias, stride, pads, dilation, groups=groups)
    return _laid_out(result, input, weight)


@operation(name="conv_transpose", grad_fn="ConvolutionBackward0")
def convolution_transposed(
    input: Any, weight: Any, bias: Any, size: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> Any:
    """What `convolution` with that weight, of an input of that size, sends back for `input` as its gradient."""

    def run(g: Any, weight: Any, bias: Any, *geometry: Any) -> Any:
        result = ways.by_input(g, weight, *geometry)
        return result if bias is None else result + np.reshape(bias, (-1, *[1] * (g.ndim - 2)))

    result = _with_two_dimensions(run, input, weight, bias, size, stride, pads, dilation, groups=groups)
    return _laid_out(result, input, weight)


@operation(name="convolution_by_weight")
def convolution_by_weight(
    g: Any, input: Any, kernel: Sizes, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> Any:
    """The gradient of `convolution` by its weight."""

    def run(g: Any, input: Any, _: Any, *geometry: Any) -> Any:
        return ways.by_weight(g, input, *geometry)

    return _with_two_dimensions(run, g, input, None, kernel, stride, pads, dilation, groups=groups)


@operation(name="convolution_gradients", outputs="list")
def _convolution_gradients(
    g: Any, weight: Any, input: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> Any:
    """Both gradients of `convolution`: by its input and by its weight."""
    return _with_two_dimensions(ways.gradients_together, g, weight, input, stride, pads, dilation, groups=groups)


@operation(name="convolution_and_product", outputs="list")
def _convolution_and_product(
    input: Any, weight: Any, other: Any, stride: Sizes, pads: Pads, dilation: Sizes, groups: int
) -> Any:
    """`convolution`, and its gradient by the weight for `other` as the gradient."""
    return _with_two_dimensions(ways.forward_together, input, weight, other, stride, pads, dilation, groups=groups)


def _bias_gradient(g: Any) -> Any:
    """The sum over images and positions: a product with ones takes a fraction of a sum's time."""
    if g.dtype.kind != "f" or g.dtype.itemsize < 4 or 0 in g.shape:
        return np.add.reduce(g, axis=(0, *range(2, g.ndim)))
    batch, outputs = g.shape[:2]
    flat = np.reshape(g, (batch * outputs, -1))
    sums = np.reshape(np.dot(flat, np.ones_like(g, shape=(flat.shape[1],))), (batch, outputs))
    return sums[0] if batch == 1 else np.dot(np.ones_like(g, shape=(batch,)), sums)


@convolution.derivative("input", "weight", "bias")
def _(
    g: Any, input: Any, weight: Any, stride: Any, pads: Any, dilation: Any, groups: Any, needs: tuple[bool, ...]
) -> Any:
    bias = _bias_gradient(g) if needs[2] else None
    if needs[0] and needs[1]:
        return *_convolution_gradients(g, weight, input, stride, pads, dilation, groups), bias
    geometry = (stride, pads, dilation, groups)
    by_input = convolution_transposed(g, weight, None, input.shape[2:], *geometry) if needs[0] else None
    by_weight = convolution_by_weight(g, input, weight.shape[2:], *geometry) if needs[1] else None
    return by_input, by_weight, bias


@convolution_transposed.derivative("input", "weight", "bias")
def _(
    g: Any, input: Any, weight: Any, stride: Any, pads: Any, dilation: Any, groups: Any, needs: tuple[bool, ...]
) -> Any:
    bias = _bias_gradient(g) if needs[2] else None
    geometry = (stride, pads, dilation, groups)
    if needs[0] and needs[1]:
        return *_convolution_and_product(g, weight, input, *geometry), bias
    by_input = convolution(g, weight, None, *geometry) if needs[0] else None
    by_weight = convolution_by_weight(input, g, weight.shape[2:], *geometry) if needs[1] else None
    return by_input, by_weight, bias


# In the three below, `grad` is the gradient of a weight's form: it stands where the weight does.
convolution_by_weight.add_derivative(
    lambda grad, input, stride, pads, dilation, groups: convolution(input, grad, None, stride, pads, dilation, groups),
    "g",
)
convolution_by_weight.add_derivative(
    lambda grad, g, input_shape, stride, pads, dilation, groups: convolution_transposed(
        g, grad, None, input_shape[2:], stride, pads, dilation, groups
    ),
    "input",
)


@_convolution_gradients.derivative("g", "weight", "input")
def _(grads: Any, g: Any, weight: Any, input: Any, stride: Any, pads: Any, dilation: Any, groups: Any) -> Any:
    by_input, by_weight = grads
    geometry = (stride, pads, dilation, groups)
    return (
        convolution(by_input, weight, None, *geometry) + convolution(input, by_weight, None, *geometry),
        convolution_by_weight(g, by_input, weight.shape[2:], *geometry),
        convolution_transposed(g, by_weight, None, input.shape[2:], *geometry),
    )


@_convolution_and_product.derivative("input", "weight", "other")
def _(grads: Any, input: Any, weight: Any, other: Any, stride: Any, pads: Any, dilation: Any, groups: Any) -> Any:
    g, by_weight = grads
    geometry = (stride, pads, dilation, groups)
    size = input.shape[2:]
    return (
        convolution_transposed(g, weight, None, size, *geometry)
        + convolution_transposed(other, by_weight, None, size, *geometry),
        convolution_by_weight(g, input, weight.shape[2:], *geometry),
        convolution(input, by_weight, None, *geometry),
    )
