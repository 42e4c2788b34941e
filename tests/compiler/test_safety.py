"""What cannot be a program runs as it is written, says so once, and changes nothing else."""

from __future__ import annotations

import functools
import gc
import random
import re
import sys
import threading
import time
import tracemalloc
import warnings
import weakref
from collections import UserList
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.compiler import CompileError, CompileWarning, compile
from framework.compiler.writing import lowering
from framework.extend import operation
from framework.nn import functional as F
from tests.compiler.models import (
    BatchNorm,
    Training,
    bits,
    class_batches,
    history,
    inputs,
    mlp,
    step_of,
    train_both,
    training_of,
)

THIS = "test_safety.py"


def fall_back(make: Callable[[], Training], batches: list[Any], calls: Any = None) -> tuple[Any, str]:
    """Trains eagerly and through `compile`, which must warn once, and must not run anything twice."""
    framework.manual_seed(0)
    training = make()
    expected = history(training, training.step, batches)
    framework.manual_seed(0)
    training = make()
    compiled = compile(training.step)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = history(training, compiled, batches)
    assert found == expected
    assert [each.category for each in caught] == [CompileWarning]
    assert compiled.eager
    assert compiled.programs == []
    return compiled, str(caught[0].message)


def decide(loss: Any) -> None:
    if loss > 0:
        loss.abs()


