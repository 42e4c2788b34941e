"""Put elements along a dimension: `scatter`, `scatter_add`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import Tensor, operation
from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.errors import dimension_error
from framework.autograd.operation import cast
from framework.autograd.tensor import wrap
from framework.operations.accumulation import place
from framework.operations.creation_arguments import check_tensor
from framework.operations.gathering import (
    check_along,
    check_index,
    check_range,
    gather_along,
)
from framework.operations.layout import copied
from framework.operations.once import warn_once
from framework.operations.overwriting import as_scalar
from framework.operations.places import add_at_places, places, put_at_places

__all__ = ["scatter", "scatter_add"]


@operation(name="scatter")
def _scatter(input: Any, dim: Any, index: Any, src: Any) -> Any:
    out = copied(input)
    put_at_places(out, index, dim, _cut(src, index))
    return out


@_scatter.derivative("src")
def _(g: Any, dim: Any, index: Any, src_shape: Any) -> Any:
    return _uncut(gather_along(g, dim, index), src_shape)


@operation(name="scatter_value", grad_fn="ScatterBackward1")
def _scatter_value(input: Any, dim: Any, index: Any, value: Any) -> Any:
    out = copied(input)
    put_at_places(out, index, dim, value)
    return out


_scatter.add_derivative(lambda g, dim, index: _scatter_value(g, dim, index, 0.0), "input")


_scatter_value.add_derivative(lambda g, dim, index: _scatter_value(g, dim, index, 0.0), "input")


@operation(name="scatter_add")
def _scatter_add(input: Any, dim: Any, index: Any, src: Any) -> Any:
    out = copied(input)
    add_at_places(out, index, dim, _cut(src, index))
    return out


_scatter_add.add_derivative(lambda g: g, "input")


@_scatter_add.derivative("src")
def _(g: Any, dim: Any, index: Any, src_shape: Any) -> Any:
    return _uncut(gather_along(g, dim, index), src_shape)


def _cut(src: Any, index: Any) -> Any:
    """The part of the source that an index as small as this uses."""
    if src.shape == index.shape:
        return src
    if src.ndim != index.ndim:
        return reshaped(reshaped(src, (-1,))[: index.size], index.shape)
    return src[tuple(map(slice, index.shape))]


def _uncut(g: Any, shape: tuple[int, ...]) -> Any:
    if g.shape == shape:
        return g
    if g.ndim != len(shape):
        count = math.prod(g.shape)
        return reshaped(place(reshaped(g, (count,)), (math.prod(shape),), (slice(count),)), shape)
    return place(g, shape, tuple(map(slice, g.shape)))


def _check_scatter(name: str, input: Tensor, dim: int, index: Tensor, src: Any) -> int:
    dim = check_index(input, dim, index, name, 3)
    shape, found = input._array.shape, index._array
    if found.size and (found.dtype.kind != "i" or found.itemsize < 4):
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    if isinstance(src, Tensor):
        if src._array.dtype != input._array.dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        if found.shape == shape == src._array.shape:
            return dim
    if not found.size:
        return dim
    check_along("self", shape, found, dim)
    if isinstance(src, Tensor):
        _check_src(src._array.shape, found)
    beyond = any(size > shape[axis] for axis, size in enumerate(found.shape) if axis != dim and shape)
    if isinstance(src, Tensor):
        given = src._array.shape or (1,)
        if beyond or any(size > have for size, have in zip(found.shape or (1,), given, strict=False)):
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
    if 0 < len(shape) < index.ndim and all(size <= have for size, have in zip(index.shape, shape, strict=False)):
        raise dimension_error(len(shape), len(shape))
    check_along("src", shape, index, 0)


_FORMS = """
 * (Tensor input, int dim, Tensor index, Tensor src, *, Tensor out = None)
 * (Tensor input, int dim, Tensor index, Tensor src, *, str reduce, Tensor out = None)
 * (Tensor input, int dim, Tensor index, Number value, *, Tensor out = None)
 * (Tensor input, int dim, Tensor index, Number value, *, str reduce, Tensor out = None)
"""


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """A copy in which `out[index[i][j]][j] = src[i][j]` for `dim=0`, and so on; `src` may be one number.

    With `reduce` "add" or "multiply" the old value is added to or multiplied.
    """
    given = src if value is None else value
    if not isinstance(given, (Tensor, bool, int, float)) or not isinstance(index, Tensor) or isinstance(dim, float):
        check_tensor("scatter", "input", 1, input)
        kinds = ", ".join([type(each).__name__ for each in (input, dim, index, given) if each is not None])
        raise TypeError(
            f"scatter() received an invalid combination of arguments - got ({kinds}), but expected one of:{_FORMS}"
        )
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
    out = copied(input)
    apply = np.add if reduce == "add" else np.multiply
    apply.at(reshaped(out, (-1,)), places(index, out.shape, dim), _cut(src, index) if src.ndim else src)
    return out


def _refuse(g: Any) -> Any:
    raise RuntimeError("derivative for aten::scatter is not implemented")


_scatter_with.add_derivative(_refuse, "input")
_scatter_with.add_derivative(_refuse, "src")


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy in which `out[index[i][j]][j] += src[i][j]` for `dim=0`, and so on."""
    check_tensor("scatter_add", "src", 4, src)
    dim = _check_scatter("scatter_add", input, dim, index, src)
    check_range(index._array, input._array.shape, dim)
    return _scatter_add.function(input, dim, index, src)


attach(scatter, scatter_add, inplace=[scatter, scatter_add])
