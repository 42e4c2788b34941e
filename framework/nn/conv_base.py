"""What convolutions and transposed convolutions share: their kernels, and how these move over the input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from framework.autograd import Tensor, dtype, no_grad
from framework.nn import init
from framework.nn.module import Module
from framework.nn.parameter import Parameter
from framework.nn.sizes import _reverse_repeat_tuple, _single
from framework.operations import empty

__all__: list[str] = []

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """The kernels of a convolution over any number of dimensions, and how it moves over its input.

    `weight` is (out_channels, in_channels / groups, *kernel_size), its first two turned round where `transposed`.
    """

    weight: Parameter
    bias: Parameter | None
    # For each number of dimensions: how one size is repeated, and the function that is called.
    _sizes: Any
    _convolve: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels, out_channels, groups, padding, stride, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = _padding_for_pad(padding, kernel_size, dilation)
        self.weight = Parameter(empty(self._weight_size(), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_size(self) -> tuple[int, ...]:
        if self.transposed:
            return (self.in_channels, self.out_channels // self.groups, *self.kernel_size)
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform within ±1/sqrt(the inputs that one output sees)."""
        with no_grad():
            init.kaiming_uniform_(self.weight, a=math.sqrt(5))
            if self.bias is not None:
                inputs, _ = init._calculate_fan_in_and_fan_out(self.weight)
                bound = 1 / math.sqrt(inputs) if inputs > 0 else 0
                init.uniform_(self.bias, -bound, bound)

    def _kernels(self) -> tuple[Any, Any]:
        """Weight and bias, looked up as in Linear: quickly where they are parameters."""
        parameters: dict[str, Any] = self._parameters
        weight = parameters["weight"] if "weight" in parameters else self.weight
        return weight, parameters["bias"] if "bias" in parameters else self.bias

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * len(self.dilation):
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * len(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check(
    in_channels: int, out_channels: int, groups: int, padding: Any, stride: Sequence[int], padding_mode: str
) -> None:
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'same', 'valid'}}")
        if padding == "same" and any(step != 1 for step in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _PADDING_MODES:
        listed = ", ".join(map(repr, _PADDING_MODES))
        raise ValueError(f"padding_mode must be one of {{{listed}}}, but got padding_mode='{padding_mode}'")


def _padding_for_pad(padding: Any, kernel_size: Sequence[int], dilation: Sequence[int]) -> Sequence[int]:
    """The sizes of padding in the order in which `pad` takes them: both sides, the last dimension first."""
    if padding == "valid":
        return [0, 0] * len(kernel_size)
    if padding != "same":
        return _reverse_repeat_tuple(padding, 2)
    sizes: list[int] = []
    for step, size in zip(reversed(dilation), reversed(kernel_size), strict=False):
        total = step * (size - 1)
        sizes += [total // 2, total - total // 2]
    return sizes


class _ConvTransposeNd(_ConvNd):
    """A convolution turned round: each input value adds its kernel to the output."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            transposed,
            output_padding,
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )

    def _output_padding(
        self,
        input: Tensor,
        output_size: Sequence[int] | None,
        stride: Sequence[int],
        padding: Sequence[int],
        kernel_size: Sequence[int],
        num_spatial_dims: int,
        dilation: Sequence[int] | None = None,
    ) -> Sequence[int]:
        """What to add to the smallest output for the size asked. ValueError for one that no stride leads to."""
        if output_size is None:
            return _single(self.output_padding)
        before = 2 if input.dim() == num_spatial_dims + 2 else 1
        if len(output_size) == before + num_spatial_dims:
            output_size = output_size[before:]
        if len(output_size) != num_spatial_dims:
            raise ValueError(
                f"ConvTranspose{num_spatial_dims}D: for {input.dim()}D input, output_size must have "
                f"{num_spatial_dims} or {before + num_spatial_dims} elements (got {len(output_size)})"
            )
        steps = (1,) * num_spatial_dims if dilation is None else dilation
        smallest = [
            (input.size(d + before) - 1) * stride[d] - 2 * padding[d] + steps[d] * (kernel_size[d] - 1) + 1
            for d in range(num_spatial_dims)
        ]
        greatest = [size + stride[d] - 1 for d, size in enumerate(smallest)]
        for d, size in enumerate(output_size):
            if not smallest[d] <= size <= greatest[d]:
                raise ValueError(
                    f"requested an output size of {output_size}, but valid sizes range from {smallest} to {greatest} "
                    f"(for an input of {input.size()[2:]})"
                )
        return [size - smallest[d] for d, size in enumerate(output_size)]
