"""`framework lr-find`: the curve, the command to go on with, and the files it writes."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest

from framework.cli.curves import curve


def test_the_curve_fits_and_the_command_works(framework):
    result = framework("lr-find", "line.py", "--batch-size", 2)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("The smoothed loss by learning rate, over ")
    assert any(line.startswith("s  it falls most steeply at ") for line in lines)
    command = shlex.split(lines[-1])
    assert command[:5] == ["framework", "train", "line.py", "--batch-size", "2"]
    assert command[-2] == "--lr" and 0.001 < float(command[-1]) < 2
    assert not Path("runs").exists()
    assert framework(*command[1:]).exit_code == 0


def test_a_rate_that_was_given_is_replaced_in_the_command(framework):
    lines = framework("lr-find", "line.py", "--lr", 0.3, "--epochs", 2).stdout.splitlines()
    assert lines[-1].startswith("framework train line.py --epochs 2 --lr ") and lines[-1].count("--lr") == 1


def test_run_options_are_part_of_the_command(framework):
    Path("values.json").write_text('{"batch_size": 2}')
    Path("own.py").write_text("from framework.extend import hookimpl\n\n\n@hookimpl\ndef epoch_end():\n    pass\n")
    words = ["--keep-last", 3, "-p", "own.py", "--config", "values.json"]
    last = framework("lr-find", *words, "line.py").stdout.splitlines()[-1]
    assert last.startswith("framework train -p own.py --config values.json --keep-last 3 line.py --lr 0.")


def test_a_recipe_without_that_hyperparameter(framework, folder):
    source = Path("line.py").read_text().replace("lr: float = 0.1, ", "").replace("lr=lr", "lr=0.1")
    Path("fixed.py").write_text(source)
    text = framework("lr-find", "fixed.py").stdout
    assert text.splitlines()[-1] == (
        "The recipe has no hyperparameter lr to give it to; the rates are those of the optimizer's first group."
    )


@pytest.mark.parametrize("name", ["found.csv", "found.json"])
def test_a_file_of_rates_and_losses(framework, name):
    result = framework("lr-find", "--steps", 20, "--start", 1e-4, "--end", 0.1, "-o", name, "line.py")
    assert result.exit_code == 0, result.output
    if name.endswith(".csv"):
        header, *rows = csv.reader(Path(name).read_text().splitlines())
        assert header == ["rate", "loss", "smoothed"]
        rates = [float(row[0]) for row in rows]
    else:
        found = json.loads(Path(name).read_text())
        rates = found["rates"]
        assert len(found["losses"]) == 20 and found["diverged"] is False and "suggestion" in found
    assert len(rates) == 20 and rates[0] == 1e-4 and rates[-1] == pytest.approx(0.1)


def test_another_kind_of_file_is_refused(fails):
    assert fails("lr-find", "-o", "found.txt", "line.py", code=2).startswith(
        "error: -o writes .csv or .json, not found"
    )


def test_a_file_that_cannot_be_written(fails):
    assert fails("lr-find", "--steps", 10, "-o", "none/found.csv", "line.py") == (
        "error: none/found.csv cannot be written: there is no folder none. Make it, or choose another place.\n"
    )


def test_a_file_that_is_there_stays(framework, fails):
    Path("found.csv").write_text("mine")
    words = ["lr-find", "--steps", 10, "-o", "found.csv"]
    assert fails(*words, "line.py") == ("error: found.csv is there already, and is not overwritten without --force.\n")
    assert Path("found.csv").read_text() == "mine"
    assert framework(*words, "--force", "line.py").exit_code == 0
    assert Path("found.csv").read_text().startswith("rate,loss,smoothed\n")


def test_a_scheduler_is_left_out_and_that_is_said(framework, folder):
    source = Path("line.py").read_text().replace("epochs=epochs,", 'epochs=epochs, scheduler="exponential",')
    Path("scheduled.py").write_text(source.replace("lr: float", "gamma: float = 0.9, lr: float"))
    recipe = framework("lr-find", "scheduled.py")
    assert recipe.exit_code == 0, recipe.output
    assert recipe.stderr == "The recipe's scheduler is left out: the rate is the test's.\n"
    assert recipe.stdout.splitlines()[:-1] == framework("lr-find", "line.py").stdout.splitlines()[:-1]


def test_a_loss_that_does_not_fall(framework):
    text = framework("lr-find", "--start", 1e-30, "--end", 1e-20, "line.py").stdout
    assert "The loss does not fall at any of these rates: there is none to suggest." in text
    assert "framework train" not in text


def test_a_curve():
    drawn = curve([1e-3, 1e-2, 1e-1, 1.0], [1.0, 0.5, 0.0, 9.0], {"s": 1e-2}, top=2.0)
    lines = drawn.splitlines()
    assert lines[0] == "         2 |" + " " * 65 + "*"
    assert lines[13].startswith("         0 |" + " " * 43 + "*")
    assert lines[14] == "           ++" + "-" * 21 + "+" + "-" * 20 + "+" + "-" * 21 + "+"
    assert lines[15] == " " * 34 + "s"
    assert lines[16].split() == ["1e-3", "1e-2", "1e-1", "1e0"]
    assert max(map(len, lines)) <= 82
