"""What a person's own objects hold: whatever changes in them is found, kept, and put into objects that are built again."""

from __future__ import annotations

import copy
import functools
import importlib
import itertools
import math
import random
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import framework
from framework import nn
from framework.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset
from framework.errors import UserError
from framework.training.checkpoints.module_state import module_state, set_module_state
from framework.training.own_state.state import OwnState


class Phase(Enum):
    WARM = 1
    COLD = 2


class Point(NamedTuple):
    x: int
    y: float


@dataclass(frozen=True)
class Config:
    rate: float = 0.1
    name: str = "a"


@dataclass(slots=True)
class Slotted:
    count: int = 0
    items: list[int] = field(default_factory=lambda: [1, 2])


class Thing:
    """Any attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class ShuffledInPlace:
    """A sampler as people write it: the same list, shuffled again in each pass, and an epoch set from outside."""

    def __init__(self, length: int) -> None:
        self.order = list(range(length))
        self.rng = random.Random(3)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.rng.shuffle(self.order)
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)


def resumed(make: Callable[[], Any], change: Callable[[Any], None]) -> tuple[Any, Any]:
    """What `make` made and `change` changed, and what was made again and then resumed from that."""
    made = make()
    own = OwnState({"train": made})
    assert own.changed() == {}
    change(made)
    kept = own.changed()
    assert own.unkept() == []
    again = make()
    start = OwnState({"train": again})
    start.restore(kept)
    assert repr(start.changed()) == repr(kept)
    return made, again


def changed_paths(make: Callable[[], Any], change: Callable[[Any], None]) -> list[str]:
    made = make()
    own = OwnState({"train": made})
    change(made)
    return sorted(own.changed())


def test_a_sampler_that_shuffles_its_list_in_place() -> None:
    def make() -> DataLoader[Any]:
        return DataLoader(TensorDataset(framework.arange(6)), 2, sampler=ShuffledInPlace(6))

    def change(loader: Any) -> None:
        list(loader)
        loader.sampler.set_epoch(1)
        list(loader)

    first, again = resumed(make, change)
    order = again.sampler.order
    assert [batch[0].tolist() for batch in again] == [batch[0].tolist() for batch in first]
    assert order is again.sampler.order and again.sampler.epoch == 1
    assert changed_paths(make, change) == ["train.sampler.epoch", "train.sampler.order", "train.sampler.rng"]


def test_the_closure_of_a_step_its_defaults_and_its_attributes() -> None:
    def make() -> Any:
        count, discriminator = 0, nn.Linear(2, 1)
        with framework.no_grad():
            discriminator.weight.fill_(0.5)
            discriminator.bias.zero_()
        optimizer = framework.optim.Adam(discriminator.parameters(), lr=0.1)
        scheduler = framework.optim.lr_scheduler.StepLR(optimizer, 2)

        def step(scale: float, seen: list[int] = [], *, log: dict[str, int] = {}) -> float:  # noqa: B006
            nonlocal count
            count += 1
            seen.append(count)
            log["calls"] = count
            step.last = scale  # type: ignore[attr-defined]
            optimizer.zero_grad()
            loss = (discriminator(framework.ones(3, 2)) * scale).sum() * count
            loss.backward()
            optimizer.step()
            scheduler.step()
            return float(loss.item())

        step.__defaults__, step.__kwdefaults__ = ([],), {"log": {}}
        return step

    def change(step: Any) -> None:
        for scale in (1.0, 2.0, 3.0):
            step(scale)

    first, again = resumed(make, change)
    assert again.last == 3.0 and again.__defaults__ == ([1, 2, 3],) and again.__kwdefaults__ == {"log": {"calls": 3}}
    assert [again(1.5), again(2.5)] == [first(1.5), first(2.5)]


def test_methods_partials_and_wrapped_functions() -> None:
    def make() -> Any:
        thing = Thing(count=0, more=Thing(count=0))

        def count(thing: Any, by: Any) -> None:
            by.count += 1
            thing.count += by.count

        def method(self: Any) -> None:
            count(self, self.more)

        @framework.no_grad()
        def wrapped() -> None:
            thing.bound()

        thing.bound = method.__get__(thing)
        thing.partial = functools.partial(count, thing, by=Thing(count=5))
        return Thing(run=wrapped, thing=functools.partial(thing.partial))

    def change(made: Any) -> None:
        made.run()
        made.thing()

    first, again = resumed(make, change)
    first.run(), again.run()
    found, wanted = again.thing.args[0], first.thing.args[0]
    assert found.count == wanted.count != 0 and found.more.count == wanted.more.count == 2


COUNT, TABLE = 0, {"a": 1}


def test_globals_that_functions_and_methods_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "COUNT", 0)
    monkeypatch.setitem(globals(), "TABLE", {"a": 1})

    class Counting:
        total = 0

        def __len__(self) -> int:
            global COUNT
            COUNT += 1
            TABLE["b"] = COUNT
            Counting.total += 2
            return COUNT

    own = OwnState({"train": Counting()})
    len(Counting()), len(Counting())
    kept = own.changed()
    table = TABLE
    globals()["COUNT"], Counting.total = 0, 0
    TABLE.clear()
    TABLE["a"] = 1
    OwnState({"train": Counting()}).restore(kept)
    assert (COUNT, TABLE, Counting.total) == (2, {"a": 1, "b": 2}, 4) and table is TABLE


@pytest.mark.parametrize(
    "make_generator",
    [
        lambda: framework.Generator().manual_seed(3),
        lambda: random.Random(3),
        lambda: np.random.default_rng(3),
        lambda: np.random.RandomState(3),
        lambda: np.random.Generator(np.random.MT19937(3)),
    ],
)
def test_generators_go_on_where_they_were_also_those_made_since(make_generator: Callable[[], Any]) -> None:
    def draw(generator: Any) -> Any:
        if isinstance(generator, framework.Generator):
            return framework.rand(3, generator=generator).tolist()
        return generator.random()

    def change(thing: Any) -> None:
        thing.later = make_generator()
        thing.same = thing.later
        for each in (thing.rng, thing.rng, thing.later):
            draw(each)

    first, again = resumed(lambda: Thing(rng=make_generator(), later=None), change)
    assert again.same is again.later
    for name in ("rng", "later"):
        assert draw(getattr(first, name)) == draw(getattr(again, name))


def test_generators_that_were_given_to_the_frameworks_own_objects() -> None:
    def make() -> DataLoader[Any]:
        return DataLoader(
            TensorDataset(framework.arange(8)), 4, shuffle=True, generator=framework.Generator().manual_seed(5)
        )

    def change(loader: Any) -> None:
        list(loader)

    first, again = resumed(make, change)
    assert [batch[0].tolist() for batch in first] == [batch[0].tolist() for batch in again]
    assert changed_paths(make, change) == ["train.generator"]


def test_the_frameworks_datasets_are_gone_through_but_not_looked_at() -> None:
    class Mine(Dataset[Any]):
        reads = 0

        def __getitem__(self, index: int) -> Any:
            self.reads += 1
            return index

        def __len__(self) -> int:
            return 4

    tensors = TensorDataset(framework.zeros(4))
    loader = DataLoader(ConcatDataset([tensors, Subset(Mine(), [0, 2])]), 2)
    own = OwnState({"train": loader})
    list(loader)
    tensors.tensors[0].add_(1)
    assert list(own.changed()) == ["train.dataset.datasets[1].dataset.reads"]


def test_values_of_all_kinds() -> None:
    def make() -> Thing:
        return Thing(
            none=None, number=1, truth=False, text="a", raw=b"a", real=0.0, path=Path("a"), phase=Phase.WARM,
            point=Point(1, 2.0), pair=(1, [2]), scalar=np.float32(1), data=bytearray(b"ab"), names={"a"},
            config=Config(), slotted=Slotted(), space=SimpleNamespace(a=1), buffer=deque([1, 2], maxlen=3),
            array=np.zeros((2, 3)), tensor=framework.zeros(2), tensors=[framework.zeros(1), framework.zeros(2)],
            nested={"a": [1, {"b": 2}]}, many=[Thing(a=1), Thing(a=2)],
        )  # fmt: skip

    def change(thing: Any) -> None:
        thing.none, thing.number, thing.truth, thing.text, thing.raw = 1, 1.0, 0, "b", b"b"
        thing.real, thing.path, thing.phase, thing.point = -0.0, Path("b"), Phase.COLD, Point(1, math.nan)
        thing.pair[1].append(3)
        thing.scalar = np.float64(1)
        thing.data.extend(b"c")
        thing.names.add("b")
        object.__setattr__(thing.config, "rate", 0.5)
        thing.slotted.count += 1
        thing.slotted.items.reverse()
        thing.space.a, thing.space.b = 2, 3
        thing.buffer.extend([3, 4])
        thing.array[1] += 1
        thing.tensor.add_(2)
        thing.tensors[1].add_(2)
        thing.nested["a"][1]["b"] = 5
        thing.many[1].a = 4
        thing.new = [1, (2, 3)]

    first, again = resumed(make, change)
    assert repr(plain(again)) == repr(plain(first))
    assert type(again.number) is float and again.truth is not False and math.copysign(1, again.real) == -1
    assert again.buffer.maxlen == 3 and again.scalar.dtype == "float64"
    assert changed_paths(make, lambda thing: None) == []


def test_an_array_in_another_order_of_memory() -> None:
    def change(thing: Any) -> None:
        thing.array = np.arange(6.0).reshape(2, 3).T
        thing.shifted[:] = np.roll(thing.shifted, 1)

    first, again = resumed(lambda: Thing(array=None, shifted=np.arange(10)[::2]), change)
    assert again.array.strides == first.array.strides and again.array.tolist() == first.array.tolist()
    assert again.shifted.tolist() == [8, 0, 2, 4, 6]


def test_an_object_in_two_places_stays_one() -> None:
    def make() -> Thing:
        first, second = framework.zeros(2), [1]
        return Thing(
            a=first, b=first, list=second, holder=Thing(list=second), other=[1], stages=[Thing(n=0), Thing(n=1)]
        )

    def change(thing: Any) -> None:
        thing.a.add_(1)
        thing.list.append(2)
        thing.stages[0].n = 5
        thing.stage = thing.stages[1]
        thing.now = thing.stage
        thing.other = thing.again = [7]
        thing.stages.reverse()

    _, again = resumed(make, change)
    assert again.a is again.b and again.a.tolist() == [1, 1]
    assert again.list is again.holder.list and again.list == [1, 2]
    assert again.now is again.stage is again.stages[0] and again.stages[1].n == 5
    assert again.other is again.again and again.other == [7]


def test_a_tensor_that_was_replaced_is_not_written_into_the_old_one() -> None:
    def make() -> Thing:
        zeros = framework.zeros(2)
        return Thing(best=zeros, start=zeros)

    def change(thing: Any) -> None:
        thing.best = framework.ones(2)

    _, again = resumed(make, change)
    assert again.start.tolist() == [0, 0] and again.best.tolist() == [1, 1]


def test_parameters_of_ones_own() -> None:
    def make() -> Thing:
        weight = framework.ones(2, requires_grad=True)
        return Thing(parameters=[weight], optimizer=framework.optim.SGD([weight], lr=0.1, momentum=0.9))

    def step(thing: Any) -> None:
        (thing.parameters[0] * framework.tensor([1.0, 2.0])).sum().backward()
        thing.optimizer.step()

    first, again = resumed(make, step)
    assert again.parameters[0].grad.tolist() == [1.0, 2.0]
    step(first), step(again)
    assert again.parameters[0].tolist() == first.parameters[0].tolist()


def test_a_buffer_of_samples_that_rolls() -> None:
    def change(thing: Any) -> None:
        for number in range(5):
            thing.buffer.append((framework.full((2,), float(number)), number))
        thing.twice = thing.buffer[0]

    first, again = resumed(lambda: Thing(buffer=deque(maxlen=3)), change)
    assert plain(again) == plain(first) and again.twice is again.buffer[0] and again.buffer.maxlen == 3


def test_an_object_made_anew_of_the_same_class() -> None:
    def change(thing: Any) -> None:
        thing.config = Config(0.5, "b")
        thing.slotted = Slotted(3, [4])

    _, again = resumed(lambda: Thing(config=Config(), slotted=Slotted()), change)
    assert again.config == Config(0.5, "b") and again.slotted == Slotted(3, [4])


def test_attributes_taken_away() -> None:
    def change(thing: Any) -> None:
        del thing.a
        del thing.slotted.count

    _, again = resumed(lambda: Thing(a=1, b=2, slotted=Slotted()), change)
    assert not hasattr(again, "a") and again.b == 2 and not hasattr(again.slotted, "count")


def test_attributes_of_a_model_and_of_the_modules_in_it() -> None:
    class Gumbel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.temperature, self.seen, self.rng = 1.0, [0], random.Random(0)
            self.inner = nn.Sequential(nn.Dropout(0.5), nn.Linear(2, 2))

    def change(model: Any) -> None:
        model.temperature *= 0.5
        model.seen.append(1)
        model.rng.random()
        model.inner[0].p = 0.25
        model.inner[1].note = "new"
        model.inner[0].eval()
        with framework.no_grad():
            model.inner[1].weight.add_(1)

    def make() -> nn.Module:
        framework.manual_seed(0)
        return Gumbel()

    model, again = make(), make()
    own = OwnState({"model": model}, kept=[model])
    change(model)
    kept = own.changed()
    assert sorted(kept) == [
        "model.inner.0.p", "model.inner.0.training", "model.inner.1.note", "model.rng", "model.seen",
        "model.temperature",
    ]  # fmt: skip
    OwnState({"model": again}, kept=[again]).restore(kept)
    assert (again.temperature, again.seen, again.inner[0].p, again.inner[1].note) == (0.5, [0, 1], 0.25, "new")
    assert again.rng.random() == model.rng.random() and not again.inner[0].training and again.training
    # Not kept by others, the parameters are part of it.
    whole = OwnState({"model": make()})
    assert whole.changed() == {}


def test_module_state() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 3), nn.Linear(3, 1)
            self.register_buffer("cache", framework.zeros(2), persistent=False)
            self.register_buffer("kept", framework.zeros(2))

    model, again = Net(), Net()
    model.b.requires_grad_(False)
    model.cache = framework.ones(4)
    model.a.weight.grad = framework.ones(2, 3).t()
    state = module_state(model)
    assert list(state["buffers"]) == ["cache"]
    set_module_state(again, state)
    assert again.cache.tolist() == [1.0] * 4 and not again.b.bias.requires_grad and again.a.bias.requires_grad
    assert again.a.weight.grad.stride() == (1, 3) and again.a.bias.grad is None
    assert again.a.weight.grad._array is not model.a.weight.grad._array
    with pytest.raises(UserError, match=r"has no parameter 'a.weight'"):
        set_module_state(nn.Linear(1, 1), {**state, "buffers": {}})
    with pytest.raises(UserError, match=r"has no buffer 'cache'"):
        set_module_state(nn.Linear(1, 1), state)


def test_what_cannot_be_kept_is_named(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w") as file:
        thing = Thing(
            count=itertools.count(), made=(i for i in "ab"), log=file, a=None, b=1, c=None, d=[Thing()], e=len
        )
        own = OwnState({"train": thing})
        start = ["train.count: an iterator", "train.made: an iterator", "train.log: an open file"]
        assert [each[: len(wanted)] for each, wanted in zip(own.unkept(), start, strict=True)] == start
        thing.a, thing.b, thing.c = Thing(), lambda: 1, framework.ones(1, requires_grad=True) * 2
        thing.d.append(Thing())
        thing.e = max
    added = own.unkept()[3:]
    assert [each.split(":")[0] for each in added] == ["train.a", "train.b", "train.c", "train.e", "train.d"]
    assert "Thing that was made since" in added[0] and "detach()" in added[2]
    assert own.changed() == {}


def test_the_memory_of_a_file_is_not_read(tmp_path: Path) -> None:
    def opened() -> Any:
        return np.memmap(tmp_path / "data", np.float32, "r+", shape=(4,))

    (tmp_path / "data").write_bytes(bytes(16))
    thing = Thing(data=opened(), view=np.asarray(opened())[1:], tensor=framework.from_numpy(np.asarray(opened())))
    own = OwnState({"train": thing})
    thing.data[:] = 1
    thing.tensor[0] = 2
    assert (own.changed(), own.unkept()) == ({}, [])
    thing.data = opened()
    assert own.changed() == {}
    assert own.unkept() == ["train.data: an array of a file that was opened since"]


def test_locks_weak_references_and_exceptions_are_passed_over() -> None:
    thing = Thing(lock=threading.Lock(), event=threading.Event(), error=None)
    thing.ref = weakref.ref(thing)
    own = OwnState({"train": thing})
    thing.lock, thing.event = threading.Lock(), threading.Event()
    assert (own.changed(), own.unkept()) == ({}, [])


def test_properties_are_not_called() -> None:
    class Lazy:
        @property
        def value(self) -> int:
            raise AssertionError("called")

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

        def __eq__(self, other: object) -> bool:
            raise AssertionError("compared")

    thing = Thing(lazy=Lazy(), more=[Lazy(), 1])
    own = OwnState({"train": thing})
    thing.lazy.__dict__["a"] = 1
    assert list(own.changed()) == ["train.lazy.a"]


def test_cycles_and_chains_too_deep_for_recursion() -> None:
    def make() -> Thing:
        head = Thing(value=0, next=None)
        head.me = head
        last = head
        for number in range(3000):
            last.next = Thing(value=number, next=None, head=head)
            last = last.next
        head.last = last
        nested: list[Any] = []
        head.nested = nested
        for _ in range(1500):
            nested.append([])
            nested = nested[0]
        return head

    def change(head: Any) -> None:
        head.next.next.value = -1
        head.last.value = -2
        inner = head.nested
        while inner:
            inner = inner[0]
        inner.append(3)

    _, again = resumed(make, change)
    inner = again.nested
    while inner and inner != [3]:
        inner = inner[0]
    assert (again.next.next.value, again.last.value, inner) == (-1, -2, [3])


def test_a_list_that_holds_itself() -> None:
    thing = Thing(a=None)
    own = OwnState({"train": thing})
    thing.a = [Thing]
    thing.a.append(thing.a)
    assert own.changed() == {} and "holds itself" in own.unkept()[0]


def test_what_is_not_in_the_recipe_any_more_is_named() -> None:
    thing = Thing(inner=Thing(a=[1], items=[Thing(b=1)]))
    own = OwnState({"train": thing})
    thing.inner.a.append(2)
    thing.inner.items[0].b = 2
    kept = own.changed()
    with pytest.raises(UserError, match=r"train.inner.a is what the checkpoint has a value for, but"):
        OwnState({"train": Thing(inner=Thing(items=[Thing(b=1)]))}).restore(kept)
    with pytest.raises(UserError, match=r"train.inner.items\[0\]"):
        OwnState({"train": Thing(inner=Thing(a=[1], items=[]))}).restore(kept)
    with pytest.raises(UserError, match=r"^train.inner"):
        OwnState({"validation": thing}).restore(kept)


def test_what_does_not_fit_is_named() -> None:
    thing = Thing(a=np.zeros(3))
    own = OwnState({"train": thing})
    thing.a += 1
    kept = own.changed()
    with pytest.raises(UserError, match=r"train.a cannot be put back: ValueError"):
        OwnState({"train": Thing(a=np.zeros(4))}).restore(kept)
    with pytest.raises(UserError, match=r"train.a cannot be put back"):
        OwnState({"train": Thing(a=[3])}).restore(kept)


def test_what_was_kept_does_not_change_any_more() -> None:
    thing = Thing(a=[1], b=np.zeros(2), c=framework.zeros(2), d={"a": [1]}, e=[framework.zeros(1)], f=None)
    own = OwnState({"train": thing})

    def change() -> None:
        thing.a.append(2)
        thing.b += 1
        thing.c += 1
        thing.d["a"].append(3)
        thing.e.append(framework.zeros(1))
        thing.e[1] += 1
        thing.f = [np.ones(2)]

    change()
    kept = own.changed()
    before = copy.deepcopy(kept)
    change()
    thing.f[0] += 1
    assert repr(kept) == repr(before)


class Rows(list[Any]):
    """A list of the person's own, with an attribute."""

    seen = 0


