"""What a run did outside is told, and the watch leaves no trace."""

from __future__ import annotations

import array
import cProfile
import csv
import datetime
import functools
import gc
import hashlib
import importlib
import io
import itertools
import logging
import os
import queue
import random
import re
import sqlite3
import sys
import threading
import time
import types
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import framework
from framework import nn
from framework.compiler.watch import Watch, user_line
from framework.compiler.watch.guards import Guards
from framework.compiler.watch.user_code import kind_of_code
from tests.compiler.watching import Net, Thing, framework_function, holds, unchanged, watched

COUNT = 3
HISTORY = [1.0, 2.0]


# What the run changed


def test_counters_of_all_kinds() -> None:
    class Counter:
        total = 0

        def __init__(self) -> None:
            self.count = 3
            self.inner = Thing(steps=0)

        def run(self) -> None:
            self.count += 1
            self.inner.steps += 1
            Counter.total += 1
            self.fresh = 1

    assert sorted(watched(Counter().run).changed()) == [
        "Counter.total is 1, was 0",
        "self.count is 4, was 3",
        "self.fresh is new",
        "self.inner.steps is 1, was 0",
    ]


def test_globals_closures_and_functions_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "COUNT", 3)
    monkeypatch.setitem(globals(), "HISTORY", [1.0, 2.0])
    steps = 0

    def function() -> None:
        global COUNT, CREATED
        nonlocal steps
        COUNT += 1
        CREATED = 1
        steps += 1
        HISTORY.append(3.0)
        function.calls += 1

    function.calls = 0
    assert sorted(watched(function).changed()) == [
        "function.calls is 1, was 0",
        "the global COUNT is 4, was 3",
        "the global CREATED is new",
        "the list HISTORY has 3 items, had 2",
        "the variable steps is 1, was 0",
    ]
    globals().pop("CREATED")


def test_items_that_take_the_place_of_others() -> None:
    recent, table = deque([1, 2], maxlen=2), dict.fromkeys(range(100), 0)
    assert watched(lambda: recent.append(3)).changed() == [
        "the variable recent[0] is 2, was 1",
        "the variable recent[1] is 3, was 2",
    ]
    assert watched(lambda: table.update({5: 1})).changed() == ["the dict table holds other items than before"]


def test_modules_that_a_run_changes() -> None:
    model = Net().eval()

    def function(x: Any) -> Any:
        model.train()
        model.mean = x[0]
        model.first.register_forward_hook(lambda *args: None)
        return model(x)

    assert {
        "model.drop.training is True, was False",
        "model.mean is another Tensor",
        "model.training is True, was False",
        "the hooks of model.first are others than before",
    } < set(watched(function, framework.ones(4, 2)).changed())
    assert watched(lambda: model.train()).changed() == []


def test_objects_of_the_framework_that_count() -> None:
    step = framework_function("def function(self):\n    self.last += 1", "framework.optim.inner")
    schedule = type("Schedule", (), {"__module__": "framework.optim.inner", "step": step, "last": 0})()
    schedule.last = 0
    assert watched(lambda: schedule.step()).changed() == ["schedule.last is 1, was 0"]


def test_what_a_run_makes_for_itself_is_its_own_business() -> None:
    @dataclass
    class State:
        steps: int = 0
        items: list[int] = field(default_factory=list)

    class Meter:
        def __init__(self) -> None:
            self.total = 0

        def add(self, value: int) -> None:
            self.total += value

    def collect(items: list[int], state: Any) -> None:
        items.append(1)
        state.steps += 1

    def function() -> Any:
        meter, state, space, items, total = Meter(), State(), types.SimpleNamespace(steps=0), [], 0

        def add(value: int) -> None:
            nonlocal total
            total += value
            meter.add(value)

        def apply(function: Any) -> None:
            function(1)

        def keep(value: int, kept: list[int] = []) -> None:  # noqa: B006
            kept.append(value)

        add(2)
        apply(add)
        apply(keep)
        items.append(keep)
        collect(items, state)
        collect(state.items, space)
        list(map(lambda value: items.append(value), [1]))  # noqa: C417
        return meter, state, items

    watch = Watch()
    with watch:
        result = function()
    assert watch.changed() == []
    assert holds(watch)
    assert result[0].total == 3


