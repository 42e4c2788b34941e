"""`metrics.jsonl`: every record of a run, one JSON object a line."""

from __future__ import annotations

import json

import numpy as np

import framework
from framework.extend import hookimpl
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import metrics_log
from tests.tiny import tiny


def lines(folder) -> list[dict]:
    def refuse(text):
        raise AssertionError(f"{text} is not JSON")

    text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def test_a_line_for_each_record(tmp_path):
    recipe = tiny()
    history = Trainer(recipe, plugins=[metrics_log], run=Run.create(recipe, out=tmp_path / "run")).fit()
    assert lines(tmp_path / "run") == history.records


def test_records_of_other_plugins_and_numbers_of_any_kind(tmp_path):
    class Odd:
        @hookimpl
        def train_start(self, trainer):
            trainer.log(
                {
                    "nan": float("nan"),
                    "inf": np.float32("inf"),
                    "count": np.int64(3),
                    "tensor": framework.tensor(0.5),
                    "text": "größer",
                    "flag": True,
                    "none": None,
                    "table": [[1, np.int64(2)], (3.0, float("nan"))],
                    "array": np.array([[1.0, np.inf]]),
                    "by class": {0: np.float32(0.5), "b": framework.tensor([1, 2])},
                }
            )

    recipe = tiny()
    Trainer(recipe, plugins=[metrics_log, Odd()], run=Run.create(recipe, out=tmp_path / "run")).fit()
    first, *rest = lines(tmp_path / "run")
    assert first == {
        "nan": None,
        "inf": None,
        "count": 3,
        "tensor": 0.5,
        "text": "größer",
        "flag": True,
        "none": None,
        "table": [[1, 2], [3.0, None]],
        "array": [[1.0, None]],
        "by class": {"0": 0.5, "b": [1, 2]},
    }
    assert len(rest) == 2


def test_nothing_is_written_without_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Trainer(tiny(), plugins=[metrics_log]).fit()
    assert list(tmp_path.iterdir()) == []
