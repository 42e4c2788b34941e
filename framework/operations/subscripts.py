"""Reads what stands between the brackets of `x[...]`, by PyTorch's rules.

A subscript has two parts. The basic one (integers, slices, None, ...) gives a view. The advanced one (tensors, lists,
masks) then picks elements of that view. Unlike NumPy, an integer always belongs to the basic part.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype
from framework.autograd.tensor import Tensor, wrap
from framework.operations.from_data import copy_of

FULL = slice(None)
_INTEGER_KINDS = (np.dtype(np.int64), np.dtype(np.int32))


def simple(index: Any) -> tuple[str, tuple[Any, ...]] | None:
    """The last step and NumPy's index of a plain basic subscript; None for any that needs to be read with care."""
    last = ""
    whole = True
    for each in index if index.__class__ is tuple else (index,):
        if each.__class__ is int:
            last = "select"
        elif each.__class__ is slice:
            if each.start is None and each.step is None:
                if each.stop is None:
                    continue
                return None
            check_step(each)
            if not each.start and (each.step is None or each.step == 1):
                return None
            last = "slice"
        elif each is None:
            last = "unsqueeze"
        elif each is Ellipsis and whole:
            whole = False
        else:
            return None
    read = index if index.__class__ is tuple else (index,)
    return last, (*read, Ellipsis) if whole else read


class Subscript:
    """A subscript read for an array of some shape.

    basic: the basic part, an index of NumPy's. last: the last step that changes anything: "select", "slice",
    "unsqueeze", or "" if nothing does. advanced: the advanced part for the view, empty if there is none.
    """

    __slots__ = ("advanced", "basic", "last")

    def __init__(self, index: Any, shape: tuple[int, ...]) -> None:
        self.basic: list[Any] = []
        self.last = ""
        self.advanced: tuple[Any, ...] = ()
        given = _items(index)
        items = [_prepared(each) for each in given]
        named = sum([_dims(each) for each in items])
        if named > len(shape):
            if not shape and len(items) == 1 and not isinstance(given[0], Tensor):
                _refuse_scalar(items[0])
            raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
        picked: list[Any] = []
        dim = 0
        for each in items:
            dim = self._add(each, picked, dim, shape, len(shape) - named)
        if Ellipsis not in self.basic:
            self.basic.append(Ellipsis)
        if picked:
            self._check(picked, shape)
        while picked and picked[-1] is FULL:
            picked.pop()
        self.advanced = tuple(picked)

    def _check(self, picked: list[Any], shape: tuple[int, ...]) -> None:
        """Raises unless each index can be one, and each mask has the shape of the dimensions that it stands for."""
        dim = 0
        for each in picked:
            array = None if each is FULL else each._array
            if array is None or array.dtype.kind != "b":
                if array is not None and array.dtype not in _INTEGER_KINDS:
                    raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
                dim += 1
                continue
            if array.ndim > 1 or array.shape != shape:
                # The basic part leaves a view, whose shape an error names; and it may be wrong itself.
                try:
                    view = np.broadcast_to(np.False_, shape)[tuple(self.basic)].shape
                except IndexError as error:
                    raise index_error(error, self.basic, False) from None
                check_mask(array.shape, view, dim)
            dim += array.ndim

    def _add(self, each: Any, picked: list[Any], dim: int, shape: tuple[int, ...], rest: int) -> int:
        """Takes one item in; returns the dimension of the array that comes next."""
        if each.__class__ is int:
            self.basic.append(each)
            self.last = "select"
            return dim + 1
        if each.__class__ is slice:
            check_step(each)
            if (
                each.start not in (None, 0)
                or each.step not in (None, 1)
                or not (each.stop is None or each.stop >= shape[dim])
            ):
                self.last = "slice"
            self.basic.append(each)
            picked.append(FULL)
            return dim + 1
        if each is Ellipsis:
            if Ellipsis in self.basic:
                self.basic.extend([FULL] * rest)
            else:
                self.basic.append(each)
            picked.extend([FULL] * rest)
            return dim + rest
        if each is None:
            self.basic.append(None)
            self.last = "unsqueeze"
            picked.append(FULL)
            return dim
        if each is True or each is False:
            self.basic.append(None)
            self.last = "unsqueeze"
            picked.append(wrap(np.zeros(1 if each else 0, np.int64)))
            return dim
        array = each._array
        count = 1
        if array.dtype.kind == "b":
            count = array.ndim
        self.basic.extend([FULL] * count)
        picked.append(each)
        return dim + count


