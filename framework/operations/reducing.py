"""What reductions share: the dimensions they are given, and the way back to the shape they came from."""

from __future__ import annotations

from typing import Any

from framework.autograd.grad_mode import mode
from framework.autograd.sums import add_up as add_up
from framework.autograd.sums import multiply_up as multiply_up
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import dims, integer
from framework.operations.expansion import _expand

# Tells `x.sum()` from `x.sum(dim=None)`, which PyTorch records under another name.
EVERYTHING: Any = object()

Axes = tuple[int, ...]


def axes(dim: Any, ndim: int, function: str) -> Axes | None:
    """The dimensions to reduce, counted from the front; None for all of them."""
    if dim is None or dim is EVERYTHING or (dim.__class__ is tuple and not dim):
        return None
    if dim.__class__ is int:
        if 0 <= dim < ndim:
            return (dim,)
        axis = normalize_dim(dim, ndim)
        return (axis,) if ndim else None
    found = dims(dim, ndim, function)
    return None if not found or not ndim else found


def one_axis(dim: Any, ndim: int, function: str) -> int | None:
    """The one dimension to reduce, counted from the front; None for that of a tensor without dimensions."""
    if dim.__class__ is int and 0 <= dim < ndim:
        return dim
    found = normalize_dim(integer(dim, function, "dim", 2), ndim)
    return found if ndim else None


def check_tensor(input: Any, function: str) -> None:
    """Raises PyTorch's error where the first argument is neither Tensor nor array."""
    if not isinstance(input, Tensor) and not hasattr(input, "__array_ufunc__"):
        raise TypeError(f"{function}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def array_of(input: Any, function: str) -> Any:
    """The array of a Tensor; an array as it is. PyTorch's TypeError for anything else."""
    if isinstance(input, Tensor):
        return input._array
    check_tensor(input, function)
    return input


def flag(keepdim: Any, keepdims: Any, function: str) -> bool:
    """Whether reduced dimensions are to be kept, by either of the argument's names. TypeError for what is no bool."""
    found = keepdim if keepdims is None else keepdims
    if found is True or found is False:
        return found
    raise TypeError(f"{function}(): argument 'keepdim' must be bool, not {type(found).__name__}")


def in_whole_numbers(input: Any, wanted: Any) -> Any:
    """The input in a type without fractions. RuntimeError if that would lose its gradient."""
    if mode.recording and input.requires_grad:
        raise RuntimeError(f"Autograd not support dtype: {wanted.scalar_name}")
    return input.detach().to(wanted)


def with_dims(reduced: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced array with the dimensions it lost back in place, of size 1, so that it meets its input."""
    if keepdim or dim is None:
        return reduced
    lost = (dim,) if dim.__class__ is int else dim
    if len(shape) == len(lost):
        return reduced
    if len(lost) == 1 and lost[0] == len(shape) - 1:
        return reduced[..., None]
    return reduced[tuple([None if each in lost else slice(None) for each in range(len(shape))])]


def spread(reduced: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced array repeated over the dimensions it lost."""
    return _expand(with_dims(reduced, shape, dim, keepdim), shape)


def count(shape: tuple[int, ...], dim: Axes | None) -> int:
    """How many elements are reduced to one."""
    size = 1
    for each in range(len(shape)) if dim is None else dim:
        size *= shape[each]
    return size
