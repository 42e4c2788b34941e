"""Normalizations within one example: over features, over groups of channels, over neighbouring channels."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from framework.autograd import Tensor, dtype
from framework.nn import functional as F
from framework.nn import init
from framework.nn.module import Module
from framework.nn.own_init import OwnInit
from framework.nn.parameter import Parameter
from framework.operations import empty, tensor, tensordot

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class _Affine(Module):
    """Adds a scale of ones and a shift of zeros, each where it is wanted."""

    weight: Parameter | None
    bias: Parameter | None

    def _add(self, name: str, size: Any, wanted: bool, device: Any, dtype: dtype | None) -> None:
        self.register_parameter(name, Parameter(empty(size, device=device, dtype=dtype)) if wanted else None)

    def _scale_and_shift(self) -> tuple[Any, Any]:
        """Weight and bias, looked up as in Linear: quickly where they are parameters."""
        parameters: dict[str, Any] = self._parameters
        weight = parameters["weight"] if "weight" in parameters else self.weight
        return weight, parameters["bias"] if "bias" in parameters else self.bias

    def reset_parameters(self) -> None:
        """Scale by 1 and shift by 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self._parameters.get("bias") is not None:
            init.zeros_(self.bias)  # type: ignore[arg-type]


class LayerNorm(_Affine):
    """Mean 0 and variance 1 over the last dimensions, of sizes `normalized_shape`; times `weight`, plus `bias`."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add("weight", self.normalized_shape, elementwise_affine, device, dtype)
        self._add("bias", self.normalized_shape, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, *self._scale_and_shift(), self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """The root of the mean square brought to 1 over the last dimensions, of sizes `normalized_shape`."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._add("weight", self.normalized_shape, elementwise_affine, device, dtype)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _shape(given: Any) -> tuple[int, ...]:
    return (given,) if isinstance(given, Integral) else tuple(given)  # type: ignore[return-value]


class GroupNorm(_Affine):
    """The channels of an input (N, num_channels, …) in `num_groups` groups, each brought to mean 0 and variance 1."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._add("weight", num_channels, affine, device, dtype)
        self._add("bias", num_channels, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, *self._scale_and_shift(), self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _AcrossChannels(OwnInit, Module):
    """Divides by (k + alpha · the mean square of `size` neighbouring channels) to the power `beta`."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LocalResponseNorm(_AcrossChannels):
    """Divides each value by its neighbours' size in the channels around it, (N, C, …)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)


class CrossMapLRN2d(_AcrossChannels):
    """LocalResponseNorm of images (N, C, H, W) as an older layer of PyTorch has it.

    There the first channel is a neighbour of all that follow, and its gradient is not that of the values: here it is.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        reach = int((self.size - 1) / 2 + 1)
        channels = range(input.size(1))
        near = [[float(j < c + reach and (j == 0 or j > c - reach)) for j in channels] for c in channels]
        sums = tensordot(tensor(near, dtype=input.dtype), input * input, dims=([1], [1])).movedim(0, 1)
        return input * (sums * (self.alpha / self.size) + self.k) ** -self.beta
