"""The tree of what was timed: everything is in it once, with the right count, and in its place."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import framework
from framework import nn
from framework.compiler import compile
from framework.profiler import Recorder, Span
from framework.utils.checkpoint import checkpoint


def found(tree: Span, *kinds: str) -> list[tuple[str, ...]]:
    """The ways to the spans of some kinds, by names, with how often each was done."""
    ways = [way for way in tree.walk() if way[-1].kind in kinds]
    return [(*[each.name for each in way[1:]], str(way[-1].calls)) for way in ways]


def consistent(tree: Span) -> bool:
    """Whether nothing inside a span took longer than it, but for rounding."""
    return all(sum(each.seconds for each in way[-1].children) <= way[-1].seconds + 1e-9 for way in tree.walk())


def test_spans_are_counted_where_they_are():
    recorder = Recorder("work")
    with recorder.on():
        for _ in range(2):
            with recorder.span("part", "outer"):
                for _ in range(3):
                    with recorder.span("label", "inner", "detail"):
                        pass
        with recorder.span("label", "inner"):
            pass
    assert recorder.tree.name == "work" and recorder.tree.calls == 1
    assert found(recorder.tree, "part", "label") == [("outer", "2"), ("outer", "inner", "6"), ("inner", "1")]
    assert consistent(recorder.tree)
    with recorder.span("part", "later"):
        pass
    assert len(recorder.tree.children) == 2


def test_an_error_closes_what_is_open_and_an_iterators_end_is_no_call():
    recorder = Recorder()
    with recorder.on():
        with pytest.raises(ValueError), recorder.span("part", "outer"), recorder.span("part", "inner"):
            raise ValueError
        numbers = iter([1, 2])
        for _ in range(3):
            try:
                with recorder.span("part", "reading"):
                    next(numbers)
            except StopIteration:
                pass
    assert found(recorder.tree, "part") == [("outer", "1"), ("outer", "inner", "1"), ("reading", "2")]
    with pytest.raises(KeyError), recorder.on(), recorder.span("part", "outer"):
        raise KeyError
    assert recorder.tree.calls == 2 and Recorder.current is None


def test_operations_are_timed_one_by_one_forward_and_backward():
    recorder = Recorder(operations=True)
    x = framework.ones(2, 3, requires_grad=True)
    with recorder.on():
        for _ in range(2):
            (x.exp() * 2).sum().backward()
        x.detach().exp()
    assert found(recorder.tree, "section", "operation") == [
        ("forward", "1"),
        ("forward", "exp", "3"),
        ("forward", "mul", "2"),
        ("forward", "sum", "2"),
        ("backward", "1"),
        ("backward", "sum", "2"),
        ("backward", "mul", "2"),
        ("backward", "exp", "2"),
    ]
    spans = {(way[-1].section, way[-1].name): way[-1] for way in recorder.tree.walk()}
    assert spans["forward", "exp"].detail == "2×3 float32" and spans["forward", "sum"].detail == "0-d float32"
    assert spans["backward", "mul"].operation == "MulBackward0"
    assert consistent(recorder.tree)
    recorder = Recorder()
    with recorder.on():
        x.exp()
    assert not recorder.tree.children


def test_what_runs_inside_an_operation_is_inside_it():
    class Twice(framework.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.exp() + 1

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            return gradient.sin()

    recorder = Recorder(operations=True)
    x = framework.ones(2, requires_grad=True)
    with recorder.on():
        Twice.apply(x).sum().backward()
        checkpoint(lambda x: x.tanh(), x, use_reentrant=False).sum().backward()
    ways = found(recorder.tree, "operation")
    assert ("forward", "Twice", "exp", "1") in ways and ("forward", "Twice", "add", "1") in ways
    assert ("backward", "Twice", "sin", "1") in ways
    assert not {("forward", "exp", "1"), ("backward", "sin", "1")} & set(ways)
    assert consistent(recorder.tree)


def test_lines_of_a_program_are_in_the_place_that_ran_it():
    @compile
    def function(x: Any) -> Any:
        return (x * 2 + 1).sqrt()

    for number in range(3):
        function(framework.full((3,), float(number)))
    recorder = Recorder()
    with recorder.on():
        for place in ("one", "two", "two"):
            with recorder.span("part", place):
                function(framework.ones(3))
    lines = ["multiply(x, c2, out=t1)", "add(t1, c1, out=t1)", "result = sqrt(t1)"]
    assert found(recorder.tree, "section", "line") == [
        ("one", "forward", "1"),
        *[("one", "forward", line, "1") for line in lines],
        ("two", "forward", "2"),
        *[("two", "forward", line, "2") for line in lines],
    ]
    assert [way[-1].operation for way in recorder.tree.walk() if way[-1].kind == "line"][:2] == ["multiply", "add"]
    assert recorder.looks == 3 * 4 and recorder.spans == 3 and recorder.seconds_within() > 0
    assert consistent(recorder.tree)


def test_tracing_and_checking_are_parts():
    model = nn.Linear(2, 1)
    function = compile(lambda x: model(x).sum())
    recorder = Recorder()
    with recorder.on():
        for number in range(4):
            function(framework.full((1, 2), float(number)))
    parts = found(recorder.tree, "part")
    assert parts == [("tracing", "1"), ("checking", "1")]
    assert ("forward", "2") in found(recorder.tree, "section")


def test_other_threads_are_left_alone():
    @compile
    def function(x: Any) -> Any:
        return x * 2

    for number in range(3):
        function(framework.full((3,), float(number)))
    recorder = Recorder(operations=True)

    def work() -> None:
        with recorder.span("part", "elsewhere"):
            function(framework.ones(3))
            framework.ones(3).exp()

    with recorder.on():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert not recorder.tree.children


def test_one_recorder_at_a_time():
    recorder = Recorder()
    with recorder.on(), pytest.raises(RuntimeError, match="one profiler at a time"), Recorder().on():
        pass
    assert Recorder.current is None
