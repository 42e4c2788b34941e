"""Counts of values: `bincount`, `histc`, `histogram`, `histogramdd`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, wrap
from framework.operations import return_types
from framework.operations.accumulation import arrays_of
from framework.operations.arguments import integer
from framework.operations.creation_arguments import check_tensor, read_integer, read_number
from framework.operations.ordering import mismatch, unrecorded

__all__ = ["bincount", "histc", "histogram", "histogramdd"]

# Functions here have an argument of that name.
_numbers = range


def _without_derivative(row: Any, name: str, *inputs: str) -> None:
    """Records what takes these inputs as PyTorch does: under no name, and with an error on the way back."""

    def refuse(g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    for each in inputs:
        row.add_derivative(refuse, each)


@operation(name="bincount", grad_fn="NotImplemented")
def _bincount(input: Any, weights: Any, minlength: int) -> Any:
    if weights is None:
        return np.bincount(input, minlength=minlength)
    dtype = weights.dtype if weights.dtype == np.float32 else np.dtype(np.float64)
    return in_dtype(np.bincount(input, weights, minlength), dtype)


_without_derivative(_bincount, "bincount", "weights")


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 up occurs; with `weights`, their sums."""
    check_tensor("bincount", "input", 1, input)
    if weights is not None:
        check_tensor("bincount", "weights", 2, weights)
    if minlength.__class__ is not int:
        minlength = integer(minlength, "bincount", "minlength")
    array = input._array
    if array.dtype.kind not in "iu":
        raise NotImplementedError(f"\"bincount_cpu\" not implemented for '{input.dtype.scalar_name}'")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if array.ndim == 1 and not array.size:
        return wrap(np.zeros((minlength,), np.int64))
    if array.ndim != 1 or decide(_some_negative, array):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights._array.shape != array.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    return _bincount.function(input, weights, minlength)


def _some_negative(array: Any) -> bool:
    return bool(array.dtype.kind == "i" and array.min() < 0)


@operation(name="histc")
def _histc(input: Any, low: float, high: float, bins: int) -> Any:
    values = reshaped(input, (-1,))
    values = values[(values >= low) & (values <= high)]
    places = _divided(values, values.dtype.type(low), values.dtype.type(high), bins)
    return in_dtype(np.bincount(np.minimum(places, bins - 1), minlength=bins), values.dtype)


def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """How many elements fall in each of `bins` bins of one width from `min` to `max`; of all elements if those are equal."""
    check_tensor("histc", "input", 1, input)
    bins = bins if bins.__class__ is int else read_integer("histc", "bins", 2, bins)
    low, high = float(read_number("histc", "min", 3, min)), float(read_number("histc", "max", 4, max))
    array = input._array
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"histogram_cpu\" not implemented for '{input.dtype.scalar_name}'")
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if low == high and array.size:
        low, high = decide(_span, array)
        if math.isnan(low) and array.size > 1:
            # So does PyTorch print the nans that it computes.
            raise RuntimeError("torch.histc: range of [-nan, -nan] is not finite")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{_text(low)}, {_text(high)}] is not finite")
    if low == high:
        low, high = low - 1, high + 1
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    return unrecorded(_histc, array, low, high, bins)


def _span(array: Any) -> tuple[float, float]:
    largest = float(np.finfo(array.dtype).max) if array.dtype.itemsize > 2 else math.inf
    return min(float(array.min()), largest), max(float(array.max()), -largest)


def _text(value: float) -> str:
    return f"{value:g}"