class Counter:
    """Has a state of its own."""

    def __init__(self) -> None:
        self.secret = [0]

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.secret[0]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.secret[0] = state["count"]


def counting() -> Any:
    count, late = 0, 0
    del late

    def step(by: int = 1, *, scale: int = 1) -> int:
        nonlocal count, late
        count += by * scale
        if count > 100:
            late = count
        return count

    return step


@pytest.mark.parametrize(
    ("make", "change", "paths"),
    [
        (counting, lambda step: step(), [".count"]),
        (counting, lambda step: step(101), [".count", ".late"]),
        (counting, lambda step: setattr(step, "calls", 1), [".__dict__['calls']"]),
        (counting, lambda step: setattr(step, "__defaults__", (2,)), [".__defaults__[0]"]),
        (counting, lambda step: step.__kwdefaults__.update(scale=3), [".__kwdefaults__['scale']"]),
        (lambda: Thing(rows=Rows([1])), lambda thing: thing.rows.append(2), [".rows"]),
        (lambda: Thing(rows=Rows([1])), lambda thing: setattr(thing.rows, "seen", 2), [".rows.seen"]),
        (lambda: Thing(a=OrderedDict(a=1)), lambda thing: thing.a.update(b=2), [".a"]),
        (lambda: Thing(a={"a": 1, "b": 2}), lambda thing: thing.a.update(a=thing.a.pop("a")), [".a"]),
        (lambda: Thing(a={"a": [], "b": []}), lambda thing: thing.a.update(a=thing.a.pop("a")), [".a"]),
        (lambda: Thing(a=[[], []]), lambda thing: thing.a.reverse(), [".a"]),
        (lambda: Thing(a=[1]), lambda thing: thing.a.__setitem__(0, True), [".a"]),
        (lambda: Thing(a=[0.0]), lambda thing: thing.a.__setitem__(0, -0.0), [".a"]),
        (lambda: Thing(a=Counter()), lambda thing: thing.a.secret.__setitem__(0, 3), [".a"]),
        (lambda: Thing(a=None), lambda thing: setattr(thing, "a", framework.zeros(2, 3).shape), [".a"]),
        (lambda: Thing(a=range(3)), lambda thing: setattr(thing, "a", range(0, 9, 2)), [".a"]),
        (lambda: Thing(a=1j), lambda thing: setattr(thing, "a", 2 - 1j), [".a"]),
        (lambda: Thing(a=set()), lambda thing: thing.a.add((1, 2)), [".a"]),
        (lambda: Thing(a=framework.ones(2)), lambda thing: thing.a.requires_grad_(), [".a"]),
        (lambda: Thing(a=(framework.ones(2),)), lambda thing: thing.a[0].add_(1), [".a[0]"]),
        (lambda: Thing(a=1, b=2), lambda thing: thing.__dict__.update(c=thing.__dict__.pop("b")), [".b", ".c"]),
    ],
)  # fmt: skip
def test_one_change_is_one_entry(make: Callable[[], Any], change: Callable[[Any], None], paths: list[str]) -> None:
    assert changed_paths(make, change) == [f"train{path}" for path in paths]
    resumed(make, change)


