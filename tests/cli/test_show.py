"""`framework show`: what a recipe is, and its training step as NumPy; `framework train --no-compile`."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import pytest

from tests.training.runs import epochs, write_run

PLAIN = """
import framework


class Plain(framework.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {})

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(0.1 * parameter.grad)
"""


def test_a_recipe(framework):
    result = framework("show", "line.py", "--lr", "0.5")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "line.py",
        "  A straight line through eight points.",
        "",
        "HYPERPARAMETER  VALUE  TYPE   FROM",
        "lr              0.5    float  command line (default 0.1)",
        "epochs          2      int    default",
        "batch_size      4      int    default",
        "",
        "Layer   Output shape  Parameters",
        "--------------------------------",
        "Linear  (4, 1)                 2",
        "--------------------------------",
        "Parameters: 2",
        "Memory: parameters 8 bytes, buffers 0 bytes, outputs 16 bytes",
    ]


def test_a_recipe_as_json(framework, folder):
    about = json.loads(framework("show", "line.py", "--json", "--epochs", "7").stdout)
    assert about["recipe"] == "line.py" and about["model"]["parameters"] == 2
    assert about["configuration"][1] == {
        "name": "epochs", "value": 7, "origin": "command line", "type": "int", "choices": [], "required": False,
        "default": 2,
    }  # fmt: skip
    assert about == json.loads(framework("show", "--json", "line.py", "--epochs", "7").stdout)


def test_a_run(framework, folder):
    assert (
        framework(
            "train", "-q", "--seed", "3", "--keep-best", "1", "--out", "a run", "line.py", "--lr", "0.5"
        ).exit_code
        == 0
    )
    (folder / "line.py").unlink()  # a run needs neither the recipe nor the data
    result = framework("show", "a run")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "a run  finished: all epochs done"
    assert re.fullmatch(r"started  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d; 2 epochs, 4 steps, \d\.\d s", lines[1])
    assert re.search(r"^train/loss +(\S+) +\1 +2$", result.output, re.MULTILINE)
    for line in (
        "lr              0.5    command line",
        "epochs          2      default",
        "seed            3      given",
        "step-00000004      2  among the best  last best",
        "Linear  (4, 1)                 2",
        "options  keep_best=1",
    ):
        assert line in lines, result.output
    at = framework("show", "a run/best").output.splitlines()
    assert at[2].startswith("at       step-00000004, epoch 2, among the best: train/loss ")
    about = json.loads(framework("show", "a run", "--json").stdout)
    assert about["status"] == "finished" and about["model"]["layers"][0]["output_shapes"] == [[4, 1]]
    assert about["metrics"]["train/loss"]["best_epoch"] == 2
    assert "def program(" in framework("show", "a run", "--source").output


def test_a_run_that_is_none(framework, folder, fails):
    write_run(folder / "runs" / "first")
    assert "There is no run runs/frst. Did you mean 'first'?" in fails("show", "runs/frst")
    assert "takes no options of a recipe, such as --lr" in fails("show", "runs/first", "--lr", "3", code=2)
    assert ". is not a run" in fails("show", ".")
    (folder / "line").mkdir()
    assert "line is not a run" in fails("show", "line")
    (folder / "empty").mkdir()
    assert "empty is not a run: it has no run.json." in fails("show", "empty")


def test_a_run_of_an_older_version_or_in_pieces(framework, folder):
    path = write_run(folder / "old", status="running", reason="", seconds=None, started=None)
    (path / "metrics.jsonl").unlink()
    result = framework("show", "old")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("old  killed\nstarted  -; 0 epochs, 0 steps, -\n")
    assert "\ngo on    framework resume old\n" in result.output
    assert "There is no table of the model: There is no file old/line.py." in result.output


def test_a_run_fits_a_narrow_terminal(framework, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    write_run(
        folder / "runs" / "first",
        command=["framework", "train", *["--an-option"] * 9],
        records=epochs(loss=[1]),
        started="2026-11-28T10:00:00",
    )
    lines = framework("show", "runs/first").output.splitlines()
    assert max(map(len, lines)) <= 50
    assert lines[1:5] == [
        "started  2026-11-28 10:00:00; 1 epoch, 10 steps,",
        "         2.0 s",
        "command  framework train --an-option --an-option",
        "         --an-option --an-option --an-option",
    ]


def test_it_shows_the_step_as_numpy(framework):
    before, behind = framework("show", "--source", "line.py"), framework("show", "line.py", "--source")
    assert before.exit_code == 0 and before.output == behind.output
    lines = before.output.splitlines()
    assert "def program(batch_0, batch_1):" in lines
    for section in ("    # forward", "    # backward", "    # update"):
        assert section in lines
    assert any(line.startswith("    subtract(parameters, ") for line in lines)


def test_hooks_between_make_two_programs(framework, folder):
    (folder / "clip.py").write_text(
        "from framework.extend import hookimpl\n@hookimpl\ndef after_backward(trainer):\n    pass\n"
    )
    text = framework("-p", "clip.py", "show", "line.py", "--source").output
    assert text.count("def program(") == 2
    forward, update = text.split("# update")
    assert "# backward" in forward and "grad" in forward and "subtract(weight" in update


def test_a_step_that_cannot_be_shown_says_why(framework, folder, fails):
    line = (folder / "line.py").read_text()
    (folder / "deciding.py").write_text(
        line.replace("nn.Linear(1, 1)", "Deciding()").replace(
            "def model",
            "class Deciding(nn.Linear):\n"
            "    def __init__(self):\n"
            "        super().__init__(1, 1)\n"
            "    def forward(self, x):\n"
            "        return super().forward(x) if x.sum() > -1 else x\n\n\n"
            "def model",
        )
    )
    text = fails("show", "deciding.py", "--source")
    assert "error: The recipe's training step runs as it is written: a decision by a tensor's value at" in text
    assert "deciding.py:" in text and "forward" in text


def test_an_optimizer_of_its_own_stays_as_it_is(framework, folder):
    (folder / "plain.py").write_text(
        PLAIN
        + (folder / "line.py")
        .read_text()
        .replace("optim.SGD(network.parameters(), lr=lr)", "Plain(network.parameters())")
    )
    text = framework("show", "plain.py", "--source").output
    assert "def program(" in text and "Python of its own" in text
    assert framework("train", "--out", "run", "plain.py").exit_code == 0


def test_training_with_and_without_programs_gives_the_same_numbers(framework, folder):
    for name, option in (("a", "--compile"), ("b", "--no-compile")):
        assert framework("train", option, "--out", name, "line.py", "--batch-size", "3").exit_code == 0
    a, b = ([json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()] for name in "ab")
    for one, other in zip(a, b, strict=True):
        one.pop("time"), other.pop("time")
        assert one == other


def test_a_recipe_that_cannot_be_a_program_trains_and_is_told_once(framework, folder):
    line = (folder / "line.py").read_text()
    (folder / "telling.py").write_text(
        line.replace("loss=nn.MSELoss()", "loss=telling").replace(
            "def model",
            "def telling(a, b):\n    loss = ((a - b) ** 2).mean()\n    loss.item()\n    return loss\n\n\ndef model",
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = framework("train", "--out", "run", "telling.py")
    assert result.exit_code == 0
    said = [line for line in result.output.splitlines() if line.startswith("warning: ")]
    assert len([line for line in said if "training step" in line]) == 1
    assert ".item() at" in said[0] and "telling.py:" in said[0]


@pytest.mark.filterwarnings("default")
def test_damaged_records_are_told_once_and_the_rest_is_shown(framework, folder):
    assert framework("train", "--out", "run", "line.py", "--epochs", "3").exit_code == 0
    path = Path("run/metrics.jsonl")
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:20] + b"\n" + third)
    told = "warning: run/metrics.jsonl is damaged: line 2 is no JSON object; it is left out.\n"
    for words in (["show", "run"], ["runs", "."], ["report", "--no-data", "run"]):
        shown = framework(*words)
        assert shown.exit_code == 0 and shown.stderr.count(told) == shown.stderr.count("warning") == 1, words
    assert Path("run/report.html").stat().st_size > 1000
