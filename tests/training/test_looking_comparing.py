"""Two runs side by side: what was done differently, and nothing that was not."""

import json

import pytest

from framework.training import Run
from framework.training.looking.comparing import ABSENT, compare
from tests.training.runs import epochs, write_run

DATA = {"/d/x.csv": {"size": 3, "modified": 1, "sha256": "a" * 64}}


def runs(tmp_path, a=None, b=None):
    made = []
    for name, changes in (("a", a), ("b", b)):
        usual = {"records": epochs(loss=[2.0, 1.0]), "data": DATA, "versions": {"numpy": "2.4.6"}, "options": {}}
        made.append(Run.open(write_run(tmp_path / name, **{**usual, **(changes or {})})))
    return made


def test_equal_runs_differ_in_nothing_but_time(tmp_path):
    a, b = runs(tmp_path, {"seconds": 1.0}, {"seconds": 9.0, "started": "2026-11-29T10:00:00"})
    found = compare(a, b)
    assert not found.differs and found.differences == [] and found.source == ""
    assert found.metrics["validation/loss"] == {"last": [1.0, 1.0], "best": [1.0, 1.0], "best_epoch": [2, 2]}
    assert not compare(a, a).differs


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({"seed": 1}, {"seed": 2}, [("seed", "seed", 1, 2)]),
        ({"values": {"lr": 0.5}}, {"values": {"lr": 1}}, [("hyperparameter", "lr", 0.5, 1)]),
        ({"values": {"bias": None}}, {}, [("hyperparameter", "bias", None, ABSENT)]),
        ({"options": {"ema": 0.9}}, None, [("option", "ema", 0.9, ABSENT)]),
        ({"versions": {"numpy": "2.0.0"}}, None, [("version", "numpy", "2.0.0", "2.4.6")]),
        ({"versions": None, "data": None}, None, [("version", "numpy", ABSENT, "2.4.6"), ("data", "/d/x.csv", ABSENT, "a" * 12)]),
        ({"plugins": [{"name": "mine", "version": None}]}, None, [("plugin", "mine", "loaded", ABSENT)]),
        ({"git": {"commit": "f" * 40, "dirty": True}}, {"git": {"commit": "f" * 40, "dirty": False}},
         [("git", "commit", "f" * 10 + " and changes", "f" * 10)]),
        ({"data": {"/d/x.csv": {"size": 3, "modified": 1, "sha256": "b" * 64}}}, None, [("data", "/d/x.csv", "b" * 12, "a" * 12)]),
        ({"data": {"/elsewhere/x.csv": DATA["/d/x.csv"]}}, None, []),
        ({"recipe": "/r/other.py"}, None, [("recipe", "file", "other.py", "line.py")]),
        ({"on_nan": "skip"}, {"on_nan": "stop"}, [("option", "on_nan", "skip", "stop")]),
    ],
)  # fmt: skip
def test_what_differs(tmp_path, a, b, expected):
    found = compare(*runs(tmp_path, a, b))
    assert found.differences == expected and found.differs == bool(expected)
    json.dumps(found.to_json(), allow_nan=False)


def test_the_sources_as_they_were(tmp_path):
    a, b = runs(tmp_path)
    for run, text in ((a, "x = 1\ny = 2\n"), (b, "x = 1\ny = 3\n")):
        (run.path / "line.py").write_text(text)
        (run.path / "helper.py").write_text("same\n")
    assert compare(a, b).source.splitlines()[2:] == ["@@ -1,2 +1,2 @@", " x = 1", "-y = 2", "+y = 3"]
    (b.path / "extra.py").write_text("z\n")
    assert "+z" in compare(a, b).source


def test_metrics_that_one_has_alone_or_that_differ_in_the_last_bit(tmp_path):
    a, b = runs(
        tmp_path, {"records": epochs(loss=[2.0, 1.0], mae=[1.0, None])}, {"records": epochs(loss=[2.0, 1.0 + 2**-52])}
    )
    found = compare(a, b)
    assert found.differs and found.metrics["validation/mae"] == {
        "last": [None, None],
        "best": [1.0, None],
        "best_epoch": [1, None],
    }
    assert not compare(*runs(tmp_path, {"records": []}, {"records": []})).metrics
