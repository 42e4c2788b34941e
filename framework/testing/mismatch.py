"""Says of an operation's wrong derivative which formula it is, where that stands, and what it gives instead of what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dis import get_instructions
from traceback import walk_tb
from typing import Any

import numpy as np

from framework.autograd.gradcheck import GradcheckError
from framework.autograd.operation import Operation
from framework.autograd.operation_node import OperationNode
from framework.autograd.tensor import Tensor

__all__ = ["check_returned", "explained", "formula_place", "line_of", "place_of"]


def explained(operation: Operation, tensors: Sequence[Any], error: GradcheckError, second: bool) -> str:
    """The message of a `gradcheck`, or with `second` a `gradgradcheck`, of a call of an operation, in terms of its formulas."""
    if error.place is None or operation.sequence:
        order = "second" if second else "first"
        return f"{operation.name}: its {order} derivatives are not those of finite differences. {error}"
    numbers = _numbers(error)
    if not second:
        name = operation.parameters[error.place]
        if any(each == name and gradient is None for each, gradient in _returned(operation, tensors)):
            return _misreturned(operation, name, tensors[error.place], None)
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


def check_returned(operation: Operation, tensors: Sequence[Any]) -> None:
    """What formulas return fits their inputs. The engine refuses what does not, too, but cannot say where the formula is."""
    for name, gradient in _returned(operation, tensors):
        tensor = tensors[operation.parameters.index(name)]
        if gradient is None or not isinstance(tensor, Tensor) or not tensor.requires_grad:  # None stands for zeros
            continue
        fits = hasattr(gradient, "shape") and _is_broadcast(tuple(tensor.shape), gradient.shape)
        assert fits, _misreturned(operation, name, tensor, gradient)


def _returned(operation: Operation, tensors: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Each input's gradient as its formula returns it where ones arrive; nothing for an operation on lists."""
    result = operation(*tensors)
    outputs = [result] if isinstance(result, Tensor) else result
    node = next((each.grad_fn for each in outputs if each.requires_grad), None)
    if operation.sequence or not isinstance(node, OperationNode):
        return
    for row, positions in node.plan.derivatives:
        shapes = zip(node.shape, node.dtype, strict=True) if node.outputs else [(node.shape, node.dtype)]
        ones = [np.ones(shape, dtype) for shape, dtype in shapes]
        needs = [(True,) * len(positions)] if row.needs else []
        taken = [node.saved[number] for number in row.takes]
        found = row.formula(tuple(ones) if node.outputs else ones[0], *taken, *needs)
        try:
            yield from zip(row.inputs, found if row.joint else [found], strict=True)
        except (TypeError, ValueError):
            raise AssertionError(
                f"{operation.name}: the derivative for {' and '.join(map(repr, row.inputs))} ({place_of(row.formula)}) returned "
                f"{_kind(found)}, and must return a tuple of {len(row.inputs)} arrays, of the inputs' shapes."
            ) from None


def _misreturned(operation: Operation, name: str, tensor: Tensor, gradient: Any) -> str:
    return (
        f"{operation.name}: the derivative for {name!r}{formula_place(operation, name)} returned {_kind(gradient)}, and must "
        f"return an array of the input's shape, {tuple(tensor.shape)}."
    )


def _is_broadcast(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether the other shape is this one, or one that the engine sums to it."""
    try:
        return np.broadcast_shapes(shape, other) == other
    except ValueError:
        return False


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return f"an array of shape {value.shape}" if hasattr(value, "shape") else f"a {type(value).__name__}"


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
