"""Large arrays' rows normalized, and their gradients, block by block and in few steps over each.

Rows are told by a form (N, G, K, S) as in `row_norm`. A row is one line, whose elements have weights of their own, or
several, of S elements that share a weight. What there is nothing of is None: means, if rows are not centered.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.direct import all_true, constant
from framework.autograd.sums import ones
from framework.operations.blocks import BLOCK, WIDE, Columns, slices

__all__ = ["block_gradients", "block_rows"]

Form = tuple[int, int, int, int]

# What is done before it comes to tiles takes more calls for lines.
_BLOCK, _LINE_BLOCK = 1 << 18, 1 << 20

# A row's variance is the mean of its squares less the square of its mean, which may be up to so many times as large.
_MOST = 4.0


def _blocks(count: int, form: Form, block: int) -> list[slice]:
    """The rows, some whole images at a time."""
    _, groups, channels, size = form
    parts = slices(count // groups, groups * channels * size, block=block)
    return [slice(each.start * groups, each.stop * groups) for each in parts]


def block_rows(
    rows: Any, weight: Any, bias: Any, form: Form, eps: float, center: bool, careful: Callable[..., Any]
) -> tuple[Any, ...]:
    """The result, the rows' means and their rates.

    `careful` does the blocks with rows whose mean is large beside their deviation, or that are not finite.
    """
    count, dtype = rows.shape[0], rows.dtype
    out = np.empty(rows.shape, dtype)
    means, rates = np.empty(count, dtype) if center else None, np.empty(count, dtype)
    usual = weight is None or math.isfinite(np.dot(weight, weight))
    by_element = form[1] == form[3] == 1
    blocks = _blocks(rows.shape[0], form, _BLOCK if by_element else _LINE_BLOCK)
    finish = _elements_finish if by_element else _lines_finish
    finished = finish(weight, bias, form, blocks[0].stop, dtype)
    for part in blocks:
        some, target = rows[part], out[part]
        of_rows = None if means is None else means[part]
        if usual and _moments(some, eps, of_rows, rates[part]):
            finished(some, of_rows, rates[part], target)
            continue
        _, found, rates[part] = careful(some, weight, bias, form, eps, center, target)
        if of_rows is not None:
            of_rows[...] = found
    return out, means, rates


def _moments(rows: Any, eps: float, means: Any, rates: Any) -> bool:
    """Fills the means of rows and their rates. False where it takes another way to find these exactly."""
    count = constant(rows.shape[1], rows.dtype)
    np.vecdot(rows, rows, out=rates)
    rates /= count
    if means is not None:
        np.dot(rows, ones(rows.shape[1], rows.dtype), out=means)
        means /= count
        rates -= means * means
    rates += constant(eps, rows.dtype)
    np.sqrt(rates, out=rates)
    np.divide(constant(1.0, rows.dtype), rates, out=rates)
    return means is None or _are_near(means, rates)


def _are_near(means: Any, rates: Any) -> bool:
    """Whether the means of rows are so small beside their deviations that to center later costs no digits."""
    distances = means * rates
    distances *= distances
    return bool(all_true(distances <= constant(_MOST, rates.dtype)))


def _elements_finish(weight: Any, bias: Any, form: Form, count: int, dtype: Any) -> Callable[..., None]:
    """What brings rows of one line to the result: x · (rate · w) + (b - mean · rate · w)."""
    width = form[2]
    tiles = slices(count, width)
    if weight is not None and width < 2 * WIDE:
        scales = Columns(tiles[0].stop, width, dtype, weight)
        shifts = Columns(tiles[0].stop, width, dtype, weight, 0.0 if bias is None else bias, scales)
        weight = bias = None
    else:
        scales = shifts = Columns(tiles[0].stop, width, dtype)

    def finished(rows: Any, means: Any, rates: Any, out: Any) -> None:
        shift = None if means is None else means * -rates
        for tile in tiles:
            target = scales.meet(np.multiply, rows[tile], rates[tile], out[tile])
            if shift is not None:
                shifts.meet(np.add, target, shift[tile], target)
            if weight is not None:
                np.multiply(target, weight, out=target)
            if bias is not None:
                np.add(target, bias, out=target)

    return finished


def _lines_finish(weight: Any, bias: Any, form: Form, count: int, dtype: Any) -> Callable[..., None]:
    """The same for rows of several lines."""
    if weight is None and bias is None:
        return _elements_finish(None, None, (form[0], 1, form[2] * form[3], 1), count, dtype)
    size = form[3]
    tiles = slices(count * form[2], size)
    columns = Columns(tiles[0].stop, size, dtype)

    def finished(rows: Any, means: Any, rates: Any, out: Any) -> None:
        scales, shift = _by_line(rates, None if means is None else means * -rates, weight, bias, form)
        lines, targets = np.reshape(rows, (-1, size)), np.reshape(out, (-1, size))
        for tile in tiles:
            target = columns.meet(np.multiply, lines[tile], scales[tile], targets[tile])
            if shift is not None:
                columns.meet(np.add, target, shift[tile], target)

    return finished


def _by_line(rates: Any, shift: Any, weight: Any, bias: Any, form: Form) -> list[Any]:
    """The factor and the shift of each line, from those of each row."""
    groups, channels = form[1:3]
    shape = (rates.shape[0] // groups, groups, channels)
    rates = np.reshape(rates, (*shape[:2], 1))
    if shift is not None:
        shift = np.reshape(shift, (*shape[:2], 1))
    if weight is not None:
        weight = np.reshape(weight, shape[1:])
        rates, shift = rates * weight, None if shift is None else shift * weight
    if bias is not None:
        bias = np.reshape(bias, shape[1:])
        shift = bias if shift is None else shift + bias
    return [None if each is None else np.reshape(np.broadcast_to(each, shape), (-1,)) for each in (rates, shift)]


def block_gradients(g: Any, rows: Any, weight: Any, means: Any, rates: Any, form: Form, affine: bool) -> list[Any]:
    """The gradients of the rows and, if `affine`, of weight and bias.

    That of a row is g · (rate · w) - x · a + b, with a number a and a number b for each.
    """
    width, dtype = rows.shape[1], rows.dtype
    by_element = form[1] == form[3] == 1
    blocks = _blocks(rows.shape[0], form, _BLOCK if by_element else _LINE_BLOCK)
    tiles = _blocks(blocks[0].stop, form, BLOCK)
    count = tiles[0].stop
    out, room = np.empty(rows.shape, dtype), np.empty((count, width), dtype)
    totals = np.zeros((2, form[1] * form[2]), dtype) if affine else None
    sums = _element_sums if by_element else _line_sums
    columns = Columns(count, width, dtype)
    # How many lines of one scale a row has.
    many = 1 if by_element or weight is None else form[2]
    weighed = _weighed(weight if by_element else None, many, count, width, dtype, columns)
    for part in blocks:
        some, incoming, target, rate = rows[part], g[part], out[part], rates[part]
        mean = None if means is None else means[part]
        if mean is not None and not _are_near(mean, rate):
            some, mean = some - mean[:, None], np.zeros_like(mean)
        factor, shift = _numbers(*sums(incoming, some, weight, mean, rate, form, totals, room), mean, rate, width)
        scale = rate if by_element or weight is None else _by_line(rate, None, weight, None, form)[0]
        for tile in tiles:
            of_rows = target[tile]
            weighed(incoming[tile], scale[tile.start * many : tile.stop * many], of_rows)
            work = columns.meet(np.multiply, some[tile], factor[tile], room[: of_rows.shape[0]])
            np.subtract(of_rows, work, out=of_rows)
            if shift is not None:
                columns.meet(np.add, of_rows, shift[tile], of_rows)
    return [out] if totals is None else [out, *totals]


def _numbers(along: Any, total: Any, means: Any, rates: Any, width: int) -> tuple[Any, Any]:
    """The numbers a and b, from each row's sums of `g · w · x` and of `g · w`."""
    if means is not None:
        along -= means * total
    factor = rates * rates
    factor *= rates
    factor *= along
    factor /= constant(width, rates.dtype)
    if means is None:
        return factor, None
    total *= rates
    total /= constant(-width, rates.dtype)
    total += factor * means
    return factor, total


