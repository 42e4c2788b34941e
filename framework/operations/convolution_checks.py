"""What PyTorch refuses of a convolution's arguments, in its words."""

from __future__ import annotations

from typing import Any, NoReturn

from framework.autograd import dtypes
from framework.autograd.tensor import Tensor
from framework.operations.arguments import integer, sizes
from framework.operations.convolution_columns import Sizes

__all__ = ["check_arguments", "check_geometry", "check_same_padding", "refuse_combination", "spread"]

_SIGNATURE = (
    " * (Tensor input, Tensor weight, Tensor bias = None, tuple of ints stride = 1, {padding}, "
    "tuple of ints dilation = 1, int groups = 1)"
)


def refuse_combination(function: str, values: dict[str, Any]) -> NoReturn:
    """Raises what PyTorch raises where no signature takes arguments of these types."""
    given = []
    for name, value in values.items():
        if name in ("input", "weight") or (name == "bias" and value is not None):
            given.append(type(value).__name__)
        elif name != "bias" and (type(value) is not int or value != _DEFAULTS[name]):
            given.append(f"{name}={type(value).__name__}")
    signatures = [_SIGNATURE.format(padding=each) for each in ("tuple of ints padding = 0", 'str padding = "valid"')]
    raise TypeError(
        f"{function}() received an invalid combination of arguments - got ({', '.join(given)}), but expected one of:\n"
        + "\n".join(signatures)
        + "\n"
    )


_DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def ints(value: Any, function: str, name: str) -> Sizes:
    """An argument that is an integer or several, as a tuple."""
    if type(value) is int:
        return (value,)
    if not isinstance(value, (tuple, list)):
        try:
            return (integer(value, function, name),)
        except TypeError:
            raise TypeError(
                f"{function}(): argument '{name}' must be tuple of ints, not {type(value).__name__}"
            ) from None
    return sizes((value,), function, name)


def spread(value: Sizes, number: int, name: str, given: int) -> Sizes:
    """A size for each of `number` dimensions, of one for all or of one for each.

    A single integer stands for `given` of them, those that the function's own name speaks of.
    """
    if len(value) == 1:
        value = value * given
    if len(value) == number:
        return value
    if len(value) == 1:
        return value * number
    listed = list(value)
    raise RuntimeError(
        f"expected {name} to be a single integer value or a list of {number} values to match the convolution "
        f"dimensions, but got {name}={listed}"
    )


def check_types(x: Any, weight: Any, transposed: bool) -> None:
    """Raises for operands of two types, or of a type that has no convolution."""
    if x.dtype != weight.dtype:
        raise RuntimeError(f"expected scalar type {_title(x)} but found {_title(weight)}")
    kind = x.dtype
    number = x.ndim - 2
    if kind.kind == "b" or (transposed and kind.kind in "iu" and kind.itemsize < 8):
        name = f"slow_conv_transpose{max(2, number)}d_out_cpu" if transposed else "slow_conv2d_cpu"
        if not transposed and number == 3:
            name = "compute_columns3d"
        raise NotImplementedError(f"\"{name}\" not implemented for '{_title(x)}'")


def check_bias(x: Any, bias: Any, transposed: bool) -> None:
    """Raises for a bias of another type."""
    if x.dtype == bias.dtype:
        return
    if transposed:
        raise RuntimeError(
            f"Input type (torch.{_title(x)}Tensor) and bias type (torch.{_title(bias)}Tensor) should be the same or "
            "input should be a MKLDNN tensor and bias is a dense tensor"
        )
    raise RuntimeError(
        f"Input type ({dtypes.c_name(x.dtype)}) and bias type ({dtypes.c_name(bias.dtype)}) should be the same"
    )


def _title(array: Any) -> str:
    return dtypes.from_numpy(array.dtype).scalar_name


def _joined(sizes: Any) -> str:
    return "(" + " x ".join(map(str, sizes)) + ")"


