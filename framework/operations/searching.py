"""Where values belong among sorted ones: `searchsorted` and `bucketize`; and `unravel_index`."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, taken_along
from framework.autograd.operation import cast, operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, wrap
from framework.operations.once import warn_once
from framework.operations.ordering import mismatch, unrecorded

__all__ = ["bucketize", "searchsorted", "unravel_index"]


@operation(name="searchsorted")
def _searchsorted(sorted_sequence: Any, input: Any, right: bool, out_int32: bool) -> Any:
    if sorted_sequence.ndim == 1 and _is_sorted(sorted_sequence):
        found = np.searchsorted(sorted_sequence, input, "right" if right else "left")
    else:
        found = _halved(sorted_sequence, input, right)
    return in_dtype(found, np.int32) if out_int32 else found


def _is_sorted(row: Any) -> bool:
    """Whether NumPy finds the same in a row as PyTorch: it is in order, and no nan is in it."""
    if row.shape[0] < 2 or row.__class__ is not np.ndarray:
        return row.dtype.kind != "f" or row.shape[0] == 0
    # A long row is believed to be sorted.
    return bool((row[1:] >= row[:-1]).all() if row.shape[0] <= 1024 else row[-1] == row[-1])


def _halved(rows: Any, values: Any, right: bool) -> Any:
    """Binary search in all rows at once: a place whose element is not beyond the value is passed by."""
    size = rows.shape[-1]
    start = np.zeros(values.shape, np.int64, like=values)
    end = np.full_like(start, size)
    for _ in range(size.bit_length()):
        middle = start + (end - start) // 2
        there = np.minimum(middle, size - 1)
        found = np.take(rows, there) if rows.ndim == 1 else taken_along(rows, there, -1)
        passed = np.logical_not(found > values if right else found >= values)
        open = start < end
        start = np.where(np.logical_and(open, passed), middle + 1, start)
        end = np.where(np.logical_and(open, np.logical_not(passed)), middle, end)
    return np.copy(start, order="C")


_REST = "*, bool out_int32 = False, bool right = False, str side = None, Tensor sorter = None, Tensor out = None"
_SEARCH = (f"Tensor sorted_sequence, Tensor input, {_REST}", f"Tensor sorted_sequence, Number self, {_REST}")
_BUCKETIZE = (
    "Tensor input, Tensor boundaries, *, bool out_int32 = False, bool right = False, Tensor out = None",
    "Number self, Tensor boundaries, *, bool out_int32 = False, bool right = False",
)


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """The places at which values of `input` keep the rows of `sorted_sequence` sorted: before equals, or after them.

    The rows are the last dimension; those before it agree, or there is one row for all values. `sorter` gives the
    places in order of rows that are not sorted.
    """
    input = input.item() if isinstance(input, np.generic) else input
    _check_arguments(sorted_sequence, input, out_int32, right, side, sorter)
    rows, values = sorted_sequence._array, input._array if isinstance(input, Tensor) else np.array(input)
    scalar = values.ndim == 0
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    if scalar and rows.ndim != 1:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1, but we got "
            f"boundaries tensor dim({rows.ndim}) and input value's dim(0) numel(1)"
        )
    if not rows.ndim:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 dimension"
        )
    if rows.ndim != 1 and (rows.ndim != values.ndim or rows.shape[:-1] != values.shape[:-1]):
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got boundaries tensor {list(rows.shape)} and input value "
            f"tensor {list(values.shape)}"
        )
    _warn_of_layout(rows, values)
    if sorter is not None:
        rows = _by(rows, sorter._array)
    return _found(rows, values, right or side == "right", out_int32)


def _check_arguments(sorted_sequence: Any, input: Any, out_int32: Any, right: Any, side: Any, sorter: Any) -> None:
    if (
        isinstance(sorted_sequence, Tensor)
        and isinstance(input, (Tensor, int, float))
        and out_int32.__class__ is bool
        and right.__class__ is bool
        and (side is None or isinstance(side, str))
        and (sorter is None or isinstance(sorter, Tensor))
    ):
        return
    given = [("", sorted_sequence), ("", input)]
    said = (("out_int32", out_int32, False), ("right", right, False), ("side", side, None), ("sorter", sorter, None))
    given += [(name, value) for name, value, default in said if value is not default]
    raise mismatch("searchsorted", given, _SEARCH)


def _by(rows: Any, sorter: Any) -> Any:
    """The rows in the order that `sorter` gives."""
    if sorter.shape != rows.shape:
        raise RuntimeError(
            f"torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor "
            f"{list(rows.shape)}and got sorter tensor {list(sorter.shape)}"
        )
    if sorter.dtype != np.int64:
        kind = dtypes.from_numpy(sorter.dtype).scalar_name
        raise RuntimeError(f"torch.searchsorted(): sorter must be a tensor of long dtype but got dtype {kind}")
    decide(_refuse_outside, sorter, rows.shape[-1])
    return taken_along(rows, sorter, -1)


def _refuse_outside(sorter: Any, size: int) -> None:
    if sorter.size and not (sorter.min() >= 0 and sorter.max() < size):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


def _found(rows: Any, values: Any, right: bool, out_int32: bool) -> Tensor:
    # Python's numbers and tensors without dimensions take the type of the rows.
    common = rows.dtype if rows.dtype == values.dtype else dtypes.result_dtype([rows, values])
    if not values.size:
        return wrap(np.zeros(values.shape, np.int32 if out_int32 else np.int64))
    if common.kind == "b":
        raise NotImplementedError("\"searchsorted_out_cpu\" not implemented for 'Bool'")
    return unrecorded(_searchsorted, cast(rows, common), cast(values, common), right, out_int32)


def _warn_of_layout(rows: Any, values: Any) -> None:
    """PyTorch's advice on tensors that it has to copy."""
    for array, role in ((values, "input value"), (rows, "boundary")):
        if not array.flags.c_contiguous:
            warn_once(
                f"torch.searchsorted(): {role} tensor is non-contiguous, this will lower the performance due to extra "
                f"data copy when converting non-contiguous tensor to contiguous, please use contiguous {role} tensor if "
                "possible. This message will only appear once per program."
            )


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the bucket between the sorted boundaries that each value is in, its upper bound (if not `right`) included."""
    input = input.item() if isinstance(input, np.generic) else input
    if not (
        isinstance(boundaries, Tensor)
        and isinstance(input, (Tensor, int, float))
        and out_int32.__class__ is bool
        and right.__class__ is bool
    ):
        given = [("", input), ("", boundaries)]
        given += [(name, value) for name, value in (("out_int32", out_int32), ("right", right)) if value is not False]
        raise mismatch("bucketize", given, _BUCKETIZE)
    rows, values = boundaries._array, input._array if isinstance(input, Tensor) else np.array(input)
    if rows.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({rows.ndim})")
    _warn_of_layout(rows, values)
    return _found(rows, values, right, out_int32)


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The subscripts of places in a flattened array of a shape, one tensor for each dimension."""
    array = indices._array if isinstance(indices, Tensor) else indices
    if not isinstance(indices, Tensor):
        raise AttributeError(f"'{type(indices).__name__}' object has no attribute 'is_complex'")
    if array.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    sizes = _sizes(shape)
    if not sizes:
        return ()
    if 0 in sizes and array.size:
        raise RuntimeError("ZeroDivisionError")
    steps = list(itertools.accumulate(reversed(sizes[1:]), operator.mul, initial=1))[::-1]
    return _unravel.function(indices, tuple(steps), sizes)


def _sizes(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, int):
        shape = (shape,)
    elif not isinstance(shape, Sequence):
        kind = type(shape)
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {kind}")
    for each in shape:
        if not isinstance(each, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(each)}")
    if any(each < 0 for each in shape):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(shape)}")
    return tuple(shape)


@operation(name="unravel_index", outputs="list")
def _unravel(indices: Any, steps: tuple[int, ...], sizes: tuple[int, ...]) -> list[Any]:
    wide = in_dtype(indices, np.int64)[..., None]
    found = np.remainder(np.floor_divide(wide, np.array(steps, like=wide)), np.array(sizes, like=wide))
    return [found[..., place] for place in range(len(sizes))]


def _np_searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
    v = v if isinstance(v, (Tensor, int, float)) else wrap(np.asarray(v))
    return searchsorted(a if isinstance(a, Tensor) else wrap(np.asarray(a)), v, side=side, sorter=sorter)


register(np.searchsorted, _np_searchsorted)
register(np.unravel_index, lambda indices, shape: unravel_index(indices, shape))
