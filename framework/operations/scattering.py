"""Put elements along a dimension: `scatter`, `scatter_add`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.errors import dimension_error
from framework.autograd.operation import cast
from framework.autograd.tensor import wrap
from framework.operations.accumulation import add_at, place
from framework.operations.creation_arguments import check_tensor
from framework.operations.gathering import (
    along,
    check_along,
    check_index,
    check_range,
    gather_along,
)
from framework.operations.once import warn_once
from framework.operations.overwriting import as_scalar

__all__ = ["scatter", "scatter_add"]


@operation(name="scatter")
def _scatter(input: Any, dim: Any, index: Any, src: Any) -> Any:
    out = np.copy(input, order="C")
    np.reshape(out, out.shape or (1,))[along(index, dim)] = _cut(src, index)
    return out


@_scatter.derivative("src")
def _(g: Any, dim: Any, index: Any, src_shape: Any) -> Any:
    return _uncut(gather_along(g, dim, index), src_shape)


@operation(name="scatter_value", grad_fn="ScatterBackward1")
def _scatter_value(input: Any, dim: Any, index: Any, value: Any) -> Any:
    out = np.copy(input, order="C")
    np.reshape(out, out.shape or (1,))[along(index, dim)] = value
    return out


_scatter.add_derivative(lambda g, dim, index: _scatter_value(g, dim, index, 0.0), "input")


_scatter_value.add_derivative(lambda g, dim, index: _scatter_value(g, dim, index, 0.0), "input")


@operation(name="scatter_add")
def _scatter_add(input: Any, dim: Any, index: Any, src: Any) -> Any:
    out = np.copy(input, order="C")
    add_at(np.reshape(out, out.shape or (1,)), along(index, dim), _cut(src, index))
    return out


_scatter_add.add_derivative(lambda g: g, "input")


@_scatter_add.derivative("src")
def _(g: Any, dim: Any, index: Any, src_shape: Any) -> Any:
    return _uncut(gather_along(g, dim, index), src_shape)


def _cut(src: Any, index: Any) -> Any:
    """The part of the source that an index as small as this uses."""
    return src if src.shape == index.shape else src[tuple(map(slice, index.shape))]


def _uncut(g: Any, shape: tuple[int, ...]) -> Any:
    return g if g.shape == shape else place(g, shape, tuple(map(slice, g.shape)))


def _check_scatter(name: str, input: Tensor, dim: int, index: Tensor, src: Any) -> int:
    dim = check_index(input, dim, index, name, 2)
    shape, found = input._array.shape, index._array
    if found.dtype.kind != "i" or found.itemsize < 4:
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    if isinstance(src, Tensor) and src._array.dtype != input._array.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if not found.size:
        return dim
    check_along("self", shape, found, dim)
    if isinstance(src, Tensor):
        _check_src(src._array.shape, found)
    beyond = any(size > shape[axis] for axis, size in enumerate(found.shape) if axis != dim and shape)
    if isinstance(src, Tensor):
        given = src._array.shape or (1,)
        if beyond or any(size > have for size, have in zip(found.shape, given, strict=False)):
            raise RuntimeError(
                f"Expected index {list(found.shape)} to be no larger than self {list(shape)} apart from dimension "
                f"{dim} and to be no larger size than src {list(src._array.shape)}"
            )
    elif beyond:
        raise RuntimeError(
            f"Expected index {list(found.shape)} to be no larger than self {list(shape)} apart from dimension {dim}"
        )
    return dim


def _check_src(shape: tuple[int, ...], index: Any) -> None:
    if max(len(shape), 1) < index.ndim and all(size <= have for size, have in zip(index.shape, shape, strict=False)):
        raise dimension_error(max(len(shape), 1), len(shape))
    check_along("src", shape, index, 0)


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """A copy in which `out[index[i][j]][j] = src[i][j]` for `dim=0`, and so on; `src` may be one number.

    With `reduce` "add" or "multiply" the old value is added to or multiplied.
    """
    given = src if value is None else value
    if not isinstance(given, (Tensor, bool, int, float)):
        raise TypeError(f"scatter(): argument 'src' (position 3) must be Tensor or Number, not {type(given).__name__}")
    dim = _check_scatter("scatter", input, dim, index, given)
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    check_range(index._array, input._array.shape, dim)
    if reduce is not None:
        if isinstance(given, Tensor):
            warn_once(
                "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in a future "
                "PyTorch release. Use torch.scatter_reduce instead for more reduction options."
            )
        else:
            given = wrap(cast(given, input._array.dtype))
        return _scatter_with.function(input, dim, index, given, reduce)
    if isinstance(given, Tensor):
        return _scatter.function(input, dim, index, given)
    return _scatter_value.function(input, dim, index, as_scalar("scatter", given, input._array.dtype))


@operation(name="scatter_with", grad_fn="NotImplemented")
def _scatter_with(input: Any, dim: Any, index: Any, src: Any, reduce: str) -> Any:
    out = np.copy(input, order="C")
    apply = np.add if reduce == "add" else np.multiply
    apply.at(np.reshape(out, out.shape or (1,)), along(index, dim), _cut(src, index) if src.ndim else src)
    return out


def _refuse(g: Any) -> Any:
    raise RuntimeError("derivative for aten::scatter is not implemented")


_scatter_with.add_derivative(_refuse, "input")
_scatter_with.add_derivative(_refuse, "src")


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy in which `out[index[i][j]][j] += src[i][j]` for `dim=0`, and so on."""
    check_tensor("scatter_add", "src", 3, src)
    dim = _check_scatter("scatter_add", input, dim, index, src)
    check_range(index._array, input._array.shape, dim)
    return _scatter_add.function(input, dim, index, src)


attach(scatter, scatter_add, inplace=[scatter, scatter_add])
