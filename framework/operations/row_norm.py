"""Rows brought to mean 0 and variance 1, then scaled and shifted: what layer, group and RMS normalization share.

Rows are told by a `form` (N, G, K, S): N images of G groups, each a row of K channels of S elements. A layer's row is
(N, 1, K, 1), a group's (N, G, K, S); weight and bias have one element for each of the G·K channels. A row is not
centered where only its size is normalized (RMS).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import constant, product
from framework.autograd.operation import Operation, operation
from framework.autograd.sums import ones
from framework.operations.blocks import whole
from framework.operations.halves import half
from framework.operations.layout import like_images
from framework.operations.row_blocks import block_gradients, block_rows

__all__ = ["row_norm"]

Form = tuple[int, int, int, int]

# From so many elements on it pays to do rows block by block. The longer they are, the less there is to gain.
_MANY = 3 << 14
_LONG = 256


def _are_many(rows: Any, form: Form) -> bool:
    least = _MANY
    if rows.shape[1] > _LONG:
        least *= 4 if form[3] > 1 else 8
    return rows.__class__ is np.ndarray and rows.shape[0] * rows.shape[1] >= least


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    """The array in a shape that it may have already: asking first costs less."""
    return x if x.shape == shape else np.reshape(x, shape)


def _single(x: Any) -> Any:
    """The array, in single precision if it is in half."""
    return np.astype(x, np.float32) if x.dtype.itemsize == 2 else x


def _row_means(rows: Any, width: int) -> Any:
    """The mean of each row. A product with ones takes a third of the time of a sum along rows."""
    if rows.__class__ is np.ndarray:
        return product(rows, ones(width, rows.dtype)) / constant(width, rows.dtype)
    return np.dot(rows, np.ones_like(rows, shape=(width,))) / width


def _row_rates(rows: Any, width: int, eps: float) -> Any:
    """What centered rows are multiplied by."""
    dtype = rows.dtype
    rates = np.vecdot(rows, rows)
    # sqrt(width) / sqrt(width · (variance + eps))
    rates += constant(eps * width, dtype)
    np.sqrt(rates, out=rates)
    return np.divide(constant(math.sqrt(width), dtype), rates, out=rates)


def _normalize(rows: Any, weight: Any, bias: Any, form: Form, eps: float, center: bool, out: Any = None) -> Any:
    """The result for some rows, their means and their rates; the result written into `out`, if given."""
    width = form[2] * form[3]
    means, centered = None, rows
    if center:
        means = _row_means(rows, width)
        centered = out = np.subtract(rows, means[:, None], out=out, order="C")
    rates = _row_rates(centered, width, eps)
    if (form[1] > 1 or form[3] > 1) and (weight is not None or bias is not None):
        return _scaled(rows, weight, bias, form, means, rates, out), means, rates
    out = np.multiply(centered, rates[:, None], out=out, order="C")
    if weight is not None:
        np.multiply(out, weight, out=out)
    if bias is not None:
        np.add(out, bias, out=out)
    return out, means, rates


def _scaled(rows: Any, weight: Any, bias: Any, form: Form, means: Any, rates: Any, out: Any) -> Any:
    """The result where a channel's elements share one factor and one shift."""
    _, groups, count, size = form
    images = rows.shape[0] // (groups or 1)
    scales = np.reshape(rates, (images, groups, 1))
    if weight is not None:
        scales = scales * np.reshape(weight, (groups, count))
    shifts = None if bias is None else np.reshape(bias, (groups, count))
    if means is not None:
        shift = np.reshape(means, (images, groups, 1)) * scales
        shifts = np.negative(shift) if shifts is None else shifts - shift
    full = (images, groups, count, size)
    out = None if out is None else np.reshape(out, full)
    out = np.multiply(np.reshape(rows, full), scales[..., None], out=out, order="C")
    if shifts is not None:
        np.add(out, shifts[..., None], out=out)
    return np.reshape(out, rows.shape)


