"""Steps with every optimizer, compiled: the eager steps to the last bit, one program for all counts of steps."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.compiler.tracing.met import Looked
from framework.nn import functional as F
from tests.compiler.models import Training, class_batches, mlp, step_of, train_both, training_of
from tests.golden.optim_cases import CASES, build


def matrices() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 6, bias=False), nn.Tanh(), nn.Linear(6, 3, bias=False))


def with_optimizer(make: Callable[[Any], Any], **options: Any) -> Callable[[], Training]:
    return lambda: training_of(mlp(), make, **options)


# Whose numbers are those of another.
FLAGS = ("foreach", "fused")


@pytest.mark.parametrize("case", [case for case in CASES if not any(flag in case for flag in FLAGS)])
def test_every_optimizer_trains_alike(case: str) -> None:
    name, options = CASES[case]

    def make() -> Training:
        model = matrices() if name == "Muon" else mlp()
        optimizer = build(getattr(optim, name), list(model.parameters()), options)

        def halved(call: int) -> None:
            if call == 5:
                for group in optimizer.param_groups:
                    group["lr"] /= 2

        return Training(step_of(model, optimizer), model, optimizer, between=halved)

    # RAdam trusts its mean square from the sixth step on; Adagrad has its state before the first.
    programs = 2 if name in ("RAdam", "Adagrad") else 1
    compiled, _ = train_both(make, lambda: class_batches(7), traces=3)
    assert len(compiled.programs) <= programs
    assert not compiled.program.explain().opaque


@pytest.mark.parametrize("name", ["Adam", "AdamW", "NAdam", "Adagrad", "RAdam"])
def test_parameters_at_the_same_step_are_updated_in_one_run(name: str) -> None:
    compiled, _ = train_both(with_optimizer(getattr(optim, name)), lambda: class_batches(9), traces=3)
    source = compiled.program.source
    assert source.count(" sqrt(") == 1 and "add(steps, " in source and "subtract(" in source.rpartition("parameters")[0]


def test_a_parameter_that_falls_behind_has_scalars_of_its_own() -> None:
    def make() -> Training:
        model = mlp()
        optimizer = optim.Adam(model.parameters(), lr=0.05)
        skipped = [False]

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            hidden = x if skipped[0] else model[0](x)
            loss = F.cross_entropy(model[2](hidden.repeat(1, 2) if skipped[0] else hidden), y)
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, model, optimizer, between=lambda call: skipped.__setitem__(0, call in (3, 4)))

    compiled, training = train_both(make, lambda: class_batches(12), traces=7)
    assert [state["step"].item() for state in training.parts[1].state.values()] == [10, 10, 12, 12]
    # Those at ten steps share their scalars, and so do those at twelve.
    source = compiled.program.source
    assert "(rate_2, " in source and "(rate_3, " not in source


def test_a_count_of_steps_that_somebody_writes_is_read_anew() -> None:
    def make() -> Training:
        training = training_of(mlp(), lambda parameters: optim.Adam(parameters, lr=0.05))
        states = training.parts[1].state

        def written(call: int) -> None:
            if call == 5:
                next(iter(states.values()))["step"].fill_(100.0)
            if call == 8:
                for state in states.values():
                    state["step"].fill_(1.0)

        training.between = written
        return training

    train_both(make, lambda: class_batches(11), traces=4)


@pytest.mark.parametrize("name", ["AdamW", "NAdam", "ASGD"])
def test_a_loaded_state_is_gone_on_from(name: str) -> None:
    def make() -> Training:
        training = training_of(mlp(), getattr(optim, name))
        optimizer, kept = training.parts[1], []

        def between(call: int) -> None:
            if call == 3:
                kept.append(copy.deepcopy(optimizer.state_dict()))
            if call == 6:
                optimizer.load_state_dict(kept[0])

        training.between = between
        return training

    train_both(make, lambda: class_batches(10), traces=5)


def test_a_rate_that_is_a_tensor_may_change_in_place() -> None:
    def make() -> Training:
        rate = framework.tensor(0.1)
        betas = framework.tensor(0.8), framework.tensor(0.95)
        training = training_of(mlp(), lambda parameters: optim.Adam(parameters, lr=rate, betas=betas))
        training.between = lambda call: rate.mul_(0.5)
        return training

    train_both(make, lambda: class_batches(8), traces=3)


class ByTheNorm(optim.Optimizer):
    """Looks at an array of its state to find a number."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {"lr": 0.1})

    def initial_state(self, parameter: Any, group: Any) -> dict[str, Any]:
        return {"last": np.zeros_like(parameter)}

    def scalars(self, group: Any, state: Any) -> dict[str, Any]:
        return {"rate": group["lr"] / (1 + float(np.abs(state["last"]).sum()))}

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        return parameter - scalars["rate"] * grad, {"last": grad}


