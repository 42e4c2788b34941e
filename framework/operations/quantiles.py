"""Quantiles: `quantile` and `nanquantile`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped, zeros
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations.choosing import choose
from framework.operations.gathering import _accumulate_along, gather_along
from framework.operations.ordering import along_last, arrange, mismatch, to_last

__all__ = ["nanquantile", "quantile"]

_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _rows(input: Any, dim: int | None) -> Any:
    return reshaped(input, (-1,)) if dim is None else to_last(input, dim)


def _unrowed(rows: Any, ndim: int, dim: int | None, keepdim: bool, several: bool) -> Any:
    """Rows of quantiles as PyTorch lays them out: those of several `q` in front, the dimension in place or gone."""
    if keepdim:
        lead = (1,) * ndim if dim is None else None
        kept = reshaped(rows, (*lead, -1)) if lead is not None else np.expand_dims(rows, dim)  # type: ignore[arg-type]
        return np.moveaxis(kept, -1, 0) if several else kept[..., 0]
    return np.moveaxis(rows, -1, 0) if several else rows[..., 0]


def _in_rows(g: Any, ndim: int, dim: int | None, keepdim: bool, several: bool) -> Any:
    """What `_unrowed` gave, as rows again."""
    g = np.moveaxis(g, 0, -1) if several else g[..., None]
    if keepdim:
        g = reshaped(g, (-1,)) if dim is None else np.squeeze(g, dim)
    return g


_ROUNDED = {"lower": np.floor, "higher": np.ceil, "nearest": np.rint}


def _places(rows: Any, q: Any, skip: bool) -> Any:
    """Where the quantiles lie in rows that are in order, counted from 0."""
    wanted = reshaped(q, (-1,))
    unknown = np.isnan(rows)
    if skip:
        last = np.add.reduce(in_dtype(np.logical_not(unknown), rows.dtype), axis=-1, keepdims=True) - 1
        return np.where(last > 0, wanted * last, 0.0 * wanted)
    last = rows.shape[-1] - 1
    # That of a row with a nan is nan, which stands at the end.
    return np.where(np.any(unknown, axis=-1, keepdims=True), 0.0 * wanted + last, wanted * last)


def _weights(input: Any, q: Any, dim: int | None, interpolation: str, skip: bool) -> Any:
    """How far each quantile is from the element below it, 1 at the one above."""
    places = _places(_rows(input, dim), q, skip)
    if interpolation == "linear":
        return places - np.floor(places)
    return places * 0.0 + (0.5 if interpolation == "midpoint" else 0.0)


@operation(
    name="quantile",
    grad_fn="SqueezeBackward4",
    residuals={"below": None, "above": None, "weights": _weights},
)
def _quantile(input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> tuple[Any, ...]:
    """residuals: the places of the elements on both sides of each quantile, and how far it is from the lower one."""
    rows = _rows(input, dim)
    order, values = arrange(rows, False, False)
    places = _places(rows, q, skip)
    if interpolation in _ROUNDED:
        places = _ROUNDED[interpolation](places)
    whole = np.floor(places)
    lower, upper = in_dtype(whole, np.int64), in_dtype(np.ceil(places), np.int64)
    weights = np.full_like(places, 0.5) if interpolation == "midpoint" else places - whole
    left, right = along_last(values, lower), along_last(values, upper)
    found = right if interpolation in _ROUNDED else _between(left, right, weights)
    out = _unrowed(found, input.ndim, dim, keepdim, q.ndim > 0)
    return out, along_last(order, lower), along_last(order, upper), weights


def _between(left: Any, right: Any, weights: Any) -> Any:
    step = right - left
    return np.where(weights < 0.5, left + weights * step, right - step * (1 - weights))


@_quantile.derivative("input")
def _(g: Any, input_shape: Any, q_shape: Any, dim: Any, keepdim: Any, below: Any, above: Any, weights: Any) -> Any:
    rows = _in_rows(g, len(input_shape), dim, keepdim, len(q_shape) > 0)
    shares = np.concatenate((rows * (1 - weights), rows * weights), axis=-1)
    places = np.concatenate((below, above), axis=-1)
    if dim is None:
        size = math.prod(input_shape)
        return reshaped(_accumulate_along(shares, (size,), 0, places), input_shape)
    shape = (*input_shape[:dim], *input_shape[dim + 1 :], input_shape[dim])
    spread = _accumulate_along(shares, shape, len(shape) - 1, places)
    return spread if dim == len(shape) - 1 else np.moveaxis(spread, -1, dim)


@_quantile.derivative("q")
def _(
    g: Any, input: Any, q_shape: Any, dim: Any, keepdim: Any, interpolation: Any, skip: Any, below: Any, above: Any
) -> Any:
    rows = _in_rows(g, input.ndim, dim, keepdim, len(q_shape) > 0)
    if interpolation != "linear":
        return zeros(rows, shape=q_shape)
    values = _rows(input, dim)
    axis = values.ndim - 1
    slope = rows * (gather_along(values, axis, above) - gather_along(values, axis, below))
    if skip:
        known = in_dtype(np.logical_not(np.isnan(values)), rows.dtype)
        last = np.add.reduce(known, axis=-1, keepdims=True) - 1
        slope = choose(last > 0, slope * last, 0.0)
    else:
        unknown = np.any(np.isnan(values), axis=-1, keepdims=True)
        slope = choose(unknown, 0.0, slope * (values.shape[-1] - 1))
    several = tuple(range(slope.ndim - 1))
    return reshaped(np.add.reduce(slope, axis=several) if several else slope, q_shape)


def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The values below which the parts `q` of the elements lie, a number or a 1-D tensor, whose dimension comes first.

    interpolation: between two elements "linear", "midpoint", or the "lower", "higher" or "nearest" of them.
    """
    return _quantiles("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """`quantile` of the elements that are not nan."""
    return _quantiles("nanquantile", input, q, dim, keepdim, interpolation, True)


def _quantiles(name: str, input: Any, q: Any, dim: Any, keepdim: Any, interpolation: Any, skip: bool) -> Tensor:
    if not (
        isinstance(input, Tensor)
        and (q.__class__ is float or isinstance(q, (Tensor, int, float, np.number)))
        and (dim is None or dim.__class__ is int or isinstance(dim, np.integer))
        and keepdim.__class__ is bool
        and isinstance(interpolation, str)
    ):
        raise _mismatched(name, input, q, dim, keepdim, interpolation)
    array = input._array
    if isinstance(q, Tensor):
        part = q
    else:
        if not 0 <= q <= 1:
            raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {float(q):g}")
        part = wrap(np.array(q, array.dtype if array.dtype.kind == "f" else None))
    _check(input, part, interpolation)
    axis = None if dim is None else normalize_dim(int(dim), array.ndim)
    if part is q and part._array.size:
        decide(_refuse_parts, part._array)
    if interpolation != "linear":
        # Another choice among the elements leaves no slope.
        part = part.detach()
    out: Tensor = _quantile.function(input, part, axis if array.ndim else None, keepdim, interpolation, skip)
    return out


def _mismatched(name: str, input: Any, q: Any, dim: Any, keepdim: Any, interpolation: Any) -> TypeError:
    given = [("", input), ("", q)]
    if dim is not None:
        given.append(("", dim))
    if keepdim is not False:
        given.append(("keepdim", keepdim))
    if interpolation != "linear":
        given.append(("interpolation", interpolation))
    rest = 'int dim = None, bool keepdim = False, *, str interpolation = "linear", Tensor out = None'
    return mismatch(name, given, (f"Tensor input, Tensor q, {rest}", f"Tensor input, float q, {rest}"))


def _check(input: Tensor, q: Tensor, interpolation: str) -> None:
    array, parts = input._array, q._array
    if 0 in array.shape:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if parts.ndim > 1:
        raise RuntimeError("quantile() q must be a scalar or 1D tensor")
    if array.dtype.kind != "f" or array.dtype.itemsize < 4:
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if parts.dtype != array.dtype:
        raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
    if interpolation not in _WAYS:
        raise RuntimeError(
            f"quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )


def _refuse_parts(parts: Any) -> None:
    if not bool(((parts >= 0) & (parts <= 1)).all()):
        raise RuntimeError("quantile() q values must be in the range [0, 1]")


def _np_quantile(function: Any) -> Any:
    def adapter(
        a: Any,
        q: Any,
        axis: Any = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
    ) -> Tensor:
        if not isinstance(q, (float, int, Tensor)):
            q = wrap(np.asarray(q, a._array.dtype))
        return function(a, q, axis, keepdims, interpolation=method)

    return adapter


def _np_median(function: Any) -> Any:
    # NumPy's median of an even number is the mean of both in the middle.
    return lambda a, axis=None, out=None, overwrite_input=False, keepdims=False: function(
        a, 0.5, axis, keepdims, interpolation="midpoint"
    )


register(np.quantile, _np_quantile(quantile))
register(np.nanquantile, _np_quantile(nanquantile))
register(np.median, _np_median(quantile))
register(np.nanmedian, _np_median(nanquantile))

attach(nanquantile, quantile)
