"""What the compiler knows of NumPy's functions: which write, which ask for an array's form alone, which take `out=`."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy import ndarray

getitem, setitem = operator.getitem, operator.setitem

# Answered from shapes, types and addresses, which are the same in every run.
OF_FORM = frozenset(
    {
        np.broadcast_shapes,
        np.can_cast,
        np.iscomplexobj,
        np.isrealobj,
        np.may_share_memory,
        np.min_scalar_type,
        np.ndim,
        np.result_type,
        np.shape,
        np.shares_memory,
        np.size,
    }
)

# Functions that write into their first argument.
_WRITING = frozenset({np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask})

_SHAPED_BY_VALUES = frozenset(
    {
        np.argwhere,
        np.bincount,
        np.compress,
        np.delete,
        np.extract,
        np.flatnonzero,
        np.histogram,
        np.insert,
        np.intersect1d,
        np.nonzero,
        np.setdiff1d,
        np.setxor1d,
        np.trim_zeros,
        np.union1d,
        np.unique,
        np.unique_all,
        np.unique_counts,
        np.unique_inverse,
        np.unique_values,
    }
)


def written(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The arrays that a call writes into."""
    if function in _WRITING:
        return (args[0] if args else named["dst" if function is np.copyto else "a"],)
    out = named.get("out")
    if out is None:
        return ()
    return out if out.__class__ is tuple else (out,)


def shape_depends_on_values(function: Any, args: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether the shape of a result depends on values, so that another run's may be another."""
    if function is np.where:
        return len(args) + len(named) == 1
    if function is np.repeat:
        repeats = args[1] if len(args) > 1 else named["repeats"]
        return not isinstance(repeats, int)
    return function in _SHAPED_BY_VALUES


def is_mask(index: Any) -> bool:
    """Whether an index selects by a boolean array."""
    if index.__class__ is tuple:
        return any([is_mask(each) for each in index])
    return isinstance(index, ndarray) and index.dtype.kind == "b"
