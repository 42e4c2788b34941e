"""Looks at an operation at 0 and far from it, where formulas overflow or divide by 0."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import Operation
from framework.autograd.differentiate import grad
from framework.autograd.tensor import Tensor
from framework.testing.mismatch import formula_place
from framework.testing.operations import as_tensors
from framework.testing.plugins.finding import NotChecked, where

__all__ = ["check_extremes"]

POINTS = 0.0, 1.0, -20.0, 20.0, -100.0, 100.0, 1e4, -1e4
"""Where an operation's gradient must be a number if its value is one."""


def check_extremes(operation: Operation, call: Sequence[Any]) -> None:
    """Where the value is a number the gradient is one, and no overflow on the way makes the value nan."""
    places = [number for number in operation.positions if isinstance(call[number], ndarray)]
    if operation.sequence or not places:
        raise NotChecked("It takes a list.")
    others = POINTS if len(places) <= 2 else POINTS[:3]
    ran = False
    for point in itertools.product(POINTS, *[others for _ in places[1:]]):
        arguments = list(call)
        for place, value in zip(places, point, strict=True):
            arguments[place] = np.full(call[place].shape, value, np.float32)
        ran |= _check_point(
            operation, arguments, dict(zip([operation.parameters[each] for each in places], point, strict=True))
        )
    if not ran:
        raise NotChecked("It takes no such numbers.")


def _check_point(operation: Operation, arguments: list[Any], point: dict[str, float]) -> bool:
    """Whether the operation could be called there at all."""
    at = ", ".join(f"{name} = {value:g}" for name, value in point.items())
    tensors = as_tensors(operation, arguments)
    try:
        output = operation(*tensors)
    except Exception:
        return False
    if not isinstance(output, Tensor) or not output.requires_grad:
        return False
    if np.isnan(output._array).any():
        _check_overflow(operation, arguments, at)
        return True
    if not np.isfinite(output._array).all():
        return True
    wanted = [each for each in tensors if isinstance(each, Tensor) and each.requires_grad]
    for each, found in zip(wanted, grad([output.sum()], wanted, allow_unused=True), strict=True):
        if found is not None and np.isnan(found._array).any():
            name = operation.parameters[next(n for n, t in enumerate(tensors) if t is each)]
            raise AssertionError(
                f"{operation.name}: at {at} its value is {output._array.flat[0]:g}, but the gradient for {name!r} "
                f"is nan{formula_place(operation, name)}: something in the formula is 0 / 0, 0 · inf or inf - inf there. Write it "
                "so that no part of it overflows or is divided by 0, as by np.maximum or np.logaddexp, or by 1 + exp(-|x|)."
            )
    return True


def _check_overflow(operation: Operation, arguments: list[Any], at: str) -> None:
    """A nan outside of where a function is defined is right; one that comes of an overflow on the way to it is not."""
    try:
        with np.errstate(over="raise"):
            operation(*arguments)
    except FloatingPointError as error:
        raise AssertionError(
            f"{operation.name}: at {at} its value is nan, for on the way to it a number overflows{_at(error)}. "
            "Write it so that it does not: exp(-|x|) and np.logaddexp never do."
        ) from error


def _at(error: BaseException) -> str:
    line = where(error)
    return f", {line}" if line else ""
