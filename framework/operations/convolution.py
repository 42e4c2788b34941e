"""Convolutions of signals, images and volumes, and their transposes: `conv1d` to `conv_transpose3d`."""

from __future__ import annotations

import functools
import warnings
from typing import Any

from framework.autograd.tensor import Tensor
from framework.operations import convolution_checks as checks
from framework.operations.arguments import integer
from framework.operations.convolution_columns import Pads, Sizes
from framework.operations.convolution_rules import convolution as _convolution
from framework.operations.convolution_rules import convolution_transposed

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "convolution",
]


_warned: list[bool] = []
"""Not empty once it was said, as it is once in a process, that padding to the same size may be lopsided."""


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """The convolution of signals, (batch, channels, length) or (channels, length), by (outputs, channels / groups, k).

    padding: zeros on both sides, or "same" for a result of the input's size, or "valid" for none.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """`conv1d` for images: (batch, channels, height, width) by (outputs, channels / groups, kernel height and width)."""
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """`conv1d` for volumes."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The transpose of a convolution of signals: (batch, channels, length) by (channels, outputs / groups, k).

    output_padding: what is added to the size of the result on one side.
    """
    return _transpose("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """`conv_transpose1d` for images."""
    return _transpose("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """`conv_transpose1d` for volumes."""
    return _transpose("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> Tensor:
    """The convolution of a batch, or its transpose, in as many dimensions as the weight has."""
    checks.check_tensor("convolution", {"input": input, "weight": weight, "bias": bias})
    given = {"stride": stride, "padding": padding, "dilation": dilation, "output_padding": output_padding}
    for position, (name, value) in enumerate(given.items(), 4):
        if not isinstance(value, (tuple, list)):
            at = 8 if name == "output_padding" else position
            raise TypeError(
                f"convolution(): argument '{name}' (position {at}) must be tuple of ints, not {type(value).__name__}"
            )
        given[name] = checks.ints(value, "convolution", name)
    groups = integer(groups, "convolution", "groups")
    stride, padding, dilation, output_padding = given.values()
    return _in_any_dimension(
        input, weight, bias, stride, padding, dilation, output_padding, groups, bool(transposed), 0
    )


def _convolve(
    function: str,
    number: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
) -> Tensor:
    try:
        # What is asked again and again, told quickly.
        x, w, b = input._array, weight._array, None if bias is None else bias._array
        geometry = _usual(number, x.shape, w.shape, None if b is None else b.shape, stride, padding, dilation, groups)
        if geometry is not None and x.dtype is w.dtype and (b is None or b.dtype is x.dtype) and x.dtype.kind == "f":
            return _convolution.function(input, weight, bias, *geometry, groups)
    except (AttributeError, TypeError):
        pass  # no Tensors, or sizes in lists
    named = isinstance(padding, str)
    try:
        x, _ = input._array, bias if bias is None else bias._array
        weight._array  # noqa: B018 (raises for what is no Tensor)
        steps = checks.ints(stride, function, "stride")
        around = () if named else checks.ints(padding, function, "padding")
        spacing = checks.ints(dilation, function, "dilation")
        groups = integer(groups, function, "groups")
    except (AttributeError, TypeError):
        checks.refuse_combination(
            function,
            {
                "input": input,
                "weight": weight,
                "bias": bias,
                "stride": stride,
                "padding": padding,
                "dilation": dilation,
                "groups": groups,
            },
        )
    single = x.ndim == number + 1
    if x.ndim != number + 2 and not single:
        _refuse_size(function, number, x)
    if bias is not None and bias._array.dtype is not x.dtype:
        checks.check_bias(x, bias._array, False)
    batched = input.unsqueeze(0) if single else input
    if named:
        result = _named_padding(batched, weight, bias, steps, padding, spacing, groups, number)
    else:
        result = _in_any_dimension(batched, weight, bias, steps, around, spacing, (0,), groups, False, number)
    return result.squeeze(0) if single else result


@functools.lru_cache(1024, typed=True)
def _usual(
    number: int,
    x: Sizes,
    w: Sizes,
    b: Sizes | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
) -> tuple[Sizes, Pads, Sizes] | None:
    """Stride, padding and dilation of a batch's convolution; None where anything is out of the ordinary."""
    try:
        sizes = [checks.spread(checks.ints(each, "", ""), number, "", number) for each in (stride, padding, dilation)]
        stride, padding, dilation = sizes
        if len(x) != number + 2 or len(w) != number + 2 or 0 in x or 0 in w or integer(groups, "", "") < 1:
            return None
        checks.check_geometry(x, w, b, stride, padding, dilation, False, padding, groups)
    except (TypeError, RuntimeError):
        return None
    return stride, tuple([(each, each) for each in padding]), dilation