def _forward(input: Any, weight: Any, bias: Any, form: Form, eps: float, center: bool) -> Any:
    flat = (form[0] * form[1], form[2] * form[3])
    rows = _single(_shaped(input, flat))
    if form[1] == form[3] == 1:
        weight = None if weight is None else _shaped(weight, (form[2],))
        bias = None if bias is None else _shaped(bias, (form[2],))
    if _are_many(rows, form):
        out, means, rates = whole(block_rows, rows, weight, bias, form, eps, center, _normalize)
    else:
        out, means, rates = _normalize(rows, weight, bias, form, eps, center)
    out = _shaped(out, input.shape)
    if form[1] > 1 and form[2] > 1:  # Groups of channels: an instance's own channels, one a row, lie in order.
        out = like_images(out, input)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype), means if center else None, rates


def _sum_images(sums: Any) -> Any:
    """The sum over images of (images, G·K)."""
    if sums.__class__ is np.ndarray:
        return product(ones(sums.shape[0], sums.dtype), sums)
    return np.dot(np.ones_like(sums, shape=(sums.shape[0],)), sums)


def _row_shares(weight: Any, form: Form, *sums: Any) -> list[Any]:
    """The means of rows, weighted, from the sums of their channels."""
    width = constant(form[2] * form[3] or 1, sums[0].dtype)
    if form[1] == 1 and weight is not None:
        shares = weight / width
        return [product(each, shares) for each in sums]
    if weight is not None:
        sums = tuple([each * weight for each in sums])
    lines = (sums[0].shape[0] * form[1], form[2])
    return [np.add.reduce(np.reshape(each, lines), axis=1) / width for each in sums]


