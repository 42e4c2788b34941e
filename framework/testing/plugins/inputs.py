"""Arguments to check an operation, a loss or a metric with: those its author gives, and generated ones that fit it."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from framework.autograd import Operation
from framework.plugin.manager import PluginManager
from framework.testing.plugins.finding import NotChecked

__all__ = ["calls_of", "examples", "pairs"]

PLAIN: tuple[Any, ...] = (1, 0, 0.5, True)
"""What a parameter is given that has no derivative and no default."""

MOST = 4
"""Generated calls that are kept."""

SHAPES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (3,)),
    ((), ()),
    ((0, 3), (0, 3)),
    ((2, 3), (3, 4)),
    ((1, 2, 5, 5), (2, 2, 3, 3)),
]
"""Of the first input that has a derivative, and of the others."""


def examples(manager: PluginManager, name: str) -> list[list[Any]]:
    """The calls that `register_examples` gives for a name; none where there are none."""
    known = {each: calls for _, each, calls in manager.registrations("examples")}
    calls = known.get(name, [])
    return [list(call) for call in (calls() if callable(calls) else calls)]


def calls_of(operation: Operation, given: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Calls of an operation: those given, or else generated ones that it takes; NotChecked where none fits."""
    if given:
        return [list(call) for call in given]
    failure: BaseException | None = None
    found: list[list[Any]] = []
    for make in (_normal, _positive):
        for call in _generated(operation, make):
            try:
                if _is_finite(operation, call):
                    found.append(call)
            except Exception as error:
                failure = failure or error
            if len(found) == MOST:
                return found
        if found:
            return found
    why = f" ({type(failure).__name__}: {failure})" if failure is not None else ", or none gives finite numbers"
    name = operation.name
    raise NotChecked(
        f"No generated input fits{why}. Give some:\n@hookimpl\ndef register_examples(register):\n"
        f'    register("{name}", [[{", ".join(_sketch(operation))}]])'
    )


def pairs(given: Sequence[Sequence[Any]]) -> Iterator[list[np.ndarray]]:
    """Predictions and targets: those given, or else of each usual kind: values, logits of two or more classes, probabilities."""
    if given:
        yield from ([np.asarray(each) for each in call] for call in given)
        return
    random = np.random.default_rng(0)
    values = random.normal(size=(6, 3))
    labels = (random.random((6, 3)) > 0.5).astype(float)
    yield [values, random.normal(size=(6, 3))]
    yield [values, labels]
    yield [values, np.array([0, 2, 1, 1, 0, 2])]
    yield [values[:, 0], labels[:, 0]]
    yield [random.uniform(0.05, 0.95, (6, 3)), labels]


def _generated(operation: Operation, make: Callable[[tuple[int, ...]], np.ndarray]) -> Iterator[list[Any]]:
    """Calls with arrays where there is a derivative, defaults where there are some, and numbers elsewhere."""
    required = len(operation.parameters) - len(operation.defaults)
    others = [number for number in range(required) if number not in operation.positions]
    for (first, rest), plain in itertools.product(SHAPES, itertools.product(PLAIN, repeat=min(len(others), 2))):
        arrays = [make(first if position == 0 else rest) for position in range(len(operation.positions))]
        if operation.sequence:
            yield [[make(first), make(rest)], *plain[: max(required - 1, 0)]]
            continue
        call: list[Any] = []
        for number in range(required if not _has_late_input(operation, required) else len(operation.parameters)):
            if number in operation.positions:
                call.append(arrays[operation.positions[number]])
            elif number >= required:
                call.append(operation.defaults[number - required])
            else:
                call.append(plain[min(others.index(number), len(plain) - 1)])
        yield call


def _has_late_input(operation: Operation, required: int) -> bool:
    return any(number >= required for number in operation.positions)


def _is_finite(operation: Operation, call: Sequence[Any]) -> bool:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = operation(*call)
    results = result if isinstance(result, tuple | list) else [result]
    return all(np.isfinite(np.asarray(each)).all() for each in results)


def _normal(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of both signs, none of them near 0, where many a function has a kink."""
    random = np.random.default_rng(len(shape))
    values = random.normal(size=shape)
    return np.asarray(values + 0.1 * np.sign(values))


def _positive(shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(np.random.default_rng(len(shape)).uniform(0.1, 0.9, shape))


def _sketch(operation: Operation) -> Iterator[str]:
    for number, name in enumerate(operation.parameters[: len(operation.parameters) - len(operation.defaults)]):
        yield "np.ones((2, 3))" if number in operation.positions else f"<{name}>"
