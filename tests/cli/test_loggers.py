"""`--log csv`, `table` and `tensorboard`: what they write, and that a resumed run's is that of an uninterrupted one."""

from __future__ import annotations

import csv
import shutil
import sys
from pathlib import Path

import pytest

ROWS = """
from framework.extend import hookimpl


@hookimpl
def validate_end(trainer, metrics):
    metrics["count"] = trainer.epoch
    if trainer.epoch > 2:
        metrics["later"] = [[1, 2]]
"""


def rows(folder: str) -> list[dict[str, str]]:
    with open(Path(folder, "metrics.csv"), newline="") as file:
        return [{**row, "time": ""} for row in csv.DictReader(file)]


@pytest.fixture
def killed(framework, folder):
    """A run `whole` of six epochs, and one `part` of it that was killed in the fourth after a checkpoint at the second."""
    Path("rows.py").write_text(ROWS)
    words = ["-p", "rows.py", "--checkpoint-every", "2epochs", "--keep-last", "9"]

    def train(log: str) -> None:
        shown = framework("train", "--log", log, *words, "--out", "whole", "line.py", "--epochs", "6")
        assert shown.exit_code == 0, shown.output
        shutil.copytree("whole", "part", symlinks=True)
        for each in Path("part/checkpoints").iterdir():
            if not each.name.endswith("4"):  # two batches an epoch
                shutil.rmtree(each)
        text = Path("part/run.json").read_text()
        Path("part/run.json").write_text(text.replace('"status": "finished"', '"status": "running"'))
        shown = framework("resume", "part")
        assert shown.exit_code == 0 and "Going on after step 4" in shown.stderr, shown.output

    return train


def test_a_table_in_a_file(killed):
    killed("csv")
    assert [row["epoch"] for row in rows("whole")] == list("123456")
    assert [row["later"] for row in rows("whole")] == ["", "", *["[[1, 2]]"] * 4]
    assert rows("part") == rows("whole")


def test_curves_for_tensorboard(killed):
    proto = pytest.importorskip("tensorboardX.proto.event_pb2")
    killed("tensorboard")

    def scalars(folder: str) -> dict[tuple[str, int], float]:
        found: dict[tuple[str, int], float] = {}
        for path in sorted(Path(folder, "tensorboard").iterdir()):
            data = path.read_bytes()
            while data:
                length = int.from_bytes(data[:8], "little")
                event, data = proto.Event.FromString(data[12 : 12 + length]), data[16 + length :]
                if event.session_log.status == 1:  # what lies past it is forgotten
                    found = {key: value for key, value in found.items() if key[1] < event.step}
                values = [each for each in event.summary.value if each.WhichOneof("value") == "simple_value"]
                found |= {(each.tag, event.step): each.simple_value for each in values if each.tag != "time"}
        return found

    assert scalars("whole").keys() >= {("count", 12), ("epoch", 2), ("train/loss", 6)}
    assert scalars("part") == scalars("whole")


def test_a_table_on_the_console(framework, folder):
    shown = framework("train", "--log", "table", "--out", "run", "line.py").stdout.splitlines()
    assert shown[0].split() == ["epoch", "step", "train/loss", "time"]
    assert [line.split()[0] for line in shown[1:3]] == ["1", "2"] and len({len(line) for line in shown[:3]}) == 1
    assert not any(line.startswith("epoch 1/2") for line in shown)


DOTS = """
from framework.extend import hookimpl


class Dots:
    prints_epochs = True

    def __init__(self, run):
        pass

    @hookimpl
    def log(self, record):
        print(".")


@hookimpl
def register_loggers(register):
    register("dots", Dots)
"""


def test_anyone_s_logger_may_take_the_place_of_the_console_s_lines(framework, folder):
    Path("dots.py").write_text(DOTS)
    shown = framework("train", "-p", "dots.py", "--log", "dots", "--out", "run", "line.py").stdout.splitlines()
    assert shown[:2] == [".", "."] and shown[2].startswith("finished")
    shown = framework("train", "-p", "dots.py", "--out", "other", "line.py").stdout.splitlines()
    assert shown[1].startswith("epoch 2/2")


def test_a_logger_that_there_is_not(fails, folder):
    assert fails("train", "--log", "cvs", "line.py") == (
        "error: Among the loggers there is no 'cvs'. Did you mean 'csv'?\n"
    )


def test_what_a_logger_lacks_is_told_before_a_run_is_made(fails, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert fails("train", "--log", "tensorboard", "line.py") == (
        "error: The logger 'tensorboard' needs tensorboardX, which is not installed: "
        "pip install 'framework-train[tensorboard]'\n"
    )
    Path("broken_one.py").write_text("import none_of_that")
    Path("dots.py").write_text(DOTS.replace("prints_epochs = True", 'requires = {"broken_one": "broken-one"}'))
    monkeypatch.syspath_prepend(folder)
    said = fails("train", "-p", "dots.py", "--log", "dots", "line.py")
    assert "needs broken_one, which" in said and "none_of_that" in said and "pip install broken-one" in said
    Path("dots.py").write_text(DOTS.replace("prints_epochs = True", 'requires = ["broken_one"]'))
    said = fails("train", "-p", "dots.py", "--log", "dots", "line.py")
    assert "its `requires` is {module: what to install}, not ['broken_one']" in said
    assert not Path("runs").exists()
