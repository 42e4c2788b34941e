"""Checks an optimizer: does it go down, can it be resumed, and does it leave alone what is not its own?"""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

import framework
from framework.autograd import Tensor
from framework.compiler import compile
from framework.extend import takes_closure
from framework.nn import Parameter
from framework.operations import from_numpy
from framework.testing.plugins.finding import Finding, NotChecked, found

__all__ = ["check"]

KIND = "optimizers"
RATES = (None, 1e-1, 1e-2, 1e-3, 1e-4)
"""Learning rates that are tried one after the other; at first its own."""


def check(name: str, make: Callable[..., Any]) -> Iterator[Finding]:
    """Every check of an optimizer, made with parameters alone, or with another learning rate."""

    def of(check: str, function: Callable[[], object]) -> Finding:
        return found(KIND, name, check, function)

    try:
        make([_parameter([1.0])])
    except Exception as error:
        yield Finding(
            KIND, name, "made", None, f"It cannot be made of parameters alone: {type(error).__name__}: {error}"
        )
        return
    yield of("quadratic", lambda: _goes_down(make, _quadratic, [1.0, -2.0, 0.5]))
    yield of("Rosenbrock", lambda: _goes_down(make, _rosenbrock, [-1.5, 2.0]))
    yield of("state", lambda: _check_state(make))
    yield of("own state", lambda: _check_alone(make))
    yield of("no gradient", lambda: _check_without_gradient(make))
    yield of("float32", lambda: _check_float32(make))
    yield of("compiled", lambda: _check_compiled(make))


def _parameter(values: list[float], dtype: Any = np.float64) -> Parameter:
    return Parameter(from_numpy(np.array(values, dtype)))


def _quadratic(x: Tensor) -> Tensor:
    return (x * x * from_numpy(np.arange(1, len(x) + 1, dtype=x.numpy(force=True).dtype))).sum()


def _rosenbrock(x: Tensor) -> Tensor:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def _steps(optimizer: Any, x: Tensor, function: Callable[[Tensor], Tensor], steps: int) -> None:
    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = function(x)
        loss.backward()
        return loss

    for _ in range(steps):
        if takes_closure(optimizer):
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()


def _goes_down(make: Callable[..., Any], function: Callable[[Tensor], Tensor], start: list[float]) -> None:
    """From a start, it comes lower in 200 steps, with its own learning rate or a smaller one."""
    x = _parameter(start)
    before, ends = function(x).item(), []
    for rate in RATES if "lr" in inspect.signature(make).parameters else RATES[:1]:
        x = _parameter(start)
        optimizer = make([x]) if rate is None else make([x], lr=rate)
        with np.errstate(all="ignore"):
            _steps(optimizer, x, function, 200)
        ends.append(function(x).item())
        if math.isfinite(ends[-1]) and ends[-1] < 0.9 * before:
            return
        if math.isfinite(ends[-1]) and ends[-1] < before and rate is None:
            return
    shown = ", ".join(f"{end:.4g}" for end in ends)
    raise AssertionError(
        f"200 steps from a value of {before:.4g} end at {shown} (with its own learning rate, then 0.1, 0.01, …): is the "
        "step's sign right? It goes against the gradient."
    )


def _check_state(make: Callable[..., Any]) -> None:
    """Five steps, `state_dict` into a new one, and five more are ten steps, to the bit."""
    x = _parameter([1.0, -2.0, 0.5])
    optimizer = make([x])
    _steps(optimizer, x, _quadratic, 5)
    y = _parameter(x.tolist())
    other = make([y])
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    _steps(optimizer, x, _quadratic, 5)
    _steps(other, y, _quadratic, 5)
    assert x.numpy(force=True).tobytes() == y.numpy(force=True).tobytes(), (
        f"resumed from its state_dict after 5 steps, it comes to {y.tolist()} in the place of {x.tolist()}: what it "
        "remembers belongs into self.state[parameter] (from `initial_state`), and its numbers into param_groups."
    )


def _check_alone(make: Callable[..., Any]) -> None:
    """Another optimizer of its kind, at work in between, changes nothing; nor do parameters in groups of their own."""
    x, y = _parameter([1.0, -2.0]), _parameter([1.0, -2.0])
    optimizer, busy = make([x]), make([{"params": [_parameter([3.0])]}])
    alone = make([y])
    for _ in range(3):
        _steps(optimizer, x, _quadratic, 1)
        _steps(busy, busy.param_groups[0]["params"][0], _quadratic, 1)
        _steps(alone, y, _quadratic, 1)
    assert x.tolist() == y.tolist(), (
        "two of its objects share a state: what changes belongs to the object, not the class"
    )


def _check_without_gradient(make: Callable[..., Any]) -> None:
    x, unused = _parameter([1.0]), _parameter([5.0])
    optimizer = make([x, unused])
    if takes_closure(optimizer):
        raise NotChecked("It takes a closure.")
    _steps(optimizer, x, _quadratic, 2)
    assert unused.tolist() == [5.0], "it changes a parameter that has no gradient"


def _check_float32(make: Callable[..., Any]) -> None:
    x = _parameter([1.0, -2.0, 0.5], np.float32)
    _steps(make([x]), x, _quadratic, 3)
    assert x.dtype == framework.float32, f"a float32 parameter has become {x.dtype}"


def _check_compiled(make: Callable[..., Any]) -> None:
    """As a program it gives the same bits; one with a `step` of its own stays as it is written."""
    made = make([_parameter([1.0])])
    if not getattr(made, "two_part", False):
        raise NotChecked(
            "It has a step of its own, which stays Python; with `scalars` and `update` it would be compiled."
        )
    x, y = _parameter([1.0, -2.0, 0.5]), _parameter([1.0, -2.0, 0.5])
    eager, compiled = partial(_one, make([x]), x), compile(partial(_one, make([y]), y))
    for _ in range(4):
        eager()
        compiled()
        assert x.numpy(force=True).tobytes() == y.numpy(force=True).tobytes(), (
            f"compiled, it comes to {y.tolist()} in the place of {x.tolist()}: numbers that change from step to step "
            "belong into `scalars`, which runs every step; `update` is traced once."
        )


def _one(optimizer: Any, x: Tensor) -> None:
    optimizer.zero_grad()
    _quadratic(x).backward()
    optimizer.step()
