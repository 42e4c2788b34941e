"""Sweeps: which points there are, and that one that was stopped or killed comes to what an uninterrupted one does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framework.errors import UserError
from framework.extend import PluginManager
from framework.training import Range, Run, Sweep, Trainer, build, load_recipe
from framework.training.sweeping.space import points
from framework.training.sweeping.sweep import words_of

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "recipes" / "logistic_regression.py"
KNOWN = load_recipe(RECIPE).hyperparameters

PICKY = """
import framework
from framework import Recipe, nn, optim


def recipe(*, lr: float = 0.1) -> Recipe:
    if lr > 1:
        raise ValueError("too fast")
    network = nn.Linear(1, 1)
    data = framework.data.TensorDataset(framework.ones(4, 1), TARGET * framework.ones(4, 1))
    optimizer = optim.SGD(network.parameters(), lr=lr)
    return Recipe(model=network, loss=nn.MSELoss(), optimizer=optimizer, train=data, epochs=2)
"""


def test_all_combinations():
    assert points(KNOWN, {"lr": [0.1, 0.3], "seed": [0, 1]}, {}, None, 0) == [
        {"lr": 0.1, "seed": 0},
        {"lr": 0.1, "seed": 1},
        {"lr": 0.3, "seed": 0},
        {"lr": 0.3, "seed": 1},
    ]


def test_points_drawn_at_random():
    ranges = {"lr": Range(0.001, 1, log=True), "batch_size": Range(8, 64)}
    drawn = points(KNOWN, {"epochs": [1, 2]}, ranges, 200, seed=3)
    assert drawn == points(KNOWN, {"epochs": [1, 2]}, ranges, 200, seed=3)
    assert drawn != points(KNOWN, {"epochs": [1, 2]}, ranges, 200, seed=4)
    assert all(0.001 <= each["lr"] <= 1 and type(each["batch_size"]) is int for each in drawn)
    assert {each["epochs"] for each in drawn} == {1, 2} and {each["batch_size"] for each in drawn} <= set(range(8, 65))
    assert 60 < sum(each["lr"] < 0.0316 for each in drawn) < 140


def test_no_point_is_drawn_twice():
    for grid, ranges, number in (
        ({"lr": [0.1, 0.3], "seed": [0, 1, 2]}, {}, 6),
        ({"lr": [0.1, 0.3]}, {"epochs": Range(1, 20, log=True)}, 40),
        ({}, {"lr": Range(1000, 1001)}, 100),
    ):
        assert len(set(map(repr, points(KNOWN, grid, ranges, number, 0)))) == number


@pytest.mark.parametrize(
    ("grid", "ranges", "number", "message"),
    [
        ({}, {}, None, "there is nothing to vary"),
        ({"lrr": [0.1]}, {}, None, "no hyperparameter 'lrr'. Did you mean 'lr'?"),
        ({"lr": ["x"]}, {}, None, "lr must be of type float, not 'x'"),
        ({"lr": [0.1, 0.1]}, {}, None, "lr has a value twice"),
        ({"lr": [0.1]}, {"lr": Range(0, 1)}, 3, "both values and a range"),
        ({}, {"lr": Range(0.1, 1)}, None, "say how many points to draw, such as --random 20"),
        ({}, {"lr": Range(0, 1, log=True)}, 3, "a logarithmic range begins above 0"),
        ({}, {"lr": Range(1, 1)}, 3, "from a number to a larger one"),
        ({}, {"data": Range(1, 2)}, 3, "data is no number"),
        ({}, {"epochs": Range(1.5, 2)}, 3, "so are the ends of its range"),
        ({}, {"lr": Range(0, float("inf"))}, 3, "a range has two ends, not 0 and inf"),
        ({"seed": [0, 1]}, {"epochs": Range(1, 3)}, 7, "There are only 6 different points, and 7 cannot be drawn."),
        ({}, {"lr": Range(0.5, 0.5000000000000001)}, 3, "Only 2 different points were found where 3 were to be drawn."),
    ],
)
def test_what_cannot_be_swept_over(grid, ranges, number, message):
    with pytest.raises(UserError, match=".*") as raised:
        points(KNOWN, grid, ranges, number, 0)
    assert message in str(raised.value)


def test_values_as_words():
    assert words_of("weight_decay", -0.5) == ["--weight-decay=-0.5"]
    assert words_of("tied", False) == ["--no-tied"] and words_of("name", None) == ["--name=none"]


def test_a_folder_that_holds_something(tmp_path):
    Sweep.create(RECIPE, grid={"lr": [0.1]}, out=tmp_path / "sweep")
    with pytest.raises(UserError, match=r"is a sweep already; to go on with it: framework resume .*sweep"):
        Sweep.create(RECIPE, grid={"lr": [0.1]}, out=tmp_path / "sweep")
    (tmp_path / "other").touch()
    with pytest.raises(UserError, match="is not empty"):
        Sweep.create(RECIPE, grid={"lr": [0.1]}, out=tmp_path)
    with pytest.raises(UserError, match=r"is not a sweep: it has no sweep.json"):
        Sweep.open(tmp_path)


def started(folder: Path, runs: int, epochs: int) -> subprocess.Popen[bytes]:
    """A sweep of that many runs, two at a time, as a process of its own."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "plugins", *filter(None, [os.environ.get("PYTHONPATH")]))))
    words = ["--range", "lr=0.01:1:log", "--range", "weight-decay=1e-4:1e-1:log", "--random", str(runs), "--jobs", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "framework", "sweep", *words, "--checkpoint-every", "500", "--out", str(folder)]
        + [str(RECIPE), "--epochs", str(epochs)],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def results(folder: Path) -> list[tuple[dict, list[dict], dict]]:
    """What came of a sweep, but for times."""
    sweep = Sweep.open(folder)
    found = []
    for point in sweep.points:
        with np.load(point.folder / "weights.npz") as weights:
            arrays = {name: weights[name].tobytes() for name in weights.files}
        found.append((point.values, without_times(Run.open(point.folder).records()), arrays))
    return found


