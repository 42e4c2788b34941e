"""What a watched run may have read from outside is guarded, and nothing else."""

from __future__ import annotations

import argparse
import array
import contextvars
import enum
import functools
import gc
import os
import re
import sys
import threading
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import framework
from framework import nn, optim, relu
from framework.compiler.watch import Watch
from tests.compiler.watching import Net, Slotted, Thing, framework_function, holds, unchanged, watched

COUNT = 3


# Where values are found


def test_a_variable_of_a_closure() -> None:
    tau, other = 0.5, 1

    def function(x: float) -> float:
        return x * tau

    watch = unchanged(function, 2.0)
    other = 2
    assert holds(watch)
    tau = 0.9
    assert not holds(watch)
    assert watch.explain() == "the variable tau is 0.9, was 0.5"
    assert other == 2


def test_a_global(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = unchanged(lambda x: x * COUNT, 2)
    monkeypatch.setitem(globals(), "COUNT", 4)
    assert not holds(watch)
    assert watch.explain() == "the global COUNT is 4, was 3"
    monkeypatch.delitem(globals(), "COUNT")
    assert not holds(watch)
    assert watch.explain() == "the global COUNT is gone"


def test_attributes_of_self_that_are_read_and_no_others() -> None:
    class Scaler:
        def __init__(self) -> None:
            self.tau = 0.5
            self.unread = 1

        def scale(self, x: float) -> float:
            return x * self.tau

    scaler = Scaler()
    watch = unchanged(scaler.scale, 2.0)
    scaler.unread = 2
    assert holds(watch)
    scaler.tau = 0.25
    assert not holds(watch)
    assert watch.explain() == "self.tau is 0.25, was 0.5"
    del scaler.tau
    assert not holds(watch)
    assert watch.explain() == "self.tau is gone"


def test_nested_objects_and_those_that_are_replaced() -> None:
    owner = Thing(config=Thing(model=types.SimpleNamespace(tau=0.5)), args=argparse.Namespace(rate=2))

    def function() -> float:
        return owner.config.model.tau * owner.args.rate

    for change, words in (
        (lambda: setattr(owner.config.model, "tau", 1.5), "owner.config.model.tau is 1.5, was 0.5"),
        (lambda: setattr(owner.args, "rate", 3), "owner.args.rate is 3, was 2"),
        (lambda: setattr(owner, "config", Thing(model=owner.config.model)), "owner.config is another Thing"),
    ):
        watch = unchanged(function)
        change()
        assert not holds(watch)
        assert watch.explain() == words


def test_objects_in_lists_and_dicts() -> None:
    layers, by_name = [Thing(tau=0.5), Thing(tau=0.7)], {"a": Thing(tau=0.1)}
    watch = unchanged(lambda: sum(each.tau for each in (*layers, *by_name.values())))
    by_name["a"].tau = 0.2
    assert not holds(watch)
    assert watch.explain() == "by_name['a'].tau is 0.2, was 0.1"
    watch = unchanged(lambda: sum(each.tau for each in layers))
    layers[1].tau = 0.8
    assert not holds(watch)


def test_slots_and_constants_of_classes() -> None:
    @dataclass(slots=True)
    class Config:
        tau: float = 0.5

    class Base:
        scale = 2.0

    class Model(Base):
        sizes = [1, 2]

        def run(self, config: Config) -> float:
            return self.scale * config.tau * len(self.sizes)

    model, config = Model(), Config()
    watch = unchanged(model.run, config)
    config.tau = 0.6
    assert not holds(watch)
    outer = Slotted(Slotted(0.5))
    watch = unchanged(lambda: outer.value.value)
    outer.value.value = 0.6
    assert not holds(watch)
    assert watch.explain() == "outer.value.value is 0.6, was 0.5"
    watch = unchanged(model.run, config)
    Base.scale = 3.0
    assert not holds(watch)
    assert watch.explain() == "Base.scale is 3.0, was 2.0"
    watch = unchanged(model.run, config)
    Model.sizes.append(3)
    assert not holds(watch)
    watch = unchanged(model.run, config)
    model.scale = 3.0
    assert not holds(watch)
    assert watch.explain() == "self.scale is new"


def test_a_class_and_a_module_as_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = types.ModuleType("settings")
    settings.__dict__.update(TAU=0.5, OTHER=1)
    monkeypatch.setitem(globals(), "settings", settings)

    class Config:
        rate = 0.1

    def function() -> float:
        return settings.TAU * Config.rate

    watch = unchanged(function)
    settings.OTHER = 2
    assert holds(watch)
    settings.TAU = 0.6
    assert not holds(watch)
    assert watch.explain() == "settings.TAU is 0.6, was 0.5"
    watch = unchanged(function)
    Config.rate = 0.2
    assert not holds(watch)


def test_names_that_are_computed_or_asked_for() -> None:
    owner = Thing(tau_a=0.5, tau_b=0.7)
    watch = unchanged(lambda which: getattr(owner, "tau_" + which), "a")
    owner.tau_a = 0.6
    assert not holds(watch)
    watch = unchanged(lambda: getattr(owner, "tau_b"))
    owner.tau_b = 0.8
    assert not holds(watch)
    watch = unchanged(lambda: hasattr(owner, "mask"))
    owner.mask = None
    assert not holds(watch)
    assert watch.explain() == "owner has 3 attributes, had 2"
    watch = unchanged(lambda: sum(vars(owner).get(name, 0) for name in ["tau_" + "a"]))
    owner.tau_a = 0.9
    assert not holds(watch)


def test_arguments() -> None:
    class Reader:
        def read(self, *things: Thing, **named: Thing) -> float:
            return things[0].tau + named["other"].tau + self.scale

        scale = 1.0

    for number in range(2):
        things = [Thing(tau=0.5), Thing(tau=0.7)]
        watch = unchanged(Reader().read, things[0], other=things[1])
        things[number].tau = 0.0
        assert not holds(watch)
    # Numbers, and what is in lists, are for the caller to look at.
    numbers = [1, 2]
    watch = unchanged(lambda x, rate: sum(x) * rate, numbers, 0.5)
    numbers.append(3)
    assert holds(watch)


def test_modules_and_methods_are_taken_to_stay_and_global_functions_are_not() -> None:
    class Base:
        def run(self) -> Any:
            return framework.ones(1)

    class Derived(Base):
        def run(self) -> Any:
            return (
                relu(super().run()).sum().item()
                + np.add(1, COLORS[0].value)
                + len(str(watched) + str(Thing) + str(os.sep))
            )

    watch = unchanged(Derived().run)
    text, _ = watch.expression()
    assert [name in text for name in ("COLORS", "relu", "watched", "Thing")] == [True] * 4, text
    assert not {"np", "os", "run"} & set(re.findall(r"\w+", text)), text


def test_functions_inside_functions() -> None:
    tau, rate, depth = 0.5, 2, 3

    def function() -> float:
        def inner(n: int) -> float:
            return inner(n - 1) * rate if n else 1.0

        items = [tau * each for each in range(2)]
        generated = (COUNT * each for each in items)
        return inner(2) + sum(generated) + sum(map(lambda each: each * depth, items))  # noqa: C417

    for change in ("tau", "rate", "depth"):
        watch = unchanged(function)
        if change == "tau":
            tau = 0.6
        elif change == "rate":
            rate = 3
        else:
            depth = 4
        assert not holds(watch), change


def test_functions_however_they_are_reached() -> None:
    def make(tau: float) -> Any:
        def scale(x: float) -> float:
            return x * tau

        def set_to(value: float) -> None:
            nonlocal tau
            tau = value

        return scale, set_to

    def decorated(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    class Holder:
        def __init__(self, function: Any) -> None:
            self.function = function

        def run(self, x: float) -> float:
            return self.function(x)

    (scale, _), (other, set_other) = make(0.5), make(0.7)
    watch = unchanged(lambda: scale(1.0) + other(1.0))
    set_other(0.8)
    assert not holds(watch)
    for reach in (
        lambda scale: scale,
        decorated,
        framework.no_grad(),
        lambda scale: functools.partial(scale, 1.0),
        lambda scale: Holder(scale).run,
        lambda scale: lambda x: scale(x),
        lambda scale: lambda x: [each(x) for each in [scale]],
        lambda scale: lambda x: list(map(scale, [x])),
    ):
        (scale, set_to), (other, set_other) = make(0.5), make(0.7)
        function = reach(scale)
        watch = unchanged(function, *(() if isinstance(function, functools.partial) else (1.0,)))
        set_other(0.8)
        assert holds(watch)
        set_to(0.6)
        assert not holds(watch)
        assert watch.explain() == "the variable tau is 0.6, was 0.5"
        assert other(1.0) == 0.8


def test_functions_in_decorators_are_not_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tau = 0.5

    @framework.no_grad()
    def function() -> float:
        return tau

    monkeypatch.setattr(gc, "get_referrers", None)
    watch = Watch(function)
    with watch:
        function()
    assert watch.changed() == []
    tau = 0.6
    assert not holds(watch)


def test_methods_with_a_closure_and_super() -> None:
    tau = 0.5

    class Base:
        def run(self) -> float:
            return 2.0

    class Derived(Base):
        def run(self) -> float:
            return super().run() * tau

    watch = unchanged(Derived().run)
    tau = 0.6
    assert not holds(watch)


def test_what_other_threads_do_is_not_read() -> None:
    owner, done, go = Thing(tau=0.5), threading.Event(), threading.Event()

    def other() -> None:
        go.wait(5)
        read(owner)
        done.set()

    def read(thing: Thing) -> float:
        return thing.tau

    thread = threading.Thread(target=other)
    thread.start()

    def function() -> None:
        go.set()
        done.wait(5)

    watch = watched(function)
    thread.join()
    owner.tau = 0.6
    assert holds(watch)


def test_two_threads_watch_at_once() -> None:
    barrier, found = threading.Barrier(2), {}

    def work(tau: float) -> None:
        owner = Thing(tau=tau)

        def function() -> float:
            barrier.wait(5)
            return owner.tau

        watch = watched(function)
        barrier.wait(5)
        owner.tau = 0.0
        found[tau] = watch.explain()

    threads = [threading.Thread(target=work, args=(tau,)) for tau in (0.5, 0.7)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == {0.5: "owner.tau is 0.0, was 0.5", 0.7: "owner.tau is 0.0, was 0.7"}


# What is the same


class Color(enum.Enum):
    RED = 1
    BLUE = 2


COLORS = [Color.RED]


class Pair(NamedTuple):
    low: float
    high: float


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (1, True, False),
        (1, 1.0, False),
        (True, 1, False),
        (0.0, -0.0, False),
        (0.0, 0, False),
        (1000, int("1000"), True),
        (0.1, float("0.1"), True),
        (float("nan"), float("nan"), True),
        (float("nan"), 1.0, False),
        ("relu", "".join(["re", "lu"]), True),
        ("relu", "gelu", False),
        (None, False, False),
        (None, 0, False),
        (Color.RED, Color.BLUE, False),
        (framework.float32, framework.float64, False),
        (np.float32(0.1), np.float32(0.1), True),
        (np.float32(0.5), 0.5, False),
        (complex(0.0, 0.0), complex(0.0, -0.0), False),
        ((1, 2), (*[1, 2],), True),
        ((1, 2), (1, True), False),
        ((0.9, 0.999), [0.9, 0.999], False),
        (Pair(0.0, 1.0), Pair(0.0, 1.0), True),
        (Pair(0.0, 1.0), (0.0, 1.0), False),
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 2.0], False),
        ([1, 2], [2, 1], False),
        ([float("nan")], [float("nan")], True),
        ([0.0], [-0.0], False),
        ([[1], [2]], [[1], [2]], True),
        ([[1], [2]], [[1], [3]], False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, OrderedDict(a=1), False),
        ({1: 0}, {True: 0}, False),
        ({1000, 2000}, {2000, int("1000")}, True),
        ({1, 2}, {1, 3}, False),
        ({1, 2}, {1.0, 2}, False),
        (frozenset({"a"}), frozenset({"a"}), True),
        (range(3), range(3), True),
        (b"ab", b"ac", False),
    ],
)  # fmt: skip
def test_when_a_new_value_is_the_same(before: Any, after: Any, same: bool) -> None:
    owner = Thing(value=before)
    watch = unchanged(lambda: owner.value)
    owner.value = after
    assert holds(watch) == same


