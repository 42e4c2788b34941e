"""`framework plugins check` finds what is wrong in a plugin, and nothing in those that come with the framework."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import framework
from framework.autograd.operation import registry
from framework.cli import cli
from framework.plugin.manager import PluginManager
from framework.testing.plugins import check_plugin
from tests.plugin.installed import install

BAD = Path(__file__).with_name("bad_plugin.py")
FIRST_PARTY = [plugin.name for plugin in PluginManager.load(installed=False).plugins]

EXPECTED = {
    ("bad_wrong", "gradient"): "not the slope that finite differences give.\nFormulas: for input: bad_plugin.py:",
    ("bad_wide", "float32"): "widens float32: use math.sqrt(2)",
    (
        "bad_writes",
        "purity",
    ): "writes into what it was given (bad_plugin.py:22): a formula makes new arrays, g = g * x and not g *= x.",
    ("bad_method", "device"): "array method or attribute .clip: use np.clip(x, …)",
    ("bad_decides", "device"): "a formula must not decide by a value",
    ("bad_second", "second"): "residuals={name: function}",
    ("bad_needs", "inputs"): 'register("bad_needs", [[np.ones((2, 3)), <table>]])',
    ("bad_changes", "values"): "called twice with the same arguments it gives other numbers",
    ("bad_misnamed", "name"): "It is called 'other', and registered as 'bad_misnamed': use one name for both.",
    (
        "exp",
        "free name",
    ): "'framework' registers 'exp' among the operations, too: choose another name, such as bad_plugin_exp",
    ("bad_fixed", "batch size"): "divides by a fixed number",
    ("mse", "free name"): "'framework' registers 'mse' among the losses, too",
    ("mse", "batch size"): "",
    ("bad_rooted", "finite"): "its gradient is not finite where the predictions are the targets themselves",
    ("bad_detached", "scalar"): "no .detach()",
    ("bad_vector", "scalar"): "a loss is one number, not of shape (6, 3): take its mean or sum",
    ("bad_forgets", "state"): "belongs into self.state[parameter]",
    ("bad_up", "quadratic"): "is the step's sign right?",
    ("bad_shared", "own state"): "they share something",
    ("bad_averages", "batches"): "of all samples at once, and",
    ("bad_keeps", "reset"): "reset() leaves something",
    ("bad_logger", "runs"): "",
}


@pytest.fixture(scope="module", autouse=True)
def only_ours():
    """The plugins' operations are taken out again."""
    before = dict(registry)
    yield
    for name in registry.keys() - before.keys():
        del registry[name]


@pytest.fixture(scope="module")
def findings():
    manager = PluginManager.load([str(BAD)], installed=False, report=lambda message: None)
    return list(check_plugin("bad_plugin", manager))


def test_what_is_wrong_is_found_and_nothing_else(findings):
    failed = {(each.thing, each.check): each.message for each in findings if each.ok is False}
    assert {each for each in failed if each[0] != "bad_changes"} == {
        each for each in EXPECTED if each[0] != "bad_changes"
    }
    for which, text in EXPECTED.items():
        assert text in failed[which], failed[which]


def test_a_state_that_forgets_is_found(findings, tmp_path):
    """Names that are taken keep a plugin from being trained with; without them, its state is looked at."""
    (skipped,) = [each for each in findings if each.kind == "training"]
    assert skipped.ok is None and "before its names are free" in skipped.message
    path = tmp_path / "forgetful.py"
    path.write_text(BAD.read_text().partition("@hookimpl\ndef register_operations")[0].replace("bad_", "other_"))
    manager = PluginManager.load([str(path)], first_party=False, installed=False)
    (failed,) = [each for each in check_plugin("forgetful", manager) if each.ok is False]
    assert (failed.kind, failed.check) == ("training", "resumes")
    assert "Crashed after step" in failed.message and "put back by load_state" in failed.message


QUICK = ["console_table", "csv_log", "focal", "lion", "metrics", "plotting", "report", "tensorboard"]


@pytest.mark.parametrize(
    "name", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in FIRST_PARTY]
)
def test_the_plugins_that_come_with_the_framework(name):
    found = list(check_plugin(name, PluginManager.load(installed=False)))
    assert found and not [each for each in found if each.ok is False]


def test_the_plugin_that_framework_new_writes():
    path = Path(framework.__file__).parent / "templates" / "plugin" / "src" / "framework_my_plugin.py"
    manager = PluginManager.load([str(path)], first_party=False, installed=False)
    found = list(check_plugin(path.stem, manager))
    assert {each.kind for each in found} == {"hooks", "operations", "losses", "optimizers", "loggers", "commands"}
    assert all(each.ok for each in found)


def test_the_command():
    result = CliRunner().invoke(cli, ["plugins", "check", "focal", "lion"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "focal" and lines[1].split() == ["WHAT", "NAME", "RESULT", "CHECKS"]
    assert "losses      focal       ok      free name, scalar, batch size, gradient, finite, float32, compiled" in lines
    assert lines[-1] == "10 checks: 0 failed, 0 could not be made."
    told = json.loads(CliRunner().invoke(cli, ["plugins", "check", "lion", "--json"]).stdout)
    assert told[1] == {
        "plugin": "lion",
        "kind": "optimizers",
        "thing": "lion",
        "check": "free name",
        "ok": True,
        "message": "",
    }


def test_the_command_on_what_cannot_be_loaded(tmp_path):
    path = tmp_path / "miss.py"
    path.write_text("from framework.extend import hookimpl\n@hookimpl\ndef epoch_edn(trainer): ...\n")
    result = CliRunner().invoke(cli, ["plugins", "check", str(path)])
    assert result.exit_code == 1
    assert "there is no hook 'epoch_edn'. Did you mean 'epoch_end'?" in result.output
    path.write_text(
        "import click\nfrom framework.extend import hookimpl\n@hookimpl\ndef register_commands(register):\n"
        "    register('train', click.Command('train', help='x'))\n"
    )
    result = CliRunner().invoke(cli, ["plugins", "check", str(path)])
    assert result.exit_code == 1
    assert "The framework has a command 'train' itself: choose another name." in result.output


@pytest.mark.parametrize("given", ["shiny", "shiny.py"])
def test_what_cannot_be_loaded_is_told_once(tmp_path, monkeypatch, given):
    """Also where it is found beside, as what is installed in place is when its file is checked."""
    code = "from framework.extend import hookimpl\n@hookimpl\ndef epoch_end(trainer)\n"
    install(tmp_path, monkeypatch, code)
    monkeypatch.chdir(tmp_path)
    Path("shiny.py").write_text(code)
    result = CliRunner().invoke(cli, ["plugins", "check", given])
    assert result.exit_code == 1 and result.stderr == ""
    assert result.stdout.count("SyntaxError: expected ':'") == 1
