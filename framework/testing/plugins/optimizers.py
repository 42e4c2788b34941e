"""Checks the optimizers that a plugin adds: that they go down, keep their state, and keep it to themselves."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy import ndarray

import framework
from framework.autograd import Tensor
from framework.autograd.tensor import wrap
from framework.compiler import compile
from framework.testing.plugins.finding import Finding, NotChecked, found
from framework.training.parts import takes_argument
from framework.training.verifying.comparing import Comparison

__all__ = ["check"]

KIND = "optimizers"

RATES = 0.1, 0.01, 0.001, 1e-4
"""Learning rates to try beside the optimizer's own: it goes down with one of them."""

STEPS = 100

Make = Callable[..., Any]
New = Callable[[Any], Tensor]
Function = Callable[[Tensor], Tensor]


def quadratic(x: Tensor) -> Tensor:
    """A bowl, ten times as steep along one axis."""
    a, b = x.flatten() + framework.tensor([-1.0, 2.0])
    return 0.5 * (a * a + 10 * b * b)


def rosenbrock(x: Tensor) -> Tensor:
    """A bent valley. Rosenbrock, 1960."""
    x, y = x.flatten()
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def check(name: str, thing: Any) -> Iterator[Finding]:
    """Every check of an optimizer; it is made with parameters alone, or with another learning rate."""
    has_rate = "lr" in inspect.signature(thing).parameters

    def of(check: str, function: Callable[..., object], *arguments: Any) -> Finding:
        return found(KIND, name, check, partial(function, make, new, *arguments))

    def make(parameters: Any, rate: float | None = None) -> Any:
        rate = 0.01 if rate is None and _needs_rate(thing) else rate
        return thing(parameters) if rate is None else thing(parameters, lr=rate)

    try:
        new = partial(_parameter, _shape(make))
    except Exception as error:
        yield Finding(
            KIND, name, "made", None, f"It cannot be made of parameters alone: {type(error).__name__}: {error}"
        )
        return
    apart = of("own state", _check_own_state)
    yield apart
    if not apart.ok:  # then each of the others would be told of what one before it left behind
        return
    rates = [None, *(RATES if has_rate else ())]
    for title, function, start in (("quadratic", quadratic, [3.0, 3.0]), ("Rosenbrock", rosenbrock, [-1.2, 1.0])):
        down = of(title, _check_down, rates, function, start)
        yield down
        if not down.ok:
            return
    yield of("state", _check_state_dict)
    yield of("no gradient", _check_without)
    yield of("rate", _check_rate)
    yield of("float32", _check_single)
    yield of("compiled", _check_compiled)


def _needs_rate(thing: Any) -> bool:
    found = inspect.signature(thing).parameters.get("lr")
    return found is not None and found.default is found.empty


def _shape(make: Make) -> tuple[int, ...]:
    """The shape of the parameters that it takes: a vector, or else a matrix."""
    try:
        make([_parameter((2,), [1.0, 1.0])])
    except ValueError:
        make([_parameter((2, 1), [1.0, 1.0])])
        return (2, 1)
    return (2,)


def _parameter(shape: tuple[int, ...], values: Any) -> Tensor:
    """Two numbers, as a parameter. It is float32: that is what load_state_dict brings a state to, too."""
    return wrap(np.array(values, np.float32).reshape(shape)).requires_grad_()


def _step(optimizer: Any, parameters: Sequence[Tensor], function: Function) -> float:
    """One step down a function of each parameter; gives the sum before it."""

    def closure() -> Any:
        optimizer.zero_grad()
        loss: Any = sum(function(each) for each in parameters)
        loss.backward()
        return loss

    if takes_argument(optimizer):
        return float(optimizer.step(closure))
    loss = closure()
    optimizer.step()
    return float(loss)


def _check_down(make: Make, new: New, rates: Sequence[float | None], function: Function, start: list[float]) -> None:
    tried = []
    for rate in rates:
        parameter = new(start)
        optimizer = make([parameter], rate)
        first = float(function(parameter))
        for _ in range(STEPS):
            _step(optimizer, [parameter], function)
        last = float(function(parameter))
        if math.isfinite(last) and last < first:
            return
        with_rate = "" if rate is None else f" with lr={rate:g}"
        tried.append((last, f"from {first:.4g} to {last:.4g}{with_rate}"))
    ways = "; ".join(text for _, text in tried)
    if all(last == first for last, _ in tried):
        why = (
            "The parameters do not change: write into them, as parameter.data -= …, or return the new ones from update."
        )
    else:
        why = "It goes against the gradient, parameter - lr * grad: is the step's sign right?"
    raise AssertionError(f"in {STEPS} steps it does not go down: {ways}. {why}")


def _check_without(make: Make, new: New) -> None:
    used, unused = new([1.0, 1.0]), new([1.0, 1.0])
    optimizer = make([used, unused])
    if takes_argument(optimizer):
        raise NotChecked("it takes a closure")
    try:
        _step(optimizer, [used], quadratic)
    except Exception as error:
        error.args = (
            f"{error}\nIt fails where a parameter has no gradient, as one that is frozen or was not used. Pass over it: if "
            "parameter.grad is None: continue.",
        )
        raise
    assert np.all(unused._array == 1), "it changes a parameter that has no gradient, as one that is frozen"
    optimizer.zero_grad()
    assert used.grad is None or not used.grad._array.any(), (
        "zero_grad() leaves the gradient as it is: leave it to framework.extend.Optimizer, or set parameter.grad to None"
    )