def _channel_sums(g: Any, rows: Any, form: Form) -> tuple[Any, Any]:
    """The sums of `g * rows` and of `g` over each channel of each row, (images, G·K)."""
    shape = (rows.shape[0] // (form[1] or 1), form[1] * form[2])
    if form[3] == 1:
        return _shaped(g * rows, shape), _shaped(g, shape)
    lines = (rows.shape[0] * form[2], form[3])
    g = np.reshape(g, lines)
    products = np.vecdot(g, np.reshape(rows, lines))
    return np.reshape(products, shape), np.reshape(np.dot(g, np.ones_like(g, shape=(form[3],))), shape)


def _gradients(g: Any, rows: Any, weight: Any, means: Any, rates: Any, form: Form, affine: bool) -> list[Any]:
    """The gradients of few rows.

    With n = (x - mean) · rate, that of a row is rate · (g · weight - mean of it - n · mean of (g · weight · n)): so
    much g, so much x - mean, and a number.
    """
    if means is not None:
        rows = rows - means[:, None]
    products, sums = _channel_sums(g, rows, form)
    shares = _row_shares(weight, form, products, sums) if means is not None else _row_shares(weight, form, products)
    by_row = shares[0] * rates
    by_row *= rates
    by_row *= rates
    found = _affine_gradients(products, sums, rates, form) if affine else []
    work = np.multiply(rows, by_row[:, None], out=rows if means is not None else None)
    out = _weighted(g, weight, rates, form)
    np.subtract(out, work, out=out)
    if means is not None:
        np.subtract(out, (shares[1] * rates)[:, None], out=out)
    return [out, *found]


def _affine_gradients(products: Any, sums: Any, rates: Any, form: Form) -> list[Any]:
    """The gradients of weight and bias, (G·K,)."""
    if form[1] == 1:
        return [product(rates, products), _sum_images(sums)]
    turned = np.reshape(products, (sums.shape[0], form[1], form[2])) * np.reshape(rates, (sums.shape[0], form[1], 1))
    return [_sum_images(np.reshape(turned, sums.shape)), _sum_images(sums)]


def _weighted(g: Any, weight: Any, rates: Any, form: Form) -> Any:
    """`g` times its weights and its row's rate."""
    if weight is None:
        return g * rates[:, None]
    if form[1] == form[3] == 1:
        out = g * weight
        return np.multiply(out, rates[:, None], out=out)
    full = (g.shape[0] // (form[1] or 1), *form[1:])
    scales = np.reshape(rates, (*full[:2], 1)) * np.reshape(weight, full[1:3])
    return np.reshape(np.reshape(g, full) * scales[..., None], g.shape)


@operation(outputs="list")
def row_norm_gradients(
    g: Any,
    input: Any,
    weight: Any,
    form: Form,
    eps: float,
    center: bool,
    affine: bool,
    means: Any = None,
    rates: Any = None,
) -> list[Any]:
    """The gradients of the rows and, if `affine`, of weight and bias, from that of the result.

    `means` and `rates` are those of the input, if they were found before.
    """
    flat = (form[0] * form[1], form[2] * form[3])
    rows, g = _single(_shaped(input, flat)), _single(_shaped(g, flat))
    if rates is None:
        _, means, rates = _normalize(rows, None, None, form, eps, center)
    if weight is not None:
        weight = _shaped(weight, (form[1] * form[2],))
    if _are_many(rows, form):
        return list(whole(block_gradients, g, rows, weight, means, rates, form, affine))
    return _gradients(g, rows, weight, means, rates, form, affine)


def _mean(value: Any, form: Form) -> Any:
    """The mean of each row of an array of the full form."""
    return np.add.reduce(value, axis=(2, 3), keepdims=True) / (form[2] * form[3] or 1)


@row_norm_gradients.derivative("g", "input", "weight")
def _(
    incoming: Any, g: Any, input: Any, weight: Any, form: Form, eps: float, center: bool, affine: bool
) -> tuple[Any, ...]:
    shape = np.shape(g)
    g, rows = np.reshape(g, form), np.reshape(input, form)
    if center:
        rows = rows - _mean(rows, form)
    rate = 1.0 / np.sqrt(_mean(rows * rows, form) + eps)
    normalized = rows * rate
    channels = (form[1], form[2], 1)
    scaled = g if weight is None else g * np.reshape(weight, channels)
    of_rows = np.reshape(incoming[0], form)
    turned = of_rows * rate
    along, turned_along = _mean(scaled * normalized, form), _mean(turned * normalized, form)
    of_scaled = turned - normalized * turned_along
    inner = scaled - normalized * along
    if center:
        of_scaled = of_scaled - _mean(turned, form)
        inner = inner - _mean(scaled, form)
    of_normalized = np.negative(turned * along + scaled * turned_along)
    of_g, of_weight = of_scaled, None
    if weight is not None:
        of_g = of_scaled * np.reshape(weight, channels)
        of_weight = np.reshape(np.add.reduce(of_scaled * g, axis=(0, 3)), np.shape(weight))
    if affine:
        by_weight = np.reshape(incoming[1], channels)
        of_g = of_g + normalized * by_weight + np.reshape(incoming[2], channels)
        of_normalized = of_normalized + g * by_weight
    # Back from the normalized rows and from their rates to the rows.
    of_input = of_normalized - normalized * (
        _mean(of_normalized * normalized, form) + _mean(of_rows * inner, form) * rate
    )
    if center:
        of_input = of_input - _mean(of_normalized, form)
    return np.reshape(of_g, shape), np.reshape(of_input * rate, np.shape(input)), of_weight


def row_norm(name: str, grad_fn: str) -> Operation:
    """The operation on (input, weight, bias, form, eps, center), under the name that it has in a graph."""
    made = operation(_forward, name=name, grad_fn=grad_fn, residuals=("means", "rates"))

    def gradients(
        g: Any,
        input: Any,
        input_shape: Any,
        weight: Any,
        weight_shape: Any,
        bias_shape: Any,
        form: Form,
        eps: float,
        center: bool,
        means: Any,
        rates: Any,
        needs: Any,
    ) -> tuple[Any, ...]:
        affine = needs[1] or needs[2]
        found = row_norm_gradients(g, input, weight, form, eps, center, affine, means, rates)
        return (
            _shaped(found[0], input_shape),
            _shaped(found[1], weight_shape) if needs[1] else None,
            _shaped(found[2], bias_shape) if needs[2] else None,
        )

    made.add_derivative(gradients, "input", "weight", "bias")
    return made
