"""Looks up rows of a table: `embedding`; and brings rows to a largest length, `embedding_renorm_`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.decisions import decide
from framework.autograd.grad_mode import no_grad
from framework.autograd.inplace import check_writable
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.layer_norm import check_number
from framework.operations.norms import vector_norm

__all__ = ["embedding", "embedding_renorm_"]

# A row that is named more often is summed by a product with ones, one that is named less together with the others.
_OFTEN = 48

# So many elements are added up within sorted rows in the time that one more step over whole rows takes.
_STEP = 2500


@operation()
def row_sums(values: Any, indices: Any, count: int, left_out: int, by_frequency: bool) -> Any:
    """`count` rows of zeros, with each row of `values` (…, D) added to the row that `indices` (…) names.

    The row `left_out` stays zero (-1 for none); with `by_frequency`, each row is divided by how often it is named.
    """
    width = values.shape[-1]
    indices = np.reshape(indices, (-1,))
    values = np.reshape(values, (indices.shape[0], width))
    out = np.zeros((count, width), values.dtype, like=values)
    if by_frequency:
        values = values * frequency_shares(indices, count, values.dtype)[:, None]
    if values.size <= 4096:
        # NumPy adds at repeated places quickest along one dimension.
        places = np.add.outer(indices * width, np.arange(width))
        np.add.at(np.reshape(out, (-1,)), np.reshape(places, (-1,)), np.reshape(values, (-1,)))
    else:
        _add_rows(out, indices, values)
    if left_out >= 0:
        out[left_out] = 0
    return out


def _add_rows(out: Any, indices: Any, values: Any) -> None:
    """Adds the first row of every place at once, then the second of those named twice, and so on."""
    # Stable sorts of 16 bits take a third of the time.
    order = np.argsort(np.astype(indices, np.uint16) if out.shape[0] <= 65536 else indices, kind="stable")
    ordered = indices[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = np.diff(np.append(starts, len(ordered)))
    if math.prod(values.shape) <= _STEP * min(int(counts.max()), _OFTEN):
        out[ordered[starts]] = np.add.reduceat(_rows(values, order), starts, axis=0)
        return
    by_count = np.argsort(np.negative(counts), kind="stable")
    starts, counts = starts[by_count], counts[by_count]
    often = int(np.searchsorted(np.negative(counts), -_OFTEN))
    for start, count in zip(starts[:often].tolist(), counts[:often].tolist(), strict=True):
        rows = _rows(values, order[start : start + count])
        np.dot(np.ones(count, values.dtype), rows, out=out[ordered[start]])
    starts, counts = starts[often:], counts[often:]
    if not len(starts):
        return
    sums = _rows(values, order[starts])
    # How many rows are named more than k times, for each k.
    for k, more in enumerate(np.searchsorted(np.negative(counts), -np.arange(1, counts[0])).tolist(), 1):
        sums[:more] += _rows(values, order[starts[:more] + k])
    out[ordered[starts]] = sums


def _rows(values: Any, numbers: Any) -> Any:
    """Rows by their numbers, which are known to be there: not to look takes NumPy a quarter less time."""
    return np.take(values, numbers, axis=0, mode="clip")


def frequency_shares(indices: Any, count: int, dtype: Any) -> Any:
    """For each index one over how often it is there."""
    return np.take(1.0 / np.maximum(np.bincount(indices, minlength=count), 1), indices).astype(dtype)


@row_sums.derivative("values")
def _(g: Any, indices: Any, count: int, left_out: int, by_frequency: bool) -> Any:
    taken = np.take(g, indices, axis=0)
    if left_out >= 0:
        taken = taken * (indices != left_out)[..., None]
    if by_frequency:
        shares = frequency_shares(np.reshape(indices, (-1,)), count, g.dtype)
        taken = taken * np.reshape(shares, (*indices.shape, 1))
    return taken


@operation()
def _embedding(weight: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    return _rows(weight, indices)


@_embedding.derivative("weight")
def _(g: Any, weight_shape: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    return row_sums(g, indices, weight_shape[0], padding_idx, scale_grad_by_freq)


def refuse_outside(indices: Any, count: int) -> None:
    """Raises PyTorch's error unless every index names one of `count` rows."""
    # As unsigned numbers, negative ones are too large as well.
    if indices.size and np.maximum.reduce(indices.view(f"u{indices.itemsize}"), axis=None) >= count:
        raise IndexError("index out of range in self")


