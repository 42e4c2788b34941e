"""Puts a tensor's dimensions in another order: always views."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import swapped, transposed, turned
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, integer, sizes
from framework.operations.indexing import _alias
from framework.operations.inplace_views import inplace_view

__all__ = ["adjoint", "moveaxis", "movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]


@operation(view=True)
def _transpose(input: Any, dim0: Any, dim1: Any) -> Any:
    return swapped(input, dim0, dim1) if input.ndim else input[...]


_transpose.derivative("input")(lambda g, dim0, dim1: swapped(g, dim0, dim1) if g.ndim else g)


_permute = operation(transposed, name="permute", view=True)


@_permute.derivative("input")
def _(g: Any, dims: Any) -> Any:
    inverse = [0] * len(dims)
    for position, dim in enumerate(dims):
        inverse[dim] = position
    return transposed(g, inverse)


@operation(view=True)
def _t(input: Any) -> Any:
    return turned(input)


_t.derivative("input")(lambda g: turned(g))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped: a view."""
    if input.__class__ is not Tensor:
        check_tensors("transpose", input=input)
    ndim = input._array.ndim
    if dim0.__class__ is dim1.__class__ is int and 0 <= dim0 < ndim and 0 <= dim1 < ndim:
        return _transpose.function(input, dim0, dim1)
    first = normalize_dim(integer(dim0, "transpose", "dim0", 2), ndim)
    return _transpose.function(input, first, normalize_dim(integer(dim1, "transpose", "dim1", 3), ndim))


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose`, by NumPy's name."""
    return transpose(input, axis0, axis1)


def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose`, by another name."""
    return transpose(input, dim0, dim1)


def permute(input: Tensor, dims: Any) -> Tensor:
    """All dimensions in another order: a view."""
    if input.__class__ is not Tensor:
        check_tensors("permute", input=input)
    if not isinstance(dims, (tuple, list)):
        raise TypeError(f"permute(): argument 'dims' (position 2) must be tuple of ints, not {type(dims).__name__}")
    return _permuted(input, sizes((dims,), "permute", "dims"))


def _permuted(input: Tensor, order: tuple[int, ...]) -> Tensor:
    ndim = input._array.ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    return _permute.function(input, _counted_from_front(order))


@lru_cache
def _counted_from_front(order: tuple[int, ...]) -> tuple[int, ...]:
    """An order of all dimensions, counted from the front. RuntimeError for one named twice."""
    found = tuple([normalize_dim(each, len(order)) for each in order])
    if len(set(found)) < len(found):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return found


def _permute_method(self: Tensor, *args: Any, dims: Any = None) -> Tensor:
    if not args and dims is None:
        raise TypeError('permute() missing 1 required positional arguments: "dims"')
    dims = args if dims is None else (dims,)
    return _permuted(self, sizes(dims, "permute", "dims"))


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """The dimensions `source` moved to the positions `destination`, the others kept in order: a view."""
    if input.__class__ is not Tensor:
        check_tensors("movedim", input=input)
    ndim = input._array.ndim
    if source.__class__ is destination.__class__ is int:
        return _permute.function(input, _moved(ndim, (source,), (destination,)))
    from_ = tuple(source) if isinstance(source, (tuple, list)) else (source,)
    to = tuple(destination) if isinstance(destination, (tuple, list)) else (destination,)
    if len(from_) != len(to):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(from_)} dims) should contain the same number "
            f"of dims as destination ({list(to)} dims)"
        )
    if not ndim:
        _moved(ndim, tuple(from_), tuple(to))  # which refuses what is out of range
        return _alias.function(input, ...)
    start = tuple([integer(each, "movedim", "source") for each in from_])
    return _permute.function(
        input, _moved(ndim, start, tuple([integer(each, "movedim", "destination") for each in to]))
    )


@lru_cache
def _moved(ndim: int, source: tuple[int, ...], destination: tuple[int, ...]) -> tuple[int, ...]:
    """The order of dimensions that moves some of them and keeps the others in order."""
    start = [normalize_dim(each, ndim) for each in source]
    end = [normalize_dim(each, ndim) for each in destination]
    for name, found, given in (("source", start, source), ("destination", end, destination)):
        if len(set(found)) < len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    if not ndim:
        return ()
    order = [dim for dim in range(ndim) if dim not in start]
    for position, dim in sorted(zip(end, start, strict=True)):
        order.insert(position, dim)
    return tuple(order)


def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """`movedim`, by NumPy's name."""
    return movedim(input, source, destination)


def t(input: Tensor) -> Tensor:
    """A matrix transposed; fewer dimensions stay as they are."""
    if input.__class__ is not Tensor:
        check_tensors("t", input=input)
    return _matrix_transposed(input, "t")


def _matrix_transposed(input: Tensor, name: str = "t_") -> Tensor:
    if input._array.ndim > 2:
        raise RuntimeError(f"{name}() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    return _t.function(input)


def adjoint(input: Tensor) -> Tensor:
    """The last two dimensions swapped."""
    if input.__class__ is not Tensor:
        check_tensors("adjoint", input=input)
    return _last_two(input, "adjoint()")


def _last_two(input: Tensor, name: str) -> Tensor:
    ndim = input._array.ndim
    if not ndim:
        return _unchanged(input, name)
    if ndim == 1:
        raise RuntimeError(f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return _transpose.function(input, ndim - 2, ndim - 1)


def _unchanged(input: Tensor, name: str) -> Tensor:
    what = name if name == "adjoint()" else f"Tensor.{name}"
    advice = "This function is the identity in these cases." if name in ("T", "mT") else "Consider using x.conj()."
    warnings.warn(f"{what} is deprecated on 0-D tensors. {advice}", stacklevel=4)
    return input


def _T(self: Tensor) -> Tensor:
    """The dimensions in reverse order."""
    ndim = self._array.ndim
    if not ndim:
        _unchanged(self, "T")
    elif ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            stacklevel=2,
        )
    return _permute.function(self, (1, 0) if ndim == 2 else tuple(range(ndim))[::-1])


def _H(self: Tensor) -> Tensor:
    """A matrix transposed."""
    ndim = self._array.ndim
    if ndim not in (0, 2):
        hint = " For batches of matrices, consider using tensor.mH" if ndim > 2 else ""
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor.{hint}")
    return _last_two(self, "H")


def _np_transpose(a: Any, axes: Any = None) -> Tensor:
    return _permute(a, tuple(range(a._array.ndim))[::-1]) if axes is None else _permuted(a, tuple(axes))


register(np.transpose, _np_transpose)
register(np.swapaxes, lambda a, axis1, axis2: transpose(a, axis1, axis2))
register(np.moveaxis, lambda a, source, destination: movedim(a, source, destination))
register(np.matrix_transpose, lambda x: _last_two(x, "mT"))

attach(
    adjoint,
    movedim,
    moveaxis,
    swapaxes,
    swapdims,
    t,
    transpose,
    named={
        "H": property(_H),
        "T": property(_T),
        "mH": property(lambda self: _last_two(self, "mH")),
        "mT": property(lambda self: _last_two(self, "mT")),
        "permute": _permute_method,
        "swapaxes_": inplace_view(swapaxes),
        "swapdims_": inplace_view(swapdims),
        "t_": inplace_view(_matrix_transposed, "t_"),
        "transpose_": inplace_view(transpose),
    },
)
