"""`scaled_dot_product_attention`: means of values, weighted by how well queries match keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import Operation, operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.attention_checks import batch_of, check, check_shapes
from framework.operations.blocks import slices, whole
from framework.operations.dropout import dropout
from framework.operations.halves import half
from framework.operations.matmul import matmul
from framework.operations.softmax import row_totals, softmax
from framework.operations.softmax_blocks import row_largest

__all__ = ["scaled_dot_product_attention"]

# Images of a batch are done some at a time, so many that their scores stay in the cache from one call to the next.
_BLOCK = 1 << 16

# Inside, a mask is a number to add to each score (-inf where a key is not to be seen), or None. Scores of row l and
# column s are `scale * query[l] · key[s]`; their exponentials are kept as they are, and the sums of their rows beside.


def _images(batch: tuple[int, ...], size: int) -> list[slice]:
    """Parts of the first dimension of a batch; `size` is the number of scores of a matrix."""
    count = batch[0] if batch else 1
    image = size * math.prod(batch[1:])
    if count * image <= 4 * _BLOCK:
        return [slice(0, count)]
    return slices(count, image, block=_BLOCK)


def _part(x: Any, images: slice, batch: tuple[int, ...]) -> Any:
    """Those images of an operand which has the batch's dimensions, or fewer, which stand for all images."""
    if x is None or not batch or x.ndim - 2 < len(batch) or x.shape[0] == 1:
        return x
    return x[images]


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _causal(like: Any, rows: int, columns: int) -> Any:
    """Minus infinity for the keys after a query's own place."""
    return np.triu(np.full_like(like, -math.inf, shape=(rows, columns)), 1)


def _single(*operands: Any) -> list[Any]:
    """Halves as float32; others as they are."""
    return [each if each is None or each.dtype.itemsize > 2 else np.astype(each, np.float32) for each in operands]


def _exponentiate(scores: Any) -> Any:
    """The exponentials of scores less their row's largest, in place, and their sums."""
    rows = np.reshape(scores, (math.prod(scores.shape[:-1]), scores.shape[-1]))
    largest = row_largest(rows)
    # Where a row sees no key at all, its largest score is -inf: its exponentials are to be 0, not nan.
    np.maximum(largest, np.finfo(rows.dtype).min, out=largest)
    np.subtract(rows, largest, out=rows)
    np.exp(rows, out=rows)
    return np.reshape(row_totals(rows), scores.shape[:-1])


def _divisors(totals: Any) -> Any:
    """The sums of rows, 1 where a row sees no key."""
    return np.where(totals == 0, np.ones_like(totals), totals)[..., None]


def _forward(query: Any, key: Any, value: Any, attn_mask: Any, scale: float, causal: bool, keeps_layout: bool) -> Any:
    operands = (query, key, value) if attn_mask is None else (query, key, value, attn_mask)
    batch = batch_of(*operands)
    images = _images(batch, query.shape[-2] * key.shape[-2])
    return _looped(images)(_attend, query, key, value, attn_mask, scale, causal, keeps_layout, batch, images)


def _looped(images: list[slice]) -> Callable[..., Any]:
    """How a function is called that goes image by image: a program has one call, and not a dozen for each image."""
    return whole if len(images) > 1 else lambda function, *arguments: function(*arguments)


def _attend(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any,
    scale: float,
    causal: bool,
    keeps_layout: bool,
    batch: tuple[int, ...],
    images: list[slice],
) -> Any:
    dtype = query.dtype
    query, key, value, attn_mask = _single(query, key, value, attn_mask)
    rows, columns = query.shape[-2], key.shape[-2]
    if keeps_layout:
        out = np.empty_like(query)
    else:
        out = np.empty_like(query, shape=(*batch, rows, value.shape[-1]), order="C")
    exponentials = np.empty_like(query, shape=(*batch, rows, columns), order="C")
    totals = np.empty_like(query, shape=(*batch, rows), order="C")
    later = _causal(query, rows, columns) if causal else None
    keys = _turned(key)
    for some in images:
        scores = _part(exponentials, some, batch)
        np.matmul(_part(query, some, batch) * scale, _part(keys, some, batch), out=scores)
        if attn_mask is not None:
            np.add(scores, _part(attn_mask, some, batch), out=scores)
        if later is not None:
            np.add(scores, later, out=scores)
        sums = _part(totals[..., None], some, batch)[..., 0]
        sums[...] = _exponentiate(scores) if columns else 0.0
        result = _part(out, some, batch)
        np.matmul(scores, _part(value, some, batch), out=result)
        np.divide(result, _divisors(sums), out=result)
    return out if dtype.itemsize > 2 else half(out, dtype), exponentials, totals