@pytest.mark.parametrize(
    ("value", "change", "words"),
    [
        ([1, 2], lambda v: v.append(3), "the list owner.value has 3 items, had 2"),
        ([1, 2], lambda v: v.__setitem__(0, True), "owner.value[0] is True, was 1"),
        ([1, [2, 3]], lambda v: v[1].__setitem__(0, 4), "owner.value[1][0] is 4, was 2"),
        (([1], 2), lambda v: v[0].append(3), "the list owner.value[0] has 2 items, had 1"),
        ({"lr": 0.1}, lambda v: v.update(lr=0.2), "owner.value['lr'] is 0.2, was 0.1"),
        ({"lr": 0.1}, lambda v: v.update(wd=0.2), "the dict owner.value has 2 items, had 1"),
        ({"a": {"b": 1}}, lambda v: v["a"].update(b=2), "owner.value['a']['b'] is 2, was 1"),
        ({"lr": 0.1}, lambda v: (v.clear(), v.update(wd=0.1)), "the dict owner.value holds other items than before"),
        ({1, 2}, lambda v: v.add(3), "the set owner.value has 3 items, had 2"),
        (OrderedDict(a=1), lambda v: v.update(a=2), "owner.value['a'] is 2, was 1"),
        (list(range(1000)), lambda v: v.append(3), "the list owner.value has 1001 items, had 1000"),
        (deque([1]), lambda v: v.append(3), "the deque owner.value has 2 items, had 1"),
        ([[[[1]]]], lambda v: v[0][0][0].append(3), "the list owner.value[0][0][0] has 2 items, had 1"),
        ([framework.ones(2)], lambda v: v.__setitem__(0, framework.ones(2)), "owner.value[0] is another Tensor"),
        ([framework.ones(1)], lambda v: v.__setitem__(0, framework.ones(1)), "owner.value[0] is another Tensor"),
        ([np.ones(1)], lambda v: v.__setitem__(0, np.ones(1)), "owner.value[0] is another ndarray"),
        ([1.0], lambda v: v.__setitem__(0, framework.ones(1)), "owner.value[0] is a Tensor, was 1.0"),
    ],
)  # fmt: skip
def test_a_container_that_is_changed_in_place(value: Any, change: Any, words: str) -> None:
    owner = Thing(value=value)
    watch = unchanged(lambda: owner.value)
    change(owner.value)
    assert not holds(watch)
    assert watch.explain() == words


