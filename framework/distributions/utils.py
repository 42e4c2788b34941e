"""What distributions are made with: parameters brought to one shape, probabilities and logits, properties made once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from framework.autograd import Size, Tensor, enable_grad, finfo, get_default_dtype
from framework.autograd.decisions import decide
from framework.operations import arange, broadcast_tensors, randn, sigmoid, softmax, tensor

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

euler_constant: Final = 0.5772156649015329

Number = (int, float)
Shape = Sequence[int]
EMPTY = Size()


def broadcast_all(*values: Tensor | float) -> tuple[Tensor, ...]:
    """Tensors and numbers as tensors of one shape; a number takes the type of the first tensor."""
    if not all([isinstance(each, (Tensor, *Number)) for each in values]):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    dtype = next((each.dtype for each in values if isinstance(each, Tensor)), None) or get_default_dtype()
    return broadcast_tensors(*[each if isinstance(each, Tensor) else tensor(each, dtype=dtype) for each in values])


def _all_true(valid: Any) -> bool:
    """Whether all elements are true; a compiled program asks again in every run."""
    return bool(decide(lambda array: bool(array.all()), valid._array))


def _standard_normal(shape: Shape, dtype: Any, device: Any = None) -> Tensor:
    return randn(tuple(shape), dtype=dtype, device=device)


def _sum_rightmost(value: Tensor, dim: int) -> Tensor:
    """The sum over the last `dim` dimensions."""
    return value if dim == 0 else value.reshape(value.shape[:-dim] + (-1,)).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """Probabilities of logits: of one outcome each, or of the outcomes along the last dimension."""
    return sigmoid(logits) if is_binary else softmax(logits, dim=-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities kept off 0 and 1, by as much as 1 can tell in their type."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The inverse of `logits_to_probs`, of clamped probabilities."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()


class lazy_property:
    """A method as an attribute, computed when first asked for and kept; gradients are recorded then in any mode."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        functools.update_wrapper(self, wrapped)  # type: ignore[arg-type]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def _lower_triangle(n: int, diag: int) -> Tensor:
    places = arange(n)
    return places < places.view(-1, 1) + (diag + 1)


def tril_matrix_to_vec(mat: Tensor, diag: int = 0) -> Tensor:
    """The lower triangle of matrices, up to a diagonal, as vectors in row-major order."""
    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _lower_triangle(n, diag)]


def vec_to_tril_matrix(vec: Tensor, diag: int = 0) -> Tensor:
    """The inverse of `tril_matrix_to_vec`: square matrices with zeros above the diagonal."""
    count = vec.shape[-1]
    n = (-(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * count + 4 * abs(diag) * (diag + 1)) ** 0.5) / 2
    if round(n) - n > finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {count} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    size = round(n)
    mat = vec.new_zeros(vec.shape[:-1] + Size((size, size)))
    mat[..., _lower_triangle(size, diag)] = vec
    return mat
