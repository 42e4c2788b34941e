"""`framework verify`: the table, and what a person reads where a resumed run differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.cli.verify import _verdict
from framework.training.verifying.trials import Row

STREAM = """
import itertools


class Stream:
    def __init__(self, data):
        self.data, self.numbers = data, (3 * number for number in itertools.count())

    def __iter__(self):
        for _ in range(3):
            rows = [next(self.numbers) % 8 for _ in range(4)]
            yield self.data.tensors[0][rows], self.data.tensors[1][rows]
"""


def test_state_that_no_checkpoint_can_hold_is_named(framework, folder):
    source = Path("line.py").read_text()
    source = source.replace("TensorDataset(x, 2 * x + 1)", "Stream(TensorDataset(x, 2 * x + 1))")
    Path("stream.py").write_text(STREAM + source)
    # Its own intervals between checkpoints, and a recipe option, are passed on.
    result = framework("verify", "--eager", "--at", 11, "--checkpoint-every", 1, "stream.py", "--epochs", 5)
    assert result.exit_code == 1, result.output
    header, row = result.stdout.splitlines()
    assert header.split("  ")[0] == "MODE"
    assert row.split()[:3] == ["eager", "11", "10"]
    assert row.endswith(("differs: weights.bias", "differs: weights.weight"))
    assert "eager: trained once through, 15 steps in 5 epochs\n" in result.stderr
    assert "error: 1 of 1 resumed runs differ, the first at weights." in result.stderr
    assert "No checkpoint holds:\n- train.numbers: " in result.stderr
    assert not Path("runs").exists()


def test_a_step_that_there_is_not(fails):
    text = fails("verify", "--compiled", "--at", "1,99", "line.py")
    assert text == "error: It cannot be killed at step 99: the training has the steps 1 to 4.\n"


def test_steps_that_are_no_numbers(fails):
    text = fails("verify", "--at", "one", "line.py", code=2)
    assert text.startswith("error: --at takes steps, such as 1,17,200, not 'one'.\n")


def test_a_recipe_option_is_checked_before_anything_is_trained(fails):
    assert fails("verify", "line.py", "--epohcs", 3, code=2).startswith(
        "error: There is no option --epohcs. Did you mean --epochs?\n"
    )


ROW = Row("eager", 3, False, 2, 10, 0.0, 4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "Resumed runs are the uninterrupted one, at 2 of 2 kills."),
        ({"places": ("step: 1 and 2",)}, "Usual causes: state of your own"),
        ({"record_places": ("line 2: 1 and 2",), "repeatable": False}, "Training differs from itself without a kill"),
        ({"places": ("step: 1 and 2",), "unkept": ("train.file",)}, "No checkpoint holds:\n- train.file"),
    ],
)
def test_the_verdict(change, said):
    lines = list(_verdict([ROW, Row(**{**vars(ROW), **change})]))
    assert lines[-1].startswith(said)
    assert len(lines) == 1 or lines[0].startswith("error: 1 of 2 resumed runs differ, the first at ")
