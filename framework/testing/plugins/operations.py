"""Checks an operation: its derivatives, types, purity, on a device, compiled; with given and with generated inputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from framework.autograd import Operation, Tensor, grad
from framework.testing import operations as checks
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.testing.plugins.inputs import calls_of

__all__ = ["check"]

KIND = "operations"

HINTS = {
    "values": "A result is an array, one of no dimensions too, and the same for arrays as for Tensors.",
    "gradient": "The formula's value is not the slope that finite differences give.",
    "second": "The formula, differentiated itself, is not what finite differences of it give. A kept statistic that depends "
    "on an input needs the function that computes it: residuals={name: function}.",
    "float32": "",
    "device": "A formula uses np.f(x), operators, indexing, .shape, .ndim and .dtype; no methods of arrays, no creation of "
    "arrays but np.zeros_like and the like, no decision by a value.",
    "compiled": "Traced, it must give what it gives as it is written: it may not go by values, the time, or anything outside.",
    "layout": "The result may not depend on how an array lies in memory.",
}


def check(name: str, operation: Any, given: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """Every check of an operation that a plugin registers as `name`; `given` are calls of its author's."""

    def of(check: str, function: Callable[[], object]) -> Finding:
        at = _formulas(operation) if check in ("gradient", "second", "float32") else ""
        return found(KIND, name, check, function, "\n".join(filter(None, [HINTS.get(check, ""), at])))

    named = of("name", lambda: _check_name(name, operation))
    yield named
    if not named.ok:
        return
    try:
        calls = calls_of(operation, given)
    except NotChecked as reason:
        yield Finding(KIND, name, "inputs", False, str(reason))
        return

    def each(check: Callable[[Operation, Sequence[Any]], object]) -> Callable[[], None]:
        return lambda: _over(calls, lambda call: check(operation, call))

    yield of("values", each(checks.check_forward))
    yield of("layout", each(_check_layout))
    if operation.positions:
        pure = of("purity", each(checks.check_purity))
        first = of("gradient", each(lambda one, call: checks.check_gradients(one, *call, second_order=False)))
        yield from (pure, first)
        if pure.ok and first.ok:
            yield of("second", each(_check_second))
            yield of("shapes", each(_check_shapes))
        yield of("float32", each(checks.check_single_precision))
    else:
        yield Finding(KIND, name, "gradient", None, "It has no derivative.")
    yield of("device", each(checks.check_device))
    yield of("compiled", each(checks.check_compiled))


def _over(calls: Sequence[Sequence[Any]], check: Callable[[Sequence[Any]], object]) -> None:
    """The check with each call; the first that fails says with which arguments."""
    for call in calls:
        try:
            check(call)
        except Exception as error:
            error.args = (f"{error}\nCalled with {', '.join(map(_described, call))}.",)
            raise


def _formulas(operation: Operation) -> str:
    """Where the formulas are: `for input: shiny.py:12`."""
    places = [
        f"for {', '.join(each.inputs)}: {os.path.basename(code.co_filename)}:{code.co_firstlineno}"
        for each in operation.derivatives
        if (code := getattr(each.formula, "__code__", None)) is not None
    ]
    return f"Formulas: {'; '.join(places)}" if places else ""


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}" if value.size > 1 else f"array({value.tolist()!r})"
    return repr(value)


def _check_name(name: str, operation: Any) -> None:
    assert isinstance(operation, Operation), f"It is no operation, but {operation!r}: make it one with operation(…)."
    assert operation.name == name, (
        f"It is called {operation.name!r}, and registered as {name!r}: use one name for both."
    )


def _check_second(operation: Operation, call: Sequence[Any]) -> None:
    checks.check_gradients(operation, *call, second_order=True)


def _check_layout(operation: Operation, call: Sequence[Any]) -> None:
    """An array that lies the other way round in memory gives the same."""

    def turned(value: Any) -> Any:
        return np.asfortranarray(value) if isinstance(value, np.ndarray) and value.ndim > 1 else value

    other = [[turned(one) for one in each] if isinstance(each, list) else turned(each) for each in call]
    for one, two in zip(_results(operation(*call)), _results(operation(*other)), strict=True):
        np.testing.assert_allclose(np.asarray(two), np.asarray(one), rtol=1e-10, err_msg="of arrays in Fortran's order")


def _check_shapes(operation: Operation, call: Sequence[Any]) -> None:
    """Each gradient has its input's shape and type; of arrays of different types, too, where it takes them."""
    tensors = checks.as_tensors(operation, call)
    inputs = [each for each in checks._flat(tensors) if each.requires_grad]
    outputs = [each for each in _results(operation(*tensors)) if isinstance(each, Tensor) and each.requires_grad]
    if not outputs or not inputs:
        return
    gradients = grad([each.sum() for each in outputs], inputs, allow_unused=True)
    for each, gradient in zip(inputs, gradients, strict=True):
        if gradient is not None:
            assert gradient.shape == each.shape and gradient.dtype == each.dtype, (
                f"the gradient of an input of shape {tuple(each.shape)} is of shape {tuple(gradient.shape)}"
            )


def _results(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple | list) else [result]
