"""Options of plugins and of recipes side by side, and what a resumed run keeps of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework import Trainer
from framework.errors import UserError
from framework.extend import PluginManager, hookimpl
from framework_plugins import early_stopping, metrics, schedules
from framework_plugins.early_stopping import EarlyStopping
from framework_plugins.schedules import Schedule
from tests.tiny import tiny

OPTIONS = """
import click

from framework.extend import hookimpl


@hookimpl
def register_options(register):
    register("mode", click.Option(["--mode"], type=click.Choice(["a", "b"]), default="a"))
    register("names", click.Option(["--names"], multiple=True))


@hookimpl
def make_plugins(options):
    print("made with", options["mode"], options["names"])
"""


def test_a_resumed_run_keeps_what_was_given_also_of_options_with_a_default(framework):
    Path("opts.py").write_text(OPTIONS)
    told = framework("train", "-p", "opts.py", "--mode", "b", "--names", "x", "--out", "run", "line.py").output
    assert "made with b ('x',)\n" in told
    told = framework("resume", "run", "--epochs", 3).output
    assert "made with b ['x']\n" in told
    assert json.loads(Path("run/run.json").read_text())["options"] == {"mode": "b", "names": ["x"]}


def test_quiet_is_of_the_command_not_of_the_run(framework):
    assert framework("train", "-q", "--out", "run", "line.py").output == ""
    assert "epoch 3/3" in framework("resume", "run", "--epochs", 3).output


def made(recipe, plugin, **options):
    manager = PluginManager()
    manager.register(plugin, plugin.__name__.rpartition(".")[2])
    return Trainer(recipe, plugins=manager, options=options).plugins


def test_an_option_comes_before_the_recipes_plugin_of_its_class():
    plugins = made(tiny(plugins=[Schedule("cosine")]), schedules, schedule="constant")
    kinds = [each.parts[each.name].kind for each in plugins.plugins if each.name.startswith("Schedule")]
    assert kinds == ["constant"]


def test_without_an_option_the_recipes_plugin_stays():
    plugins = made(tiny(plugins=[EarlyStopping(patience=7)]), early_stopping)
    assert [each.name for each in plugins.plugins if each.name.startswith("Early")] == ["EarlyStopping"]


def test_options_that_no_plugin_has():
    with pytest.raises(UserError, match="there is no run option 'clip_norm'.*PluginManager.load"):
        Trainer(tiny(), options={"clip_norm": 1.0})


def test_a_metric_of_a_plugin_is_pointed_at():
    with pytest.raises(UserError, match=r"no 'f1'.*from framework_plugins import metrics; Trainer\(recipe, plugins"):
        Trainer(tiny(metrics=["f1"]))
    assert "validation/r2" in Trainer(tiny(metrics=["r2"]), plugins=[metrics]).fit().final


def test_state_that_could_not_be_given_back(framework):
    Path("keeps.py").write_text(
        "from framework.extend import hookimpl\n\n\n@hookimpl\ndef save_state():\n    return {'a': 1}\n"
    )
    told = framework("train", "-p", "keeps.py", "--out", "run", "line.py").output
    assert "Plugin 'keeps' has save_state without load_state: what it saves could not be given back." in told


def test_a_wrong_monitor_is_told_before_training(fails):
    for options in (["--early-stop", 3], ["--keep-best", 2]):
        text = fails("train", *options, "--monitor", "train/los", "line.py")
        assert "error: There is no metric 'train/los' to go by. Did you mean 'train/loss'?" in text
        assert "epoch 1/" not in text and not Path("runs").exists()
    text = fails("train", "--monitor", "train/loss", "line.py")
    assert text == "error: --monitor says what is best: it goes with --keep-best K or --early-stop EPOCHS.\n"


def test_a_plugin_may_add_the_metric_that_is_monitored():
    class Gap:
        @hookimpl
        def validate_end(self, metrics):
            metrics["gap"] = -metrics["train/loss"]

    recipe = tiny(plugins=[EarlyStopping("max:gap", patience=9), Gap()])
    assert "gap" in Trainer(recipe).fit().final


def test_the_best_checkpoint_predicts(framework, fails):
    framework("train", "--keep-best", 1, "--monitor", "train/loss", "--out", "run", "line.py")
    Path("rows.csv").write_text("x\n0.5\n")
    assert framework("predict", "run/best", "rows.csv").output == framework("predict", "run", "rows.csv").output
    assert fails("resume", "run/best") == (
        "error: run/best is a checkpoint; the run is run: `framework resume run` goes on from its newest one.\n"
    )


def test_data_that_is_elsewhere_now(framework, fails):
    Path("rows.txt").write_text("0 1 2 3")
    source = Path("line.py").read_text().replace("lr: float", "data: Path = Path('rows.txt'), lr: float")
    source = source.replace(
        "framework.arange(8.0)", "framework.tensor([float(x) for x in data.read_text().split() * 2])"
    )
    Path("read.py").write_text("from pathlib import Path\n" + source)
    framework("train", "--out", "run", "read.py")
    Path("rows.txt").rename("moved.txt")
    text = fails("resume", "run", "--epochs", 3)
    assert "rows.txt is gone." in text and "if it is elsewhere now, say where: --data FILE" in text
    assert framework("resume", "run", "--epochs", 3, "--data", "moved.txt").exit_code == 0
