"""Programs that look at the clock between their lines: the same results, and every line told of."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import framework
from framework import nn, optim
from framework.compiler import compile
from framework.compiler.timing import TimedStage, timing
from framework.compiler.writing import blocks
from framework.nn import functional as F
from tests.compiler.models import bits


class Told:
    """Notes all that it is told."""

    def __init__(self) -> None:
        self.runs: list[tuple[TimedStage, tuple[Any, ...]]] = []
        self.prepared: list[str] = []

    def stage_ended(self, stage: TimedStage, *times: Any) -> None:
        self.runs.append((stage, times))

    @contextlib.contextmanager
    def preparing(self, what: str) -> Iterator[None]:
        self.prepared.append(what)
        yield

    @property
    def lines(self) -> list[str]:
        return [line.text for stage, _ in self.runs for line in stage.lines]


def training() -> tuple[Callable[..., Any], Callable[[], Any]]:
    """A compiled step, and what it has made of the model so far."""
    framework.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.1)

    @compile
    def step(x: Any, y: Any) -> Any:
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step, lambda: bits([*model.state_dict().values(), framework.get_rng_state()])


def steps(step: Callable[..., Any], start: int, end: int) -> list[Any]:
    return [bits(step(framework.arange(6.0).reshape(2, 3) * k, framework.ones(2, 1))) for k in range(start, end)]


def test_a_timed_step_gives_the_same_to_the_bit():
    step, state = training()
    losses = steps(step, 0, 9)
    expected = losses, state()
    step, state = training()
    losses = steps(step, 0, 3)
    with timing(Told()):
        losses += steps(step, 3, 6)
    losses += steps(step, 6, 9)
    assert (losses, state()) == expected


def test_each_line_is_told_of_in_order():
    step, _ = training()
    steps(step, 0, 4)
    told = Told()
    with timing(told):
        steps(step, 4, 6)
    assert len(told.runs) == 2 and not told.prepared
    stage, (times, inside, counts) = told.runs[0]
    body = step.program.source.partition("def program")[2].splitlines()[1:]
    written = [line.strip() for line in body if not line.strip().startswith(("#", "return"))]
    assert [f"{line.text:<60}  # {line.result}" if line.result else line.text for line in stage.lines] == written
    assert len(times) == len(stage.lines) + 1 and list(times) == sorted(times) and inside == counts == ()
    assert list(dict.fromkeys(line.section for line in stage.lines)) == ["forward", "backward", "update"]
    first = next(line for line in stage.lines if line.operation == "dot")
    assert first.text.startswith("dot(x, ") and first.result == "2×4 float32"


def test_nothing_is_left_when_it_is_over():
    step, _ = training()
    steps(step, 0, 4)
    function = step._entries[0].pool[0][0]
    code = function.__code__
    told = Told()
    with timing(told):
        assert function.__code__ is not code
    steps(step, 4, 6)
    assert function.__code__ is code and not told.runs


def test_a_program_made_meanwhile_is_timed_and_its_making_told():
    told = Told()
    step, _ = training()
    with timing(told):
        steps(step, 0, 5)
    # Adam's first step makes its moments, so that there are two programs, each checked on another batch.
    assert set(told.prepared) == {"tracing", "checking"}
    assert told.runs
    assert {stage.name for stage, _ in told.runs} == {"program"}


def test_a_backward_pass_of_its_own_is_told_apart_even_when_its_graph_is_older():
    @compile
    def loss(a: Any) -> Any:
        return (a.exp() * 2).sum()

    def gradient(a: Any) -> Any:
        result = loss(a)
        return lambda: (result.backward(), bits(a.grad))[1]

    for number in range(3):
        expected = gradient(framework.full((3,), float(number), requires_grad=True))()
    waiting = gradient(framework.full((3,), 2.0, requires_grad=True))
    told = Told()
    with timing(told):
        assert waiting() == expected
        assert gradient(framework.full((3,), 2.0, requires_grad=True))() == expected
    assert [stage.name for stage, _ in told.runs] == ["backward", "program", "backward"]
    waiting = gradient(framework.full((3,), 2.0, requires_grad=True))
    assert waiting() == expected and len(told.runs) == 3


def test_lines_of_a_loop_over_blocks_are_summed(monkeypatch):
    monkeypatch.setattr(blocks, "best_block", lambda power: 1 << 15)

    @compile
    def function(a: Any, b: Any) -> Any:
        return ((a * b + 1).sqrt() * 2 - b).sum()

    a, b = framework.ones(1 << 17), framework.ones(1 << 17)
    expected = [bits(function(a, b * k)) for k in range(3)]
    assert "for " in function.program.source
    told = Told()
    with timing(told):
        assert [bits(function(a, b * k)) for k in range(3)] == expected
    stage, (times, inside, counts) = told.runs[-1]
    looped = [line for line in stage.lines if line.loop is not None]
    assert counts == (4,) and len(inside) == len(looped) == 3
    assert all(stage.lines[line.loop].operation == "for" for line in looped)
    assert len(times) == len(stage.lines) - len(looped) + 1
    assert sum(inside) <= times[-1] - times[0]


def test_a_run_that_raises_is_not_told_and_ends_as_before():
    @compile
    def function(a: Any, index: Any) -> Any:
        return a[index] * 2

    a = framework.arange(3.0)
    for each in (0, 1, 2):
        function(a, framework.tensor([each]))
    told = Told()
    with timing(told), pytest.raises(IndexError):
        function(a, framework.tensor([5]))
    assert not told.runs


def test_only_one_watcher_at_a_time():
    with timing(Told()):
        with pytest.raises(RuntimeError, match="one profiler at a time"), timing(Told()):
            pass
        with pytest.raises(RuntimeError), timing(Told()):
            pass
    with timing(Told()):
        pass


def test_names_that_a_program_has_already():
    @compile
    def function(at_0: Any, at_clock: Any) -> Any:
        return at_0 * at_clock + at_0

    one, two = framework.ones(2), framework.full((2,), 2.0)
    expected = [bits(function(one, two * k)) for k in range(4)]
    with timing(told := Told()):
        assert [bits(function(one, two * k)) for k in range(4)] == expected
    assert "multiply(at_0, at_clock, out=t1)" in told.lines


def test_neither_programs_nor_watchers_are_held_on_to():
    step, _ = training()
    told = Told()
    with timing(told):
        steps(step, 0, 4)
    watcher, program = weakref.ref(told), weakref.ref(step.program)
    del told
    gc.collect()
    assert watcher() is None
    step.reset()
    gc.collect()
    assert program() is None