@operation()
def attention_shift(scores: Any) -> Any:
    """What is taken off each row of scores before their exponentials, which cancels out again: it has no derivative."""
    return np.maximum(np.max(scores, axis=-1, keepdims=True, initial=-math.inf), float(np.finfo(scores.dtype).min))


def _exponentials_of(query: Any, key: Any, attn_mask: Any, scale: float, causal: bool) -> Any:
    scores = np.matmul(query * scale, _turned(key))
    if attn_mask is not None:
        scores = scores + attn_mask
    if causal:
        scores = scores + _causal(scores, *scores.shape[-2:])
    return np.exp(scores - attention_shift(scores))


def _totals_of(query: Any, key: Any, attn_mask: Any, scale: float, causal: bool) -> Any:
    return np.add.reduce(_exponentials_of(query, key, attn_mask, scale, causal), axis=-1)


def _outer_shape(x: Any, batch: tuple[int, ...]) -> tuple[int, ...]:
    return (*batch, *x.shape[-2:])


@operation(outputs="list")
def attention_gradients(
    g: Any, query: Any, key: Any, value: Any, exponentials: Any, totals: Any, out: Any, scale: float, masked: bool
) -> list[Any]:
    """The gradients of query, key and value, and if `masked` of the scores, from that of the result."""
    images = _images(exponentials.shape[:-2], math.prod(exponentials.shape[-2:]))
    return list(_looped(images)(_gradients, g, query, key, value, exponentials, totals, out, scale, masked, images))


def _gradients(
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    exponentials: Any,
    totals: Any,
    out: Any,
    scale: float,
    masked: bool,
    images: list[slice],
) -> list[Any]:
    g, query, key, value, out = _single(g, query, key, value, out)
    batch = exponentials.shape[:-2]
    found = [
        np.empty_like(each) if each.shape[:-2] == batch else np.empty_like(each, shape=_outer_shape(each, batch))
        for each in (query, key, value)
    ]
    of_scores = np.empty_like(exponentials) if masked else None
    for some in images:
        weights = _part(exponentials, some, batch)
        incoming = _part(g, some, batch) / _divisors(_part(totals[..., None], some, batch)[..., 0])
        of_query, of_key, of_value = (_part(each, some, batch) for each in found)
        np.matmul(_turned(weights), incoming, out=of_value)
        work = np.matmul(incoming, _turned(_part(value, some, batch)))
        np.subtract(work, np.vecdot(incoming, _part(out, some, batch))[..., None], out=work)
        np.multiply(work, weights, out=work)
        if of_scores is not None:
            _part(of_scores, some, batch)[...] = work
        np.matmul(work, _part(key, some, batch) * scale, out=of_query)
        np.matmul(_turned(work), _part(query, some, batch) * scale, out=of_key)
    return [*found, of_scores] if masked else found


@attention_gradients.derivative("g", "query", "key", "value", "exponentials", "totals", "out")
def _(
    incoming: Any,
    g: Any,
    query: Any,
    key: Any,
    value: Any,
    exponentials: Any,
    totals: Any,
    out: Any,
    scale: float,
    masked: bool,
) -> tuple[Any, ...]:
    by_query, by_key, by_value = incoming[:3]
    divisors = _divisors(totals)
    a = g / divisors
    slopes = np.matmul(a, _turned(value)) - np.add.reduce(a * out, axis=-1, keepdims=True)
    weights = exponentials * slopes
    of_weights = np.matmul(by_query * scale, _turned(key)) + np.matmul(query * scale, _turned(by_key))
    if masked:
        of_weights = of_weights + incoming[3]
    of_slopes = of_weights * exponentials
    of_means = np.negative(np.add.reduce(of_slopes, axis=-1, keepdims=True))
    of_a = np.matmul(exponentials, by_value) + np.matmul(of_slopes, value) + of_means * out
    return (
        of_a / divisors,
        np.matmul(weights, by_key) * scale,
        np.matmul(_turned(weights), by_query) * scale,
        np.matmul(_turned(of_slopes), a),
        of_weights * slopes + np.matmul(a, _turned(by_value)),
        np.negative(np.add.reduce(of_a * a, axis=-1)) / divisors[..., 0],
        of_means * a,
    )


