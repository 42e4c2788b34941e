"""Rows brought to mean 0 and variance 1, then scaled and shifted: what layer, group and RMS normalization share.

Rows are told by a `form` (N, G, K, S): N images of G groups, each a row of K channels of S elements. A layer's row is
(N, 1, K, 1), a group's (N, G, K, S); weight and bias have one element for each of the G·K channels. A row is not
centered where only its size is normalized (RMS).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.operation import Operation, operation
from framework.operations.halves import half

__all__ = ["row_norm"]

Form = tuple[int, int, int, int]

# A block of so many elements, and what is made of it, stays in the cache from one call to the next.
_BLOCK = 1 << 17


def _blocks(form: Form) -> list[slice]:
    """The images, some at a time; all at once where they are few."""
    count, *rest = form
    size = math.prod(rest)
    if count * size <= 8 * _BLOCK:
        return [slice(0, count)]
    step = max(1, _BLOCK // size)
    return [slice(at, min(at + step, count)) for at in range(0, count, step)]


def _per_image(parameter: Any, form: Form) -> Any:
    """A parameter as it meets the images of `_images`."""
    return _shaped(parameter, (form[2],) if form[1] == form[3] == 1 else (form[1], form[2], 1))


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """The array in a shape that it may have already: asking first costs less."""
    return x if x.shape == shape else np.reshape(x, shape)


def _images(rows: Any, form: Form) -> Any:
    return rows if form[1] == form[3] == 1 else np.reshape(rows, (rows.shape[0] // (form[1] or 1), *form[1:]))


def _row_means(rows: Any, width: int) -> Any:
    """The mean of each row, as a column."""
    if rows.shape[0] * width < 4096:
        return np.add.reduce(rows, axis=1, keepdims=True) / width
    # A product with ones takes a third of the time of a sum along rows.
    return (np.dot(rows, np.ones_like(rows, shape=(width,))) / width)[:, None]


def _normalize(
    rows: Any, weight: Any, bias: Any, form: Form, eps: float, center: bool, out: Any = None, normalized: Any = None
) -> tuple[Any, Any, Any]:
    """The result for some rows, the normalized rows and their rates; written into `out` and `normalized`, if given."""
    width = form[2] * form[3]
    if center:
        rows = normalized = np.subtract(rows, _row_means(rows, width), out=normalized, order="C")
    rates = np.vecdot(rows, rows)
    # sqrt(width) / sqrt(width · (variance + eps))
    rates += eps * width
    np.sqrt(rates, out=rates)
    np.divide(math.sqrt(width), rates, out=rates)
    normalized = np.multiply(rows, rates[:, None], out=normalized, order="C")
    if weight is None and bias is None:
        if out is not None:
            out[...] = normalized
        return normalized, normalized, rates
    result = _images(normalized, form)
    out = None if out is None else _images(out, form)
    if weight is not None:
        result = out = np.multiply(result, weight, out=out)
    if bias is not None:
        result = np.add(result, bias, out=out)
    return result, normalized, rates


def _forward(input: Any, weight: Any, bias: Any, form: Form, eps: float, center: bool) -> Any:
    flat = (form[0] * form[1], form[2] * form[3])
    rows = _shaped(input, flat)
    if rows.dtype.itemsize == 2:
        rows = np.astype(rows, np.float32)
    if weight is not None:
        weight = _per_image(weight, form)
    if bias is not None:
        bias = _per_image(bias, form)
    blocks = _blocks(form)
    if len(blocks) == 1:
        out, normalized, rates = _normalize(rows, weight, bias, form, eps, center)
    else:
        normalized, out = np.empty_like(rows, order="C"), np.empty_like(rows, order="C")
        rates = np.empty_like(rows, shape=flat[:1])
        for images in blocks:
            part = slice(images.start * form[1], images.stop * form[1])
            rates[part] = _normalize(
                rows[part], weight, bias, form, eps, center, out=out[part], normalized=normalized[part]
            )[2]
    out = _shaped(out, input.shape)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype), normalized, rates


def _full(value: Any, form: Form) -> Any:
    return np.reshape(value, form)


def _mean(value: Any, form: Form) -> Any:
    """The mean of each row of an array of the full form."""
    return np.add.reduce(value, axis=(2, 3), keepdims=True) / (form[2] * form[3] or 1)


def _centered(input: Any, form: Form, center: bool) -> Any:
    rows = _full(input, form)
    return rows - _mean(rows, form) if center else rows


def _rates(input: Any, form: Form, eps: float, center: bool) -> Any:
    rows = _centered(input, form, center)
    return np.reshape(1.0 / np.sqrt(_mean(rows * rows, form) + eps), (form[0] * form[1],))


def _normalized(input: Any, form: Form, eps: float, center: bool) -> Any:
    rows = _centered(input, form, center)
    found = rows * (1.0 / np.sqrt(_mean(rows * rows, form) + eps))
    return np.reshape(found, (form[0] * form[1], form[2] * form[3]))


def _channel_sums(rows: Any, form: Form) -> Any:
    """The sums over each channel of each row, (images, G·K)."""
    size = form[3]
    if size == 1:
        return _shaped(rows, (rows.shape[0] // (form[1] or 1), form[1] * form[2]))
    sums = np.dot(np.reshape(rows, (rows.shape[0] * form[2], size)), np.ones_like(rows, shape=(size,)))
    return np.reshape(sums, (rows.shape[0] // (form[1] or 1), form[1] * form[2]))


def _row_shares(sums: Any, weight: Any, form: Form) -> Any:
    """The means of rows, weighted, from the sums of their channels; as a column."""
    width = form[2] * form[3] or 1
    if form[1] == 1 and weight is not None:
        return np.dot(sums, weight / width)[:, None]
    if weight is not None:
        sums = sums * weight
    return np.add.reduce(np.reshape(sums, (sums.shape[0] * form[1], form[2])), axis=1, keepdims=True) / width


def _sum_images(sums: Any) -> Any:
    """The sum over images of (images, G·K)."""
    if sums.shape[0] * sums.shape[1] < 4096:
        return np.add.reduce(sums, axis=0)
    return np.dot(np.ones_like(sums, shape=(sums.shape[0],)), sums)


def _gradients(
    g: Any, normalized: Any, rates: Any, weight: Any, form: Form, center: bool, affine: bool, out: Any = None
) -> list[Any]:
    """The gradients for some rows; that of the rows written into `out`, if given."""
    work = g * normalized
    sums = _channel_sums(work, form), _channel_sums(g, form) if center or affine else None
    found = [_sum_images(each) for each in sums] if affine else []
    np.multiply(normalized, _row_shares(sums[0], weight, form), out=work)
    if center:
        np.add(work, _row_shares(sums[1], weight, form), out=work)
    if weight is not None:
        target = None if out is None else _images(out, form)
        g = _shaped(np.multiply(_images(g, form), _per_image(weight, form), out=target), normalized.shape)
    out = np.subtract(g, work, out=work if out is None else out)
    return [np.multiply(out, rates[:, None], out=out), *found]


@operation(outputs="list")
def row_norm_gradients(
    g: Any, normalized: Any, rates: Any, weight: Any, form: Form, center: bool, affine: bool
) -> list[Any]:
    """The gradients of the rows and, if `affine`, of weight and bias, from that of the result."""
    rows = _shaped(g, normalized.shape)
    if weight is not None:
        weight = _shaped(weight, (form[1] * form[2],))
    blocks = _blocks(form)
    if len(blocks) == 1:
        return _gradients(rows, normalized, rates, weight, form, center, affine)
    out = np.empty_like(normalized)
    totals: list[Any] = [0.0, 0.0] if affine else []
    for images in blocks:
        part = slice(images.start * form[1], images.stop * form[1])
        found = _gradients(rows[part], normalized[part], rates[part], weight, form, center, affine, out=out[part])
        totals = [total + each for total, each in zip(totals, found[1:], strict=True)]
    return [out, *totals]


@row_norm_gradients.derivative("g", "normalized", "rates", "weight")
def _(
    incoming: Any, g: Any, normalized: Any, rates: Any, weight: Any, form: Form, center: bool, affine: bool
) -> tuple[Any, ...]:
    shape, flat = np.shape(g), normalized.shape
    g, normalized = _full(g, form), _full(normalized, form)
    rate = np.reshape(rates, (*form[:2], 1, 1))
    channels = (form[1], form[2], 1)
    scaled = g if weight is None else g * np.reshape(weight, channels)
    of_rows = _full(incoming[0], form)
    turned = of_rows * rate
    along, turned_along = _mean(scaled * normalized, form), _mean(turned * normalized, form)
    of_scaled = turned - normalized * turned_along
    inner = scaled - normalized * along
    if center:
        of_scaled = of_scaled - _mean(turned, form)
        inner = inner - _mean(scaled, form)
    of_normalized = np.negative(turned * along + scaled * turned_along)
    of_rates = np.reshape(np.add.reduce(of_rows * inner, axis=(2, 3)), (form[0] * form[1],))
    of_g, of_weight = of_scaled, None
    if weight is not None:
        of_g = of_scaled * np.reshape(weight, channels)
        of_weight = np.reshape(np.add.reduce(of_scaled * g, axis=(0, 3)), np.shape(weight))
    if affine:
        by_weight = np.reshape(incoming[1], channels)
        of_g = of_g + normalized * by_weight + np.reshape(incoming[2], channels)
        of_normalized = of_normalized + g * by_weight
    return np.reshape(of_g, shape), np.reshape(of_normalized, flat), of_rates, of_weight


def row_norm(name: str, grad_fn: str) -> Operation:
    """The operation on (input, weight, bias, form, eps, center), under the name that it has in a graph."""
    made = operation(_forward, name=name, grad_fn=grad_fn, residuals={"normalized": _normalized, "rates": _rates})

    def gradients(
        g: Any,
        input_shape: Any,
        weight: Any,
        weight_shape: Any,
        bias_shape: Any,
        form: Form,
        center: bool,
        normalized: Any,
        rates: Any,
        needs: Any,
    ) -> tuple[Any, ...]:
        affine = needs[1] or needs[2]
        found = row_norm_gradients(g, normalized, rates, weight, form, center, affine)
        return (
            _shaped(found[0], input_shape),
            _shaped(found[1], weight_shape) if needs[1] else None,
            _shaped(found[2], bias_shape) if needs[2] else None,
        )

    made.add_derivative(gradients, "input", "weight", "bias")
    return made
