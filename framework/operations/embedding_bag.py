"""Sums, means and maxima over bags of a table's rows: `embedding_bag`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.decisions import decide
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.accumulation import accumulate
from framework.operations.arguments import check_tensors
from framework.operations.embedding import check_indices, refuse_sparse, row_sums

__all__ = ["embedding_bag"]

# Inside, a call is `indices` (N,), the rows in the order of their bags, and `offsets`, where each bag starts among them.
# With `last`, the last offset is where the last bag ends. If all bags are of one size, `size` says it; else it is 0.

# Larger ones are summed as if they were not of one size.
_LARGE = 48


def _bags(indices: Any, offsets: Any, size: int = 0) -> Any:
    """The number of each row's bag."""
    if size:
        return np.repeat(np.arange(offsets.shape[0]), size)
    return np.searchsorted(offsets, np.arange(indices.shape[0]), side="right") - 1


def _shares(dtype: Any, indices: Any, bags: Any, offsets: Any, mean: bool, padding_idx: int) -> Any:
    """What each row counts for in its bag; None for 1."""
    if padding_idx < 0 and not mean:
        return None
    kept = np.astype(indices != padding_idx, dtype)
    if not mean:
        return kept
    sizes = np.bincount(bags, kept, offsets.shape[0])
    return kept / np.take(np.astype(np.maximum(sizes, 1.0), dtype), bags)


def _frequency_shares(indices: Any) -> Any:
    """For each row one over the number that PyTorch divides by: how often, of all rows sorted, the k-th is named.

    It belongs to the k-th distinct row, which is that row where none is named twice.
    """
    distinct, place = np.unique(indices, return_inverse=True)
    ordered = np.sort(indices)[: len(distinct)]
    return np.take(1.0 / np.bincount(indices)[ordered], place)


def _scaled(rows: Any, *factors: Any) -> Any:
    for each in factors:
        if each is not None:
            rows = rows * each[:, None]
    return rows


def _without_last(bags: Any, last: bool) -> Any:
    return bags[:-1] if last else bags


def _of_bags(g: Any, bags: Any, last: bool) -> Any:
    """For each row what `g` holds for its bag; zeros for those after the last."""
    if last:
        g = np.concatenate((g, np.zeros_like(g, shape=(1, g.shape[1]))))
    return np.take(g, bags, axis=0)


@operation()
def _embedding_bag(
    weight: Any,
    indices: Any,
    offsets: Any,
    per_sample_weights: Any,
    mean: bool,
    last: bool,
    padding_idx: int,
    scale_grad_by_freq: bool,
    size: int = 0,
) -> Any:
    if size and padding_idx < 0:
        out = _regular_sums(weight, indices, per_sample_weights, size)
        return np.divide(out, size, out=out) if mean else out
    bags = _bags(indices, offsets, size)
    shares = _shares(weight.dtype, indices, bags, offsets, mean, padding_idx)
    rows = _scaled(np.take(weight, indices, axis=0), shares, per_sample_weights)
    return _without_last(row_sums.forward(rows, bags, offsets.shape[0], -1, False), last)


def _regular_sums(weight: Any, indices: Any, factors: Any, size: int) -> Any:
    """The sums of bags of one size: the first rows of all bags, then the second ones, and so on."""
    out: Any = None
    for number in range(size):
        each = slice(number, None, size)
        rows = _scaled(np.take(weight, indices[each], axis=0), None if factors is None else factors[each])
        out = rows if out is None else np.add(out, rows, out=out)
    return out


@_embedding_bag.derivative("weight")
def _(
    g: Any,
    weight_shape: Any,
    indices: Any,
    offsets: Any,
    per_sample_weights: Any,
    mean: bool,
    last: bool,
    padding_idx: int,
    scale_grad_by_freq: bool,
    size: int,
) -> Any:
    bags = _bags(indices, offsets, size)
    shares = _shares(g.dtype, indices, bags, offsets, mean, padding_idx)
    rows = _scaled(_of_bags(g, bags, last), shares, per_sample_weights)
    if scale_grad_by_freq:
        rows = rows * np.astype(_frequency_shares(indices), g.dtype)[:, None]
    return row_sums(rows, indices, weight_shape[0], padding_idx, False)


@_embedding_bag.derivative("per_sample_weights")
def _(g: Any, weight: Any, indices: Any, offsets: Any, last: bool, padding_idx: int, size: int) -> Any:
    bags = _bags(indices, offsets, size)
    rows = np.take(weight, indices, axis=0) * _of_bags(g, bags, last)
    return np.add.reduce(_scaled(rows, _shares(g.dtype, indices, bags, offsets, False, padding_idx)), axis=1)


@operation(residuals=("places",), outputs=2, grad_fn="EmbeddingBagBackward0")
def _embedding_bag_max(weight: Any, indices: Any, offsets: Any, last: bool, padding_idx: int) -> Any:
    """The largest of each column, and the row of the table where it stands (-1 for a bag without rows)."""
    bags = _bags(indices, offsets)
    if padding_idx >= 0:
        kept = np.flatnonzero(indices != padding_idx)
        indices, bags = indices[kept], bags[kept]
    out = np.zeros((offsets.shape[0], weight.shape[1]), weight.dtype)
    places = np.full(out.shape, -1, np.int64)
    if indices.size:
        starts = np.flatnonzero(np.concatenate(([True], bags[1:] != bags[:-1])))
        rows = np.take(weight, indices, axis=0)
        out[bags[starts]] = np.maximum.reduceat(rows, starts, axis=0)
        attained = np.logical_or(rows == np.take(out, bags, axis=0), rows != rows)
        numbers = np.where(attained, np.arange(len(indices))[:, None], len(indices) - 1)
        places[bags[starts]] = indices[np.minimum.reduceat(numbers, starts, axis=0)]
    return _without_last(out, last), _without_last(places, last)


