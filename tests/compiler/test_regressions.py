"""Steps that once differed from the function as it is written."""

from __future__ import annotations

import contextlib
import copy
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.autograd.grad_mode import mode
from framework.compiler import CompileWarning, compile
from framework.extend import operation
from tests.compiler.models import Adam, Training, bits, inputs

Scenario = Callable[[Callable[..., Any]], Iterator[Any]]


def agree(scenario: Scenario, why: str | None = None, programs: bool = True) -> None:
    """All that a scenario yields is the same, to the bit, whether it wraps its function or not.

    `why` a CompileWarning says that it runs as it is written, if it does; whether `programs` come of it otherwise.
    """
    found = []
    made: list[Any] = []

    def wrap(function: Any) -> Any:
        made.append(compile(function))
        return made[-1]

    for way in (lambda function: function, wrap):
        framework.manual_seed(0)
        with pytest.warns(CompileWarning, match=why) if why and way is wrap else contextlib.nullcontext():
            found.append([*scenario(way), bits(framework.get_rng_state())])
    assert len(found[0]) == len(found[1]) > 1
    wrong = [number for number, (one, two) in enumerate(zip(*found, strict=True)) if one != two]
    assert wrong == []
    (compiled,) = made
    assert (compiled.eager is None) == (why is None)
    assert bool(compiled.programs) == (why is None and programs)


def attempt(function: Callable[..., Any], *args: Any) -> Any:
    """What a call gives, or how it fails."""
    try:
        return bits(function(*args))
    except Exception as error:
        return type(error), str(error)


def state(*parts: Any) -> Any:
    return Training(lambda: None, *parts).state()


def linear(**options: Any) -> tuple[nn.Linear, optim.SGD]:
    model = nn.Linear(3, 2)
    return model, optim.SGD(model.parameters(), lr=0.1, **options)


def step_of_squares(model: Any, optimizer: Any) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


# Indices


@pytest.mark.parametrize("first", [1, 5])
def test_a_mask_of_another_count(first: int) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = framework.rand(10).requires_grad_()

        def function(mask: Any) -> None:
            weight.grad = None
            (weight * 3).masked_select(mask).mean().backward()
            with framework.no_grad():
                weight.sub_(weight.grad, alpha=0.1)

        step = wrap(function)
        for count in (*[first] * 6, 7, 3):
            yield attempt(step, framework.arange(10).roll(count) < count)
            yield state(weight)

    agree(scenario)