def test_what_a_function_keeps_for_backward() -> None:
    class Double(framework.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.factor = 2.0
            return x * ctx.factor

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * ctx.factor

    x = framework.ones(2, requires_grad=True)
    watch = Watch()
    with watch:
        result = Double.apply(x)
    assert watch.changed() == []
    assert result.requires_grad


def test_a_change_that_is_taken_back_is_none() -> None:
    owner = Thing(flag=False)

    def function() -> None:
        owner.flag = True
        owner.flag = False

    assert watched(function).changed() == []


def test_calls_that_a_replay_would_lose_or_freeze(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    log = (tmp_path / "log").open("w")
    for function, name in (
        (lambda: print(1), "print"),
        (lambda: time.time(), "time.time"),
        (lambda: time.perf_counter(), "time.perf_counter"),
        (lambda: os.urandom(1), "os.urandom"),
        (lambda: log.write("a"), "TextIOWrapper.write"),
        (lambda: open(tmp_path / "log").close(), "open"),
        (lambda: (tmp_path / "text").write_text("a"), "TextIOWrapper.write"),
        (lambda: np.save(log.name, np.ones(1)), "BufferedWriter.write"),
        (lambda: datetime.datetime.now(), "datetime.now"),
        (lambda: logging.info("a"), "logging.info"),
        (lambda: random.random(), "random.random"),
        (lambda: random.randint(0, 1), "random.randint"),
    ):
        line = function.__code__.co_firstlineno
        assert f"{name} at test_watch.py:{line}" in watched(function).called
    log.close()
    assert watched(lambda: [print(each) for each in range(3)]).called == [
        f"print at test_watch.py:{sys._getframe().f_lineno - 1}"
    ]
    assert watched(lambda: (str(io.StringIO("a")), os.fspath("a"))).called == []
    assert watched(lambda: log).changed() == []
    function = framework_function("def function():\n    time.time(), logging.info('a')", time=time, logging=logging)
    assert watched(function).called == watched(lambda: function()).called == []


def test_an_import_in_the_run_is_no_effect() -> None:
    def function() -> None:
        import colorsys  # noqa: F401

    sys.modules.pop("colorsys", None)
    watch = watched(function)
    assert watch.called == []


def test_calls_that_have_no_effect() -> None:
    assert watched(lambda: [sorted([2, 1]), len([]), [].append(1), {"a": 1}.get("a")]).called == []


def test_random_numbers_from_elsewhere() -> None:
    generator, own = np.random.default_rng(0), random.Random(0)
    assert watched(lambda: np.random.rand(2)).called == ["random numbers of numpy.random"]
    assert "random numbers of the module random" in watched(lambda: random.gauss(0, 1)).called
    assert watched(lambda: generator.normal()).changed() == ["generator has drawn random numbers"]
    assert watched(lambda: own.random()).changed() == ["own has drawn random numbers"]
    assert watched(lambda: (generator, own)).changed() == []
    assert watched(lambda: framework.rand(3)).called == []


def test_iterators_move_on() -> None:
    numbers, batches = itertools.count(), (each for each in range(9))
    assert watched(lambda: next(numbers)).changed() == ["the count numbers moves on when it is read"]
    assert watched(lambda: list(batches)).changed() == ["the generator batches moves on when it is read"]
    assert watched(lambda: list(iter([1]))).changed() == []


def test_defaults_that_are_kept_from_call_to_call() -> None:
    def function(x: float, calls: list[int] = [0], config: Any = Thing(tau=0.5)) -> float:  # noqa: B006
        calls[0] += 1
        return x * config.tau

    def calling() -> float:
        return function(1.0)

    words = "function.__defaults__[0][0] is 1, was 0"
    assert watched(calling).changed() == [words]
    watch = Watch(function)
    with watch:
        function(1.0)
    assert watch.changed() == [words.replace("1, was 0", "2, was 1")]
    watch = watched(calling)
    function.__defaults__[1].tau = 0.6
    assert watch.explain() is not None


# The watch itself


def test_a_former_profiler_is_put_back() -> None:
    seen = []

    def profiler(frame: Any, event: str, argument: Any) -> None:
        seen.append(frame.f_code.co_name)

    def inside() -> None:
        pass

    def after() -> None:
        pass

    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        watched(inside)
        assert sys.getprofile() is profiler
        with pytest.raises(ZeroDivisionError):
            watched(lambda: 1 / 0)
        assert sys.getprofile() is profiler
        after()
    finally:
        sys.setprofile(before)
    assert "after" in seen and "inside" not in seen
    watched(inside)
    assert sys.getprofile() is before


def test_cprofile_goes_on_afterwards() -> None:
    def inside() -> None:
        pass

    def after() -> None:
        pass

    profile = cProfile.Profile()
    profile.enable()
    watched(inside)
    after()
    profile.disable()
    assert any("after" in str(each.code) for each in profile.getstats())


def test_a_run_that_changes_the_profiler_is_told() -> None:
    watch = Watch()
    try:
        with watch:
            sys.setprofile(None)
    finally:
        sys.setprofile(None)
    assert watch.changed() == ["it starts or stops a profiler"]


def test_nothing_of_the_run_is_kept_alive() -> None:
    references = []

    def helper(thing: Any) -> Any:
        return thing.tensor

    def function(x: Any) -> None:
        made = framework.ones(2) * 2
        space = types.SimpleNamespace(tensor=made)
        thing = Thing(tensor=made)
        references.extend(map(weakref.ref, (made, thing)))
        (lambda: helper(space))()
        helper(thing)

    watch = Watch()
    with watch:
        function(framework.ones(2))
    assert [each() for each in references] == [None, None]
    assert not any(isinstance(each, types.FrameType) for each in gc.get_referents(*vars(watch).values()))


def test_objects_that_resist_are_left_alone() -> None:
    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("hands off")

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("hands off")

        __hash__ = None

        def __bool__(self) -> bool:
            raise RuntimeError("hands off")

        def __len__(self) -> int:
            raise RuntimeError("hands off")

    hostile, also = Hostile(), [Hostile()]
    watch = unchanged(lambda x: (hostile, also, x)[0], Hostile())
    hostile = Hostile()
    assert not holds(watch)


def test_what_could_not_be_looked_at_is_told() -> None:
    class Hostile(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            raise RuntimeError("hands off")

    assert watched(lambda x: x, Hostile()).changed() == ["RuntimeError while <lambda> was looked at: hands off"]


def test_whose_code_it_is() -> None:
    library = os.path.dirname(os.__file__)
    assert kind_of_code(f"{library}/functools.py", "functools") == "library"
    assert kind_of_code(f"{library}/site-packages/theirs.py", "theirs") == "user"
    assert kind_of_code(np.__file__, "numpy") == "library"
    assert kind_of_code(framework.__file__, "framework") == "framework"
    assert kind_of_code(__file__, "tests") == "user"
    assert kind_of_code("<string>", "dataclasses") == "library"
    assert kind_of_code("<string>", "__main__") == "user"


def test_too_many_objects_are_told() -> None:
    first = Thing(next=None)
    for _ in range(3000):
        first = Thing(next=first)
    watch = watched(lambda: first.next)
    assert "it can reach more than 2000 objects" in watch.changed()[0]


def test_cycles_end() -> None:
    owner = Thing(items=[], tau=0.5)
    owner.owner = owner
    owner.items.append(owner.items)
    watch = unchanged(lambda: (owner.owner.tau, owner.items))
    owner.tau = 0.6
    assert not holds(watch)


def test_the_function_may_be_given() -> None:
    class Scaler:
        def __init__(self) -> None:
            self.tau = 0.5

        def scale(self, x: float) -> float:
            return x * self.tau

    rate = 2.0

    def function(x: float) -> float:
        return x * rate

    model, scaler = nn.Sequential(nn.Dropout(0.5)), Scaler()
    found = []
    for each, given, change in (
        (function, 1.0, None),
        (scaler.scale, 1.0, lambda: setattr(scaler, "tau", 0.6)),
        (functools.partial(scaler.scale, 1.0), None, lambda: setattr(scaler, "tau", 0.7)),
        (model, framework.ones(2), lambda: setattr(model[0], "p", 0.1)),
    ):
        watch = Watch(each)
        with watch:
            each(*([] if given is None else [given]))
        assert watch.changed() == []
        if change is None:
            rate = 3.0
        else:
            change()
        assert not holds(watch)
        found.append(watch.explain())
    assert found == [
        "the variable rate is 3.0, was 2.0",
        "self.tau is 0.6, was 0.5",
        "Scaler.tau is 0.7, was 0.6",
        "Sequential.0.p is 0.1, was 0.5",
    ]


def test_an_exception_of_the_run_passes_through() -> None:
    watch = Watch()
    with pytest.raises(KeyError, match="gone"), watch:
        raise KeyError("gone")
    assert watch.changed() == []


def test_no_guards_hold() -> None:
    assert Guards([]).expression()[0] == "True"
    assert Guards([]).explain() is None


def test_names_for_tensors() -> None:
    model, scale, parts = Net(), framework.ones(1), [framework.ones(1), framework.ones(1)]
    watch = unchanged(lambda x: model(x) * scale + sum(parts), framework.ones(4, 2))
    names = watch.tensor_names()
    assert names[id(model.first.weight)] == "first.weight"
    assert names[id(model.last[0].bias)] == "last.0.bias"
    assert names[id(model.mean)] == "mean"
    assert names[id(scale)] == "scale"
    assert names[id(parts[1])] == "parts[1]"


def test_the_line_in_the_users_code() -> None:
    found = []

    def forward() -> None:
        found.append(user_line())

    forward()
    assert found == [f"test_watch.py:{forward.__code__.co_firstlineno + 1} in forward"]
    ask = framework_function("def function():\n    return user_line()", user_line=user_line)
    assert ask() == f"test_watch.py:{sys._getframe().f_lineno} in {sys._getframe().f_code.co_name}"


def test_what_a_garbage_collection_calls_is_no_part_of_the_run() -> None:
    seen = {"collections": 0}

    def callback(phase: str, info: Any) -> None:
        seen["collections"] += 1

    gc.callbacks.append(callback)
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        watch = watched(lambda x: [[x + 1] for _ in range(100)], framework.ones(2))
        assert gc.isenabled()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(callback)
    assert watch.changed() == []
    assert "collections" not in watch.expression()[0]


class Finder:
    """An import hook of the user's, that keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find_spec(self, name: str, *args: Any) -> None:
        self.asked.append(name)
        print("asked for", name)


def test_what_an_import_runs_is_no_part_of_the_run(monkeypatch) -> None:
    finder = Finder()
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    monkeypatch.delitem(sys.modules, "this", raising=False)
    watch = unchanged(lambda: importlib.import_module("this"))
    assert finder.asked == ["this"] and watch.called == []


@pytest.mark.parametrize(
    ("make", "use", "words"),
    [
        (io.StringIO, lambda it: it.write("a"), "StringIO.write"),
        (io.BytesIO, lambda it: it.write(b"a"), "BytesIO.write"),
        (queue.Queue, lambda it: it.put(1), "queue.put"),
        (queue.SimpleQueue, lambda it: it.put(1), "SimpleQueue.put"),
        (lambda: csv.writer(io.StringIO()), lambda it: it.writerow([1]), "writer.writerow"),
        (lambda: sqlite3.connect(":memory:"), lambda it: it.execute("create table t(a)"), "Connection.execute"),
        (weakref.WeakKeyDictionary, lambda it: it.setdefault(Net(), 1), "weakref.setdefault"),
        (lambda: array.array("i"), lambda it: it.append(1), "array.append"),
        (hashlib.sha256, lambda it: it.update(b"a"), "HASH.update"),
    ],
)
def test_what_is_done_to_an_object_that_is_not_looked_into_is_an_effect(make, use, words) -> None:
    it = make()
    watch = watched(lambda: use(it))
    assert any(each.startswith(f"{words} at test_watch.py:") for each in watch.called), watch.called


def test_methods_of_plain_types_are_no_effects() -> None:
    lock = threading.Lock()

    def run() -> None:
        with lock:
            "a,b".split(",")
            re.compile("a").sub("b", "a")
            deque([1]).append(2)
            datetime.timedelta(1).total_seconds()
            np.ones(2).sum()

    assert watched(run).called == []
