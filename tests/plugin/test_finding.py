"""The five ways in which a plugin is found, and what happens to one that is broken."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

import framework_plugins
from framework.plugin.manager import PluginError, PluginManager, PluginWarning
from framework.training.recipe import load_recipe
from tests.plugin.installed import HOOK, install, write

RECIPE = "from framework import Recipe\ndef recipe(*, lr: float = 0.1) -> Recipe: ...\n"
FIRST_PARTY = ["console", "metrics_log", "progress"]


def names(manager: PluginManager) -> list[str]:
    return [plugin.name for plugin in manager.plugins]


def alone(*given: str, **options) -> PluginManager:
    """A manager that only finds what is given, or beside the recipe."""
    return PluginManager.load(given, first_party=False, installed=False, **options)


@pytest.fixture
def recipe(tmp_path: Path):
    return load_recipe(write(tmp_path / "line.py", RECIPE))


def test_first_party_plugins_are_found():
    manager = PluginManager.load(installed=False)
    assert set(FIRST_PARTY) <= set(names(manager))
    assert not manager.failures
    plugin = next(plugin for plugin in manager.plugins if plugin.name == "progress")
    assert (plugin.origin, plugin.distribution) == ("first-party", "framework-train")
    assert plugin.hooks == ["after_step", "run_end", "train_start"]


def test_installed_plugins_are_found(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, HOOK)
    manager = PluginManager.load(first_party=False)
    (plugin,) = [plugin for plugin in manager.plugins if plugin.name == "shiny"]
    assert (plugin.origin, plugin.distribution, plugin.version) == ("installed", "shiny-plugin", "1.2")


def test_a_module_is_given(tmp_path, monkeypatch):
    write(tmp_path / "given_module.py", HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    (plugin,) = alone("given_module").plugins
    assert (plugin.name, plugin.origin) == ("given_module", "-p given_module")


def test_a_path_is_given(tmp_path):
    path = write(tmp_path / "mine.py", HOOK)
    (plugin,) = alone(str(path)).plugins
    assert (plugin.name, plugin.origin) == ("mine", f"-p {path}")


def test_a_file_beside_the_recipe_is_found_and_announced(tmp_path, recipe):
    path = write(tmp_path / "framework_local.py", HOOK)
    messages = []
    manager = alone(recipe=recipe, report=messages.append)
    assert names(manager) == ["framework_local"]
    assert messages == [f"Using the plugin {path}. To leave it out: -p no:framework_local"]
    assert names(alone("no:framework_local", recipe=recipe)) == []


def test_the_recipes_own_hooks_count(tmp_path):
    recipe = load_recipe(write(tmp_path / "hooked.py", RECIPE + HOOK))
    assert names(alone(recipe=recipe)) == ["recipe"]
    assert names(alone("no:recipe", recipe=recipe)) == []


def test_a_recipes_own_functions_may_be_called_as_hooks_are(tmp_path):
    text = RECIPE + HOOK.replace("def log", "def run_end").replace("record", "") + "def log(x): ...\n"
    assert names(alone(recipe=load_recipe(write(tmp_path / "both.py", text)))) == ["recipe"]


def test_a_recipe_without_hooks_is_no_plugin(recipe):
    assert names(alone(recipe=recipe)) == []


def test_a_file_cannot_hide_a_module(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)  # one that may be imported later
    before = sys.modules["framework"], sys.modules["json"]
    for name in ("framework", "json", "colorsys"):
        messages = []
        path = write(tmp_path / f"{name}.py", HOOK)
        alone(str(path), report=messages.append)
        assert messages == [
            f"The plugin {path} is used, but `import {name}` gives another module of that name: "
            "rename the file to import from it."
        ]
    assert (sys.modules["framework"], sys.modules["json"]) == before
    assert hasattr(importlib.import_module("colorsys"), "rgb_to_hsv")
    assert str(tmp_path) not in sys.path


def test_a_file_is_run_once_unless_it_was_edited(tmp_path):
    path = write(tmp_path / "counted.py", HOOK + "import sys\nsys.counted = getattr(sys, 'counted', 0) + 1\n")
    try:
        alone(str(path))
        alone(str(path))
        assert sys.counted == 1
        os.utime(path, (1, 1))
        alone(str(path))
        assert sys.counted == 2
    finally:
        del sys.counted


BROKEN = {
    "raise RuntimeError('boom')": "RuntimeError: boom (shiny_plugin.py:1).",
    "def f(:": "SyntaxError: invalid syntax (shiny_plugin.py, line 1).",
    "import nosuchmodule": "ModuleNotFoundError: No module named 'nosuchmodule' (shiny_plugin.py:1).",
    "raise SystemExit(3)": "SystemExit: 3 (shiny_plugin.py:1).",
    HOOK.replace("log", "lgo"): "there is no hook 'lgo'. Did you mean 'log'?",
    HOOK.replace("(record)", "(recrd)"): "the hook 'log' has no argument 'recrd'. Did you mean 'record'?",
    "x = 1": "it implements no hook; mark its functions with @hookimpl (from framework.extend).",
}


@pytest.mark.parametrize("code, reason", BROKEN.items(), ids=BROKEN.values())
def test_a_broken_installed_plugin_is_reported_and_left_out(tmp_path, monkeypatch, code, reason):
    install(tmp_path, monkeypatch, code)
    messages = []
    manager = PluginManager.load(report=messages.append)
    assert set(FIRST_PARTY) <= set(names(manager)) and "shiny" not in names(manager)
    why = f"Plugin 'shiny' (shiny-plugin 1.2, installed) cannot be used: {reason}"
    assert messages == [f"{why} Going on without it; to silence this: -p no:shiny"]
    (failure,) = manager.failures
    assert (failure.name, failure.distribution, failure.version, failure.message) == (
        "shiny",
        "shiny-plugin",
        "1.2",
        why,
    )


def test_a_plugin_that_is_switched_off_is_not_even_imported(tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "raise RuntimeError('boom')")
    manager = PluginManager.load(["no:shiny"], report=pytest.fail)
    assert not manager.failures


def test_a_broken_first_party_plugin_is_reported_and_left_out(tmp_path, monkeypatch):
    write(tmp_path / "cracked.py", "raise RuntimeError('boom')")
    monkeypatch.setattr(framework_plugins, "__path__", [*framework_plugins.__path__, str(tmp_path)])
    with pytest.warns(PluginWarning, match=r"Plugin 'cracked' \(framework-train .*, first-party\) cannot be used"):
        manager = PluginManager.load(installed=False)
    assert set(FIRST_PARTY) <= set(names(manager))


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_plugin_that_was_given_is_an_error(tmp_path, code):
    path = write(tmp_path / "broken.py", code)
    with pytest.raises(PluginError) as caught:
        alone(str(path))
    reason = BROKEN[code].replace("shiny_plugin", "broken")
    assert str(caught.value) == f"Plugin 'broken' (-p {path}) cannot be used: {reason}"


def test_a_broken_file_beside_the_recipe_is_an_error(tmp_path, recipe):
    path = write(tmp_path / "framework_local.py", "1 / 0")
    with pytest.raises(PluginError) as caught:
        alone(recipe=recipe)
    assert str(caught.value) == (
        f"Plugin 'framework_local' ({path}) cannot be used: ZeroDivisionError: division by zero (framework_local.py:1). "
        "To leave it out: -p no:framework_local"
    )


def test_a_misspelled_hook_in_a_recipe_is_an_error(tmp_path):
    path = write(tmp_path / "wrong.py", RECIPE + HOOK.replace("log", "lgo"))
    with pytest.raises(PluginError) as caught:
        alone(recipe=load_recipe(path))
    assert str(caught.value) == (
        f"Plugin 'recipe' ({path}) cannot be used: there is no hook 'lgo'. Did you mean 'log'? "
        "To leave it out: -p no:recipe"
    )


@pytest.mark.parametrize(
    "given, message",
    [
        ("no:progres", "-p no:progres: there is no plugin 'progres'. Did you mean 'progress'?"),
        ("nowhere.py", "-p nowhere.py: there is no such file."),
        (
            "progres",
            "Plugin 'progres' (-p progres) cannot be used: there is no module 'progres'. Did you mean 'progress'?",
        ),
    ],
)
def test_a_name_that_is_not_there(given, message):
    with pytest.raises(PluginError) as caught:
        PluginManager.load([given], installed=False)
    assert str(caught.value) == message


def test_giving_a_plugin_that_is_found_anyway_changes_nothing():
    manager = PluginManager.load(["progress", "progress"], installed=False)
    assert names(manager).count("progress") == 1


def test_two_plugins_of_one_name(tmp_path):
    path = write(tmp_path / "progress.py", HOOK)
    with pytest.raises(PluginError) as caught:
        PluginManager.load([str(path)], installed=False)
    assert str(caught.value) == (
        f"Plugin 'progress' (-p {path}) cannot be used: a plugin of this name is in use already, first-party."
    )


def test_private_modules_are_not_plugins(tmp_path, monkeypatch):
    write(tmp_path / "_shared.py", "raise RuntimeError")
    monkeypatch.setattr(framework_plugins, "__path__", [*framework_plugins.__path__, str(tmp_path)])
    assert not PluginManager.load(installed=False).failures


def test_an_installed_class_is_made_an_object(tmp_path, monkeypatch):
    code = "from framework.extend import hookimpl\nclass Shiny:\n    @hookimpl\n    def log(self): ...\n"
    install(tmp_path, monkeypatch, code)
    write(
        tmp_path / "shiny_plugin-1.2.dist-info" / "entry_points.txt",
        "[framework.plugins]\nshiny = shiny_plugin:Shiny\n",
    )
    manager = PluginManager.load(first_party=False)
    assert "shiny" in names(manager)