def test_large_nests_are_not_looked_into() -> None:
    owner = Thing(value=[[0] * 20 for _ in range(20)])
    watch = unchanged(lambda: owner.value)
    assert len(watch.expression()[0]) < 100
    owner.value.append([])
    assert not holds(watch)


def test_other_objects_are_guarded_by_identity() -> None:
    for one, two in (
        (framework.ones(1), framework.ones(1)),
        (np.ones(1), np.ones(1)),
        (len, print),
        (Thing(), Thing()),
    ):
        value = one
        watch = unchanged(lambda: value)
        value = two
        assert not holds(watch)


# Modules


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.eval(), "model.training is False, was True"),
        (lambda m: setattr(m.drop, "p", 0.1), "model.drop.p is 0.1, was 0.5"),
        (lambda m: setattr(m, "tau", 0.9), "model.tau is 0.9, was 0.5"),
        (lambda m: setattr(m.first, "weight", nn.Parameter(framework.ones(3, 2))), "model.first.weight is another Parameter"),
        (lambda m: setattr(m.last[0], "bias", nn.Parameter(m.last[0].bias.detach().clone())), "model.last.0.bias is another Parameter"),
        (lambda m: setattr(m.last[0], "bias", None), "model.last.0.bias is None, was a Parameter"),
        (lambda m: setattr(m, "mean", framework.zeros(2)), "model.mean is another Tensor"),
        (lambda m: m.register_buffer("extra", framework.zeros(2)), "model.extra is new"),
        (lambda m: m.last.append(nn.Identity()), "model.last.2 is new"),
        (lambda m: m.last.__setitem__(1, nn.Identity()), "model.last.1 is another Identity"),
        (lambda m: m.last.__delitem__(1), "model.last.1 is gone"),
        (lambda m: m.first.register_forward_hook(print), "the hooks of model.first are others than before"),
        (lambda m: m.drop.register_forward_pre_hook(print), "the hooks of model.drop are others than before"),
        (lambda m: m.last[1].register_full_backward_hook(print), "the hooks of model.last.1 are others than before"),
    ],
)  # fmt: skip
def test_a_model_that_is_changed(change: Any, words: str) -> None:
    model = Net()
    watch = unchanged(lambda x: model(x), framework.ones(4, 2))
    change(model)
    assert not holds(watch)
    assert watch.explain() == words


