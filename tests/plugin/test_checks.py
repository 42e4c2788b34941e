"""A plugin is checked before it is used: names and arguments of hooks, lost marks, classes for objects."""

from __future__ import annotations

import types

import pytest

from framework.extend import hookimpl
from framework.plugin.manager import PluginError, PluginManager


def refused(plugin: object) -> str:
    with pytest.raises(PluginError) as caught:
        PluginManager().register(plugin)
    return str(caught.value)


def test_a_misspelled_hook():
    class Plugin:
        @hookimpl
        def afer_step(self, trainer): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: there is no hook 'afer_step'. Did you mean 'after_step'?"
    )


def test_a_misspelled_argument():
    class Plugin:
        @hookimpl
        def after_step(self, trainr): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: "
        "the hook 'after_step' has no argument 'trainr'. Did you mean 'trainer'?"
    )


def test_an_unknown_argument_with_a_default_is_refused_too():
    class Plugin:
        @hookimpl
        def log(self, trainer, path=None): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: the hook 'log' has no argument 'path'. It has: trainer, record."
    )


def test_arguments_are_plain_ones():
    class Plugin:
        @hookimpl
        def log(self, **everything): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: "
        "log takes **everything, but a hook's arguments are plain ones, each named."
    )


def test_all_that_is_wrong_is_said_at_once():
    class Plugin:
        @hookimpl
        def afer_step(self): ...

        @hookimpl
        def log(self, recrd): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used:\n"
        "- there is no hook 'afer_step'. Did you mean 'after_step'?\n"
        "- the hook 'log' has no argument 'recrd'. Did you mean 'record'?"
    )


def test_a_hook_of_a_newer_framework_may_be_marked_optional():
    class Plugin:
        @hookimpl(optionalhook=True)
        def after_lunch(self): ...

        @hookimpl
        def log(self): ...

    manager = PluginManager()
    manager.register(Plugin())
    assert manager.plugins[0].hooks == ["after_lunch", "log"]


def test_another_name_for_the_function():
    called = []

    class Plugin:
        @hookimpl(specname="log")
        def write(self, record): ...

        @hookimpl(specname="lgo")
        def wrong(self, record):
            called.append(record)

    assert "there is no hook 'lgo'. Did you mean 'log'?" in refused(Plugin())


def test_a_forgotten_mark():
    class Plugin:
        def after_step(self, trainer): ...

        @hookimpl
        def log(self): ...

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: "
        "after_step is not marked with @hookimpl, so it would never be called."
    )


def test_an_object_without_hooks():
    assert refused(object()) == (
        "Plugin 'object' (registered) cannot be used: "
        "it implements no hook; mark its functions with @hookimpl (from framework.extend)."
    )


def test_a_class_is_not_an_object():
    class Plugin:
        @hookimpl
        def log(self): ...

    assert refused(Plugin) == "Plugin is a class: register an object of it, Plugin(…), since hooks are its methods."


def test_only_a_participant_can_be_a_wrapper():
    class Plugin:
        @hookimpl(wrapper=True)
        def log(self):
            yield

    assert refused(Plugin()) == (
        "Plugin 'Plugin' (registered) cannot be used: log is marked as a wrapper, which only participants can be."
    )


def test_a_name_can_be_used_once():
    class Plugin:
        @hookimpl
        def log(self): ...

    manager = PluginManager()
    manager.register(Plugin(), "mine")
    with pytest.raises(PluginError) as caught:
        manager.register(Plugin(), "mine")
    assert str(caught.value) == (
        "Plugin 'mine' (registered) cannot be used: a plugin of this name is in use already, registered."
    )


def test_objects_of_one_class_get_names_of_their_own():
    class Plugin:
        @hookimpl
        def log(self): ...

    manager = PluginManager()
    manager.register(Plugin())
    manager.register(Plugin())
    assert [plugin.name for plugin in manager.plugins] == ["Plugin", "Plugin_2"]


def test_objects_at_a_modules_top_level_count():
    class Counter:
        @hookimpl
        def log(self): ...

        @hookimpl
        def run_end(self): ...

    module = types.ModuleType("counting")
    module.counter = module.same = Counter()
    module.Counter = Counter  # the class alone is nothing
    manager = PluginManager()
    manager.register(module, "counting")
    (plugin,) = manager.plugins
    assert list(plugin.parts) == ["counting", "counting.counter"]
    assert plugin.hooks == ["log", "run_end"]


def test_properties_of_a_plugin_are_not_touched():
    class Plugin:
        @property
        def trap(self):
            raise AssertionError

        @hookimpl
        def log(self): ...

    PluginManager().register(Plugin())
