"""`framework evaluate` and `framework export`: what they print, and what a wrong call is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def trained(framework, folder):
    source = Path("line.py").read_text().replace("batch_size=batch_size", "metrics=['mae'], batch_size=batch_size")
    Path("line.py").write_text(source)
    assert framework("train", "--out", "run", "line.py").exit_code == 0
    return json.loads(Path("run/metrics.jsonl").read_text().splitlines()[-1])


def test_a_line_for_each_set(framework, trained):
    shown = framework("evaluate", "run", "--split", "train")
    assert shown.exit_code == 0 and shown.stderr == ""
    assert (
        shown.stdout.startswith("train  loss ")
        and ", mae " in shown.stdout
        and shown.stdout.endswith("  (8 samples)\n")
    )


def test_as_json_before_or_behind_the_run(framework, trained):
    first = framework("evaluate", "--json", "--split", "train", "run")
    assert json.loads(first.stdout)["train"].keys() == {"samples", "loss", "mae"}
    assert framework("evaluate", "run", "--split", "train", "--json").stdout == first.stdout


def test_options_that_there_are_not(fails, trained):
    assert fails("evaluate", "run", "--batchsize", "3", code=2).startswith(
        "error: There is no option --batchsize. Did you mean --batch-size?"
    )
    assert fails("evaluate", "run") == (
        "error: The recipe has no validation data; its training data is --split train.\n"
    )
    assert fails("evaluate", "run", "--split", "foo") == "error: There is no set of data 'foo'. There are: train.\n"
    assert fails("evaluate", "rnu") == "error: There is no run rnu. Did you mean 'run'?\n"


def test_weights_in_a_file(framework, fails, trained):
    assert framework("export", "run").output == "weights of run written to run.safetensors\n"
    assert fails("export", "run") == (
        "error: run.safetensors is there already, and is not overwritten without --force.\n"
    )
    assert framework("export", "run", "--force", "-o", "run.safetensors").exit_code == 0
    assert fails("export", "run", "-o", "nowhere/w.pt").startswith("error: ")
