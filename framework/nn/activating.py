"""The activations whose arguments PyTorch's `nn.functional` has otherwise than its tensors."""

from __future__ import annotations

import warnings

from framework import operations
from framework.autograd import Tensor, dtype

__all__ = ["log_softmax", "relu", "relu_", "softmax", "softmin"]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """`max(0, input)`, elementwise."""
    return input.relu_() if inplace else operations.relu(input)


def relu_(input: Tensor) -> Tensor:
    """`max(0, input)`, written into `input`."""
    return input.relu_()


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """Exponentials along `dim`, scaled to sum to 1; computed in `dtype` if given."""
    if dim is None:
        dim = _implied_dim("softmax", input, _stacklevel)
    return operations.softmax(input, dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """`softmax` of the negative input."""
    if dim is None:
        dim = _implied_dim("softmin", input, _stacklevel)
    return (-input).softmax(dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtype | None = None) -> Tensor:
    """The logarithm of softmax, without overflow; computed in `dtype` if given."""
    if dim is None:
        dim = _implied_dim("log_softmax", input, _stacklevel)
    return operations.log_softmax(input, dim, dtype)


def _implied_dim(name: str, input: Tensor, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.dim() in (0, 1, 3) else 1