def _items(index: Any) -> Sequence[Any]:
    """The items between the brackets. A list that could not be an array counts as a tuple, as in PyTorch."""
    if index.__class__ is tuple:
        return index
    if isinstance(index, tuple):
        return tuple(index)
    if isinstance(index, (list, str)) and len(index) < 32:
        for each in index:
            if isinstance(each, (Tensor, list, tuple, slice, np.ndarray, str)) or each is None or each is Ellipsis:
                warnings.warn(
                    "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in "
                    "pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as "
                    "tensor index, x[torch.tensor(seq)], which will result either in an error or a different result",
                    UserWarning,
                    stacklevel=5,
                )
                return tuple(index)
    return (index,)


def _prepared(each: Any) -> Any:
    """One item as an int, slice, None, Ellipsis, bool or an index Tensor of at least one dimension."""
    kind = each.__class__
    if kind is int or kind is slice or each is None or each is Ellipsis or kind is bool:
        return each
    if isinstance(each, Tensor):
        return _index_tensor(each)
    if isinstance(each, (int, np.integer)):
        return int(each)
    if isinstance(each, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(each, (np.ndarray, list, tuple, range)):
        array = np.array(each) if isinstance(each, np.ndarray) else copy_of(each, None)
        # PyTorch reads numbers that are no tensor as integers.
        return _index_tensor(wrap(in_dtype(array, np.int64) if not array.size or array.dtype.kind == "f" else array))
    if hasattr(each, "__index__"):
        return each.__index__()
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {'numpy.' if kind.__module__ == 'numpy' else ''}{kind.__name__})"
    )


def _index_tensor(tensor: Tensor) -> Any:
    array = tensor._array
    dtype = array.dtype
    if dtype.kind == "b":
        return tensor if array.ndim else bool(array)
    if dtype == np.uint8 and not array.ndim:
        return bool(array)
    if dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            UserWarning,
            stacklevel=6,
        )
        return wrap(in_dtype(array, np.bool_))
    if not array.ndim and dtype.kind in "iu":
        return int(array)
    return tensor


def _dims(each: Any) -> int:
    """How many dimensions of the array an item stands for."""
    if each is None or each is Ellipsis or each.__class__ is bool:
        return 0
    if isinstance(each, Tensor) and each._array.dtype.kind == "b":
        return int(each._array.ndim)
    return 1


def _refuse_scalar(item: Any) -> None:
    if item.__class__ is slice:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if item.__class__ is int and item:
        raise IndexError(f"index {item} is out of bounds for dimension 0 with size 0")
    if item.__class__ is int:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )


def check_step(index: slice) -> None:
    """Raises unless a slice goes forward."""
    step = index.step
    if step is not None and step <= 0:
        raise ValueError("slice step cannot be zero" if step == 0 else "step must be greater than zero")


def check_mask(mask: tuple[int, ...], shape: tuple[int, ...], dim: int) -> None:
    """Raises unless a mask has the shape of the dimensions it stands for."""
    for number, size in enumerate(mask):
        if dim + number >= len(shape) or size != shape[dim + number]:
            raise IndexError(
                f"The shape of the mask {list(mask)} at index {number} does not match the shape of the indexed tensor "
                f"{list(shape)} at index {dim + number}"
            )


def index_error(error: IndexError, subscript: Sequence[Any], advanced: bool) -> IndexError:
    """NumPy's complaint about a subscript in PyTorch's words."""
    found = re.match(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", str(error))
    if found:
        value, axis, size = map(int, found.groups())
        if advanced and not size:
            return IndexError("index is out of bounds for dimension with size 0")
        if advanced:
            at = sum(each is not FULL for each in subscript[:axis])
        else:
            at = _position(subscript, axis)
        return IndexError(f"index {value} is out of bounds for dimension {at} with size {size}")
    if "non-empty take" in str(error):
        return IndexError("index is out of bounds for dimension with size 0")
    if "could not be broadcast" in str(error):
        arrays = [each._array for each in subscript if isinstance(each, Tensor)]
        shapes: list[list[int]] = []
        for each in arrays:
            masked = each.dtype.kind == "b"
            shapes += [[int(np.count_nonzero(each))]] * each.ndim if masked else [list(each.shape)]
        listed = ", ".join(map(str, shapes))
        return IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}")
    return error


def _position(subscript: Sequence[Any], axis: int) -> int:
    """Where in a basic subscript the index of an axis stands."""
    passed = 0
    for position, each in enumerate(subscript):
        if each is Ellipsis:
            break
        if each is not None:
            if passed == axis:
                return position
            passed += 1
    integers = [at for at, each in enumerate(subscript) if each.__class__ is int]
    return integers[-1] if integers else axis