def _edges(low: float, high: float, bins: int, dtype: np.dtype[Any]) -> Any:
    """Bounds of bins of one width, counted from the nearer end; product and sum are rounded once, as in PyTorch."""
    kind: Any = dtype.type
    wide: Any = {2: np.float32, 4: np.float64}.get(dtype.itemsize, np.longdouble)
    start, end = kind(low), kind(high)
    step = wide((end - start) / kind(bins))
    places: Any = np.arange(bins + 1, dtype=wide)
    edges: Any = np.where(places < (bins + 1) // 2, wide(start) + step * places, wide(end) - step * (bins - places))
    return in_dtype(edges, dtype)


def _counted(points: Any, edges: Sequence[Any], find: Any, weight: Any) -> Any:
    """The number (or weight) of points in each box; `find` gives the bins of values within the bounds."""
    shape = tuple(each.shape[0] - 1 for each in edges)
    inside = np.ones(points.shape[:1], np.bool_)
    for dim, bounds in enumerate(edges):
        inside &= (points[:, dim] >= bounds[0]) & (points[:, dim] <= bounds[-1])
    points = points[inside]
    flat = np.zeros(points.shape[:1], np.int64)
    for dim, bounds in enumerate(edges):
        bins = bounds.shape[0] - 1
        # The last bin holds its upper bound too.
        flat = flat * bins + np.minimum(find(points[:, dim], bounds), bins - 1)
    sums = np.bincount(flat, None if weight is None else weight[inside], math.prod(shape))
    return in_dtype(reshaped(sums, shape), points.dtype)


def _divided(values: Any, low: Any, high: Any, bins: int) -> Any:
    """The bins of values, where all have one width, by division."""
    return in_dtype((values - low) * values.dtype.type(bins) / (high - low), np.int64)


def _divided_and_compared(values: Any, bounds: Any) -> Any:
    """The bins of values, by division, and a look at the bounds beside: one that is rounded may be off."""
    last = bounds.shape[0] - 1
    guess = np.minimum(_divided(values, bounds[0], bounds[-1], last), last)
    guess = guess - (values < bounds[guess])
    return guess + (values >= bounds[np.minimum(guess + 1, last)])


def _compared(values: Any, bounds: Any) -> Any:
    """The bins of values by comparison with the bounds."""
    return np.searchsorted(bounds, values, "right") - 1


@operation(name="histogram", outputs="list", grad_fn="NotImplemented")
def _histogram(input: Any, weight: Any, edges: Any, even: bool, density: bool) -> list[Any]:
    """input: points, a row for each; edges: the bounds of the bins of each dimension."""
    edges = arrays_of(edges)
    points = reshaped(input, (-1, len(edges)))
    find = _divided_and_compared if even else _compared
    counts = _counted(points, edges, find, None if weight is None else reshaped(weight, (-1,)))
    if density:
        counts = counts / np.add.reduce(counts, axis=None)
        for dim, bounds in enumerate(edges):
            widths = np.diff(bounds)
            counts = counts / reshaped(widths, (-1,) + (1,) * (len(edges) - dim - 1))
    return [counts, *map(np.copy, edges)]


_without_derivative(_histogram, "histogram", "input", "weight")

_HISTOGRAM = (
    "Tensor input, Tensor bins, *, Tensor weight = None, bool density = False, tuple of Tensors out = None",
    "Tensor input, int bins = 100, *, tuple of floats range = None, Tensor weight = None, bool density = False, tuple "
    "of Tensors out = None",
)


def histogram(
    input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """How many elements (or how much `weight`) each bin holds, and the bounds of the bins.

    bins: their number, over `range` or all elements, or their bounds. density: scaled so that the integral is 1.
    """
    if (
        not isinstance(input, Tensor)
        or isinstance(bins, bool)
        or not isinstance(bins, (int, np.integer, Tensor))
        or not (weight is None or isinstance(weight, Tensor))
        or density.__class__ is not bool
        or not (range is None or isinstance(range, (tuple, list)))
    ):
        said = (("range", range, None), ("weight", weight, None), ("density", density, False))
        given = [("", input)] + ([] if bins.__class__ is int and bins == 100 else [("", bins)])
        given += [(name, value) for name, value, default in said if value is not default]
        if len(given) == 1:
            check_tensor("histogram", "input", 1, input)
        raise mismatch("histogram", given, _HISTOGRAM)
    points = (*input._array.shape, 1)
    bounds = [bins] if isinstance(bins, Tensor) else [int(bins)]
    edges = _all_edges(input, points, bounds, range, weight)
    even = not isinstance(bins, Tensor)
    return return_types.histogram(_histogram.function(input, weight, edges, even, density))


def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """`histogram` in several dimensions: the last dimension of `input` holds the coordinates of points.

    bins: the number or the bounds of the bins of each dimension, or one number for all. range: the lower and upper
    bound of each dimension in turn.
    """
    check_tensor("histogramdd", "input", 1, input)
    shape = input._array.shape
    if isinstance(bins, int):
        bins = [bins] * (shape[-1] if shape else 1)
    if len(shape) < 2:
        raise RuntimeError("torch.histogramdd: input tensor should have at least 2 dimensions")
    if len(bins) != shape[-1]:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    edges = _all_edges(input, shape, list(bins), range, weight)
    even = not any(isinstance(each, Tensor) for each in bins)
    counts, *found = _histogramdd.function(input, weight, edges, even, density)
    # Bounds that the caller gave are no results.
    return return_types.histogramdd((counts, tuple(found if even else map(Tensor.detach, found))))


_histogramdd = operation(_histogram.forward, name="histogramdd", outputs="list", grad_fn="NotImplemented")
_without_derivative(_histogramdd, "_histogramdd_from_bin_cts", "input", "weight")


def _all_edges(
    input: Tensor, shape: tuple[int, ...], bins: list[Any], range: Any, weight: Tensor | None
) -> tuple[Any, ...]:
    """The bounds of the bins of every dimension, after the checks."""
    dtype = input._array.dtype
    if weight is not None:
        _check_weight(weight._array, dtype, shape)
    given = isinstance(bins[0], Tensor)
    if given:
        for dim, each in enumerate(bins):
            _check_bounds(each, dtype, dim)
    for dim, each in enumerate(bins):
        number = each._array.shape[0] - 1 if given else each
        if number <= 0:
            raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {number} for dimension {dim}")
    points = reshaped(input._array, (-1, shape[-1]))
    seen = range is None and points.size > 0 and not given
    if dtype.kind != "f" or (seen and dtype.itemsize < 4):
        kernel = "histogramdd" if seen else "histogram_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.from_numpy(dtype).scalar_name}'")
    if given:
        return tuple(each._array for each in bins)
    spans = decide(_spans, points) if seen else _given(range, shape[-1])
    return tuple(_edges(*_checked_span(low, high, dim), bins[dim], dtype) for dim, (low, high) in enumerate(spans))


def _check_weight(weight: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if weight.dtype != dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor should have the same "
            f"dtype, but got input({dtypes.c_name(dtype)}), and weight({dtypes.c_name(weight.dtype)})"
        )
    if weight.shape != shape[:-1]:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape {list(shape)} and weight with shape "
            f"{list(weight.shape)}"
        )