def test_a_loader_and_a_dataset_of_a_class_of_ones_own() -> None:
    class MyLoader(DataLoader[Any]):
        passes = 0

        def __iter__(self) -> Any:
            self.passes += 1
            return super().__iter__()

    class MyData(TensorDataset):
        def __init__(self) -> None:
            super().__init__(framework.zeros(4))
            self.noise = np.zeros(2)

    def change(loader: Any) -> None:
        for _ in loader:
            loader.dataset.tensors[0].add_(1)
            loader.dataset.noise += 1

    def make() -> Any:
        return MyLoader(MyData(), 2, num_workers=1, worker_method="thread", persistent_workers=True)

    _, again = resumed(make, change)
    assert changed_paths(make, change) == ["train.dataset.noise", "train.passes"]
    assert again.passes == 1 and again.dataset.noise.tolist() == [2, 2]


def test_globals_of_a_module_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_own_helper.py").write_text("COUNT = 0\nOTHER = 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    helper = importlib.import_module("my_own_helper")
    monkeypatch.setitem(globals(), "helper", helper)
    code = compile("def step():\n    helper.COUNT += 1\n", "<step>", "exec")
    space = {"__name__": __name__, "helper": helper}
    exec(code, space)
    step: Any = space["step"]
    own = OwnState({"step": step})
    step()
    helper.OTHER = 1
    kept = own.changed()
    assert list(kept) == ["step.<my_own_helper>.COUNT"]
    helper.COUNT = 0
    OwnState({"step": step}).restore(kept)
    assert helper.COUNT == 1


