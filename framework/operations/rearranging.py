"""Reverse, turn and shift elements along dimensions: `flip`, `rot90`, `roll`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.direct import swapped
from framework.autograd.tensor import normalize_dim
from framework.operations.arguments import dims as dims_of
from framework.operations.arguments import integer, sizes
from framework.operations.creation_arguments import check_tensor
from framework.operations.layout import in_order

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


_BACKWARDS = slice(None, None, -1)


def _reversed_along(input: Any, dims: Any) -> Any:
    """A copy, since tensors have no negative steps, laid out as the input is."""
    if type(input) is not np.ndarray:
        return np.copy(np.flip(input, dims))
    back: Any = [slice(None)] * input.ndim
    for dim in dims:
        back[dim] = _BACKWARDS
    return input[(*back, ...)].copy("K")


@operation(
    name="flip", numpy={np.flip: lambda m, axis=None: _reverse(m, tuple(range(m.ndim)) if axis is None else axis)}
)
def _flip(input: Any, dims: Any) -> Any:
    return _reversed_along(input, dims)


_flip.add_derivative(lambda g, dims: _flip(g, dims), "input")


@operation(name="rot90", numpy={np.rot90: lambda m, k=1, axes=(0, 1): rot90(m, k, axes)})
def _rot90(input: Any, turns: Any, dims: Any) -> Any:
    first, second = dims
    if turns == 0:
        return np.copy(input, order="C")
    if turns == 2:
        return _reversed_along(input, dims)
    return swapped(_reversed_along(input, (second if turns == 1 else first,)), first, second)


_rot90.add_derivative(lambda g, turns, dims: _rot90(g, -turns % 4, dims), "input")


@operation(name="roll", numpy={np.roll: lambda a, shift, axis=None: roll(a, shift, () if axis is None else axis)})
def _roll(input: Any, shifts: Any, dims: Any) -> Any:
    if dims is None or len(dims) != 1 or not input.ndim or not input.shape[dims[0]]:
        return in_order(np.roll(input, shifts, dims))
    # What np.roll does for several dimensions takes five times as long to set up.
    dim = dims[0]
    before, at = (slice(None),) * dim, -shifts[0] % input.shape[dim]
    if not at:
        return np.copy(input, order="C")
    return in_order(np.concatenate((input[(*before, slice(at, None))], input[(*before, slice(0, at))]), axis=dim))


@_roll.derivative("input")
def _(g: Any, shifts: Any, dims: Any) -> Any:
    return _roll(g, tuple(-each for each in shifts) if isinstance(shifts, tuple) else -shifts, dims)


def flip(input: Tensor, dims: Any) -> Tensor:
    """A copy with the order of these dimensions reversed: `flip(x, (0, 1))`."""
    check_tensor("flip", "input", 1, input)
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"flip(): argument 'dims' (position 2) must be tuple of ints, not {type(dims).__name__}")
    return _reverse(input, sizes((dims,), "flip", "dims", 2))


def _reverse(input: Tensor, given: Any) -> Tensor:
    ndim = input._array.ndim
    read = dims_of(given, ndim, "flip")
    return _flip.function(input, read if ndim else ())


def _flip_method(self: Tensor, *given: Any, dims: Any = None) -> Tensor:
    if not given and dims is None:
        raise TypeError('flip() missing 1 required positional arguments: "dims"')
    return _reverse(self, sizes(given if dims is None else (dims,), "flip", "dims", 1))


def fliplr(input: Tensor) -> Tensor:
    """A copy with the columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _reverse(input, 1)


def flipud(input: Tensor) -> Tensor:
    """A copy with the rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return _reverse(input, 0)


def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """A copy turned by `k` quarters of a circle in the plane of two dimensions, from the first towards the second."""
    check_tensor("rot90", "input", 1, input)
    if type(k) is not int:
        k = integer(k, "rot90", "k", 2)
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"rot90(): argument 'dims' must be tuple of ints, not {type(dims).__name__}")
    ndim = input._array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = (normalize_dim(each, ndim) for each in dims)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return _rot90.function(input, k % 4, (first, second))


def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """A copy shifted along these dimensions, what leaves at the end coming in at the front; flattened without `dims`."""
    check_tensor("roll", "input", 1, input)
    for position, (name, each) in enumerate((("shifts", shifts), ("dims", dims)), 2):
        if isinstance(each, (bool, float, str)):
            raise TypeError(
                f"roll(): argument '{name}' (position {position}) must be tuple of ints, not {type(each).__name__}"
            )
    steps = sizes((shifts,), "roll", "shifts")
    along = sizes((dims,), "roll", "dims")
    if not steps:
        raise RuntimeError("`shifts` required")
    steps = tuple([integer(each, "roll", "shifts") for each in steps])
    if not along and len(steps) == 1:
        return _roll.function(input, steps[0], None)
    if len(steps) != len(along):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(along)}")
    array = input._array
    if not array.size:
        return _roll.function(input, 0, None)
    if not array.ndim:
        raise IndexError(f"Dimension specified as {along[0]} but tensor has no dimensions")
    return _roll.function(input, steps, tuple([normalize_dim(each, array.ndim) for each in along]))


def _reversed(self: Tensor) -> Tensor:
    """`reversed(x)`: a copy with the first dimension in reverse order."""
    return _reverse(self, 0) if self._array.ndim else self


attach(fliplr, flipud, roll, rot90, named={"__reversed__": _reversed, "flip": _flip_method})