LOOKS = {
    "item": (lambda loss: loss.item(), r"\.item\(\)"),
    "float": (lambda loss: float(loss), None),
    "if": (decide, "decision"),
    "print": (lambda loss: print(loss), None),
    "format": (lambda loss: f"{loss:.3f}", None),
    "numpy": (lambda loss: np.exp(loss.detach().numpy()).tolist(), None),
    "asarray": (lambda loss: np.asarray(loss.detach()), None),
    "tolist": (lambda loss: loss.tolist(), "tolist"),
    "compare": (lambda loss: loss.isnan().any() and None, "decision"),
    "nonzero": (lambda loss: framework.nonzero(loss), None),
    "time": (lambda loss: time.perf_counter(), "time"),
    "random": (lambda loss: random.random(), "random"),
    "numpy random": (lambda loss: np.random.rand(), "random"),
    "say": (lambda loss: sys.stdout.write(""), "write"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_program_could_not_repeat(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    look, word = LOOKS[name]

    def make() -> Training:
        model = mlp(nn.Dropout(0.5), BatchNorm(8))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            look(loss)
            loss.backward()
            optimizer.step()
            return loss

        return Training(step, model, optimizer)

    _, message = fall_back(make, class_batches(12))
    assert f"{THIS}:" in message or "random" in message
    if word is not None:
        assert re.search(word, message)
    if name == "print":
        assert capsys.readouterr().out.count("tensor(") == 24


@pytest.mark.parametrize("name", LOOKS)
def test_fullgraph_says_where(name: str) -> None:
    look, _ = LOOKS[name]

    @compile(fullgraph=True)
    def step(x: Any, y: Any) -> Any:
        loss = (x * 2).sum()
        look(loss)
        return loss

    with pytest.raises(CompileError):
        for x, y in class_batches(12):
            step(x, y)


def test_the_warning_names_the_very_line_once() -> None:
    model = mlp()

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        return loss.item()

    compiled = compile(step)
    line = step.__code__.co_firstlineno + 2
    with pytest.warns(CompileWarning, match=rf"{THIS}:{line}") as caught:
        for x, y in class_batches():
            compiled(x, y)
    assert len(caught) == 1


def test_a_list_that_grows() -> None:
    kept: list[Any] = []

    def make() -> Training:
        model = mlp()

        def step(x: Any, y: Any) -> Any:
            loss = F.cross_entropy(model(x), y)
            kept.append(loss.detach())
            return loss

        return Training(step, model)

    fall_back(make, class_batches(12))
    assert len(kept) == 24
    assert bits(kept[:12]) == bits(kept[12:])


def test_a_counter() -> None:
    def make() -> Training:
        model = mlp()
        model.count = 0

        def step(x: Any, y: Any) -> Any:
            model.count += 1
            return F.cross_entropy(model(x), y) * model.count

        return Training(step, model)

    _, message = fall_back(make, class_batches(12))
    assert "count" in message


def test_a_new_tensor_on_self() -> None:
    class Last(nn.Module):
        def forward(self, x: Any) -> Any:
            self.last = x.detach() * 2
            return x

    def make() -> Training:
        model = mlp(Last())
        return training_of(model)

    fall_back(make, class_batches(12))


def test_a_running_mean_that_is_replaced() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", framework.zeros(8))

        def forward(self, x: Any) -> Any:
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
            return x - self.mean

    fall_back(lambda: training_of(mlp(Mean())), class_batches(12))


def test_out_onto_an_array_from_outside() -> None:
    outside = np.zeros((5, 4), np.float32)

    def function(x: Any) -> Any:
        np.multiply(x, 2, out=outside)
        return x + outside

    def make() -> Training:
        return Training(function)

    batches = [(x.numpy(),) for (x,) in inputs(5, 4)]
    expected = [bits(function(x)) for (x,) in batches]
    compiled = compile(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        assert [bits(compiled(x)) for (x,) in batches] == expected
    assert bits(outside) == bits(batches[-1][0] * 2)


def test_side_effects_happen_once_for_each_call() -> None:
    for effect_last in (False, True):
        seen: list[int] = []
        model = mlp()

        def step(x: Any, y: Any) -> Any:
            if not effect_last:
                seen.append(len(seen))
            loss = F.cross_entropy(model(x), y)
            if effect_last:
                seen.append(len(seen))
            return loss

        compiled = compile(step)
        with pytest.warns(CompileWarning):
            for x, y in class_batches(12):
                compiled(x, y)
        assert seen == list(range(12))


# Exceptions


class Refused(Exception):
    pass


def test_an_exception_at_first() -> None:
    def make() -> Training:
        model = mlp(nn.Dropout(0.5), BatchNorm(8))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        once = step_of(model, optimizer)

        def step(x: Any, y: Any) -> Any:
            once(x, y)
            raise Refused("no")

        return Training(step, model, optimizer)

    states = []
    for wrap in (lambda step: step, compile):
        framework.manual_seed(0)
        training = make()
        step = wrap(training.step)
        for x, y in class_batches(3):
            with pytest.raises(Refused, match="^no$"):
                step(x, y)
        states.append(training.state())
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (lambda x, y: (x[:, :3], y), RuntimeError),
        (lambda x, y: (x, y + 3), IndexError),
        (lambda x, y: (x, y[:-1]), (ValueError, RuntimeError)),
        (lambda x, y: (x,), TypeError),
    ],
    ids=["shape", "class", "sizes", "arguments"],
)
def test_an_exception_later(bad: Callable[..., Any], error: Any) -> None:
    """The batch fails as it would eagerly, leaves what eager leaves, and the next batch goes on compiled."""
    states = []
    messages = []
    for wrap in (lambda step: step, compile):
        framework.manual_seed(0)
        training = training_of(mlp(nn.Dropout(0.5), BatchNorm(8)))
        step = wrap(training.step)
        for number, batch in enumerate(class_batches(8)):
            if number == 4:
                with pytest.raises(error) as caught:
                    step(*bad(*batch))
                messages.append(str(caught.value))
                states.append(training.state())
            step(*batch)
        states.append(training.state())
    assert states[0] == states[2]
    assert states[1] == states[3]
    assert messages[0] == messages[1]
    assert step.eager is None
    assert step.programs


def test_an_interrupt_in_a_traced_call_leaves_a_working_function() -> None:
    model = mlp()
    interrupted = True

    def step(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(model(x), y)
        if interrupted:
            raise KeyboardInterrupt
        return loss

    compiled = compile(step)
    (x, y), *_ = class_batches()
    with pytest.raises(KeyboardInterrupt):
        compiled(x, y)
    interrupted = False
    for x, y in class_batches():
        assert bits(compiled(x, y)) == bits(step(x, y))
    assert type(model[0].weight._array) is np.ndarray
    assert compiled.programs


# What depends on values inside operations


def test_ignored_targets_appear_in_a_later_batch() -> None:
    def batches() -> list[Any]:
        found = class_batches(9)
        for number in (4, 7):
            found[number][1][1] = -100
        found[5][1].fill_(-100)
        return found

    train_both(lambda: training_of(mlp()), batches, traces=6)


def test_infinities_and_zeros_appear_in_a_later_batch() -> None:
    def make() -> Training:
        weight = nn.Parameter(framework.ones(4))

        def step(x: Any) -> Any:
            weight.grad = None
            loss = (x * weight).clamp(-1, 1).prod(1).logsumexp(0) + (x * weight).norm() + (x * weight).softmax(1).max()
            loss.backward()
            return loss

        return Training(step, weight)

    def batches() -> list[Any]:
        found = inputs(5, 4, count=8)
        found[3][0][0, 0] = 0
        found[4][0].fill_(0)
        found[5][0][1, 1] = float("inf")
        found[6][0][2, 2] = float("nan")
        return found

    train_both(make, batches, traces=6)


def test_indices_out_of_range_in_a_later_batch() -> None:
    table = framework.randn(5, 3)
    function = lambda ids: table[ids].sum()
    compiled = compile(function)
    for ids in ([0, 1], [2, 3], [4, -1], [-5, 0]):
        assert bits(compiled(framework.tensor(ids))) == bits(function(framework.tensor(ids)))
    for each in (function, compiled):
        with pytest.raises(IndexError):
            each(framework.tensor([0, 5]))
    assert bits(compiled(framework.tensor([1, 1]))) == bits(function(framework.tensor([1, 1])))
    assert compiled.eager is None
    assert compiled.programs


def test_an_opaque_operation_whose_result_changes_its_form() -> None:
    positive = operation(lambda input: np.asarray(input)[np.asarray(input) > 0], name="safety_test_positive")
    function = lambda x: positive(x) * 2
    compiled = compile(function)
    for (x,) in inputs(6, count=8):
        assert bits(compiled(x)) == bits(function(x))


def test_a_mask_that_picks_more_or_fewer() -> None:
    weight = framework.ones(6, requires_grad=True)
    function = lambda x: (x * weight)[x > 0].sum()
    compiled = compile(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        for (x,) in inputs(6, count=10):
            found = []
            for each in (function, compiled):
                weight.grad = None
                out = each(x)
                out.backward()
                found.append((bits(out), bits(weight.grad)))
            assert found[0] == found[1]


def test_opaque_calls_are_made_each_time_and_in_order() -> None:
    # What is in an object of the standard library's is not watched, as the effect on a plain list would be.
    seen: UserList[float] = UserList()

    def forward(input: Any) -> Any:
        seen.append(float(np.asarray(input).ravel()[0]))
        return input * 2

    noted = operation(forward, name="safety_test_noted", input=lambda g: g * 2)
    compiled = compile(lambda x: (noted(x), noted(x), noted(x + 1))[0])
    batches = inputs(3, count=5)
    for number, (x,) in enumerate(batches):
        compiled(x)
        if number >= 2:
            del seen[:]
    compiled(batches[0][0])
    assert compiled.programs
    first = float(batches[0][0][0])
    assert seen == [first, first, pytest.approx(first + 1)]


# Conditions on what only the function itself holds


def test_a_partial_is_compiled() -> None:
    rates = [1.0]
    compiled = compile(functools.partial(lambda rates, x: x * rates[0], rates))
    for number, (x,) in enumerate(inputs(3, count=6)):
        rates[0] = 1.0 if number < 3 else 2.0
        assert bits(compiled(x)) == bits(x * rates[0])
    assert len(compiled.programs) == 2


def test_what_is_printed_twice_is_printed_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    def function(x: Any) -> Any:
        print("seen")
        return x * 2

    compiled = compile(function)
    (x,) = inputs(3)[0]
    compiled(x)
    with pytest.raises(RuntimeError, match=r"no program: it has an effect .*: print at test_safety"):
        _ = compiled.program
    with pytest.warns(CompileWarning, match="print at test_safety.py") as caught:
        compiled(x)
    assert caught[0].filename == __file__
    compiled(x)
    assert capsys.readouterr().out == "seen\n" * 3
    strict = compile(function, fullgraph=True)
    strict(x)
    with pytest.raises(CompileError, match="print at"):
        strict(x)


# Arguments that share memory


def test_arguments_that_are_one() -> None:
    def function(a: Any, b: Any) -> Any:
        a.mul_(2)
        return (a + b).sum(), a

    compiled = compile(function)
    for (a,), (b,) in zip(inputs(3, 2), inputs(3, 2, seed=1), strict=True):
        one, other = a.clone(), b.clone()
        assert bits(compiled(a, b)) == bits(function(one, other))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        for (a,) in inputs(3, 2):
            one = a.clone()
            assert bits(compiled(a, a)) == bits(function(one, one))
            whole = a.clone()
            again = a.clone()
            assert bits(compiled(whole[:2], whole[1:])) == bits(function(again[:2], again[1:]))
            assert bits(whole) == bits(again)


def test_an_argument_that_is_a_parameter() -> None:
    weight = framework.ones(3)

    def function(x: Any) -> Any:
        weight.add_(1)
        return x * weight

    compiled = compile(function)
    for _ in range(3):
        before = weight.clone()
        x = framework.ones(3)
        assert bits(compiled(x)) == bits(x * (before + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        for _ in range(3):
            before = weight.clone()
            assert bits(compiled(weight)) == bits((before + 1) * (before + 1))
            assert bits(compiled(weight[:3])) == bits((before + 2) * (before + 2))


# A program that is wrong is found out


def wrong_rule(instruction: Any) -> Any:
    (call,) = original(instruction)
    if call.function is np.tanh:
        call.function = np.sin
    return [call]


original = lowering.lowered


@pytest.mark.parametrize("rechecked", [False, True], ids=["at once", "later"])
def test_a_wrong_program_is_dropped(monkeypatch: pytest.MonkeyPatch, rechecked: bool) -> None:
    from framework.compiler.writing import writer

    framework.manual_seed(0)
    weight = framework.ones(4, requires_grad=True)

    def step(x: Any) -> Any:
        weight.grad = None
        loss = framework.tanh(x * weight).sum() + framework.rand(1).sum()
        loss.backward()
        with framework.no_grad():
            weight.sub_(weight.grad)
        return loss

    histories = []
    for compiled in (step, compile(step)):
        framework.manual_seed(0)
        weight.grad = None
        with framework.no_grad():
            weight.fill_(1)
        found = []
        with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if not rechecked:
                patch.setattr(writer, "lowered", wrong_rule)
            for number, (x,) in enumerate(inputs(5, 4)):
                if rechecked and number == 4 and compiled is not step:
                    assert compiled.eager is None
                    break_program(compiled)
                    compiled.recheck()
                found.append((bits(compiled(x)), bits(weight), bits(weight.grad), bits(framework.get_rng_state())))
        histories.append(found)
    assert histories[0] == histories[1]
    assert [each.category for each in caught] == [CompileWarning]
    assert "disagrees" in str(caught[0].message)
    assert compiled.programs == []


def break_program(compiled: Any) -> None:
    """Makes the program of a function wrong, as a fault of the machine or of NumPy would."""
    for entry in compiled._entries:
        inner = entry.program.instance()
        broken = [lambda *args, function=inner[0]: tuple(each + 1 for each in function(*args)), *inner[1:]]
        entry.pool[:] = [broken] * 3


# Functions beside each other


def test_two_compiled_functions_share_nothing() -> None:
    def make(number: int) -> Training:
        framework.manual_seed(number)
        return training_of(mlp(), lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9))

    states = []
    for wrap in (lambda step: step, compile):
        trainings = [make(0), make(1)]
        steps = [wrap(each.step) for each in trainings]
        for x, y in class_batches():
            for step in steps:
                step(x, y)
        states.append([each.state() for each in trainings])
    assert states[0] == states[1]
    assert all(each.eager is None and each.programs for each in steps)


def test_one_model_compiled_twice() -> None:
    model = mlp()
    first, second = compile(lambda x: model(x)), compile(lambda x: model(x).softmax(1))
    for x, _ in class_batches():
        with framework.no_grad():
            assert bits(first(x).softmax(1)) == bits(second(x))
            model[0].weight.add_(0.1)


def test_threads_call_one_function() -> None:
    model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
    compiled = compile(model)
    batches = [x for x, _ in class_batches(16, size=32)]
    with framework.no_grad():
        expected = [bits(model(x)) for x in batches]
    wrong: list[Any] = []

    def work(start: int) -> None:
        try:
            with framework.no_grad():
                for n in range(60):
                    number = (start + n) % len(batches)
                    if bits(compiled(batches[number])) != expected[number]:
                        wrong.append(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
    assert compiled.eager is None
    assert compiled.programs


def test_threads_call_one_loss() -> None:
    model = mlp()
    parameters = list(model.parameters())
    compiled = compile(lambda x, y: F.cross_entropy(model(x), y))
    batches = class_batches(8)

    def gradients(function: Any, x: Any, y: Any) -> Any:
        return bits(framework.autograd.grad(function(x, y), parameters))

    expected = [gradients(lambda x, y: F.cross_entropy(model(x), y), *each) for each in batches]
    wrong: list[Any] = []

    def work(start: int) -> None:
        try:
            for n in range(30):
                number = (start + n) % len(batches)
                if gradients(compiled, *batches[number]) != expected[number]:
                    wrong.append(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_one_thread_traces_while_another_trains() -> None:
    framework.manual_seed(0)
    expected, trained = training_of(mlp()), None
    framework.manual_seed(0)
    trained = training_of(mlp())
    batches = class_batches(40)
    for each in batches:
        expected.step(*each)
    wrong: list[Any] = []
    done = threading.Event()

    def train() -> None:
        try:
            for each in batches:
                trained.step(*each)
        except BaseException as error:
            wrong.append(error)
        finally:
            done.set()

    other = mlp()
    thread = threading.Thread(target=train)
    thread.start()
    while not done.is_set():
        compiled = compile(lambda x, y: F.cross_entropy(other(x), y))
        for each in batches[:3]:
            compiled(*each)
    thread.join()
    assert wrong == []
    parameters = [expected.state(), trained.state()]
    assert parameters[0].keys() == parameters[1].keys()
    assert [each for each in parameters[0] if parameters[0][each] != parameters[1][each] and each != "generator"] == []


# Memory


@pytest.mark.slow
@pytest.mark.parametrize("form", ["step", "loss", "inference", "dropped", "alternating"])
def test_memory_does_not_grow(form: str) -> None:
    model = mlp(nn.Dropout(0.5))
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    if form in ("step", "alternating"):
        call = compile(step_of(model, optimizer))
    else:
        loss = compile(lambda x, y: F.cross_entropy(model(x), y))

        def call(x: Any, y: Any) -> None:
            with framework.set_grad_enabled(form != "inference"):
                found = loss(x, y)
            if form == "loss":
                found.backward()
                optimizer.step()
                optimizer.zero_grad()

    batches = class_batches(8)
    if form == "alternating":
        batches = [(x[: 2 + n % 4], y[: 2 + n % 4]) for n, (x, y) in enumerate(batches)]

    def run(count: int) -> tuple[int, int]:
        for number in range(count):
            call(*batches[number % 8])
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(gc.get_objects())

    tracemalloc.start()
    try:
        run(200)
        before = run(50)
        after = run(2000)
    finally:
        tracemalloc.stop()
    assert after[0] - before[0] < 20_000
    assert after[1] - before[1] < 20


def test_memory_does_not_grow_where_it_runs_as_it_is_written() -> None:
    model = mlp()
    step = compile(lambda x, y: F.cross_entropy(model(x), y).item())
    batches = class_batches(8)
    with pytest.warns(CompileWarning):
        step(*batches[0])

    def run() -> int:
        for number in range(500):
            step(*batches[number % 8])
        gc.collect()
        return len(gc.get_objects())

    run()
    assert run() - run() < 20


def test_programs_are_few() -> None:
    """A number that is another in each call: no program for each of them."""
    compiled = compile(lambda x, scale: x * scale)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number in range(40):
            x = framework.ones(2) * number
            assert bits(compiled(x, float(number))) == bits(x * float(number))
    assert len(caught) <= 1
    assert len(compiled.programs) <= 8


def test_many_shapes() -> None:
    compiled = compile(lambda x: x.tanh().sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        for size in [*range(1, 20), *range(1, 20)]:
            x = framework.ones(size)
            assert bits(compiled(x)) == bits(x.tanh().sum())
    assert len(compiled.programs) <= 8


@pytest.mark.parametrize("form", ["step", "loss", "fallback"])
def test_a_model_dies_with_its_function(form: str) -> None:
    def make() -> list[Any]:
        training = training_of(mlp())
        model = training.parts[0]
        function = {
            "step": training.step,
            "loss": lambda x, y: F.cross_entropy(model(x), y),
            "fallback": lambda x, y: F.cross_entropy(model(x), y).item(),
        }[form]
        compiled = compile(function)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CompileWarning)
            for x, y in class_batches():
                found = compiled(x, y)
                if form == "loss":
                    found.backward()
        return [weakref.ref(each) for each in (model, model[0].weight, compiled)]

    references = make()
    gc.collect()
    assert [each() for each in references] == [None, None, None]


def test_batches_are_not_kept_alive() -> None:
    model = mlp()
    compiled = compile(step_of(model, optim.SGD(model.parameters(), lr=0.1)))
    references = []
    for x, y in class_batches():
        compiled(x, y)
        references.append(weakref.ref(x))
        del x, y
    gc.collect()
    assert sum(each() is not None for each in references) <= 1


def test_results_die_without_the_collector() -> None:
    model = mlp()
    compiled = compile(lambda x, y: F.cross_entropy(model(x), y))
    batches = class_batches()
    for x, y in batches:
        compiled(x, y).backward()
    gc.collect()
    gc.disable()
    try:
        loss = compiled(x, y)
        reference = weakref.ref(loss)
        del loss
        assert reference() is None
    finally:
        gc.enable()


# Modes


@pytest.mark.parametrize("setting", ["warn", "raise"])
def test_errors_of_numpy_are_as_silent_as_eagerly(setting: Any) -> None:
    function = lambda x: (x.log() / 0).exp()
    compiled = compile(function)
    with np.errstate(all=setting):
        before = np.geterr()
        for (x,) in inputs(4):
            assert bits(compiled(x)) == bits(function(x))
            assert np.geterr() == before
    assert compiled.eager is None
    assert compiled.programs


def test_the_default_dtype_is_part_of_the_key() -> None:
    function = lambda x: x.sum() * framework.ones(1)
    compiled = compile(function)
    try:
        for dtype in (framework.float32, framework.float64) * 3:
            framework.set_default_dtype(dtype)
            for ids in ([1, 2], [3, 4]):
                assert bits(compiled(framework.tensor(ids))) == bits(function(framework.tensor(ids)))
    finally:
        framework.set_default_dtype(framework.float32)
    assert compiled.eager is None


def test_a_profiler_and_a_debugger_go_on() -> None:
    seen: list[str] = []
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, argument: seen.append(event))
    try:
        profiler = sys.getprofile()
        compiled = compile(lambda x: x * 2)
        for (x,) in inputs(3):
            compiled(x)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(before)


def test_anomaly_detection_runs_as_it_is_written() -> None:
    weight = framework.ones(3, requires_grad=True)
    compiled = compile(lambda x: (x * weight).sum())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with framework.autograd.set_detect_anomaly(True):
            for (x,) in inputs(3):
                weight.grad = None
                compiled(x).backward()
                assert bits(weight.grad) == bits(x)
