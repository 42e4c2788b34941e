"""`framework plugins`: a table for people, JSON for programs."""

from __future__ import annotations

import importlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.cli.plugin_bisect import smallest

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


ORDERED = """
from framework.extend import hookimpl

class Late:
    @hookimpl(trylast=True, after="console")
    def epoch_end(self): ...

late = Late()

@hookimpl(tryfirst=True)
def epoch_end(trainer):
    pass
"""


def test_only_those_that_implement_a_hook(framework, fails, folder):
    (folder / "ordered.py").write_text(ORDERED)
    lines = framework("-p", "ordered.py", "plugins", "--hook", "epoch_end").output.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "ordered", "console"]
    assert framework("plugins", "--hook", "train_end").output == "No plugin implements train_end.\n"
    assert fails("plugins", "--hook", "epoch_edn") == (
        "error: There is no hook 'epoch_edn'. Did you mean 'epoch_end'? All: framework hooks\n"
    )


def test_the_hooks(framework, fails, folder, monkeypatch):
    (folder / "ordered.py").write_text(ORDERED)
    lines = framework("-p", "ordered.py", "hooks").output.splitlines()
    assert lines[0].split(maxsplit=2) == ["HOOK", "KIND", "IMPLEMENTED BY"]
    assert "epoch_end            participant  ordered, console, ordered" in lines
    shown = framework("-p", "ordered.py", "hooks", "epoch_end").output
    assert shown.startswith(
        "epoch_end(trainer: Trainer, metrics: Mapping[str, float]) -> None\n\nParticipant hook. Called"
    )
    assert [line.split() for line in shown.splitlines()[-4:]] == [
        ["PLUGIN", "IN", "HOW"],
        ["1", "ordered", "ordered", "first"],
        ["2", "console", "console.console"],
        ["3", "ordered", "ordered.late", "last,", "after", "console"],
    ]
    told = json.loads(framework("-p", "ordered.py", "hooks", "epoch_end", "--json").output)
    assert told["order"][2] == {"plugin": "ordered", "part": "ordered.late", "how": "last, after console"}
    assert list(told["arguments"]) == ["trainer", "metrics"]
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, framework("hooks").output.splitlines())) <= 48
    assert "Did you mean 'log'?" in fails("hooks", "lgo")


def test_a_trace(framework, folder):
    (folder / "slow.py").write_text("import time\ntime.sleep(0.02)\n" + PLUGIN)
    result = framework("--trace", "-p", "slow.py", "train", "--out", "run", "line.py")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stderr.splitlines()]
    imports, calls = lines.index(["PLUGIN", "IMPORT"]), lines.index(["HOOK", "PLUGIN", "CALLS", "TIME", "A", "CALL"])
    assert imports < calls
    assert float(next(line[1] for line in lines[imports:calls] if line[0] == "slow")) >= 20
    assert ["epoch_end", "slow", "2"] in [line[:3] for line in lines[calls:]]
    assert not any(line[:2] == ["epoch_end", "slow"] for line in lines[:calls])
    result = framework("train", "-p", "slow.py", "--trace-hooks", "--out", "other", "line.py")
    lines = [line.split() for line in result.stderr.splitlines()]
    assert sum(line[:2] == ["epoch_end", "slow"] and line[-1] == "ms" for line in lines) == 3


BAD = """
from framework.extend import hookimpl

@hookimpl
def epoch_end(trainer):
    raise ValueError(f"not in epoch {trainer.epoch}")
"""


@pytest.mark.slow
def test_bisect(framework, fails, folder):
    (folder / "bad.py").write_text(BAD)
    (folder / "good.py").write_text(PLUGIN)
    result = framework("-p", "bad.py", "-p", "good.py", "plugins", "bisect", "--", "train", "line.py")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert "fails (1)" in lines[0] and lines[1].startswith("with none: works, ")
    assert lines[-5] == "It fails because of bad:" and lines[-1] == "To leave it out: -p no:bad"
    assert "error: Plugin 'bad' failed in epoch_end: ValueError: not in epoch 1 (bad.py:6)" in lines[-2]
    assert "This does not fail: framework recipes" in fails("plugins", "bisect", "--", "framework", "recipes")
    assert "No plugin is to blame, it fails without any, too: There is no file nosuch.py." in fails(
        "plugins", "bisect", "--", "train", "nosuch.py"
    )


@given(st.sets(st.integers(0, 19), min_size=1, max_size=3))
def test_the_smallest_part_that_fails(needed):
    tries = []

    def fails(some):
        tries.append(some)
        return needed <= set(some)

    assert sorted(smallest(range(20), fails)) == sorted(needed)
    assert len(tries) < 12 or len(needed) > 1