def _check_rate(make: Make, new: New) -> None:
    """A schedule sets group["lr"], so a step goes by it."""
    parameter = new([1.0, 1.0])
    optimizer = make([parameter])
    groups = getattr(optimizer, "param_groups", [])
    if not groups or not isinstance(groups[0].get("lr"), int | float):
        raise NotChecked("its groups have no lr, so no schedule can change it")
    own = [name for name, value in _attributes(optimizer).items() if value == groups[0]["lr"]]
    groups[0]["lr"] = 0.0
    _step(optimizer, [parameter], quadratic)  # it may have taken the rate of this one before
    before = parameter._array.copy()
    _step(optimizer, [parameter], quadratic)
    if np.array_equal(parameter._array, before):
        return
    text = "after group['lr'] was set to 0 it still moves: schedules set that, and so have no effect."
    if own:
        raise AssertionError(f"{text} Take the rate from group['lr'] in every step, and not from self.{own[0]}.")
    raise NotChecked(f"{text} That is right for an optimizer that goes by lr at its start only.")


def _check_state_dict(make: Make, new: New) -> None:
    """Loaded into another optimizer, the state goes on to the same numbers, bit by bit."""
    starts = [[3.0, 3.0], [0.5, -0.25]]
    parameters = [new(each) for each in starts]
    optimizer = make(parameters)
    fresh = _attributes(optimizer)
    for _ in range(5):
        _step(optimizer, parameters, quadratic)
    changed = [name for name, value in _attributes(optimizer).items() if fresh.get(name, value) != value]
    state = copy.deepcopy(optimizer.state_dict())
    others = [new(each._array) for each in parameters]
    other = make(others)
    other.load_state_dict(state)
    for _ in range(5):
        _step(optimizer, parameters, quadratic)
        _step(other, others, quadratic)
    difference = Comparison()
    for number, (one, two) in enumerate(zip(parameters, others, strict=True)):
        difference.go(one._array, two._array, f"parameter {number}")
    if not difference.places:
        return
    for number, (one, two) in enumerate(zip(parameters, others, strict=True)):
        difference.go(dict(_state_of(optimizer, one)), dict(_state_of(other, two)), f"its state, parameter {number}")
    why = "What it remembers belongs into self.state[parameter] (from `initial_state`), and its numbers into param_groups."
    if changed:
        names = " and ".join(f"self.{name}" for name in changed)
        why = f"{names} changes from step to step and is not in state_dict. {why}"
    raise AssertionError(
        f"resumed from its state_dict after 5 steps, it goes another way: {'; '.join(difference.places)}.\n{why}"
    )


def _attributes(optimizer: Any) -> dict[str, Any]:
    """The plain values that an optimizer has beside its state."""
    plain = (bool, int, float, str, type(None))
    return {name: value for name, value in vars(optimizer).items() if isinstance(value, plain) and name[:1] != "_"}


def _state_of(optimizer: Any, parameter: Tensor) -> Mapping[str, Any]:
    state = getattr(optimizer, "state", None)
    found = state.get(parameter) if isinstance(state, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _check_own_state(make: Make, new: New) -> None:
    """Two optimizers at once do as each alone, and no state is a parameter or a gradient itself."""
    alone, together, other = (new(each) for each in ([3.0, 3.0], [3.0, 3.0], [-1.0, 5.0]))
    single = make([alone])
    for _ in range(4):
        _step(single, [alone], quadratic)
    one, two = make([together]), make([other])
    for _ in range(4):
        _step(two, [other], quadratic)
        _step(one, [together], quadratic)
        _check_apart(_state_of(one, together), together)
    assert np.array_equal(alone._array, together._array), (
        "beside another optimizer it goes another way: they share something. Keep state in self.state[parameter], and "
        "nothing in the class, in a default argument such as state={}, or in the module."
    )


def _check_apart(state: Mapping[str, Any], parameter: Tensor) -> None:
    for name, value in state.items():
        array = value._array if isinstance(value, Tensor) else value
        if not isinstance(array, ndarray):
            continue
        for whose, tensor in (("gradient", parameter.grad), ("parameter", parameter)):
            assert tensor is None or not np.shares_memory(array, tensor._array), (
                f"its state {name!r} is the {whose} itself, which changes: keep a copy, {whose}.clone()"
            )


def _check_single(make: Make, new: New) -> None:
    parameter = new([3.0, 3.0])
    optimizer = make([parameter])
    for _ in range(3):
        _step(optimizer, [parameter], quadratic)
    assert parameter._array.dtype == np.float32, f"a float32 parameter becomes {parameter._array.dtype}"
    for name, value in _state_of(optimizer, parameter).items():
        array = value._array if isinstance(value, Tensor) else value
        if isinstance(array, ndarray) and array.ndim and array.dtype == np.float64:
            raise AssertionError(
                f"the state {name!r} of a float32 parameter is float64, of twice the size: make it by "
                "np.zeros_like(parameter), and use math.sqrt for numbers, since NumPy's are float64."
            )


def _check_compiled(make: Make, new: New) -> None:
    """As a program it gives the same bits; one with a `step` of its own stays as it is written."""
    made = make([new([1.0, 1.0])])
    if not getattr(made, "two_part", False):
        raise NotChecked(
            "It has a step of its own, which stays Python; with `scalars` and `update` it would be compiled."
        )
    x, y = new([1.0, -2.0]), new([1.0, -2.0])
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
    quadratic(x).backward()
    optimizer.step()
