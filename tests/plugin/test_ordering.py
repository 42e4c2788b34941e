"""Plugins say which others they run before and after."""

from __future__ import annotations

import itertools

import pytest

from framework.errors import UserError
from framework.extend import hookimpl
from framework.plugin.manager import PluginError, PluginManager
from framework.training.trainer import Trainer
from framework_plugins import gradient_clipping
from framework_plugins.gradient_clipping import ClipNorm
from tests.tiny import tiny


def plugin(name: str, called: list[str], hook: str = "log", **options: object) -> object:
    class Plugin:
        @hookimpl(specname=hook, **options)
        def implementation(self):
            called.append(name)

    return Plugin()


def order(*plugins: tuple[str, dict[str, object]]) -> list[str]:
    manager, called = PluginManager(), []
    for name, options in plugins:
        manager.register(plugin(name, called, **options), name)
    manager.call("log", trainer=None, record={})
    return called


A, B, C = ("a", {}), ("b", {}), ("c", {})


def test_without_declarations_it_is_pluggys():
    assert order(A, B, C) == ["c", "b", "a"]
    assert order(("a", {"tryfirst": True}), B, ("c", {"trylast": True})) == ["a", "b", "c"]


@pytest.mark.parametrize("plugins", [*itertools.permutations([("a", {"before": "b"}), ("b", {"before": "c"}), C])])
def test_in_whatever_order_they_are_loaded(plugins):
    assert order(*plugins) == ["a", "b", "c"]


def test_what_is_declared_weighs_more_than_first_and_last():
    assert order(("a", {"tryfirst": True, "after": "b"}), B, C) == ["c", "b", "a"]
    assert order(("a", {"trylast": True, "before": ["b", "c"]}), B, C) == ["a", "c", "b"]


def test_others_stay_where_pluggy_has_them():
    assert order(("a", {"after": "missing"}), B, C) == ["c", "b", "a"]
    assert order(A, ("b", {"after": "a"}), C) == ["c", "a", "b"]
    assert order(("a", {"trylast": True}), ("b", {"trylast": True}), ("c", {"before": "nobody"})) == ["c", "a", "b"]


def test_a_plugin_that_is_taken_out_and_put_in_again():
    manager, called = PluginManager(), []
    manager.register(plugin("a", called, before="b"), "a")
    manager.register(plugin("b", called), "b")
    manager.register(plugin("c", called), "c")
    manager.unregister("b")
    manager.register(plugin("b", called), "b")
    manager.call("log", trainer=None, record={})
    assert called == ["c", "a", "b"]


def test_a_circle_is_drawn():
    manager = PluginManager()
    manager.register(plugin("a", [], before="b"), "a")
    manager.register(plugin("b", [], before="c"), "b")
    with pytest.raises(PluginError) as caught:
        manager.register(plugin("c", [], before="a", after="b"), "c")
    assert str(caught.value) == (
        "Plugin 'c' (registered) cannot be used: The plugins that implement log go round in a circle, so none can be "
        "called first:\n  a\n  └─ before b\n  └─ before c\n  └─ before a\n"
        "Take a `before` or `after` out of one of them, or leave one out: -p no:a"
    )
    assert [each.name for each in manager.plugins] == ["a", "b"]
    manager.register(plugin("c", []), "c")


def test_the_wrong_side_of_a_wrapper():
    class Wraps:
        @hookimpl(wrapper=True)
        def epoch_end(self):
            return (yield)

    manager = PluginManager()
    manager.register(Wraps(), "wraps")
    with pytest.raises(PluginError, match="'wraps' wraps epoch_end, and a wrapper runs around all others, 'a' among"):
        manager.register(plugin("a", [], "epoch_end", before="wraps"), "a")
    manager.register(plugin("a", [], "epoch_end", after="wraps"), "a")


def test_what_a_plugin_has_made_answers_to_its_name():
    """`gradient_clipping` clips by an object that it makes for the run, or that a recipe makes."""
    norms = []

    def look(trainer):
        norms.append(trainer.model.weight.grad.abs().item())

    class Before:
        @hookimpl(before="gradient_clipping", trylast=True)
        def before_step(self, trainer):
            look(trainer)

    class After:
        @hookimpl(after="gradient_clipping", tryfirst=True)
        def before_step(self, trainer):
            look(trainer)

    for looking in (Before(), After()):
        manager = PluginManager()
        manager.register(gradient_clipping, "gradient_clipping")
        manager.register(looking)
        Trainer(tiny(plugins=[ClipNorm(1e-3)], epochs=1), plugins=manager).fit()
    before, _, after, _ = norms
    assert before > 1e-3 >= after


def test_a_plugin_may_take_part_from_within_training():
    """One that is registered late counts from the next epoch at the latest."""
    called = []

    class Late:
        @hookimpl
        def train_start(self, trainer):
            trainer.plugins.register(plugin("start", called, "after_step"))

        @hookimpl
        def epoch_end(self, trainer):
            if trainer.epoch == 1:
                trainer.plugins.register(plugin("end", called, "after_step"))

    Trainer(tiny(), plugins=[Late()]).fit()
    assert called == ["start"] * 2 + ["end", "start"] * 2


def test_an_unknown_option_of_the_mark():
    with pytest.raises(TypeError, match="befor"):
        hookimpl(lambda record: None, befor="a")
    assert issubclass(PluginError, UserError)