UNREAD = {
    "gather": lambda x, i: x.gather(0, i),
    "index_select": lambda x, i: x.index_select(0, i),
    "take": lambda x, i: x.take(i),
    "index_put": lambda x, i: x.index_put((i,), framework.ones(())),
    "getitem": lambda x, i: x[i],
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_bad_index_raises_though_nobody_reads_the_result(name: str) -> None:
    def function(x: Any, index: Any) -> Any:
        UNREAD[name](x, index)
        return x * 2

    def scenario(wrap: Any) -> Iterator[Any]:
        step = wrap(function)
        for index in (0, 1, 2, 7, 1):
            yield attempt(step, framework.rand(3), framework.tensor([index]))

    agree(scenario)


def test_what_was_written_before_an_error_stays_written() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        count = framework.zeros(())

        def function(x: Any, index: Any) -> Any:
            count.add_(1)
            framework.rand(1)
            return x.index_fill(0, index, 2.0)

        step = wrap(function)
        for index in (0, 1, 2, 7, 1):
            yield attempt(step, framework.ones(3), framework.tensor([index]))
            yield state(count)

    agree(scenario)


# Results


RESULTS = {
    "models apart": lambda a, b, x: ((a * x).square().sum(), (b * x).square().sum()),
    "graphs apart": lambda a, b, x: ((a * x).square().sum(), (a * x).exp().sum()),
    "infinity unused": lambda a, b, x: ((a * x).sum(), (a - a).log().sum()),
    "nan unused": lambda a, b, x: ((a * x).sum(), (a - 2).sqrt().sum()),
    "a shared part": lambda a, b, x: (lambda h: (h.sum(), (h * 0).log().sum()))(a * x),
}


@pytest.mark.parametrize("used", [[0], [1], [0, 1], [1, 0]], ids=str)
@pytest.mark.parametrize("name", RESULTS)
def test_each_of_several_results_has_its_own_backward(name: str, used: list[int]) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        a, b = (framework.rand(3).requires_grad_() for _ in range(2))
        step = wrap(lambda x: RESULTS[name](a, b, x))
        for (x,) in inputs(3):
            results = step(x)
            for number in used:
                yield attempt(results[number].backward)
            yield bits(results), state(a, b)

    agree(scenario)


def written(p: Any, u: Any, x: Any) -> Any:
    with framework.no_grad():
        u.mul_(2)
    return (p.square() * u.sum() * x).sum()


def read_then_written(p: Any, u: Any, x: Any) -> Any:
    before = u.clone()
    written(p, u, x)
    return (p.square() * before * x).sum()


RETAINED = {
    "written": written,
    "read, then written": read_then_written,
    "read": lambda p, u, x: (p.square() * u * x).sum(),
    "random": lambda p, u, x: (p.square() * framework.rand(3) * x).sum(),
}


@pytest.mark.parametrize("name", RETAINED)
def test_a_second_backward_writes_and_draws_nothing_again(name: str) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        p, u = framework.rand(3).requires_grad_(), framework.ones(3)
        step = wrap(lambda x: RETAINED[name](p, u, x))
        for (x,) in inputs(3):
            loss = step(x)
            yield attempt(lambda: loss.backward(retain_graph=True))
            yield bits(framework.rand(2))
            yield attempt(loss.backward)
            yield bits(loss), state(p, u)

    agree(scenario)


def decayed(p: Any, u: Any, x: Any) -> Any:
    with framework.no_grad():
        p.mul_(0.9)
    return (p * p * x).sum()


def spectral(p: Any, u: Any, x: Any) -> Any:
    with framework.no_grad():
        u.copy_(framework.mv(p, u))
        u.div_(u.norm())
    return (framework.mv(p, u) * x[0]).sum()


def doubled(p: Any, u: Any, x: Any) -> Any:
    x.mul_(2)
    return (p * x).sum()


@pytest.mark.parametrize("function", [decayed, spectral, doubled])
def test_a_tensor_written_and_then_read_by_the_graph(function: Callable[..., Any]) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        p, u = framework.randn(3, 3).requires_grad_(), framework.randn(3)
        step = wrap(lambda x: function(p, u, x))
        for (x,) in inputs(3, 3):
            loss = step(x)
            yield attempt(loss.backward)
            yield bits(loss), state(p, u, x)

    agree(scenario)


def test_a_result_whose_graph_the_optimizer_spoils() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        model, optimizer = linear(momentum=0.9)

        def function(x: Any) -> Any:
            optimizer.zero_grad()
            loss = model(x).square().mean()
            size = model.weight.norm()
            loss.backward()
            optimizer.step()
            return loss, size

        step = wrap(function)
        for (x,) in inputs(4, 3):
            loss, size = step(x)
            yield bits([loss, size]), state(model, optimizer)
            kind, message = attempt(size.backward)
            # The versions that it names are those of the traced call.
            yield kind, re.sub(r"version \d+", "version", message)

    agree(scenario)


UNSAVED = {
    "transpose": lambda a, x: (lambda h: (h.sum(), h.mean()))(a.t()),
    "add": lambda a, x: (lambda h: (h.sum(), h.mean()))(a + x),
    "once": lambda a, x: ((a + x).sum(),) * 2,
}


@pytest.mark.parametrize("name", UNSAVED)
def test_a_graph_that_saved_nothing_is_walked_twice(name: str) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = framework.rand(2, 1).requires_grad_()
        step = wrap(lambda x: UNSAVED[name](weight, x))
        for (x,) in inputs(2, 1):
            for loss in step(x):
                yield attempt(loss.backward)
                yield state(weight)

    agree(scenario)


def copied_whole(x: Any, y: Any) -> Any:
    value, copy = y * 2, x.clone()
    copy.copy_(value)
    return copy


def copied_and_read(x: Any, y: Any) -> Any:
    value, copy = y * 2, x.clone()
    copy.copy_(value)
    return copy * 3


def copied_into_zeros(x: Any, y: Any) -> Any:
    value, zeros = y * 2, framework.zeros_like(x)
    zeros.copy_(value)
    return zeros * 3


@pytest.mark.parametrize("function", [copied_whole, copied_and_read, copied_into_zeros])
def test_a_value_copied_into_what_is_made_after_it(function: Callable[..., Any]) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        step = wrap(function)
        for (x,) in inputs(2, 3):
            yield bits(step(x, x + 1))

    agree(scenario)


VIEWS = {
    "expand_as": lambda b, x: b.expand_as(x),
    "view": lambda b, x: b.view(-1),
    "slice": lambda b, x: b[:2],
    "detach": lambda b, x: b.detach(),
    "unbind": lambda b, x: b.unbind(0)[0],
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_result_that_is_a_view_of_a_buffer(name: str) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        buffer = framework.ones(4)
        step = wrap(lambda x: [VIEWS[name](buffer, x), x * 2])
        for (x,) in inputs(4, count=12):
            view, _ = results = step(x)
            yield bits(results), view._base is buffer
            yield attempt(lambda: view.add_(1))
            yield state(buffer, view)

    agree(scenario, why="view")


# Errors


class Stop(Exception):
    pass


def test_a_step_that_raises_in_the_end_each_time() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        model, optimizer = linear(momentum=0.9)
        calls: list[int] = []

        def function(x: Any) -> Any:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
            calls.append(1)
            raise Stop("in the end")

        step = wrap(function)
        for (x,) in inputs(4, 3):
            with pytest.raises(Stop, match="in the end") as caught:
                step(x)
            yield repr(caught.value.__context__), len(calls), state(model, optimizer)

    agree(scenario, programs=False)


def test_an_error_after_the_trace_ended_does_not_run_the_step_twice() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        model, optimizer = linear()

        def function(x: Any) -> Any:
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            size = loss.item()
            optimizer.step()
            if size > 0:
                raise Stop("large")
            return loss

        yield attempt(wrap(function), framework.ones(4, 3))
        yield state(model, optimizer)

    agree(scenario, programs=False)


def test_an_interrupt_anywhere_ends_the_trace() -> None:
    array, former = framework.Tensor.__dict__["_array"], sys.gettrace()
    lines, stop = 0, -1

    def line(frame: Any, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        if lines == stop:
            raise KeyboardInterrupt
        return line

    def enter(frame: Any, event: str, argument: Any) -> Any:
        return line if "compiler" in frame.f_code.co_filename else None

    def run(until: int) -> None:
        nonlocal lines, stop
        model, optimizer = linear(momentum=0.9)
        step = compile(step_of_squares(model, optimizer))
        lines, stop = 0, until
        sys.settrace(enter)
        try:
            step(framework.ones(4, 3))
        finally:
            sys.settrace(former)

    run(-1)
    run(-1)  # what happens once in a process has happened
    for number in range(1, lines, lines // 20):
        with pytest.raises(KeyboardInterrupt):
            run(number)
        assert mode.trace is None
        assert framework.Tensor.__dict__["_array"] is array
        assert sys.getprofile() is None


# Optimizers


def replace_state(model: Any, optimizer: Any) -> None:
    for parameter in model.parameters():
        optimizer.state[parameter] = {"momentum_buffer": framework.zeros_like(parameter)}


def replace_buffer(model: Any, optimizer: Any) -> None:
    for parameter in model.parameters():
        optimizer.state[parameter]["momentum_buffer"] = framework.zeros_like(parameter)


def load_state(model: Any, optimizer: Any) -> None:
    saved = copy.deepcopy(optimizer.state_dict())
    for each in saved["state"].values():
        each["momentum_buffer"].zero_()
    optimizer.load_state_dict(saved)


def new_dictionary(model: Any, optimizer: Any) -> None:
    optimizer.state = defaultdict(dict)


def add_group(model: Any, optimizer: Any) -> None:
    model.extra = nn.Parameter(framework.ones(3))
    optimizer.add_param_group({"params": [model.extra], "lr": 0.2})


def drop_parameter(model: Any, optimizer: Any) -> None:
    del optimizer.param_groups[0]["params"][1]


CHANGES = {
    "cleared": lambda model, optimizer: optimizer.state.clear(),
    "popped": lambda model, optimizer: optimizer.state.pop(model.weight),
    "replaced": replace_state,
    "buffers replaced": replace_buffer,
    "loaded": load_state,
    "a new dictionary": new_dictionary,
    "a new group": add_group,
    "a parameter less": drop_parameter,
    "no groups": lambda model, optimizer: optimizer.param_groups.clear(),
    "frozen": lambda model, optimizer: model.bias.requires_grad_(False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_optimizer_changed_between_calls(name: str) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        model, optimizer = linear(momentum=0.9)

        step = wrap(step_of_squares(model, optimizer))
        for number, (x,) in enumerate(inputs(4, 3, count=8)):
            if number == 5:
                CHANGES[name](model, optimizer)
            yield attempt(step, x)
            yield state(model), bits([*optimizer.state.values()])

    agree(scenario)


def test_two_steps_whose_scalars_look_at_the_state() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = nn.Parameter(framework.ones(3))
        optimizer = Adam([weight])

        def function(x: Any) -> Any:
            for _ in range(2):
                optimizer.zero_grad()
                loss = (weight * x).square().sum()
                loss.backward()
                optimizer.step()
            return loss

        step = wrap(function)
        for (x,) in inputs(3, count=4):
            yield attempt(step, x), state(weight, optimizer)

    agree(scenario, why="second step")


MODELS = {
    "several": lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
    "two": lambda: nn.Linear(3, 2),
    "one": lambda: nn.Linear(3, 1, bias=False),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_smaller_batch_after_the_state_was_merged(name: str) -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        model = MODELS[name]()
        optimizer = Adam(model.parameters())

        step = wrap(step_of_squares(model, optimizer))
        for size in (5, 5, 5, 5, 2, 5, 3):
            yield attempt(step, framework.randn(size, 3)), state(model, optimizer)

    agree(scenario)


# Arrays that operations make and write


@operation
def counts(index: Any) -> Any:
    out = np.zeros(4, np.float32)
    np.add.at(out, index, np.float32(1))
    return out


def test_an_array_that_an_operation_fills_is_new_in_each_call() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = framework.ones(4).requires_grad_()
        step = wrap(lambda index: (counts(index) * weight).detach())
        for _ in range(6):
            yield attempt(step, framework.tensor([0, 1, 1, 3]))

    agree(scenario)


def test_full_batches_with_an_index_that_is_computed() -> None:
    batch = framework.rand(2, 5, 5, generator=framework.Generator().manual_seed(0))

    def scenario(wrap: Any) -> Iterator[Any]:
        weight = nn.Parameter(framework.ones(2, 5, 5))
        optimizer = optim.SGD([weight], lr=1.0)

        def function(x: Any) -> None:
            optimizer.zero_grad()
            product = weight * x
            product[product.argmax(0)].mean().backward()
            optimizer.step()

        step = wrap(function)
        for _ in range(5):
            yield attempt(step, batch), state(weight, optimizer)

    agree(scenario, why="a write into an array")


# The rest


def test_versions() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = nn.Parameter(framework.ones(3))
        optimizer = optim.SGD([weight], lr=0.1)

        def function(x: Any) -> None:
            optimizer.zero_grad()
            (weight * x).sum().backward()
            x.mul_(2)
            optimizer.step()

        step = wrap(function)
        for (x,) in inputs(3):
            step(x)
            yield x._version, weight._version, weight.grad._version

    agree(scenario)


def test_the_version_of_a_gradient_written_in_the_step() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = nn.Parameter(framework.ones(3))

        def function(x: Any) -> None:
            weight.grad = None
            (weight * x).sum().backward()
            with framework.no_grad():
                weight.grad.mul_(0.5)

        step = wrap(function)
        for (x,) in inputs(3):
            step(x)
            yield weight.grad._version

    agree(scenario)


def test_requires_grad_that_only_autograd_grad_reads() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        a, b = (framework.ones(3).requires_grad_() for _ in range(2))
        step = wrap(lambda x: framework.autograd.grad((a * x).sum(), [a, b], allow_unused=True)[0])
        for number, (x,) in enumerate(inputs(3)):
            if number == 4:
                b.requires_grad_(False)
            yield attempt(step, x)

    agree(scenario)


def test_requires_grad_that_the_function_reads() -> None:
    def scenario(wrap: Any) -> Iterator[Any]:
        weight = framework.ones(3).requires_grad_()
        step = wrap(lambda x: x * 2 if weight.requires_grad else x * 3)
        for number, (x,) in enumerate(inputs(3)):
            if number == 4:
                weight.requires_grad_(False)
            yield attempt(step, x)

    agree(scenario)


class Fast(nn.Module):
    """A module that holds its own method compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.fast = compile(self.body)

    def body(self, x: Any) -> Any:
        return self.linear(x).sum()

    def forward(self, x: Any) -> Any:
        return self.fast(x)


@pytest.mark.parametrize(
    "clone", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["copy", "pickle"]
)
def test_a_copy_of_a_module_with_a_compiled_method_is_apart(clone: Callable[[Any], Any]) -> None:
    model = Fast()
    for (x,) in inputs(2, 3, count=3):
        model(x)
    other = clone(model)
    with framework.no_grad():
        other.linear.weight.zero_()
    for (x,) in inputs(2, 3, count=4):
        assert bits(model(x)) == bits(model.body(x))
        assert bits(other(x)) == bits(other.body(x))
        other(x).backward()
        assert model.linear.weight.grad is None


def test_what_an_optimizer_keeps_is_named_after_its_parameter() -> None:
    model = nn.Linear(3, 2, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    compiled = compile(step_of_squares(model, optimizer))
    for (x,) in inputs(4, 3, count=3):
        compiled(x)
    assert "out=weight_momentum_buffer)" in compiled.program.source
    assert "out=weight)" in compiled.program.source
