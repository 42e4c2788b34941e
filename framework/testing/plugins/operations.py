"""Checks an operation: its derivatives, types, purity, on a device, compiled; with given and with generated inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from framework.autograd import Operation, Tensor, grad
from framework.operations import ones_like
from framework.testing import operations as checks
from framework.testing.mismatch import check_returned, place_of
from framework.testing.plugins.calls import as_example, calls_of
from framework.testing.plugins.extremes import check_extremes
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.testing.plugins.types import check_types

__all__ = ["check"]

KIND = "operations"

HINTS = {
    "gradient": "The formula's value is not the slope that finite differences give.",
    "second": "The formula, differentiated itself, is not what finite differences of it give. A kept statistic that depends "
    "on an input needs the function that computes it: residuals={name: function}.",
    "compiled": "Traced, it must give what it gives as it is written: it may not go by values, the time, or anything outside.",
    "layout": "The result may not depend on how an array lies in memory.",
}


INSTEAD = {
    "must not decide": "Write np.where(condition, a, b), or multiply by the condition: (x > 0) * g. ",
    "does not become": "Leave out np.asarray(x), float(x), x.item() and math.f(x): np.f(x) is enough. ",
}
"""For what a `DeviceArray` says, the right call where it does not say that itself."""

COMPILED = 3
"""How many calls of an operation are compiled, which takes longest."""

Of = Callable[[str, Callable[[], object]], Finding]
Each = Callable[[Callable[[Operation, Sequence[Any]], object]], Callable[[], None]]


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

    values = of("values", each(_check_values))
    yield values
    if not values.ok:  # then nothing else is worth looking at
        return
    yield of("layout", each(_check_layout))
    if operation.positions:
        yield from _of_derivatives(operation, calls, of, each)
    else:
        yield Finding(
            KIND, name, "gradient", None, "It has no derivative: nothing before it can be trained through it."
        )
    plain = of("device", each(_check_device))
    yield plain
    if plain.ok:
        yield of("compiled", lambda: _over(calls[:COMPILED], lambda call: checks.check_compiled(operation, call)))


def _of_derivatives(operation: Operation, calls: Sequence[Sequence[Any]], of: Of, each: Each) -> Iterator[Finding]:
    """The checks of formulas; where one is wrong, those that would fail on account of it are left out."""
    pure = of("purity", each(checks.check_purity))
    yield pure
    if pure.ok:
        first = of("gradient", each(lambda one, call: checks.check_order(one, call, second=False)))
        yield first
        if first.ok:
            second = of("second", each(lambda one, call: checks.check_order(one, call, second=True)))
            yield second
            yield of("shapes", each(_check_shapes))
            if second.ok:
                yield of("extremes", lambda: check_extremes(operation, calls[0]))
    single = of("float32", each(checks.check_single_precision))
    yield single
    if single.ok and len(operation.positions) > 1:
        yield of("types", lambda: check_types(operation, calls[0]))


def _check_values(operation: Operation, call: Sequence[Any]) -> None:
    """The same for the same arguments, and for arrays as for Tensors; what a formula raises is told here, once."""
    check_returned(operation, checks.as_tensors(operation, call))
    for one, other in zip(_everything(operation, call), _everything(operation, call), strict=True):
        assert np.array_equal(one, other, equal_nan=True), (
            "called twice with the same arguments it gives other numbers. An operation goes by its arguments alone, so that "
            "derivatives and programs can rely on it: it keeps nothing from call to call, and random numbers are an "
            "argument, drawn by framework.rand, which goes by the run's seed."
        )
    checks.check_forward(operation, [as_example(each) for each in call])


def _everything(operation: Operation, call: Sequence[Any]) -> list[np.ndarray]:
    """Results and gradients."""
    tensors = checks.as_tensors(operation, call)
    outputs = _results(operation(*tensors))
    wanted = [each for each in checks.flat(tensors) if each.requires_grad]
    recorded = [each for each in outputs if each.requires_grad]
    starts = [ones_like(each.detach()) for each in recorded]
    found = grad(recorded, wanted, starts, allow_unused=True) if recorded and wanted else ()
    return [each.numpy(force=True) for each in (*outputs, *found) if each is not None]


def _check_device(operation: Operation, call: Sequence[Any]) -> None:
    """On an array that knows NumPy's functions and nothing else, as those of devices, of programs, and Tensors."""
    try:
        checks.check_device(operation, call)
    except (TypeError, AttributeError) as error:
        advice = next((text for words, text in INSTEAD.items() if words in str(error)), "")
        error.args = (f"{error}. {advice}Second derivatives, programs and devices call it with arrays of other kinds.",)
        raise


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
    places = [f"for {', '.join(each.inputs)}: {place_of(each.formula)}" for each in operation.derivatives]
    return f"Formulas: {'; '.join(places)}"


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}" if value.size > 1 else f"array({value.tolist()!r})"
    return repr(value)


def _check_name(name: str, operation: Any) -> None:
    assert isinstance(operation, Operation), f"It is no operation, but {operation!r}: make it one with operation(…)."
    assert operation.name == name, (
        f"It is called {operation.name!r}, and registered as {name!r}: use one name for both."
    )


def _check_layout(operation: Operation, call: Sequence[Any]) -> None:
    """An array that lies the other way round in memory gives the same."""

    def turned(value: Any) -> Any:
        return np.asfortranarray(value) if isinstance(value, np.ndarray) and value.ndim > 1 else value

    plain = [as_example(each) for each in call]
    other = [
        [turned(one) for one in each] if isinstance(each, list) else turned(each) for each in map(as_example, call)
    ]
    for one, two in zip(_results(operation(*plain)), _results(operation(*other)), strict=True):
        np.testing.assert_allclose(np.asarray(two), np.asarray(one), rtol=1e-10, err_msg="of arrays in Fortran's order")


def _check_shapes(operation: Operation, call: Sequence[Any]) -> None:
    """Each gradient has its input's shape and type."""
    tensors = checks.as_tensors(operation, call)
    inputs = [each for each in checks.flat(tensors) if each.requires_grad]
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
