"""Between what a call is given and what an instruction holds: arrays, values, numbers, and nests of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.tensor import wrap
from framework.compiler.tracing.instructions import Number, Scalar, Value, mapped
from framework.compiler.tracing.traced import Traced, TracedNumber


def owner_of(array: ndarray) -> ndarray:
    """The array whose memory another shows."""
    while True:
        base: Any = array.base
        while base is not None and not isinstance(base, ndarray):
            base = getattr(base, "base", None)
        if base is None:
            return array
        array = base


def is_array(value: Any) -> bool:
    return isinstance(value, (ndarray, np.generic))


def traced_in(tree: Any) -> bool:
    if tree.__class__ in (tuple, list):
        return any([traced_in(each) for each in tree])
    if tree.__class__ is dict:
        return any([traced_in(each) for each in tree.values()])
    return type(tree) in (Traced, TracedNumber)


def like(result: Any, items: Any) -> Any:
    """Items in a tuple or list of the result's type."""
    if result.__class__ in (tuple, list):
        return result.__class__(items)
    return result._make(items) if hasattr(result, "_make") else tuple(items)


def plain(tree: Any) -> Any:
    """A nest without anything traced."""

    def change(each: Any) -> Any:
        if type(each) is Traced:
            return each.value.array
        return each.number.value if type(each) is TracedNumber else each

    return mapped(tree, change)


def concrete(tree: Any) -> Any:
    """The arguments of an instruction as NumPy takes them."""

    def change(each: Any) -> Any:
        if isinstance(each, Value):
            return each.array
        return each.value if isinstance(each, Number) else each

    return mapped(tree, change, wrap)


def with_scalars(ufunc: np.ufunc, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments with Python numbers as 0-d arrays of the type that the loop takes: NumPy converts them slowly."""
    numbers = [n for n, each in enumerate(args) if each.__class__ in (int, float, Number)]
    if not numbers or "dtype" in named or "signature" in named or len(args) > ufunc.nin:
        return args
    types = [
        each.array.dtype if isinstance(each, Value) else _weak(each) if n in numbers else getattr(each, "dtype", None)
        for n, each in enumerate(args)
    ]
    if any([each is None for each in types]):
        return args
    changed = list(args)
    try:
        loop = ufunc.resolve_dtypes((*types, *[None] * ufunc.nout))
        for n in numbers:
            changed[n] = Scalar(args[n], loop[n])
            changed[n].array  # noqa: B018 (a number that does not fit raises)
    except (TypeError, OverflowError):
        return args
    return tuple(changed)


def _weak(number: Any) -> Any:
    value = number.value if isinstance(number, Number) else number
    return value.__class__


def name(function: Any) -> str:
    return getattr(function, "__name__", str(function))