def _attention(grad_fn: str) -> Operation:
    made = operation(
        _forward,
        name="scaled_dot_product_attention",
        grad_fn=grad_fn,
        residuals={"exponentials": _exponentials_of, "totals": _totals_of},
    )

    def gradients(
        g: Any,
        query: Any,
        key: Any,
        value: Any,
        out: Any,
        scale: float,
        exponentials: Any,
        totals: Any,
        needs: Any,
    ) -> tuple[Any, ...]:
        found = attention_gradients(g, query, key, value, exponentials, totals, out, scale, needs[3])
        return (*found, None) if len(found) == 3 else tuple(found)

    made.add_derivative(gradients, "query", "key", "value", "attn_mask")
    return made


_flash = _attention("ScaledDotProductFlashAttentionForCpuBackward0")
_batched = _attention("UnsafeViewBackward0")
_plain = _attention("MmBackward0")
_empty = _attention("AddBackward0")
_half = _attention("ToCopyBackward0")


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """For each query (…, L, E) the mean of values (…, S, D), weighted by the softmax of `scale * query · key`.

    `attn_mask` (…, L, S) says which keys a query sees, or is added to the scores; with `is_causal` a query sees keys up
    to its own place. A query that sees none gets zeros. With probability `dropout_p` a weight is zeroed. With
    `enable_gqa` several heads (dimension -3) of queries share one of keys. RuntimeError for shapes and types that do
    not agree.
    """
    check(query, key, value, attn_mask, dropout_p, scale)
    q, k, v = query._array, key._array, value._array
    flash = q.ndim == k.ndim == v.ndim == 4 and not dropout_p and _is_flash(q, k, v, attn_mask, enable_gqa)
    if enable_gqa and q.ndim > 2:
        key, value = _shared(query, key, value)
        k, v = key._array, value._array
    check_shapes(q, k, v, attn_mask)
    if scale is None:
        scale = 1.0 / math.sqrt(q.shape[-1]) if q.shape[-1] else 0.0
    added = None if attn_mask is None else _added(attn_mask, q)
    if dropout_p:
        return _dropped(query, key, value, added, is_causal, scale, dropout_p)
    if flash:
        return _flash.function(query, key, value, added, scale, is_causal, q.strides[-1] == q.itemsize)
    row = _plain if q.ndim == k.ndim == v.ndim == 2 else _batched
    if 0 in q.shape[:-1] or 0 in k.shape[:-1]:
        row = _empty
    elif q.dtype.itemsize == 2:
        row = _half
    return row.function(query, key, value, added, scale, is_causal, False)


def _is_flash(q: Any, k: Any, v: Any, attn_mask: Tensor | None, enable_gqa: bool) -> bool:
    """Whether PyTorch goes its quick way, whose result lies in memory as the queries do."""
    if attn_mask is not None and (attn_mask._requires_grad or attn_mask._array.ndim not in (2, 4)):
        return False
    heads = q.shape[1] == k.shape[1] or (enable_gqa and k.shape[1] and not q.shape[1] % k.shape[1])
    return bool(
        q.shape[0] == k.shape[0] == v.shape[0]
        and heads
        and k.shape[1:3] == v.shape[1:3]
        and q.shape[3] == k.shape[3] == v.shape[3]
        and 0 not in q.shape
        and 0 not in k.shape
    )


def _added(attn_mask: Tensor, q: Any) -> Tensor:
    """A mask as numbers to add."""
    mask = attn_mask._array
    if mask.dtype.kind != "b":
        return attn_mask if mask.dtype == q.dtype else attn_mask.to(dtypes.from_numpy(q.dtype))
    return wrap(np.where(mask, np.zeros_like(q, shape=()), np.full_like(q, -math.inf, shape=())))


def _shared(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values repeated for the heads of queries that share them."""
    heads = query._array.shape[-3]
    for each in (key, value):
        if not each._array.shape[-3] or heads % each._array.shape[-3]:
            raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    if heads == key._array.shape[-3] == value._array.shape[-3]:
        return key, value
    return tuple(each.repeat_interleave(heads // each._array.shape[-3], -3) for each in (key, value))


def _dropped(
    query: Tensor, key: Tensor, value: Tensor, added: Tensor | None, is_causal: bool, scale: float, dropout_p: float
) -> Tensor:
    scores = matmul(query * scale, key.transpose(-2, -1))
    if added is not None:
        scores = scores + added
    if is_causal:
        scores = scores + wrap(_causal(scores._array, *scores.shape[-2:]))
    if added is None:
        weights = softmax(scores, -1)
    else:
        unseen = wrap(np.isneginf(np.max(scores._array, axis=-1, keepdims=True, initial=-math.inf)))
        weights = softmax(scores.masked_fill(unseen, 0.0), -1).masked_fill(unseen, 0.0)
    return matmul(dropout(weights, dropout_p, True), value)