def _element_sums(
    g: Any, rows: Any, weight: Any, means: Any, rates: Any, form: Form, totals: Any, room: Any
) -> tuple[Any, Any]:
    """Each row's sums of `g · w · x` and of `g · w`; the gradients of weight and bias are added to `totals`."""
    count, width = rows.shape
    weights = ones(width, rows.dtype) if weight is None else weight
    along, total = np.empty_like(rates), None if means is None else np.empty_like(rates)
    pair = np.ones((2, count), rows.dtype)
    pair[0] = 0.0 if means is None else means * -rates
    for tile in slices(count, width):
        some = g[tile]
        work = np.multiply(some, rows[tile], out=room[: some.shape[0]])
        np.dot(work, weights, out=along[tile])
        if total is not None:
            np.dot(some, weights, out=total[tile])
        if totals is not None:
            totals += np.dot(pair[:, tile], some)
            totals[0] += np.dot(rates[tile], work)
    return along, total


def _line_sums(
    g: Any, rows: Any, weight: Any, means: Any, rates: Any, form: Form, totals: Any, room: Any
) -> tuple[Any, Any]:
    """The same of rows of several lines."""
    _, groups, channels, size = form
    shape, lines = (-1, groups, channels), (-1, size)
    g = np.reshape(g, lines)
    products = np.reshape(np.vecdot(g, np.reshape(rows, lines)), shape)
    sums = np.reshape(np.dot(g, ones(size, rows.dtype)), shape)
    if totals is not None:
        of_weight = products * np.reshape(rates, (-1, groups, 1))
        if means is not None:
            of_weight -= sums * np.reshape(means * rates, (-1, groups, 1))
        totals[0] += np.reshape(np.add.reduce(of_weight, axis=0), (-1,))
        totals[1] += np.reshape(np.add.reduce(sums, axis=0), (-1,))
    if weight is not None:
        weights = np.reshape(weight, shape[1:])
        products, sums = products * weights, sums * weights
    return np.reshape(np.add.reduce(products, axis=2), (-1,)), np.reshape(np.add.reduce(sums, axis=2), (-1,))


def _weighed(weight: Any, many: int, count: int, width: int, dtype: Any, columns: Columns) -> Callable[..., None]:
    """What multiplies g by a number for each line, and by the weights of a row's elements, if there are any."""
    if many > 1:
        lines = Columns(count * many, width // many, dtype)

        def by_line(g: Any, scale: Any, out: Any) -> None:
            shape = (scale.shape[0], width // many)
            lines.meet(np.multiply, np.reshape(g, shape), scale, np.reshape(out, shape))

        return by_line
    spread = weight is not None and width < 2 * WIDE
    if spread:
        columns = Columns(count, width, dtype, weight, 0.0, columns)

    def by_row(g: Any, scale: Any, out: Any) -> None:
        columns.meet(np.multiply, g, scale, out)
        if weight is not None and not spread:
            np.multiply(out, weight, out=out)

    return by_row
