"""`bilinear`, linear in each of two inputs, and `conv_tbc`, a convolution of signals whose time comes first."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors, integer
from framework.operations.convolution_rules import convolution_by_weight, convolution_transposed

__all__ = ["bilinear", "conv_tbc"]


def _pairs(first: Any, second: Any) -> Any:
    """The product of each number of one row with each of the other, as one row."""
    return np.reshape(first[:, :, None] * second[:, None, :], (len(first), first.shape[1] * second.shape[1]))


def _as_rows(weight: Any) -> Any:
    """(outputs, n, m) as (outputs * n, m)."""
    return np.reshape(weight, (weight.shape[0] * weight.shape[1], weight.shape[2]))


def _seen_by_second(second: Any, weight: Any) -> Any:
    """(batch, outputs, n)."""
    return np.reshape(np.dot(second, np.transpose(_as_rows(weight))), (len(second), *weight.shape[:2]))


@operation(grad_fn="ViewBackward0")
def _bilinear(input1: Any, input2: Any, weight: Any) -> Any:
    return np.matmul(_seen_by_second(input2, weight), input1[:, :, None])[:, :, 0]


_bilinear.add_derivative(
    lambda g, input2, weight: np.matmul(g[:, None, :], _seen_by_second(input2, weight))[:, 0], "input1"
)
_bilinear.add_derivative(lambda g, input1, weight: np.dot(_pairs(g, input1), _as_rows(weight)), "input2")
_bilinear.add_derivative(
    lambda g, input1, input2, weight_shape: np.reshape(np.dot(np.transpose(_pairs(g, input1)), input2), weight_shape),
    "weight",
)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input1 @ weight[o] @ input2 + bias[o]` for each output o: (…, n) and (…, m) by (outputs, n, m)."""
    given = {"input1": input1, "input2": input2, "weight": weight} | ({} if bias is None else {"bias": bias})
    check_tensors("bilinear", **given)
    arrays = {name: each._array for name, each in given.items()}
    a, b, w = (arrays[name] for name in ("input1", "input2", "weight"))
    if any([each.dtype != a.dtype for each in arrays.values()]):
        shown = ", ".join(f"{name}: {dtypes.c_name(each.dtype)}" for name, each in arrays.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {shown}")
    if a.ndim != b.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {a.ndim} and {b.ndim}")
    for dim in range(a.ndim - 1):
        if a.shape[dim] != b.shape[dim]:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {dim}: got {a.shape[dim]} and {b.shape[dim]}"
            )
    for name, each, dim in (("input1", a, 1), ("input2", b, 2)):
        if not each.ndim:
            raise IndexError("Dimension specified as -1 but tensor has no dimensions")
        if w.ndim <= dim or each.shape[-1] != w.shape[dim]:
            if w.ndim <= dim:
                raise IndexError(
                    f"Dimension out of range (expected to be in range of [{-w.ndim}, {w.ndim - 1}], but got {dim})"
                )
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {each.shape[-1]} but expected {w.shape[dim]}"
            )
    if bias is not None and arrays["bias"].shape[:1] != w.shape[:1]:
        size = arrays["bias"].shape[0] if arrays["bias"].ndim else 0
        raise RuntimeError(f"bilinear(): bias size does not match weight size: got {size} but expected {w.shape[0]}")
    rows = input1 if a.ndim == 2 else input1.reshape(-1, a.shape[-1])
    others = input2 if b.ndim == 2 else input2.reshape(-1, b.shape[-1])
    result = _bilinear.function(rows, others, weight)
    if a.ndim != 2:
        result = result.view(*a.shape[:-1], w.shape[0])
    return result if bias is None else result + bias


def _time_last(signal: Any) -> Any:
    return np.transpose(signal, (1, 2, 0))


@operation(name="conv_tbc", grad_fn="ConvTbcBackward0")
def _conv_tbc(input: Any, weight: Any, bias: Any, pad: int) -> Any:
    time, batch, _ = input.shape
    kernel, _, outputs = weight.shape
    length = time + 2 * pad - kernel + 1
    result = np.empty_like(input, shape=(length, batch, outputs), order="C")
    result[...] = bias
    for place in range(kernel):
        first, start = max(0, place - pad), max(0, pad - place)
        count = min(time + pad - place, length) - start
        if count > 0:
            there = result[start : start + count]
            np.add(there, np.matmul(input[first : first + count], weight[place]), out=there)
    return result


@_conv_tbc.derivative("input", "weight", "bias")
def _(g: Any, input: Any, weight: Any, pad: int, needs: tuple[bool, ...]) -> Any:
    geometry = ((1,), ((pad, pad),), (1,), 1)
    by_input = by_weight = None
    if needs[0]:
        turned = np.transpose(weight, (2, 1, 0))
        by_input = convolution_transposed(_time_last(g), turned, None, input.shape[:1], *geometry)
        by_input = np.transpose(by_input, (2, 0, 1))
    if needs[1]:
        by_weight = convolution_by_weight(_time_last(g), _time_last(input), weight.shape[:1], *geometry)
        by_weight = np.transpose(by_weight, (2, 1, 0))
    return by_input, by_weight, np.add.reduce(g, axis=(0, 1)) if needs[2] else None


def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """The convolution of signals (time, batch, channels) by (kernel, channels, outputs), with `pad` zeros around."""
    check_tensors("conv_tbc", input=input, weight=weight, bias=bias)
    if type(pad) is not int:
        try:
            pad = integer(pad, "conv_tbc", "pad")
        except TypeError:
            raise TypeError(f"conv_tbc(): argument 'pad' (position 4) must be int, not {type(pad).__name__}") from None
    x, w, b = input._array, weight._array, bias._array
    if x.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if w.ndim != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if b.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if x.shape[2] != w.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if b.shape[0] != w.shape[2]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    length = x.shape[0] + 2 * pad - w.shape[0] + 1
    if length < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {length}: {[length, x.shape[1], w.shape[2]]}"
        )
    if x.dtype != w.dtype:
        kinds = [dtypes.from_numpy(each.dtype).scalar_name for each in (x, w)]
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {kinds[0]} and {kinds[1]}")
    if pad < 0:
        # As many are left out on either side.
        input, pad = input[-pad : x.shape[0] + pad], 0
    return _conv_tbc.function(input, weight, bias, pad)
