"""Who fails is named: participants end the run, observers are switched off."""

from __future__ import annotations

import pytest

from framework.errors import UserError
from framework.extend import hookimpl
from framework.plugin.manager import PluginError, PluginManager, PluginWarning
from framework.training.trainer import Trainer
from tests.tiny import tiny


def test_a_participant_that_raises_ends_the_run_and_is_named():
    class Broken:
        @hookimpl
        def after_step(self, trainer):
            raise ZeroDivisionError("by nought")

    trainer = Trainer(tiny(), plugins=[Broken()])
    with pytest.raises(PluginError) as caught:
        trainer.fit()
    line = Broken.after_step.__code__.co_firstlineno + 2
    assert str(caught.value) == (
        f"Plugin 'Broken' failed in after_step: ZeroDivisionError: by nought (test_calling.py:{line})"
    )
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert trainer.step == 1
    assert trainer.history.status == "failed"


def test_a_participant_may_say_it_in_its_own_words():
    class Strict:
        @hookimpl
        def epoch_start(self, trainer):
            raise UserError("The gradient is too large.")

    with pytest.raises(UserError, match=r"^The gradient is too large\.$"):
        Trainer(tiny(), plugins=[Strict()]).fit()


def test_an_observer_that_raises_is_reported_once_and_switched_off():
    messages = []
    manager = PluginManager(report=messages.append)
    called = []

    class Broken:
        @hookimpl
        def log(self, record):
            called.append("log")
            raise OSError("no space left")

        @hookimpl
        def run_end(self):
            called.append("run_end")

    class Other:
        @hookimpl
        def log(self, record):
            called.append("other")

    manager.register(Other())
    manager.register(Broken())
    history = Trainer(tiny(), plugins=manager).fit()
    assert called == ["log", "other", "other"]
    assert history.status == "finished" and len(history.records) == 2
    line = Broken.log.__code__.co_firstlineno + 3
    assert messages == [
        f"Plugin 'Broken' failed in log: OSError: no space left (test_calling.py:{line}). "
        "Its observers are switched off; training goes on. To leave it out: -p no:Broken"
    ]


def test_without_a_report_a_failing_observer_is_a_warning():
    class Broken:
        @hookimpl
        def log(self):
            raise ValueError("oh")

    with pytest.warns(PluginWarning, match="Plugin 'Broken' failed in log: ValueError: oh"):
        Trainer(tiny(), plugins=[Broken()]).fit()


def test_ctrl_c_in_an_observer_is_not_swallowed():
    class Impatient:
        @hookimpl
        def log(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Trainer(tiny(), plugins=[Impatient()]).fit()


def test_wrappers_run_around_the_others_and_are_named_too():
    order = []

    class Inner:
        @hookimpl
        def should_stop(self, trainer):
            order.append("inner")
            return "enough"

    class Outer:
        @hookimpl(wrapper=True)
        def should_stop(self, trainer):
            order.append("before")
            reason = yield
            order.append("after")
            return f"{reason} is enough"

    history = Trainer(tiny(), plugins=[Inner(), Outer()]).fit()
    assert order[:3] == ["before", "inner", "after"]
    assert history.reason == "enough is enough"

    class Broken:
        @hookimpl(wrapper=True)
        def epoch_start(self):
            yield
            raise ValueError("late")

    with pytest.raises(PluginError, match="Plugin 'Broken' failed in epoch_start: ValueError: late"):
        Trainer(tiny(), plugins=[Broken()]).fit()


def test_an_error_of_another_plugin_passes_through_a_wrapper_under_its_own_name():
    class Inner:
        @hookimpl
        def epoch_start(self):
            raise ValueError("inner")

    class Outer:
        @hookimpl(wrapper=True)
        def epoch_start(self):
            return (yield)

    with pytest.raises(PluginError, match="Plugin 'Inner' failed in epoch_start"):
        Trainer(tiny(), plugins=[Inner(), Outer()]).fit()


def test_order_first_and_last():
    order = []

    def plugin(name, **options):
        class Plugin:
            @hookimpl(**options)
            def epoch_start(self):
                order.append(name)

        return Plugin()

    plugins = [plugin("last", trylast=True), plugin("first", tryfirst=True), plugin("plain")]
    Trainer(tiny(epochs=1), plugins=plugins).fit()
    assert order == ["first", "plain", "last"]


def test_a_hook_without_implementation_has_no_caller():
    manager = PluginManager()
    assert manager.caller("after_step") is None

    class Plugin:
        @hookimpl
        def after_step(self): ...

    manager.register(Plugin())
    assert manager.caller("after_step") is not None
    manager.unregister("Plugin")
    assert manager.caller("after_step") is None


def test_an_argument_with_a_default_gets_the_value():
    seen = []

    class Plugin:
        @hookimpl
        def log(self, record=None):
            seen.append(record)

    Trainer(tiny(epochs=1), plugins=[Plugin()]).fit()
    assert seen[0]["epoch"] == 1