def test_scalars_of_an_array_are_never_shared() -> None:
    train_both(with_optimizer(ByTheNorm), lambda: class_batches(8), traces=3)


def test_lbfgs_runs_as_it_is_written() -> None:
    model = mlp()
    optimizer = optim.LBFGS(model.parameters(), max_iter=3)
    x, y = class_batches(1)[0]

    def closure() -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    first = closure().item()
    with pytest.warns(framework.compiler.CompileWarning, match="runs as it is written"):
        framework.compile(lambda: optimizer.step(closure))()
    assert closure().item() < first


@pytest.mark.parametrize(
    "look",
    [
        lambda state: state["a"] + state["b"],
        lambda state: state.get("a") + state.get("b", 0),
        lambda state: sum(state.values()),
        lambda state: sum(each for _, each in state.items()),
        lambda state: dict(state)["b"],
        lambda state: {**state}["a"],
    ],
)
def test_however_scalars_look_at_a_state_it_is_noted(look: Callable[[Any], Any]) -> None:
    state = Looked({"a": 1, "b": 2})
    assert look(state) in (1, 2, 3)
    assert state.names == {"a", "b"}


class Between(optim.Optimizer):
    """Formulas of which no term, or not the first, may be written over what is replaced."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters, {"lr": 0.1})

    def initial_state(self, parameter: Any, group: Any) -> dict[str, Any]:
        return {name: np.zeros_like(parameter) for name in ("read", "twice", "itself", "turned")}

    def scalars(self, group: Any, state: Any) -> dict[str, Any]:
        return {"lr": group["lr"]}

    def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
        lr = scalars["lr"]
        term = lr * state["read"]
        read = term + (state["read"] * state["read"] + grad)
        double = lr * state["twice"] + grad
        twice = double + (double * grad + 1.0)
        itself = lr * grad + state["itself"]
        turned = grad + lr * (state["turned"][::-1] if grad.ndim == 1 else state["turned"])
        after = {"read": read, "twice": twice, "itself": itself, "turned": turned}
        return parameter - lr * (read + twice + itself + turned), after


def test_a_term_is_computed_in_place_only_where_nobody_reads_what_was_there() -> None:
    train_both(with_optimizer(Between), lambda: class_batches(9), traces=3)


def test_a_momentum_is_updated_in_its_place() -> None:
    compiled, _ = train_both(
        with_optimizer(lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9)),
        lambda: class_batches(8),
        traces=3,
    )
    assert "multiply(momentum, momentum_buffers, out=momentum_buffers)" in compiled.program.source


@pytest.mark.parametrize("held", ["nothing", "array", "base", "tensor"])
def test_parameters_that_are_views_are_moved_unless_somebody_holds_their_memory(held: str) -> None:
    parameters = [nn.Parameter(framework.randn(3, 2) + 0) for _ in range(3)]
    for each in parameters:
        # A view, as many random functions give one.
        each._array = np.arange(6, dtype=np.float32).reshape(3, 2)
    holds = {"nothing": None, "array": parameters[0]._array, "base": parameters[0]._array.base}
    kept = parameters[0].detach() if held == "tensor" else holds[held]
    optimizer = optim.Adam(parameters)

    def step(x: Any) -> Any:
        loss = sum((each * each * x).sum() for each in parameters)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    del holds
    compiled = framework.compile(step)
    for _ in range(4):
        compiled(framework.randn(3, 2))
    assert ("out=parameters)" in compiled.program.source) == (held == "nothing")
    if kept is not None:
        array = kept.numpy() if held == "tensor" else kept
        assert array.ravel().tolist() == parameters[0]._array.ravel().tolist()
