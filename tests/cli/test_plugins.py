"""`framework plugins`: a table for people, JSON for programs."""

from __future__ import annotations

import importlib
import json

PLUGIN = """
from framework.extend import hookimpl


@hookimpl
def register_losses(register):
    register("cubic", lambda prediction, target: ((prediction - target).abs() ** 3).mean())


@hookimpl
def epoch_end(trainer):
    pass
"""


def test_the_table_says_what_each_plugin_adds(framework, folder):
    (folder / "cubic.py").write_text(PLUGIN)
    lines = framework("plugins", "-p", "cubic.py").output.splitlines()
    assert lines[0].split() == ["NAME", "VERSION", "FROM", "ADDS"]
    (line,) = [line for line in lines if line.startswith("cubic ")]
    assert line.split(maxsplit=4) == [
        "cubic",
        "-",
        "-p",
        "cubic.py",
        "losses: cubic; hooks: epoch_end",
    ]
    for name in ("progress", "console"):
        assert any(line.startswith(name) and "first-party" in line for line in lines)


def test_json_has_the_same(framework, folder):
    (folder / "cubic.py").write_text(PLUGIN)
    plugins = {each["name"]: each for each in json.loads(framework("plugins", "-p", "cubic.py", "--json").output)}
    assert plugins["cubic"] == {
        "name": "cubic",
        "version": None,
        "distribution": None,
        "origin": "-p cubic.py",
        "adds": {"losses": ["cubic"]},
        "hooks": ["epoch_end", "register_losses"],
        "error": None,
    }
    assert plugins["progress"]["distribution"] == "framework-train"


def test_a_plugin_can_be_switched_off(framework):
    assert "\nprogress " not in framework("-p", "no:progress", "plugins").output


def test_a_misspelled_name_is_not_switched_off_in_silence(fails):
    assert fails("plugins", "-p", "no:progres") == (
        "error: -p no:progres: there is no plugin 'progres'. Did you mean 'progress'?\n"
    )


def test_a_plugin_that_was_found_and_is_broken_is_shown_and_breaks_nothing(framework, monkeypatch, folder):
    (folder / "framework_plugins").mkdir()
    (folder / "framework_plugins" / "broken.py").write_text("import nosuchmodule\n")
    package = importlib.import_module("framework_plugins")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder / "framework_plugins")])
    result = framework("plugins")
    assert result.exit_code == 0
    (line,) = [line for line in result.output.splitlines() if line.startswith("broken ")]
    assert "first-party" in line and "broken: " in line and "No module named 'nosuchmodule'" in line
    assert "-p no:broken" in result.output
    assert framework("train", "line.py").exit_code == 0
    assert framework("--help").exit_code == 0