def test_attributes_that_no_layer_reads_are_not_guarded() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Identity())
    watch = unchanged(model, framework.ones(4, 2))
    model.eval()
    model[0].in_features = 7
    assert holds(watch)


def test_hooks_that_were_there_and_hooks_of_all_modules() -> None:
    model, scale = Net(), 2.0
    handle = model.first.register_forward_hook(lambda module, args, output: output * scale)
    watch = unchanged(model, framework.ones(4, 2))
    scale = 3.0
    assert not holds(watch)
    watch = unchanged(model, framework.ones(4, 2))
    handle.remove()
    assert not holds(watch)
    watch = unchanged(model, framework.ones(4, 2))
    handle = nn.module.register_module_forward_hook(print)
    try:
        assert not holds(watch)
        assert watch.explain() == "the hooks of all modules are others than before"
    finally:
        handle.remove()
    assert holds(watch)
    model._state_dict_hooks[0] = print
    assert holds(watch)


def test_parts_that_are_read_and_not_called() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))

    def function(x: Any) -> Any:
        return framework.nn.functional.linear(x, model[0].weight)

    watch = unchanged(function, framework.ones(4, 2))
    model[0].weight = nn.Parameter(framework.ones(3, 2))
    assert not holds(watch)


def test_values_of_parts_that_are_not_called() -> None:
    model = Net()
    model.parts = nn.Sequential(nn.Dropout(0.5))
    for part in (model.drop, model.parts[0]):
        watch = unchanged(lambda: model.drop.p * model.parts._modules["0"].p)
        part.p *= 0.5
        assert not holds(watch)


