"""What plugins register and keep: names, collisions, states."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from framework.errors import UserError
from framework.extend import hookimpl, operation
from framework.plugin.manager import KINDS, PluginError, PluginManager
from framework.training.trainer import Trainer
from tests.plugin.installed import HOOK, install
from tests.tiny import tiny


def loss(prediction, target):
    return ((prediction - target) ** 2).mean()


class Adds:
    """A plugin that registers one loss."""

    def __init__(self, name="cubic", thing=loss):
        self.name, self.thing = name, thing

    @hookimpl
    def register_losses(self, register):
        register(self.name, self.thing)


def test_the_kinds_of_registries():
    assert KINDS == (
        "operations",
        "losses",
        "optimizers",
        "schedulers",
        "metrics",
        "loggers",
        "commands",
        "examples",
        "options",
        "recipes",
    )


def test_a_registry_holds_what_plugins_registered():
    manager = PluginManager()
    manager.register(Adds(), "a")
    manager.register(Adds("other"), "b")
    registry = manager.registry("losses")
    assert dict(registry) == {"cubic": loss, "other": loss}
    assert registry.source("other") == "b"
    assert manager.adds() == {"a": {"losses": ["cubic"]}, "b": {"losses": ["other"]}}


def test_two_plugins_that_claim_one_name():
    messages = []
    manager = PluginManager(messages.append)
    manager.register(Adds(), "a")
    manager.register(Adds(), "b")
    with pytest.raises(PluginError) as caught:
        manager.registry("losses")
    assert str(caught.value) == (
        "Plugins 'a' and 'b' both register 'cubic' among the losses. Leave one out with -p no:a or -p no:b."
    )
    assert manager.adds() == {"a": {"losses": ["cubic"]}, "b": {"losses": ["cubic"]}}
    assert messages == [str(caught.value)]


def test_two_installed_plugins_that_claim_one_name_stop_only_who_asks_for_it(tmp_path, monkeypatch):
    code = """
from framework.extend import hookimpl
@hookimpl
def register_losses(register):
    register("cubic", print)
    register("{own}", print)
