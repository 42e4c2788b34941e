"""Things by name: who added them, and what is said when a name is taken or unknown."""

from __future__ import annotations

import pytest

from framework.errors import UserError, did_you_mean, nearest
from framework.plugin.registry import PluginError, Registry


def filled() -> Registry[int]:
    registry = Registry[int]("losses")
    registry.add("focal", 1, "a")
    registry.add("dice", 2, "b")
    return registry


def test_a_registry_is_a_mapping():
    registry = filled()
    assert dict(registry) == {"focal": 1, "dice": 2}
    assert "focal" in registry and "other" not in registry
    assert registry.get("other") is None
    assert len(registry) == 2


def test_the_source_of_a_name():
    assert filled().source("dice") == "b"


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UserError) as caught:
        filled()["focall"]
    assert str(caught.value) == "Among the losses there is no 'focall'. Did you mean 'focal'?"


def test_an_unknown_name_with_none_near_gets_all():
    with pytest.raises(UserError) as caught:
        filled()["mse"]
    assert str(caught.value) == "Among the losses there is no 'mse'. There are: dice, focal."


def test_an_empty_registry_has_nothing_to_propose():
    with pytest.raises(UserError) as caught:
        Registry("losses")["mse"]
    assert str(caught.value) == "Among the losses there is no 'mse'."


def test_two_plugins_that_claim_one_name():
    with pytest.raises(PluginError) as caught:
        filled().add("focal", 3, "b")
    assert str(caught.value) == (
        "Plugins 'a' and 'b' both register 'focal' among the losses. Leave one out with -p no:a or -p no:b."
    )


def test_a_name_of_the_frameworks_own():
    registry = Registry("losses")
    registry.add("mse", 1, "framework")
    with pytest.raises(PluginError) as caught:
        registry.add("mse", 2, "mine")
    assert str(caught.value) == (
        "Plugin 'mine' registers 'mse' among the losses, but the framework has its own 'mse': "
        "choose another name. To leave the plugin out: -p no:mine"
    )


def test_a_plugin_that_registers_twice():
    with pytest.raises(PluginError) as caught:
        filled().add("focal", 3, "a")
    assert str(caught.value) == "Plugin 'a' registers 'focal' twice among the losses."


def test_nearest_does_not_mind_case_or_dashes():
    assert nearest("Cross-Entropy", ["cross_entropy", "mse"]) == "cross_entropy"
    assert nearest("x", ["cross_entropy"]) is None
    assert did_you_mean("x", []) == ""


def test_a_contested_name_is_nobodys():
    registry = filled()
    registry.contest("focal", "two claim it")
    assert list(registry) == ["dice"]
    with pytest.raises(PluginError, match="^two claim it$"):
        registry["focal"]
    assert registry.source("focal") == "a"
    with pytest.raises(UserError, match="Among the losses there is no 'other'."):
        registry.source("other")
