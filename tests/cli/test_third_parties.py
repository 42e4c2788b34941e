"""Ten plugins of other people at once: those that work are used, each that does not is named, and training goes on."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from framework import __version__
from framework.training.files import read_json
from tests.plugin.installed import install

HEAD = "from framework.extend import hookimpl\n"
LOSS = "@hookimpl\ndef register_losses(register):\n    register('cubic', lambda p, t: ((p - t).abs() ** 3).mean())\n"
COUNTS = """
class Counts:
    steps = 0

    @hookimpl
    def after_step(self):
        self.steps += 1

    @hookimpl
    def save_state(self):
        return {"steps": self.steps}

    @hookimpl
    def load_state(self, state):
        self.steps = state["steps"]

counts = Counts()
"""
LATE = """
class Late:
    @hookimpl
    def validate_end(self, metrics):
        metrics["late"] = 1.0

@hookimpl
def train_start(trainer):
    trainer.plugins.register(Late())
"""
PLUGINS = {
    "adds": HEAD + "@hookimpl\ndef validate_end(metrics):\n    metrics['added'] = 2.0\n",
    "breaks": "import no_such_module\n",
    "counts": HEAD + COUNTS,
    "late": HEAD + LATE,
    "left": HEAD + LOSS,
    "misspells": HEAD + "@hookimpl\ndef epoch_edn(trainer): ...\n",
    "newer": "raise AssertionError('imported')\n",
    "right": HEAD + LOSS,
    "stops": HEAD + "@hookimpl\ndef should_stop(trainer):\n    return 'enough' if trainer.step >= 3 else None\n",
    "watches": HEAD + "@hookimpl\ndef log(record):\n    record['no such']\n",
}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder with all of them, as pip leaves them."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name, code in PLUGINS.items():
        install(folder, monkeypatch, code, name)
    with (folder / "newer_plugin-1.2.dist-info" / "METADATA").open("a") as metadata:
        metadata.write("Requires-Dist: framework-train>=99\n")
    yield folder
    for name in PLUGINS:
        sys.modules.pop(f"{name}_plugin", None)


def test_ten_plugins(installed, framework, fails):
    result = framework("train", "--out", "run", "--checkpoint-every", 1, "line.py")
    assert result.exit_code == 0, result.output
    assert [line for line in result.stderr.splitlines() if "lugin" in line] == [
        "Plugin 'breaks' (breaks-plugin 1.2, installed) cannot be used: ModuleNotFoundError: No module named "
        "'no_such_module' (breaks_plugin.py:1). Going on without it; to silence this: -p no:breaks",
        "Plugin 'misspells' (misspells-plugin 1.2, installed) cannot be used: there is no hook 'epoch_edn'. Did you "
        "mean 'epoch_end'? Going on without it; to silence this: -p no:misspells",
        "Plugin 'newer' (newer-plugin 1.2, installed) cannot be used: it needs framework-train >=99, and this is "
        f"{__version__}: pip install 'framework-train>=99', or another version of newer-plugin. Going on without it; "
        "to silence this: -p no:newer",
        "Plugin 'watches' failed in log: KeyError: 'no such' (watches_plugin.py:4). Its observers are switched off; "
        "training goes on. To leave it out: -p no:watches",
    ]
    info = read_json(Path("run/run.json"))
    assert (info["status"], info["reason"]) == ("stopped", "enough")
    record = json.loads(Path("run/metrics.jsonl").read_text().splitlines()[-1])
    assert record["added"] == 2.0 and record["late"] == 1.0

    result = framework("plugins", "--json")
    found = {each["name"]: each for each in json.loads(result.stdout) if each["origin"] == "installed"}
    assert sorted(found) == sorted(PLUGINS)
    assert [name for name, each in found.items() if each["error"]] == ["breaks", "misspells", "newer"]
    contested = "Plugins 'left' and 'right' both register 'cubic' among the losses. Leave one out with"
    assert contested in result.stderr


def test_a_name_that_two_claim_is_an_error_for_who_uses_it(installed, framework, fails):
    Path("cubic.py").write_text(Path("line.py").read_text().replace("nn.MSELoss()", "'cubic'"))
    assert "Plugins 'left' and 'right' both register 'cubic' among the losses." in fails("train", "cubic.py")
    assert framework("-p", "no:left", "train", "cubic.py").exit_code == 0


def test_a_plugin_that_a_checkpoint_needs_is_gone(installed, framework, fails):
    assert framework("train", "--checkpoint-every", 1, "--out", "run", "line.py").exit_code == 0
    info = read_json(Path("run/run.json"))
    Path("run/run.json").write_text(json.dumps({**info, "status": "running"}))  # as a killed process leaves it
    shutil.rmtree(installed / "counts_plugin-1.2.dist-info")
    assert "run was trained with plugins that are not there now: counts: pip install counts-plugin==1.2" in fails(
        "resume", "run"
    )
