"""What is there at all: `unique`, `unique_consecutive`, `isin`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import reshaped
from framework.autograd.grad_mode import mode
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations import selection
from framework.operations.creation_arguments import read_integer, type_name
from framework.operations.ordering import arrange_stably, check_flag, mismatch, unrecorded
from framework.operations.reducing import check_tensor

__all__ = ["isin", "unique", "unique_consecutive"]


def _starts(rows: Any) -> Any:
    """Whether each row differs from the one before; a nan differs from all."""
    starts = np.ones(rows.shape[:1], np.bool_)
    new = rows[1:] != rows[:-1]
    starts[1:] = new if new.ndim == 1 else np.any(new, axis=tuple(range(1, new.ndim)))
    return starts


def _runs(starts: Any, order: Any | None, shape: Any, inverse: bool, counts: bool) -> tuple[Any, Any]:
    """The run that each row is in and the runs' lengths, as far as they are asked for."""
    run = length = None
    if inverse:
        run = np.cumsum(starts) - 1
        if order is not None:
            back = np.empty_like(run)
            back[order] = run
            run = back
        run = reshaped(run, shape)
    if counts:
        length = np.diff(np.flatnonzero(starts), append=starts.shape[0])
    return run, length


def _of_elements(consecutive: bool) -> Any:
    def forward(input: Any, inverse: bool = True, counts: bool = True) -> tuple[Any, Any, Any]:
        flat = rows = reshaped(input, (-1,))
        order = None
        if not consecutive:
            order, rows = arrange_stably(flat, False)
        starts = _starts(rows)
        return rows[starts], *_runs(starts, order, input.shape, inverse, counts)

    return forward


class _Slice(tuple[Any, ...]):
    """A slice that is compared as PyTorch compares it: elements that are nan decide nothing."""

    __slots__ = ()

    def __lt__(self, other: Any) -> bool:
        for mine, its in zip(self, other, strict=True):
            if mine != its and mine == mine and its == its:
                return bool(mine < its)
        return False


def _lexicographic(rows: Any) -> Any:
    """The order of rows by their first elements, then by the second, …."""
    if rows.dtype.kind == "f" and rows.size <= selection.LIMIT and np.isnan(rows).any():
        return np.array(selection.introsort([_Slice(each) for each in rows.tolist()]), np.int64)
    return np.lexsort(rows.T[::-1])


def _of_slices(consecutive: bool) -> Any:
    def forward(input: Any, dim: int, inverse: bool = True, counts: bool = True) -> tuple[Any, Any, Any]:
        slices = rows = np.moveaxis(input, dim, 0)
        if not slices.size:
            nothing = np.zeros((0,), np.int64)
            return np.copy(input), nothing, nothing
        order = None
        if not consecutive:
            order = _lexicographic(reshaped(slices, (slices.shape[0], -1)))
            rows = slices[order]
        starts = _starts(rows)
        found = np.moveaxis(np.copy(rows[starts], order="C"), 0, dim)
        return found, *_runs(starts, order, starts.shape, inverse, counts)

    return forward