def test_values_that_functions_of_the_framework_read() -> None:
    model = Net()
    model.inner = 0.5
    function = framework_function("def function(module):\n    return module.inner", "framework.nn.inner")
    watch = unchanged(lambda x: (model(x), function(model)), framework.ones(4, 2))
    model.inner = 0.6
    assert not holds(watch)


def test_a_model_that_the_framework_calls() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))
    watch = unchanged(model, framework.ones(4, 2))
    model[1].p = 0.1
    assert not holds(watch)
    assert watch.explain() == "Sequential.1.p is 0.1, was 0.5"


def test_modules_made_in_the_run_are_its_own() -> None:
    def function(x: Any) -> Any:
        layer = nn.Linear(2, 3)
        layer.eval()
        net = Net()
        net.tau = 0.7
        return net(x), layer(x), layer

    watch = unchanged(function, framework.ones(4, 2))
    assert "weight" not in " ".join(watch.tensor_names().values())


def test_the_guards_of_a_model_are_few_and_short() -> None:
    layers = [layer for _ in range(25) for layer in (nn.Linear(4, 4), nn.Identity())]
    model = nn.Sequential(*layers)
    watch = unchanged(lambda x: model(x), framework.ones(2, 4))
    text, _ = watch.expression()
    # The model's variable; all dicts that are empty; all that are not.
    assert text.count(" and ") == 2
    training = nn.Sequential(*[nn.Dropout(0.5) for _ in range(25)])
    text, _ = unchanged(training, framework.ones(2, 4)).expression()
    # Three values of each layer, the model's own `training`, and the dicts.
    assert text.count(" and ") + 1 == 3 * 25 + 1 + 2