def check_indices(indices: Any, function: str, position: int = 1) -> None:
    """Raises PyTorch's error for indices of another type than int64 and int32."""
    if indices.dtype.kind != "i" or indices.dtype.itemsize < 4:
        kind = dtypes.from_numpy(indices.dtype).scalar_name
        found = "CPUBoolType" if kind == "Bool" else f"torch.{kind}Tensor"
        raise RuntimeError(
            f"Expected tensor for argument #{position} 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{found} instead (while checking arguments for {function})"
        )


def refuse_sparse(function: str) -> None:
    """Raises for gradients that would be sparse tensors."""
    raise NotImplementedError(
        f"{function}(sparse=True) gives sparse gradients, and there are no sparse tensors here. Leave sparse=False: the "
        "gradient is the same, with all its rows"
    )


def _check_padding(padding_idx: Any) -> None:
    if not isinstance(padding_idx, (int, np.integer)) or isinstance(padding_idx, bool):
        kind = type(padding_idx).__name__
        raise TypeError(f"embedding(): argument 'padding_idx' (position 3) must be int, not {kind}")


def embedding(
    weight: Tensor,
    indices: Tensor,
    padding_idx: int = -1,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` (V, D) that `indices` (…) name, (…, D).

    The row `padding_idx` gets no gradient; with `scale_grad_by_freq` each gradient is divided by how often its row is
    named. IndexError for a row that is not there.
    """
    check_tensors("embedding", weight=weight, indices=indices)
    if padding_idx.__class__ is not int:
        _check_padding(padding_idx)
    table, found = weight._array, indices._array
    if table.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if found.dtype != np.int64:
        check_indices(found, "embedding")
    if sparse:
        refuse_sparse("embedding")
    decide(refuse_outside, found, table.shape[0])
    return _embedding.function(weight, indices, padding_idx, scale_grad_by_freq)


def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float = 2.0) -> Tensor:
    """Shortens, in place, the rows of `weight` that `indices` name to length `max_norm` where they are longer."""
    table, found = weight._array, indices._array
    check_number("embedding_renorm_", "max_norm", 3, max_norm)
    check_number("embedding_renorm_", "norm_type", 4, norm_type)
    if table.ndim != 2:
        raise RuntimeError(
            f"Expected 2-dimensional tensor, but got {table.ndim}-dimensional tensor for argument #1 'self' (while "
            "checking arguments for embedding_renorm_)"
        )
    check_indices(found, "embedding_renorm_", 2)
    decide(_refuse_rows_outside, found, table.shape)
    if table.dtype.kind != "f":
        kind = dtypes.from_numpy(table.dtype).scalar_name
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {kind} instead.")
    with no_grad():
        check_writable(weight, False)
        named = indices.reshape(-1)
        rows = weight[named]
        lengths = vector_norm(rows, norm_type, 1, True)
        # A row that is named twice is written twice, the same.
        weight[named] = rows * ((lengths > max_norm) * (max_norm / (lengths + 1e-7) - 1.0) + 1.0)
    return weight


def _refuse_rows_outside(indices: Any, shape: tuple[int, ...]) -> None:
    wrong = (indices < 0) | (indices >= shape[0])
    if wrong.any():
        raise IndexError(
            f"select(): index {indices[wrong].flat[0]} out of range for tensor of size {list(shape)} at dimension 0"
        )
