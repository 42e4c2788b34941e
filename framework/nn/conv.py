"""Convolutions and transposed convolutions as layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from framework.autograd import Tensor, dtype
from framework.nn import functional as F
from framework.nn.conv_base import _ConvNd, _ConvTransposeNd
from framework.nn.lazy import LazyModuleMixin
from framework.nn.own_init import OwnInit
from framework.nn.parameter import UninitializedParameter
from framework.nn.sizes import _pair, _single, _triple

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _Convolution(OwnInit, _ConvNd):
    """What Conv1d to Conv3d share."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        sizes = self._sizes
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size),
            sizes(stride),
            padding if isinstance(padding, str) else sizes(padding),
            sizes(dilation),
            False,
            sizes(0),
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, *self._kernels())

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = self._sizes(0)
        return self._convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Convolution):
    """Slides kernels along a signal: (N, in_channels, L) or (in_channels, L) to (…, out_channels, L')."""

    _sizes = staticmethod(_single)
    _convolve = staticmethod(F.conv1d)


class Conv2d(_Convolution):
    """Slides kernels over an image: (N, in_channels, H, W) or (in_channels, H, W) to (…, out_channels, H', W')."""

    _sizes = staticmethod(_pair)
    _convolve = staticmethod(F.conv2d)


class Conv3d(_Convolution):
    """Slides kernels through a volume (N, in_channels, D, H, W) or (in_channels, D, H, W)."""

    _sizes = staticmethod(_triple)
    _convolve = staticmethod(F.conv3d)


class _TransposedConvolution(OwnInit, _ConvTransposeNd):
    """What ConvTranspose1d to ConvTranspose3d share."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        sizes = self._sizes
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size),
            sizes(stride),
            sizes(padding),
            sizes(dilation),
            True,
            sizes(output_padding),
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The convolution; with `output_size`, of that size among those that the stride allows."""
        dims = len(self.kernel_size)
        if self.padding_mode != "zeros":
            raise ValueError(f"Only `zeros` padding mode is supported for ConvTranspose{dims}d")
        if not isinstance(self.padding, tuple):
            raise AssertionError("self.padding must be a tuple")
        output_padding = self._output_padding(
            input, output_size, self.stride, self.padding, self.kernel_size, dims, self.dilation
        )
        return self._convolve(
            input, *self._kernels(), self.stride, self.padding, output_padding, self.groups, self.dilation
        )


class ConvTranspose1d(_TransposedConvolution):
    """A convolution of signals turned round: (N, in_channels, L) or (in_channels, L) to (…, out_channels, L')."""

    _sizes = staticmethod(_single)
    _convolve = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_TransposedConvolution):
    """A convolution of images turned round: (N, in_channels, H, W) to (N, out_channels, H', W')."""

    _sizes = staticmethod(_pair)
    _convolve = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_TransposedConvolution):
    """A convolution of volumes turned round: (N, in_channels, D, H, W) to (N, out_channels, D', H', W')."""

    _sizes = staticmethod(_triple)
    _convolve = staticmethod(F.conv_transpose3d)


class _ConvTransposeMixin(_ConvTransposeNd):
    """The older name of `_ConvTransposeNd`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "`_ConvTransposeMixin` is a deprecated internal class. Please consider using public APIs.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)


class _LazyConvXdMixin(OwnInit, LazyModuleMixin):
    """A convolution that takes its number of input channels from its first input."""

    in_channels: int
    out_channels: int
    groups: int
    kernel_size: tuple[int, ...]
    weight: Any
    bias: Any
    _weight_size: Any

    def _await_input(self, out_channels: int, bias: bool, device: Any, dtype: dtype | None) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Give weight and bias the sizes that `input` asks for, and draw them."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._get_in_channels(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        self.weight.materialize(self._weight_size())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _get_in_channels(self, input: Tensor) -> int:
        unbatched = self._get_num_spatial_dims() + 1
        if input.dim() not in (unbatched, unbatched + 1):
            raise RuntimeError(
                f"Expected {unbatched}D (unbatched) or {unbatched + 1}D (batched) input to {type(self).__name__}, but "
                f"got input of size: {input.shape}"
            )
        return input.shape[0 if input.dim() == unbatched else 1]

    def _get_num_spatial_dims(self) -> int:
        return len(self.kernel_size)


class _LazyConvolution(_LazyConvXdMixin):
    """What LazyConv1d to LazyConv3d share."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        # Without channels nothing is drawn.
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode, device, dtype)
        self._await_input(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConvolution, Conv1d):
    """Conv1d that takes `in_channels` from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvolution, Conv2d):
    """Conv2d that takes `in_channels` from its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvolution, Conv3d):
    """Conv3d that takes `in_channels` from its first input."""

    cls_to_become = Conv3d


class _LazyTransposedConvolution(_LazyConvXdMixin):
    """What LazyConvTranspose1d to LazyConvTranspose3d share."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        sizes = (kernel_size, stride, padding, output_padding, groups, False, dilation)
        super().__init__(0, 0, *sizes, padding_mode, device, dtype)
        self._await_input(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyTransposedConvolution, ConvTranspose1d):
    """ConvTranspose1d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposedConvolution, ConvTranspose2d):
    """ConvTranspose2d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposedConvolution, ConvTranspose3d):
    """ConvTranspose3d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose3d