def _checked_span(low: float, high: float, dim: int) -> tuple[float, float]:
    """The ends of a dimension, half a unit apart from a single value."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {dim}'s range [{_text(low)}, {_text(high)}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {_text(low)} max {_text(high)} for dimension "
            f"{dim}"
        )
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _check_bounds(bounds: Tensor, dtype: np.dtype[Any], dim: int) -> None:
    array = bounds._array
    if array.dtype != dtype:
        raise RuntimeError(
            f"torch.histogramdd: input tensor and bins tensors should have the same dtype, but got input with dtype "
            f"{dtypes.c_name(dtype)} and bins for dimension {dim} with dtype {dtypes.c_name(array.dtype)}"
        )
    if array.ndim != 1:
        raise RuntimeError(
            f"torch.histogramdd: bins tensor should have one dimension, but got {array.ndim} dimensions in the bins tensor "
            f"for dimension {dim}"
        )
    if not array.size:
        raise RuntimeError(
            f"torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in the bins tensor for "
            f"dimension {dim}"
        )


def _spans(points: Any) -> tuple[tuple[float, float], ...]:
    return tuple((float(points[:, dim].min()), float(points[:, dim].max())) for dim in _numbers(points.shape[1]))


def _given(range: Any, count: int) -> list[tuple[float, float]]:
    """The span of each dimension as the caller gave it; from 0 to 1 where there is nothing to tell it by."""
    if range is None:
        return [(0.0, 1.0)] * count
    if len(range) != 2 * count:
        raise RuntimeError(
            f"torch.histogramdd: for a {count}-dimensional histogram range should have {2 * count} elements, but got "
            f"{len(range)}"
        )
    return [(float(range[2 * dim]), float(range[2 * dim + 1])) for dim in _numbers(count)]


def _np_bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Tensor:
    return bincount(x, weights, minlength)


register(np.bincount, _np_bincount)

attach(bincount, histc, histogram)
