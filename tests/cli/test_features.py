"""The training features from the command line: their options, what they print, and that a run keeps them."""

from __future__ import annotations

import json
import re

import pytest

INTERRUPTING = """
import signal

from framework.extend import hookimpl


@hookimpl
def epoch_end(trainer):
    if trainer.epoch == 2 and not trainer.resumed:
        signal.raise_signal(signal.SIGINT)
"""


def test_a_fast_run_leaves_nothing_behind(framework, folder):
    result = framework("train", "--fast-dev-run", "line.py")
    assert result.exit_code == 0, result.output
    first, end, note = result.output.splitlines()
    assert first.startswith("epoch 1/1  train loss ")
    assert end.startswith("finished after 1 epoch, 1 step, ")
    assert note == "fast development run: one batch of each, one epoch, nothing kept"
    assert not (folder / "runs").exists()


def test_a_run_is_not_resumed_with_a_fast_one(framework, fails, folder):
    (folder / "framework_local.py").write_text(INTERRUPTING)
    assert framework("train", "--out", "run", "line.py").exit_code == 130
    before = (folder / "run" / "run.json").read_text()
    assert "a run cannot be resumed with one" in fails("resume", "--fast-dev-run", "run")
    assert (folder / "run" / "run.json").read_text() == before


def test_all_at_once_and_resumed(framework, folder):
    (folder / "framework_local.py").write_text(INTERRUPTING)
    options = (
        "--accumulate 2 --clip-norm 0.5 --early-stop 3 --min-delta 0.001 --ema 0.5 --ema-warmup --schedule cosine "
        "--warmup 10% --schedule-floor 0.1 --limit 2"
    )
    result = framework("train", *options.split(), "--out", "run", "line.py", "--epochs", 4)
    assert result.exit_code == 130, result.output
    kept = json.loads((folder / "run" / "run.json").read_text())["options"]
    assert kept["accumulate"] == 2 and kept["ema_warmup"] is True and kept["warmup"] == "10%"
    result = framework("resume", "run")
    assert result.exit_code == 0, result.output
    assert "the weights are moving averages (decay 0.5)\n" in result.output
    assert re.search(r"^weights kept: those of epoch 4, the best by train/loss \(\d\.\d+\)$", result.output, re.M)
    (folder / "framework_local.py").unlink()
    framework("train", *options.split(), "--out", "whole", "line.py", "--epochs", 4)
    one, other = ((folder / name / "weights.npz").read_bytes() for name in ("run", "whole"))
    assert one == other


@pytest.mark.parametrize(
    "options, message",
    [
        ("--clip-norm 0", "Gradients are clipped to a norm above 0, such as --clip-norm 1.0, not 0.0."),
        ("--clip-norm 1 --clip-value 1", "--clip-norm or --clip-value, not both."),
        ("--accumulate 0", "Gradients are accumulated over 1 batch or more, such as --accumulate 4, not 0."),
        ("--early-stop 0", "Patience is a number of epochs, 1 or more, such as --early-stop 5, not 0."),
        ("--schedule cosin", "There is no schedule 'cosin'. Did you mean 'cosine'?"),
        ("--schedule cosine --warmup soon", "such as 500steps, 2epochs or 10%, not 'soon'."),
        ("--ema 2", "The decay of an average lies between 0 and 1, such as --ema 0.999; it cannot be 2.0."),
        ("--overfit 0", "A model overfits a number of batches, 1 or more, such as --overfit 4, not 0."),
        ("--limit 1.5", "Data is limited to a number of batches, such as --limit 100, or to a part between 0 and 1"),
        ("--limit 2 --overfit 2", "Choose one of --fast-dev-run, --overfit and --limit"),
    ],
)
def test_wrong_values_make_no_run(fails, folder, options, message):
    assert message in fails("train", *options.split(), "line.py")
    assert not (folder / "runs").exists()
