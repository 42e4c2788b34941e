"""Standing around hook calls: each is told by hook and plugin, and nothing of it is left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from framework.plugin.manager import PluginError, PluginManager
from framework.plugin.markers import hookimpl


class Counter:
    """A participant, and what it was called with."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    @hookimpl
    def after_step(self, trainer: Any) -> None:
        self.calls.append(f"after_step {trainer}")

    @hookimpl
    def should_stop(self, trainer: Any) -> str | None:
        return "enough"


class Wrapper:
    """Wraps a hook, and adds to what comes of it."""

    @hookimpl(wrapper=True)
    def should_stop(self) -> Iterator[None]:
        return (yield) + " and more"


class Watch:
    """Notes the calls that it stands around."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    @contextlib.contextmanager
    def __call__(self, hook: str, plugin: str) -> Iterator[None]:
        self.noted.append(f"{hook} of {plugin}")
        try:
            yield
        finally:
            self.noted.append("over")


def manager(**plugins: Any) -> PluginManager:
    made = PluginManager()
    for name, plugin in plugins.items():
        made.register(plugin, name)
    return made


def functions(made: PluginManager) -> list[Any]:
    hooks = "after_step", "should_stop"
    return [each.function for hook in hooks for each in getattr(made._pluggy.hook, hook).get_hookimpls()]


def test_each_call_is_told_with_its_plugin():
    counter, watch = Counter(), Watch()
    made = manager(one=counter, two=Counter())
    before = functions(made)
    with made.watching(watch):
        made.call("after_step", trainer="t")
    assert watch.noted == ["after_step of two", "over", "after_step of one", "over"]
    assert counter.calls == ["after_step t"]
    assert functions(made) == before
    made.call("after_step", trainer="t")
    assert len(watch.noted) == 4 and len(counter.calls) == 2


def test_a_wrapper_is_told_for_its_own_two_parts():
    watch = Watch()
    made = manager(inner=Counter(), outer=Wrapper())
    with made.watching(watch):
        assert made.call("should_stop", trainer=None) == "enough and more"
    outer, inner = "should_stop of outer", "should_stop of inner"
    assert watch.noted == [outer, "over", inner, "over", outer, "over"]


def test_a_wrapper_sees_errors_and_one_that_yields_twice_is_refused():
    class Failing:
        @hookimpl
        def should_stop(self) -> None:
            raise ValueError("no")

    class Mending:
        @hookimpl(wrapper=True)
        def should_stop(self) -> Iterator[None]:
            try:
                yield
            except PluginError as error:
                return f"mended {error}"

    class Twice:
        @hookimpl(wrapper=True)
        def should_stop(self) -> Iterator[None]:
            yield
            yield

    made = manager(failing=Failing(), mending=Mending())
    with made.watching(Watch()):
        assert made.call("should_stop", trainer=None).startswith("mended Plugin 'failing' failed in should_stop")
    made = manager(twice=Twice())
    with made.watching(Watch()), pytest.raises((RuntimeError, PluginError), match="second yield|must yield once"):
        made.call("should_stop", trainer=None)


def test_one_that_comes_or_goes_meanwhile():
    watch = Watch()
    made = manager(one=Counter())
    with made.watching(watch):
        made.register(Counter(), "late")
        made.unregister("one")
        made.call("after_step", trainer=None)
        made.register(Counter(), "one")
    assert watch.noted == ["after_step of late", "over"]
    made.call("after_step", trainer=None)
    assert watch.noted == ["after_step of late", "over"]


def test_registered_things_and_states_are_told_too():
    class Keeper:
        @hookimpl
        def save_state(self) -> dict[str, int]:
            return {"a": 1}

        @hookimpl
        def load_state(self) -> None:
            pass

    watch = Watch()
    made = manager(keeper=Keeper())
    with made.watching(watch):
        assert made.save_states(None) == {"keeper": {"a": 1}}
    assert watch.noted == ["save_state of keeper", "over"]


def test_several_watchers():
    made = manager(one=Counter())
    plain = functions(made)
    with made.watching(outer := Watch()):
        with made.watching(inner := Watch()):
            made.register(Counter(), "late")
            made.call("after_step", trainer=None)
        made.call("after_step", trainer=None)
    assert inner.noted == ["after_step of late", "over", "after_step of one", "over"]
    assert outer.noted == 2 * inner.noted
    made.unregister("late")
    assert functions(made) == plain