"""
    for name in ("left", "right"):
        folder = tmp_path / name
        folder.mkdir()
        install(folder, monkeypatch, code.format(own=name), name=name)
    messages = []
    manager = PluginManager.load(first_party=False, report=messages.append)
    registry = manager.registry("losses")
    assert set(registry) == {"left", "right"}
    (message,) = messages
    first, second = [plugin.name for plugin in manager.plugins if plugin.name in ("left", "right")]
    assert message == (
        f"Plugins '{first}' and '{second}' both register 'cubic' among the losses. "
        f"Leave one out with -p no:{first} or -p no:{second}."
    )
    with pytest.raises(PluginError) as caught:
        registry["cubic"]
    assert str(caught.value) == message
    for name in ("left", "right"):
        sys.modules.pop(f"{name}_plugin")


def test_a_name_of_the_frameworks_own_is_taken():
    with pytest.raises(PluginError) as caught:
        Trainer(tiny(loss="mse"), plugins=[Adds("mse")])
    assert str(caught.value) == (
        "Plugin 'Adds' registers 'mse' among the losses, but the framework has its own 'mse': "
        "choose another name. To leave the plugin out: -p no:Adds"
    )


def test_a_later_plugin_is_seen():
    manager = PluginManager()
    assert not manager.registry("losses")
    manager.register(Adds())
    assert "cubic" in manager.registry("losses")
    manager.unregister("Adds")
    assert not manager.registry("losses")


def test_name_and_thing_in_the_wrong_order():
    class Swapped:
        @hookimpl
        def register_losses(self, register):
            register(7, "cubic")

    manager = PluginManager()
    manager.register(Swapped())
    with pytest.raises(PluginError) as caught:
        manager.registry("losses")
    line = Swapped.register_losses.__code__.co_firstlineno + 2
    assert str(caught.value) == (
        "Plugin 'Swapped' failed in register_losses: TypeError: register(name, thing) takes the name "
        f"first, a text, not 7 (test_manager.py:{line})"
    )


def test_an_installed_plugin_that_fails_to_register_is_left_out(tmp_path, monkeypatch):
    code = HOOK + "@hookimpl\ndef register_losses(register):\n    1 / 0\n"
    install(tmp_path, monkeypatch, code, name="rusty")
    messages = []
    manager = PluginManager.load(first_party=False, report=messages.append)
    manager.register(Adds())
    assert list(manager.registry("losses")) == ["cubic"]
    assert messages == [
        "Plugin 'rusty' failed in register_losses: ZeroDivisionError: division by zero (rusty_plugin.py:6). "
        "Going on without it; to silence this: -p no:rusty"
    ]
    manager.adds()
    assert len(messages) == 1 == len(manager.failures)
    sys.modules.pop("rusty_plugin")


def test_an_operation_is_checked():
    class Plain:
        @hookimpl
        def register_operations(self, register):
            register("cube", lambda x: x**3)

    with pytest.raises(PluginError) as caught:
        Trainer(tiny(), plugins=[Plain()])
    assert str(caught.value) == (
        "Plugin 'Plain' registers 'cube' among the operations, but it is none: "
        "make it one with cube = operation(…) (from framework.extend)."
    )

    class Renamed:
        @hookimpl
        def register_operations(self, register):
            register("cub", operation(lambda input: input, name="cube_of_test"))

    with pytest.raises(PluginError) as caught:
        Trainer(tiny(), plugins=[Renamed()])
    assert str(caught.value) == (
        "Plugin 'Renamed' registers the operation 'cube_of_test' as 'cub': use one name for both."
    )


def test_an_operation_of_the_frameworks_own_is_not_replaced():
    class Again:
        @hookimpl
        def register_operations(self, register):
            register("relu", operation(lambda input: input, name="relu"))

    with pytest.raises(PluginError) as caught:
        Trainer(tiny(), plugins=[Again()])
    assert str(caught.value) == (
        "Plugin 'Again' registers 'relu' among the operations, but the framework has its own 'relu': "
        "choose another name. To leave the plugin out: -p no:Again"
    )


class Best:
    """A plugin with a state."""

    def __init__(self):
        self.loss = float("inf")

    @hookimpl
    def validate_end(self, metrics):
        self.loss = min(self.loss, metrics["validation/loss"])

    @hookimpl
    def save_state(self):
        return {"loss": self.loss}

    @hookimpl
    def load_state(self, state):
        self.loss = state["loss"]


def test_each_plugin_gets_its_own_state_back():
    first, second = Best(), Best()
    manager = PluginManager()
    manager.register(first, "first")
    manager.register(second, "second")
    trainer = Trainer(tiny(), plugins=manager)
    trainer.fit()
    first.loss = 1.0
    states = manager.save_states(trainer)
    assert set(states) == {"first", "second"} and states["first"] == {"loss": 1.0}
    kept = second.loss
    first.loss = second.loss = 0.0
    manager.load_states(trainer, states)
    assert (first.loss, second.loss) == (1.0, kept)


def test_a_state_whose_plugin_is_missing():
    with pytest.raises(PluginError) as caught:
        PluginManager().load_states(None, {"best": {"loss": 1.0}})
    assert str(caught.value) == ("There is saved state of 'best', but no such plugin with `load_state` is in use.")


def test_a_loggers_name_is_looked_up():
    class Paper:
        @hookimpl
        def register_loggers(self, register):
            register("paper", lambda run: None)

    with pytest.raises(UserError, match="Among the loggers there is no 'papr'. Did you mean 'paper'?"):
        Trainer(tiny(), plugins=[Paper()], loggers=["papr"])


def test_a_logger_is_made_for_each_run():
    made = []

    class Keep:
        def __init__(self, run):
            self.records = []
            made.append(self)

        @hookimpl
        def log(self, record):
            self.records.append(record)

    class Paper:
        @hookimpl
        def register_loggers(self, register):
            register("keep", Keep)

    manager = PluginManager()
    manager.register(Paper())
    for _ in range(2):
        Trainer(tiny(), plugins=manager, loggers=["keep"]).fit()
    assert [len(keep.records) for keep in made] == [2, 2]


def test_two_plugins_that_are_objects_of_modules(tmp_path):
    given = [str(tmp_path / f"held_{number}.py") for number in (1, 2)]
    for path in given:
        Path(path).write_text(
            "from framework.extend import hookimpl\nclass Held:\n    @hookimpl\n    def log(self): ...\nheld = Held()\n"
        )
    manager = PluginManager.load(given, first_party=False, installed=False)
    assert [plugin.hooks for plugin in manager.plugins] == [["log"], ["log"]]


def test_a_registry_hook_that_returns_what_it_should_register():
    class Returns:
        @hookimpl
        def register_losses(self):
            return {"cubic": 3}

    manager = PluginManager()
    manager.register(Returns())
    with pytest.raises(PluginError) as caught:
        manager.registry("losses")
    assert str(caught.value) == (
        "Plugin 'Returns' failed in register_losses: TypeError: it must call register(name, thing) and return "
        "nothing, not {'cubic': 3}"
    )


def test_a_reason_to_stop_that_is_no_text():
    class No:
        @hookimpl(tryfirst=True)
        def should_stop(self):
            return False

    class Yes:
        @hookimpl
        def should_stop(self):
            return True

    history = Trainer(tiny(), plugins=[Yes(), No()]).fit()
    assert (history.status, history.reason) == ("stopped", "plugin 'Yes' asked to stop")


def test_two_installed_plugins_of_one_name(tmp_path, monkeypatch):
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        install(tmp_path / name, monkeypatch, HOOK, name=name)
        (tmp_path / name / f"{name}_plugin-1.2.dist-info" / "entry_points.txt").write_text(
            f"[framework.plugins]\nshiny = {name}_plugin\n"
        )
    messages = []
    manager = PluginManager.load(first_party=False, report=messages.append)
    (plugin,) = [plugin for plugin in manager.plugins if plugin.name == "shiny"]
    first, second = sorted(("left-plugin", "right-plugin"), key=lambda name: name != plugin.distribution)
    assert messages == [
        f"Plugin 'shiny' ({second} 1.2, installed) cannot be used: a plugin of this name is in use already, "
        f"from {first} 1.2. Going on without it; -p no:shiny leaves out both; uninstall {second} or {first} to "
        "keep the other."
    ]
    for name in ("left", "right"):
        sys.modules.pop(f"{name}_plugin")