# Whatever is done to whatever objects

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.binary(max_size=3),
    st.sampled_from(Phase), st.builds(np.float32, st.integers(0, 3)),
)  # fmt: skip
arrays = st.lists(st.floats(width=32), max_size=4).map(lambda items: np.array(items, np.float32))
tensors = arrays.map(framework.from_numpy)
leaves = st.one_of(scalars, arrays, tensors, st.integers(0, 9).map(random.Random), st.builds(Point, scalars, scalars))
names = st.sampled_from(["a", "b", "c"])
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(lambda items: deque(items, 4)),
        st.dictionaries(names | st.integers(), inner, max_size=3),
        st.dictionaries(names, inner, max_size=3).map(lambda attributes: Thing(**attributes)),
        st.dictionaries(names, inner, max_size=3).map(lambda attributes: SimpleNamespace(**attributes)),
        st.builds(Slotted, inner, inner),
        st.builds(Config, inner, inner),
    ),
    max_leaves=12,
)


def plain(value: Any) -> Any:
    """A value with all that is in it, for a comparison by repr."""
    if isinstance(value, framework.Tensor):
        return "tensor", value.numpy().tolist(), str(value.dtype)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    if isinstance(value, random.Random):
        return value.getstate()[1][-3:]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Slotted | Config):
        return type(value).__name__, [
            plain(getattr(value, name)) for name in value.__match_args__ if hasattr(value, name)
        ]
    if isinstance(value, Thing | SimpleNamespace):
        return type(value).__name__, plain(vars(value))
    if isinstance(value, list | tuple | deque):
        return type(value).__name__, [plain(each) for each in value]
    return type(value).__name__, value