def _refuse_size(function: str, number: int, x: Any) -> None:
    raise RuntimeError(
        f"Expected {number + 1}D (unbatched) or {number + 2}D (batched) input to {function}, but got input of size: "
        f"{list(x.shape)}"
    )


def _named_padding(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: str,
    dilation: Sizes,
    groups: int,
    number: int,
) -> Tensor:
    """A convolution whose padding is "valid" or "same"."""
    if padding == "valid":
        return _in_any_dimension(input, weight, bias, stride, (0,), dilation, (0,), groups, False, number)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    x, w = input._array, weight._array
    checks.check_same_padding(x, w, stride, dilation)
    size = w.ndim - 2
    dilation = dilation if len(dilation) == size else dilation * size
    totals = [d * (k - 1) for d, k in zip(dilation, w.shape[2:], strict=True)]
    pads = tuple([(total // 2, total - total // 2) for total in totals])
    if any([total % 2 for total in totals]) and not _warned:
        _warned.append(True)
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the "
            "input be created",
            stacklevel=4,
        )
    ones = (1,) * size
    _check_groups(groups)
    b = None if bias is None else bias._array.shape
    checks.check_geometry(x.shape, w.shape, b, ones, tuple([b for _, b in pads]), dilation, False, ones, groups)
    checks.check_arguments(x, w, False)
    return _convolution.function(input, weight, bias, ones, pads, dilation, groups)


def _check_groups(groups: int) -> None:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")


def _transpose(
    function: str,
    number: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
) -> Tensor:
    if (
        not isinstance(input, Tensor)
        or not isinstance(weight, Tensor)
        or not (bias is None or isinstance(bias, Tensor))
    ):
        checks.check_tensor(function, {"input": input, "weight": weight, "bias": bias})
    stride = checks.ints(stride, function, "stride")
    padding = checks.ints(padding, function, "padding")
    output_padding = checks.ints(output_padding, function, "output_padding")
    groups = integer(groups, function, "groups")
    dilation = checks.ints(dilation, function, "dilation")
    x = input._array
    single = x.ndim == number + 1
    if x.ndim != number + 2 and not single:
        _refuse_size(function, number, x)
    batched = input.unsqueeze(0) if single else input
    result = _in_any_dimension(batched, weight, bias, stride, padding, dilation, output_padding, groups, True, number)
    return result.squeeze(0) if single else result


def _in_any_dimension(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    output_padding: Sizes,
    groups: int,
    transposed: bool,
    given: int,
) -> Tensor:
    """A convolution or its transpose, checked. `given`: of how many dimensions a single integer speaks."""
    x, w = input._array, weight._array
    b = None if bias is None else bias._array
    number = w.ndim - 2
    if number <= 0:
        raise RuntimeError("weight should have at least three dimensions")
    _check_groups(groups)
    given = given or number
    stride = checks.spread(stride, number, "stride", given)
    padding = checks.spread(padding, number, "padding", given)
    dilation = checks.spread(dilation, number, "dilation", given)
    if transposed:
        output_padding = checks.spread(output_padding, number, "output_padding", given)
    shape = None if b is None else b.shape
    checks.check_geometry(x.shape, w.shape, shape, stride, padding, dilation, transposed, output_padding, groups)
    if transposed:
        size = tuple(
            [
                (n - 1) * s + (k - 1) * d + 1 - 2 * p + o
                for n, s, k, d, p, o in zip(
                    x.shape[2:], stride, w.shape[2:], dilation, padding, output_padding, strict=True
                )
            ]
        )
        if b is not None and b.dtype != x.dtype:
            checks.check_bias(x, b, True)
        checks.check_arguments(x, w, True)
        checks.check_output(size, x, stride, dilation, output_padding)
        # What is added past a whole step of the stride is out of the reach of a convolution back to the input.
        pads = tuple([(p, p - o if o >= s else p) for p, o, s in zip(padding, output_padding, stride, strict=True)])
        return convolution_transposed.function(input, weight, bias, size, stride, pads, dilation, groups)
    if x.dtype is not w.dtype or x.dtype.kind != "f" or 0 in x.shape or 0 in w.shape:
        checks.check_arguments(x, w, False, max(dilation) > 1)
    pads = tuple([(each, each) for each in padding])
    return _convolution.function(input, weight, bias, stride, pads, dilation, groups)