@_embedding_bag_max.derivative("weight")
def _(g: Any, weight_shape: Any, places: Any) -> Any:
    columns = np.broadcast_to(np.arange(weight_shape[1]), places.shape)
    # One row more stands for none, and is cut off again.
    return accumulate(g, (weight_shape[0] + 1, weight_shape[1]), (places, columns))[:-1]


def _check_weights(weight: Tensor, per_sample_weights: Any) -> None:
    table = weight._array
    if table.dtype.kind != "f":
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have one of the following scalar types: Half, BFloat16, Float, "
            f"Double; but got torch.{weight.dtype.scalar_name}Tensor instead (while checking arguments for "
            "embedding_bag)"
        )
    if per_sample_weights is not None and per_sample_weights._array.dtype != table.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type torch.{weight.dtype.scalar_name}Tensor does not equal "
            f"torch.{per_sample_weights.dtype.scalar_name}Tensor (while checking arguments for embedding_bag)"
        )


def _look_at(indices: Any, offsets: Any, count: int, text: str) -> int:
    """The size of the bags if all have one, else 0.

    Raises where a row is not there, or where bags do not follow each other from the first row on.
    """
    if offsets.size and offsets[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {offsets[0]}\n[ torch.LongTensor{{}} ]"
        )
    if offsets.size and offsets[-1] > indices.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {indices.size} but got offsets[-1] of {offsets[-1]}"
        )
    if indices.size and offsets.size:
        wrong = (indices < 0) | (indices >= count)
        if wrong.any():
            place = int(np.argmax(wrong))
            raise RuntimeError(text.format(place=place, index=indices[place], count=count))
    if (offsets[1:] < offsets[:-1]).any():
        raise RuntimeError("offsets must not decrease: each says where a bag starts, after the one before")
    size = indices.size // (offsets.size or 1)
    if not 0 < size <= _LARGE or size * offsets.size != indices.size:
        return 0
    return size if (offsets == np.arange(0, indices.size, size)).all() else 0


_WRONG_ROW = "Index {place} of input takes value {index} which is not in the valid range [0, {count})"
_WRONG_IDX = "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {index}"


def _read_padding(padding_idx: int | None, count: int) -> int:
    """The row to leave out, counted from the front; -1 for none."""
    if padding_idx is None:
        return -1
    if not -count <= padding_idx < count:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, -{count} through {count - 1}, but got {padding_idx}"
        )
    return padding_idx % count


def reduced_bags(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool,
    mode: int,
    sparse: bool,
    per_sample_weights: Tensor | None,
    include_last_offset: bool,
    padding_idx: int | None,
) -> tuple[Tensor, ...]:
    """The sums (mode 0), means (1) or maxima (2) of bags; with the last, where they stand."""
    if indices._array.dtype != offsets._array.dtype:
        wider = dtypes.from_numpy(dtypes.result_dtype([indices._array, offsets._array]))
        indices, offsets = indices.to(wider), offsets.to(wider)
    given, starts = indices._array, offsets._array
    check_indices(given, "embedding_bag")
    padding = _read_padding(padding_idx, weight._array.shape[0])
    _check_weights(weight, per_sample_weights)
    if sparse:
        refuse_sparse("embedding_bag")
    if include_last_offset and not starts.shape[0]:
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    table = weight._array
    text = _WRONG_IDX if padding >= 0 or mode == 2 or table.dtype == np.float64 else _WRONG_ROW
    size = decide(_look_at, given, starts, table.shape[0], text)
    if not starts.shape[0]:
        indices = indices[:0]
    last = bool(include_last_offset)
    if mode == 2:
        found: tuple[Tensor, ...] = _embedding_bag_max.function(weight, indices, offsets, last, padding)
        return found
    row = _embedding_bag.function
    size = 0 if last else size
    return (row(weight, indices, offsets, per_sample_weights, mode == 1, last, padding, scale_grad_by_freq, size),)


def embedding_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums (mode 0), means (1) or maxima (2) of the rows of `weight` that `indices` (N,) name, bag by bag.

    `offsets` says where each bag starts. Rows of `padding_idx` are left out. With the result come, as PyTorch has them,
    the number of each row's bag, the bags' sizes, and in mode 2 where each maximum stands.
    """
    check_tensors("embedding_bag", weight=weight, indices=indices, offsets=offsets)
    out, *places = reduced_bags(
        weight, indices, offsets, scale_grad_by_freq, mode, sparse, per_sample_weights, include_last_offset, padding_idx
    )
    count = out.shape[0]
    zeros = wrap(np.zeros(count, np.int64))
    if mode == 0:
        return out, wrap(np.zeros(0, np.int64)), zeros, zeros.clone()
    bags = _bags(indices._array, offsets._array)
    left_out = -1 if padding_idx is None else padding_idx % weight._array.shape[0]
    sizes = wrap(np.bincount(bags, indices._array != left_out, len(offsets._array)).astype(np.int64)[:count])
    return out, wrap(bags), sizes, places[0].clamp_min(0) if places else sizes.clone()