# Optimizers


def stepping(optimizer: Any, model: Any) -> Any:
    def step(x: Any) -> None:
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()

    return step


def test_an_optimizer_in_two_parts_may_change_its_numbers() -> None:
    model = nn.Linear(2, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    optimizer.param_groups[0]["lr"] = 0.2
    assert holds(watch)
    optimizer.param_groups[0]["params"].append(nn.Parameter(framework.ones(1)))
    assert not holds(watch)
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    optimizer.add_param_group({"params": [nn.Parameter(framework.ones(1))]})
    assert not holds(watch)
    assert watch.explain() == "optimizer holds other parameters than before"
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    optimizer.register_step_post_hook(lambda *args: None)
    assert not holds(watch)
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    handle = optim.optimizer.register_optimizer_step_pre_hook(lambda *args: None)
    try:
        assert not holds(watch)
        assert watch.explain() == "the hooks of all optimizers are others than before"
    finally:
        handle.remove()


def test_the_users_code_may_read_and_set_an_optimizers_numbers() -> None:
    model = nn.Linear(2, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    watch = unchanged(lambda: optimizer.param_groups[0]["lr"] * 2)
    optimizer.param_groups[0]["momentum"] = 0.9
    assert holds(watch)
    optimizer.param_groups[0]["lr"] = 0.2
    assert not holds(watch)
    assert watch.explain() == "optimizer.param_groups[0]['lr'] is 0.2, was 0.1"
    watch = unchanged(lambda: [optimizer.param_groups[0][name] for name in ("momentum", "nesterov")])
    optimizer.param_groups[0]["momentum"] = 0.8
    assert not holds(watch)

    def schedule() -> None:
        for group in optimizer.param_groups:
            group["lr"] *= 0.5

    assert watched(schedule).changed() == ["optimizer.param_groups[0]['lr'] is 0.1, was 0.2"]


def test_the_numbers_of_a_users_optimizer_in_two_parts() -> None:
    class Plain(optim.Optimizer):
        def scalars(self, group: Any, state: Any) -> Any:
            return {"lr": group["lr"]}

        def update(self, parameter: Any, grad: Any, state: Any, scalars: Any) -> Any:
            return parameter - scalars["lr"] * grad * self.factor, state

    model = nn.Linear(2, 3)
    optimizer = Plain(model.parameters(), {"lr": 0.1})
    optimizer.factor = 1.0
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    optimizer.param_groups[0]["lr"] = 0.2
    assert holds(watch)
    optimizer.factor = 2.0
    assert not holds(watch)


def test_a_frameworks_optimizer_with_a_step_of_its_own() -> None:
    step = framework_function("def function(self):\n    return self.param_groups[0]['lr']", "framework.optim.inner")
    model = nn.Linear(2, 3)
    optimizer = type("Inner", (optim.Optimizer,), {"__module__": "framework.optim.inner", "step": step})(
        model.parameters(), {"lr": 0.1}
    )
    watch = unchanged(lambda: optimizer.step())
    optimizer.param_groups[0]["lr"] = 0.2
    assert not holds(watch)


def test_an_optimizer_with_a_step_of_its_own() -> None:
    class Custom(optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for parameter in group["params"]:
                    parameter.data.add_(parameter.grad, alpha=-group["lr"])

    model = nn.Linear(2, 3)
    optimizer = Custom(model.parameters(), {"lr": 0.1})
    watch = unchanged(stepping(optimizer, model), framework.ones(4, 2))
    optimizer.param_groups[0]["lr"] = 0.2
    assert not holds(watch)


# What a first look misses


def scaled(scale: float) -> Callable[[float], float]:
    return lambda x: x * scale


ACT = scaled(1.0)
REDUCE = functools.partial(max, 0.0)


def numbers(value: Any) -> Any:
    """A list of one number, as something else that holds it."""
    return {"ndarray": np.array, "array": lambda each: array.array("f", each), "deque": deque, "bytes": bytearray}[
        value
    ]


@pytest.mark.parametrize("kind", ["ndarray", "array", "deque", "bytes"])
def test_numbers_in_arrays(kind: str) -> None:
    held = numbers(kind)([1, 2])
    watch = unchanged(lambda x: x * held[0], 2.0)
    held[0] = 3
    assert not holds(watch)
    assert "held" in (watch.explain() or "")


def test_an_array_that_is_too_large_to_be_compared() -> None:
    table = np.zeros(1 << 18)
    assert watched(lambda: table[3]).changed() == ["the ndarray table is too large to be compared at every call"]


def test_an_array_that_a_run_writes_to() -> None:
    table = np.zeros(3)
    assert watched(lambda: table.fill(1.0)).changed() == ["the ndarray table holds other numbers than before"]


@pytest.mark.parametrize("name", ["ACT", "REDUCE"])
def test_a_global_function_that_is_rebound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = unchanged(lambda x: ACT(x) + REDUCE(x), 2.0)
    monkeypatch.setitem(globals(), name, scaled(2.0))
    assert not holds(watch)


def test_what_a_partial_and_a_bound_method_hold() -> None:
    rates, rows = [1.0], {"a": 1.0}
    first = functools.partial(lambda rates, x: x * rates[0], rates)
    get = rows.get
    watch = unchanged(lambda x: first(x) * get("a"), 2.0)
    rates[0] = 2.0
    assert not holds(watch)
    rates[0], rows["a"] = 1.0, 2.0
    assert not holds(watch)


def holds_after(watch: Watch, change: Callable[[], None]) -> bool:
    change()
    return holds(watch)


def test_keyword_defaults_and_weak_references() -> None:
    thing = Thing(tau=1.0)
    reference = weakref.ref(thing)

    def function(x: float, *, rates: Any = [1.0]) -> float:  # noqa: B006
        return x * rates[0] * reference().tau  # type: ignore[union-attr]

    assert not holds_after(unchanged(function, 2.0), lambda: setattr(thing, "tau", 2.0))
    assert function.__kwdefaults__ is not None
    assert not holds_after(unchanged(lambda: function(2.0)), lambda: function.__kwdefaults__["rates"].append(1.0))


@pytest.mark.parametrize("statement", ["import settings_of_test as s; k = s.k", "from settings_of_test import k"])
def test_a_module_that_is_imported_in_the_run(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("settings_of_test")
    vars(module)["k"] = 1.0
    monkeypatch.setitem(sys.modules, module.__name__, module)
    space: dict[str, Any] = {"__name__": "a_user"}
    exec(f"def function(x):\n    {statement}\n    return x * k", space)
    watch = unchanged(space["function"], 2.0)
    vars(module)["k"] = 2.0
    assert not holds(watch)


@pytest.mark.parametrize(
    "read", [lambda: os.environ["SCALE"], lambda: os.environ.get("SCALE"), lambda: os.getenv("SCALE")]
)
def test_the_environment(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCALE", "1")
    watch = unchanged(read)
    monkeypatch.setenv("SCALE", "2")
    assert watch.explain() in ("os.environ['SCALE'] is b'2', was b'1'", "os.environ['SCALE'] is '2', was '1'")
    monkeypatch.delenv("SCALE")
    watch = unchanged(lambda: os.environ.get("SCALE"))
    assert holds(watch)
    monkeypatch.setenv("SCALE", "2")
    assert not holds(watch)


def test_files_that_a_library_opens_for_the_user(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text("1")
    np.save(tmp_path / "k.npy", np.ones(1))
    for read in (path.read_text, lambda: os.path.exists(path), lambda: np.load(tmp_path / "k.npy")):
        assert watched(lambda read=read: read()).called, read
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    assert watched(lambda: variable.get()).called
    assert watched(lambda: globals()["COUNT"]).called