def check_geometry(
    x: Sizes,
    weight: Sizes,
    bias: Sizes | None, stride: Sizes, padding: Sizes, dilation: Sizes, transposed: bool,
    output_padding: Sizes, groups: int,
) -> None:  # fmt: skip
    """Raises where sizes do not fit together."""
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if transposed and min(output_padding) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    shape = list(weight)
    if len(x) != len(weight):
        raise RuntimeError(
            f"Expected {len(weight)}-dimensional input for {len(weight)}-dimensional weight {shape}, but got "
            f"{len(x)}-dimensional input of size {list(x)} instead"
        )
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size [{shape}] instead"
        )
    channels = shape[0] if transposed else shape[1] * groups
    if x[1] != channels:
        how = f"transposed={int(transposed)}" if transposed else f"groups={groups}"
        raise RuntimeError(
            f"Given {how}, weight of size {shape}, expected input{list(x)} to have {channels} channels, but got "
            f"{x[1]} channels instead"
        )
    outputs = shape[1] * groups if transposed else shape[0]
    if bias is not None and bias != (outputs,):
        how = f"Given transposed={int(transposed)}, weight" if transposed else "Given weight"
        raise RuntimeError(
            f"{how} of size {shape}, expected bias to be 1-dimensional with {outputs} elements, but got bias of size "
            f"{list(bias)} instead"
        )
    if not transposed:
        _check_reach(x[2:], shape[2:], padding, dilation)


def _check_reach(size: Any, kernel: Any, padding: Sizes, dilation: Sizes) -> None:
    padded = [n + 2 * p for n, p in zip(size, padding, strict=True)]
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if any([r > n for r, n in zip(reach, padded, strict=True)]):
        raise RuntimeError(
            f"Calculated padded input size per channel: {_joined(padded)}. Kernel size: {_joined(reach)}. Kernel size "
            "can't be greater than actual input size"
        )


def check_arguments(x: Any, weight: Any, transposed: bool, dilated: bool = False) -> None:
    """Raises for an input without elements where it is not the batch or the channels that are none."""
    if 0 in x.shape[2:] and x.shape[0] and x.shape[1]:
        shape = list(x.shape)
        shown = [*shape[:2], 1, *shape[2:]] if len(shape) == 3 else shape
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {shown}")
    if 0 in weight.shape[2:]:
        # PyTorch's own kernels fail here with words of the library behind them.
        names = ("depth", "height", "width")[-max(2, weight.ndim - 2) :]
        kernel = weight.shape[2:] if weight.ndim > 3 else (1, *weight.shape[2:])
        named = " ".join(f"kernel_{name}: {n}" for name, n in zip(names, kernel, strict=True))
        raise RuntimeError(f"kernel size should be greater than zero, but got {named}")
    check_types(x, weight, transposed)
    if dilated and x.dtype.kind in "iu" and x.dtype.itemsize < 8:
        raise NotImplementedError(f"\"slow_conv_dilated<>\" not implemented for '{_title(x)}'")


def check_same_padding(x: Any, weight: Any, stride: Sizes, dilation: Sizes) -> None:
    """Raises where `padding="same"` has no meaning."""
    if x.ndim != weight.ndim:
        raise RuntimeError(
            f"Expected {weight.ndim}-dimensional input for {weight.ndim}-dimensional weight{list(weight.shape)}, but "
            f"got {x.ndim}-dimensional input of size {list(x.shape)} instead"
        )
    number = weight.ndim - 2
    for name, value in (("stride", stride), ("dilation", dilation)):
        if len(value) not in (1, number):
            raise RuntimeError(f"{name} cannot broadcast to {number} dimensions")
    if any([each != 1 for each in stride]):
        raise RuntimeError("padding='same' is not supported for strided convolutions")


def check_output(size: Sizes, x: Any, stride: Sizes, dilation: Sizes, output_padding: Sizes) -> None:
    """Raises where a transposed convolution has no result of that size."""
    if any([p >= s and p >= d for p, s, d in zip(output_padding, stride, dilation, strict=True)]):
        number = max(2, len(size))
        names = ("depth", "height", "width")[-number:]
        shown = []
        for title, values in (("output_padding", output_padding), ("stride", stride), ("dilation", dilation)):
            full = (*([0 if title == "output_padding" else 1] * (number - len(values))), *values)
            shown += [f"{title}_{name}: {value}" for name, value in zip(names, full, strict=True)]
        raise RuntimeError(f"output padding must be smaller than either stride or dilation, but got {' '.join(shown)}")
    # Where PyTorch computes this by another library, a result without elements is allowed.
    if min(size) < (0 if x.dtype == "float32" and len(x) > 1 else 1):
        row = (1,) if len(size) == 1 else ()
        raise RuntimeError(
            f"Given input size per channel: {_joined((*row, *x.shape[2:]))}. Calculated output size per channel: "
            f"{_joined((*row, *size))}. Output size is too small"
        )


def check_tensor(function: str, values: dict[str, Any]) -> None:
    """Raises for the first of input, weight and bias that is no Tensor."""
    for position, (name, value) in enumerate(values.items(), 1):
        if not isinstance(value, Tensor) and not (name == "bias" and value is None):
            raise TypeError(
                f"{function}(): argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}"
            )