def reachable(value: Any) -> list[Any]:
    """Everything that can be changed in place, each once, in an order that depends on the values alone."""
    found: dict[int, Any] = {}
    queue = [value]
    for each in queue:
        if isinstance(each, list | deque | tuple):
            inner: list[Any] = list(each)
        elif isinstance(each, dict):
            inner = list(each.values())
        elif isinstance(each, Slotted | Config):
            inner = [getattr(each, name) for name in each.__match_args__]
        elif isinstance(each, Thing | SimpleNamespace):
            inner = list(vars(each).values())
        elif isinstance(each, np.ndarray | framework.Tensor | random.Random):
            inner = []
        else:
            continue
        if id(each) not in found:
            found[id(each)] = each
            queue.extend(inner)
    return [each for each in found.values() if not isinstance(each, tuple)]


def edit(target: Any, new: Any, known: list[Any], how: int) -> None:
    """One change of an object: a value put in, an object that is there put elsewhere, an item taken out, a number drawn."""
    value = known[how % len(known)] if how % 3 == 0 else new
    if isinstance(target, framework.Tensor | np.ndarray):
        if target.shape[0]:
            target[how % target.shape[0]] = how
    elif isinstance(target, random.Random):
        target.random()
    elif isinstance(target, list | deque):
        if how % 5 == 0 and target:
            target.pop()
        elif how % 2 and target:
            target[how % len(target)] = value
        else:
            target.append(value)
    elif isinstance(target, dict):
        target["abc"[how % 3]] = value
    elif isinstance(target, Slotted):
        setattr(target, ("count", "items")[how % 2], value)
    elif isinstance(target, Config):
        object.__setattr__(target, ("rate", "name")[how % 2], value)
    else:
        setattr(target, "abc"[how % 3], value)