def _row(forward: Any, name: str, grad_fn: str, refused: str) -> Any:
    def refuse(g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{refused}' is not implemented.")

    return operation(forward, name=name, grad_fn=grad_fn, outputs=3, residuals=("inverse", "counts"), input=refuse)


_unique = _row(_of_elements(False), "unique", "Unique2Backward0", "_unique2")
_unique_dim = _row(_of_slices(False), "unique_dim", "UniqueDimBackward0", "unique_dim")
_consecutive = _row(_of_elements(True), "unique_consecutive", "UniqueConsecutiveBackward0", "unique_consecutive")
_consecutive_dim = _row(_of_slices(True), "unique_consecutive_dim", "UniqueConsecutiveBackward0", "unique_consecutive")


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in order, or the distinct slices along a dimension; nans are all distinct.

    return_inverse: also where each went. return_counts: also how often each occurs.
    """
    name = "_unique2" if dim is None else "unique_dim"
    check_tensor(input, name)
    check_flag(name, "sorted", sorted)
    check_flag(name, "return_inverse", return_inverse)
    check_flag(name, "return_counts", return_counts)
    if dim is None:
        return _found(_unique, input, (), return_inverse, return_counts)
    dim = dim if dim.__class__ is int else read_integer(name, "dim", 2, dim)
    return _found(_unique_dim, input, (_sliced(input, dim),), return_inverse, return_counts)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The first of each run of equal elements, or of equal slices along a dimension; `unique` if they are in order."""
    check_tensor(input, "unique_consecutive")
    check_flag("unique_consecutive", "return_inverse", return_inverse)
    check_flag("unique_consecutive", "return_counts", return_counts)
    if dim is None:
        return _found(_consecutive, input, (), return_inverse, return_counts)
    if isinstance(dim, bool) or not isinstance(dim, (int, np.integer)):
        raise TypeError(f"unique_consecutive(): argument 'dim' must be int, not {type_name(dim)}")
    return _found(_consecutive_dim, input, (_sliced(input, dim),), return_inverse, return_counts)


def _sliced(input: Tensor, dim: int) -> int:
    """The dimension counted from the front, whose slices must hold something."""
    shape = input._array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = normalize_dim(dim, len(shape))
    if shape.count(0) > 1:
        raise RuntimeError("Number of zero sized dimensions is more than one, so unique cannot be applied ")
    if 0 in shape[:dim] + shape[dim + 1 :]:
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    return dim


def _found(row: Any, input: Tensor, dim: tuple[int, ...], inverse: bool, counts: bool) -> Any:
    """The distinct elements and, of the rest, what is asked for."""
    if mode.trace is not None or (mode.recording and input.requires_grad):
        found = row.function(input, *dim)
    else:
        found = [wrap(each) for each in row.forward(input._array, *dim, inverse, counts)]
    if inverse:
        return tuple(found) if counts else tuple(found[:2])
    return (found[0], found[2]) if counts else found[0]


@operation(name="isin")
def _isin(elements: Any, test_elements: Any, invert: bool) -> Any:
    if test_elements.size <= 32:
        # PyTorch compares each with each, where they are few; so do we, one after the other.
        found = np.zeros(elements.shape, np.bool_, like=elements)
        for each in reshaped(test_elements, (-1,)):
            found |= elements == each
    else:
        ordered = np.sort(reshaped(test_elements, (-1,)))
        places = np.minimum(np.searchsorted(ordered, elements), ordered.size - 1)
        found = ordered[places] == elements
    return np.logical_not(found) if invert else found


_ISIN = tuple(
    f"{pair}, *, bool assume_unique = False, bool invert = False, Tensor out = None"
    for pair in (
        "Tensor elements, Tensor test_elements",
        "Number element, Tensor test_elements",
        "Tensor elements, Number test_element",
    )
)
_NONE: Any = object()


def isin(
    elements: Any = _NONE,
    test_elements: Any = _NONE,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    element: Any = _NONE,
    test_element: Any = _NONE,
) -> Tensor:
    """Whether each element is among the test elements; either may be one number. A nan never is."""
    one, other = [
        each.item() if isinstance(each, np.generic) else each
        for each in (
            elements if element is _NONE else element,
            test_elements if test_element is _NONE else test_element,
        )
    ]
    numbers = isinstance(one, (int, float)) + isinstance(other, (int, float))
    tensors = isinstance(one, Tensor) + isinstance(other, Tensor)
    if not tensors or numbers + tensors < 2 or assume_unique.__class__ is not bool or invert.__class__ is not bool:
        given = [("", each) for each in (elements, test_elements) if each is not _NONE]
        given += [
            (name, each) for name, each in (("element", element), ("test_element", test_element)) if each is not _NONE
        ]
        given += [
            (name, each) for name, each in (("assume_unique", assume_unique), ("invert", invert)) if each is not False
        ]
        raise mismatch("isin", given, _ISIN)
    if not isinstance(one, Tensor):
        one = _number(one, other)
    if not isinstance(other, Tensor):
        other = _number(other, one)
    for each in (one, other):
        if each._array.dtype.kind == "b":
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
    a, b = one._array, other._array
    if a.dtype != b.dtype:
        # A tensor without dimensions counts as any other here.
        common = dtypes.promote(a.dtype, b.dtype)
        a, b = a.astype(common), b.astype(common)
    return unrecorded(_isin, a, b, invert)


def _number(value: Any, beside: Tensor) -> Tensor:
    """A number as a tensor of the type in which it meets another."""
    if isinstance(value, bool):
        return wrap(np.array(value))
    return wrap(np.array(value, dtypes.result_dtype([beside._array, value])))


def _np_unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False, axis: Any = None
) -> Any:
    if return_index:
        raise TypeError("np.unique(return_index=True) has no counterpart for Tensors")
    return unique(ar, True, return_inverse, return_counts, axis)


def _np_isin(element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    return isin(_wrapped(element), _wrapped(test_elements), assume_unique=assume_unique, invert=invert)


def _wrapped(value: Any) -> Any:
    return value if isinstance(value, (Tensor, int, float)) else wrap(np.asarray(value))


register(np.unique, _np_unique)
register(np.isin, _np_isin)

attach(unique, unique_consecutive)
