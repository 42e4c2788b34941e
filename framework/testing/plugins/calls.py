"""Finds arguments to check an operation by: those that its plugin gives as examples, or arrays that fit its parameters."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd import Operation, Tensor
from framework.testing.plugins.finding import NotChecked, where

__all__ = ["as_example", "calls_of"]

FIRST: Any = [
    [(2, 3)],
    [(3,)],
    [()],
    [(0, 3)],
    [(2, 3), (3,)],
    [(2, 1), (1, 3)],
    [(2, 3), ()],
]
"""Shapes of the arrays, the last for all that follow; then, where none of these fit, those of products and images."""
SECOND: Any = [
    [(3, 3)],
    [(2, 3), (3, 2)],
    [(3,), (3, 2)],
    [(1, 2, 4)],
    [(1, 2, 4), (3, 2, 2)],
    [(1, 2, 4, 4)],
    [(1, 2, 4, 4), (3, 2, 2, 2)],
]

DOMAINS: list[Callable[[np.random.Generator, Any], Any]] = [
    lambda random, shape: random.standard_normal(shape),
    lambda random, shape: random.uniform(0.2, 0.8, shape),
    lambda random, shape: random.uniform(1.2, 2.0, shape),
]
FILLINGS = {"an array": None, "0.5": 0.5, "1": 1, "-1": -1, "0": 0, "2": 2}
"""What is tried for parameters that have neither a derivative nor a default."""


def calls_of(operation: Operation, given: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Calls of an operation: those given, or else generated ones that it takes; NotChecked where none fits."""
    if given:
        calls = [list(map(as_example, each)) for each in given]
        refused = {f"example {number}": _problem(operation, each, False) for number, each in enumerate(calls, 1)}
        if told := [f"{title}: {problem}" for title, problem in refused.items() if problem]:
            raise NotChecked(f"It does not take what register_examples gives.\n{chr(10).join(told)}")
        return calls
    refused = {}
    for shapes in (FIRST, SECOND):
        for filling in _fillings(operation):
            taken = _fitting(operation, shapes, filling, refused)
            if taken:
                return taken
    told = [f"of shape {title}: {problem}" for title, problem in refused.items()]
    sketch = ", ".join(_sketch(operation))
    raise NotChecked(
        f"No generated input fits. Give some:\n@hookimpl\ndef register_examples(register):\n"
        f'    register("{operation.name}", [[{sketch}]])\nTried were, among others, arrays\n{chr(10).join(told[:3])}'
    )


def _sketch(operation: Operation) -> Iterator[str]:
    for number, name in enumerate(operation.parameters[: len(operation.parameters) - len(operation.defaults)]):
        yield "np.ones((2, 3))" if number in operation.positions else f"<{name}>"


def as_example(value: Any) -> Any:
    """An argument as the checks take it: arrays of float64, none of it shared with the plugin."""
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    if isinstance(value, ndarray):
        return value.astype(np.float64) if value.dtype.kind == "f" else value.copy()
    if type(value) in (list, tuple) and value and isinstance(value[0], ndarray | Tensor):
        return [as_example(each) for each in value]
    return value


def _fillings(operation: Operation) -> Iterator[dict[str, Any]]:
    """Values for the parameters that need some and are not differentiable; None stands for an array."""
    first_default = len(operation.parameters) - len(operation.defaults)
    needed = [
        name
        for number, name in enumerate(operation.parameters)
        if number < first_default and number not in operation.positions
    ]
    if not operation.positions and not operation.sequence:
        needed = needed[1:]  # the first is an array
    for values in itertools.product(FILLINGS.values(), repeat=min(len(needed), 3)):
        yield dict(zip(needed, values, strict=False))


def _fitting(
    operation: Operation, several: Any, filling: dict[str, Any], refused: dict[str, str | None]
) -> list[list[Any]]:
    """The calls that an operation takes, of arrays of these shapes; what it says to others is put into `refused`."""
    random = np.random.default_rng(0)
    taken: list[list[Any]] = []
    arrays = _arrays(operation, filling)
    for shapes in several:
        if len(shapes) > max(arrays, 1):
            continue
        each = [shapes[min(number, len(shapes) - 1)] for number in range(arrays)]
        for draw in DOMAINS:
            arguments = _arguments(operation, filling, [np.asarray(draw(random, shape)) for shape in each])
            problem = _problem(operation, arguments, True)
            if problem is None:
                taken.append(arguments)
                break
            refused.setdefault(", ".join(map(str, each)), problem)
    return [*taken, *_scattered(taken[0])] if taken else []


def _arrays(operation: Operation, filling: dict[str, Any]) -> int:
    """How many arrays a call takes."""
    if operation.sequence:
        return 2
    filled = sum(value is None for value in filling.values())
    return (len(operation.positions) or 1) + filled


def _arguments(operation: Operation, filling: dict[str, Any], arrays: list[ndarray]) -> list[Any]:
    if operation.sequence:
        rest = [filling.get(name) for name in operation.parameters[1 : len(filling) + 1]]
        return [arrays, *rest]
    left = iter(arrays)
    arguments: list[Any] = []
    first_default = len(operation.parameters) - len(operation.defaults)
    for number, name in enumerate(operation.parameters):
        if number in operation.positions or (not operation.positions and number == 0):
            arguments.append(next(left))
        elif name in filling:
            value = filling[name]
            arguments.append(np.where(next(left) > 0.5, 1.0, 0.0) if value is None else value)
        elif number >= first_default:
            arguments.append(operation.defaults[number - first_default])
    return arguments


def _scattered(call: list[Any]) -> list[list[Any]]:
    """The same numbers, in another order in memory."""
    if not any(isinstance(each, ndarray) and each.ndim > 1 for each in call):
        return []
    return [[np.asfortranarray(each) if isinstance(each, ndarray) else each for each in call]]


def _problem(operation: Operation, arguments: Sequence[Any], finite: bool) -> str | None:
    """Why an operation cannot be called so; what it makes of arrays must be `finite`."""
    copies = [as_example(each) for each in arguments]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = operation(*copies)
    except Exception as error:
        line = where(error)
        return f"{type(error).__name__}: {error}{f' ({line})' if line else ''}"
    several = results if isinstance(results, tuple | list) else [results]
    if finite and not all(np.all(np.isfinite(each)) for each in several if isinstance(each, ndarray | np.generic)):
        return "it gives nan or infinity"
    return None
