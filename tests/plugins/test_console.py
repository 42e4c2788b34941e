"""The console: a line for an epoch, and how it ended."""

from __future__ import annotations

import io
import re
import sys

import pytest

from framework.extend import Metric, PluginManager, UserError, hookimpl
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import console
from tests.tiny import tiny


def test_a_line_for_an_epoch_and_one_at_the_end(capsys):
    Trainer(tiny(metrics=["mae"]), plugins=[console]).fit()
    lines = capsys.readouterr().out.splitlines()
    number = r"\d+\.\d{4}"
    for epoch, line in enumerate(lines[:2], 1):
        assert re.fullmatch(
            f"epoch {epoch}/2  train loss {number}, mae {number}  validation loss {number}, mae {number}", line
        )
    assert re.fullmatch(r"finished after 2 epochs, 4 steps, \d\.\d s", lines[2]) and len(lines) == 3


def test_the_run_is_named(capsys, tmp_path):
    recipe = tiny(epochs=1)
    Trainer(recipe, plugins=[console], run=Run.create(recipe, out=tmp_path / "here")).fit()
    _, end, run = capsys.readouterr().out.splitlines()
    assert end.startswith("finished after 1 epoch, 2 steps, ")
    assert run == f"run: {tmp_path / 'here'}"


def test_many_epochs_are_shown_in_part(capsys):
    Trainer(tiny(epochs=120, validate=None), plugins=[console]).fit()
    epochs = [int(line.split("/")[0].split()[1]) for line in capsys.readouterr().out.splitlines()[:-1]]
    assert epochs == [1, *range(3, 121, 3)]


def test_why_it_stopped(capsys):
    class Stop:
        @hookimpl
        def should_stop(self):
            return "enough"

    Trainer(tiny(), plugins=[console, Stop()]).fit()
    assert capsys.readouterr().out.splitlines()[-1] == "stopped in epoch 1, after 1 step: enough"


@pytest.mark.parametrize("error, status", [(KeyboardInterrupt(), "interrupted"), (ValueError("no"), "failed")])
def test_a_bad_end(capsys, error, status):
    class Stop:
        @hookimpl(trylast=True)
        def epoch_end(self):
            raise error

    with pytest.raises((KeyboardInterrupt, UserError)):
        Trainer(tiny(), plugins=[console, Stop()]).fit()
    assert capsys.readouterr().out.splitlines()[-1] == f"{status} in epoch 1, after 2 steps"


def test_numbers_of_any_size():
    other = {"validation/table": [[1, 2], [3, 4]], "validation/none": None, "text": "high"}
    metrics = other | {"train/loss": 1.23456e-7, "validation/loss": 123456.0, "gap": 0.5, "validation/hits": 3}
    assert console.summary(metrics) == "train loss 1.235e-07  validation loss 1.235e+05, hits 3  gap 0.5000"


class Table(Metric):
    """A metric that is no number."""

    def reset(self):
        self.count = 0

    def update(self, prediction, target):
        self.count += len(target)

    def compute(self):
        return [[self.count]]

    def describe(self, value, classes):
        return f"{value} of {classes}"


def test_what_is_no_number_is_shown_when_training_ends(capsys):
    Trainer(tiny(metrics={"all": Table()}, classes=["low", "high"]), plugins=[console]).fit()
    *epochs, end, heading, table = capsys.readouterr().out.splitlines()
    assert len(epochs) == 2 and not any("all" in line for line in epochs) and end.startswith("finished")
    assert (heading, table) == ("validation all:", "[[8]] of ['low', 'high']")
    Trainer(tiny(metrics={"all": Table()}, validate=None), plugins=[console]).fit()
    assert capsys.readouterr().out.splitlines()[-2:] == ["train all:", "[[8]] of None"]


@pytest.mark.parametrize("moment", ["write", "flush"])
def test_a_stdout_that_cannot_be_written_to_does_not_stop_training(monkeypatch, moment):
    class Full(io.StringIO):
        tries = 0

        def fail(self, *_):
            self.tries += 1
            raise OSError(28, "No space left on device")

    stdout = Full()
    setattr(stdout, moment, stdout.fail)
    monkeypatch.setattr(sys, "stdout", stdout)
    messages = []
    manager = PluginManager(messages.append)
    manager.register(console.Console())
    assert Trainer(tiny(), plugins=manager).fit().status == "finished"
    assert stdout.tries == 1
    assert messages == [
        "Standard output cannot be written to ([Errno 28] No space left on device); training goes on without it."
    ]


def test_no_stdout_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert Trainer(tiny(), plugins=[console.Console()]).fit().status == "finished"