data = values.filter(
    lambda value: not any(isinstance(each, Thing | SimpleNamespace | Slotted | Config) for each in reachable(value))
)


@settings(max_examples=90, deadline=None)
@given(values, st.lists(st.tuples(st.integers(0, 50), data, st.integers(0, 100)), min_size=1, max_size=5))
def test_whatever_is_changed_comes_back(value: Any, edits: list[tuple[int, Any, int]]) -> None:
    root = Thing(value=value, phase=Phase.WARM)
    again = copy.deepcopy(root)
    own = OwnState({"train": root})
    assert own.changed() == {}
    for which, new, how in edits:
        known = reachable(root)
        edit(known[which % len(known)], new, known, how)
    kept = own.changed()
    if own.unkept():
        return
    start = OwnState({"train": again})
    start.restore(copy.deepcopy(kept))
    assert described(again) == described(root)


def described(value: Any) -> str:
    """A value with all that is in it, and which things are the same thing."""
    found: list[str] = []
    seen: dict[int, int] = {}
    stack: list[Any] = [value]
    while stack:
        each = stack.pop()
        if not isinstance(each, tuple | str | int | float | bytes | Enum | np.generic | type(None)):
            if id(each) in seen:
                found.append(f"again {seen[id(each)]}")
                continue
            seen[id(each)] = len(seen)
        found.append(type(each).__name__)
        if isinstance(each, list | tuple | deque):
            found.append(str(len(each)))
            stack.extend(each)
        elif isinstance(each, dict):
            found.append(repr(list(each)))
            stack.extend(each.values())
        elif isinstance(each, Slotted | Config):
            stack.extend(getattr(each, name) for name in each.__match_args__)
        elif isinstance(each, Thing | SimpleNamespace):
            found.append(repr(list(vars(each))))
            stack.extend(vars(each).values())
        else:
            found.append(repr(plain(each)))
    return " ".join(found)


def test_of_very_many_objects_only_that_they_are_the_same_is_looked_at(monkeypatch):
    monkeypatch.setattr("framework.training.own_state.comparing.MANY", 5)

    class Data:
        def __init__(self):
            self.samples = [(framework.zeros(2), number) for number in range(6)]
            self.names = [str(number) for number in range(6)]

    data = Data()
    own = OwnState({"train": data})
    assert own.changed() == {} and own.unkept() == []
    data.names.reverse()
    assert list(own.changed()) == ["train.names"] and own.unkept() == []
    data.samples.pop()
    assert own.unkept() == ["train.samples: 5 objects, too many to be kept, and not those of the start"]
