"""Says of an operation's wrong derivative which formula it is, where that stands, and what it gives instead of what."""

from __future__ import annotations

import os
from collections.abc import Callable
from dis import get_instructions
from traceback import walk_tb
from typing import Any

import numpy as np

from framework.autograd.gradcheck import GradcheckError
from framework.autograd.operation import Operation

__all__ = ["explained", "formula_place", "line_of", "place_of"]


def explained(operation: Operation, error: GradcheckError, second: bool) -> str:
    """The message of a `gradcheck`, or with `second` a `gradgradcheck`, of an operation, in terms of its formulas."""
    if error.place is None or operation.sequence:
        order = "second" if second else "first"
        return f"{operation.name}: its {order} derivatives are not those of finite differences. {error}"
    numbers = _numbers(error)
    if not second:
        name = operation.parameters[error.place]
        return (
            f"{operation.name}: the derivative for {name!r}{formula_place(operation, name)} is not that of finite differences: "
            f"{numbers}.{_hint(operation, name, error)}"
        )
    known = error.place < len(operation.parameters)
    by = repr(operation.parameters[error.place]) if known else "g"
    formulas = ", ".join(
        f"for {name!r}{formula_place(operation, name)}" for row in operation.derivatives for name in row.inputs
    )
    return (
        f"{operation.name}: its derivatives are right, but not when they are differentiated once more, by {by}: {numbers}. "
        f"A formula ({formulas}) takes for a constant what depends on {by}: something computed outside of it, or by a "
        "function that is no NumPy function or operation."
    )


def line_of(error: BaseException, operation: Operation) -> str:
    """The text " (x.py:12)" with the last line that was run of the files with the operation and its formulas."""
    files = {row.formula.__code__.co_filename for row in operation.derivatives}
    files |= {code.co_filename} if (code := getattr(operation.forward, "__code__", None)) else set()
    lines = [(code.co_filename, line) for frame, line in walk_tb(error.__traceback__) if (code := frame.f_code)]
    found = [f" ({os.path.basename(file)}:{line})" for file, line in lines if file in files]
    return found[-1] if found else ""


def formula_place(operation: Operation, name: str) -> str:
    """The text " (x.py:12)" with the line of a formula."""
    return f" ({place_of(next(row.formula for row in operation.derivatives if name in row.inputs))})"


def place_of(formula: Callable[..., Any]) -> str:
    """The text "x.py:12" with the line where it begins."""
    return f"{os.path.basename(formula.__code__.co_filename)}:{formula.__code__.co_firstlineno}"


def _hint(operation: Operation, name: str, error: GradcheckError) -> str:
    """What is likely to be wrong in a formula, by the numbers; empty where nothing is."""
    formula = next(row.formula for row in operation.derivatives if name in row.inputs)
    g = formula.__code__.co_varnames[0]
    if all(each.argval != g for each in get_instructions(formula) if each.opname.startswith("LOAD")):
        return f" The formula leaves out {g}, the gradient of the result, which it must multiply by."
    there = np.abs(error.numerical) > 1e-3
    ratios = error.analytical[there] / error.numerical[there]
    if ratios.size and np.ptp(ratios) < 1e-3 and abs(ratios[0]) > 1e-3:
        factor = "The sign is wrong" if abs(ratios[0] + 1) < 1e-3 else f"It is {ratios[0]:.4g} times what it must be"
        return f" {factor}, everywhere."
    return ""


def _numbers(error: GradcheckError) -> str:
    """How many elements of two Jacobians differ, and the two numbers that differ most."""
    apart = np.abs(error.analytical - error.numerical)
    apart[np.isnan(apart)] = np.inf
    row, column = np.unravel_index(int(np.argmax(apart)), apart.shape)
    wrong = int(np.count_nonzero(~np.isclose(error.analytical, error.numerical, 1e-3, 1e-5)))
    gives, instead = error.analytical[row, column], error.numerical[row, column]
    return (
        f"{wrong} of {apart.size} elements differ, the most that of output element {column} by input element {row}, "
        f"which it gives as {gives:.6g} instead of {instead:.6g}"
    )