def each_alone(epochs: int, values: dict[str, Any]) -> tuple[dict, list[dict], dict]:
    """What comes of a point by itself, as `results` says it."""
    history = Trainer(recipe := build(RECIPE, epochs=epochs, **values), plugins=PluginManager.load()).fit()
    arrays = {name: array.numpy().tobytes() for name, array in recipe.model.state_dict().items()}
    return values, without_times(history.records), arrays


def without_times(records: list[dict]) -> list[dict]:
    return [{**each, "time": 0} for each in records]


def stopped_midway(folder: Path, number: int, runs: int, epochs: int) -> None:
    """Start a sweep, send it a signal when a third of its runs has ended, and go on with it."""
    process = started(folder, runs, epochs)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
        if sum(path.exists() for path in folder.glob("runs/*/weights.npz")) > runs // 3:
            break
    process.send_signal(number)
    assert process.wait(60) != 0
    sweep = Sweep.open(folder)
    assert sweep.counts()["left"]
    sweep.train()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("runs", "epochs", "number"),
    [
        (3, 150, signal.SIGINT),
        pytest.param(20, 200, signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_sweep_that_is_stopped_comes_to_the_same(tmp_path, runs, epochs, number):
    stopped_midway(tmp_path / "stopped", number, runs, epochs)
    sweep = Sweep.open(tmp_path / "stopped")
    assert len(sweep.points) == runs
    assert results(tmp_path / "stopped") == [each_alone(epochs, point.values) for point in sweep.points]
    changed = [each.changed for each in sweep.summaries()]
    assert sorted(changed, key=str) == sorted((point.values for point in sweep.points), key=str)


def test_all_runs_are_of_the_recipe_as_it_was_when_the_sweep_was_planned(tmp_path):
    """Of its helper and its plugin, too; data beside them is found, as if no copy were read."""
    versions = {
        "curve.py": f"import nearby\nfrom pathlib import Path\nTARGET = nearby.TARGET\n{PICKY}",
        "nearby.py": "from pathlib import Path\nTARGET = float(Path(__file__).with_name('target.txt').read_text())\n",
        "framework_local.py": "from framework.extend import hookimpl\n@hookimpl\ndef train_start(trainer): pass\n",
    }
    for name, text in versions.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "target.txt").write_text("1.5")
    sweep = Sweep.create(tmp_path / "curve.py", grid={"lr": [0.1]}, out=tmp_path / "sweep")
    for name in versions:
        (tmp_path / name).write_text("raise SystemExit('edited')\n")
    sweep.train()
    assert [(each.status, each.reason) for each in sweep.summaries()] == [("finished", "all epochs done")]
    run = Run.open(sweep.points[0].folder)
    assert {name: (run.path / name).read_text() for name in versions} == versions
    assert run.info["recipe"] == str(tmp_path / "curve.py")
    (tmp_path / "sweep" / "curve.py").unlink()
    with pytest.raises(UserError, match="is gone, the copy of the recipe from which this sweep's runs start"):
        sweep.train()


def test_what_another_process_trains_is_waited_for_and_named(tmp_path, monkeypatch):
    sweep = Sweep.create(RECIPE, grid={"lr": [0.1, 0.3]}, out=tmp_path / "sweep")
    alive = [True, True, False]
    monkeypatch.setattr(
        "framework.training.sweeping.sweep.is_locked", lambda folder: folder.name == "002" and alive.pop(0)
    )
    monkeypatch.setattr("framework.training.sweeping.processes.Processes.run", lambda self, tasks: ())
    said = []
    sweep.train(tell=said.append)
    assert said == [f"Waiting for what other processes still train: {tmp_path / 'sweep' / 'runs' / '002'}"]
    assert not alive


def test_a_run_that_fails_is_in_the_table_and_the_others_go_on(tmp_path):
    recipe = tmp_path / "picky.py"
    recipe.write_text(f"TARGET = 1.0\n{PICKY}")
    sweep = Sweep.create(recipe, grid={"lr": [2.0, 0.1]}, out=tmp_path / "sweep", jobs=2)
    told = []
    sweep.train(report=lambda point, summary: told.append(point.number))
    best, failed = sweep.summaries()
    assert sorted(told) == [1, 2] and (best.status, best.changed) == ("finished", {"lr": 0.1})
    assert failed.status == "failed" and "too fast" in failed.reason
    again = Sweep.open(tmp_path / "sweep")
    again.train(report=lambda point, summary: pytest.fail("nothing is left to do"))
    assert again.summaries() == sweep.summaries()


@pytest.mark.parametrize("first", [False, True])
def test_the_best_is_told_also_where_a_run_has_no_number(tmp_path, first):
    """Neither what failed at its first step nor what waits says whether more or less is better."""
    sweep = Sweep.create(RECIPE, grid={"lr": [0.1, 0.3, 1e30] if first else [1e30, 0.1, 0.3]}, out=tmp_path / "sweep")
    accuracies = {0.1: 0.9, 0.3: 0.8}
    for point in sweep.points:
        run = Run.create(build(RECIPE, lr=point.values["lr"]), out=point.folder)
        accuracy = accuracies.get(point.values["lr"])
        if accuracy is not None:
            run.append("metrics.jsonl", json.dumps({"epoch": 1, "validation/accuracy": accuracy}))
        run.finish("finished" if accuracy else "failed", "")
    assert [each.changed["lr"] for each in sweep.summaries()] == [0.1, 0.3, 1e30]
