"""`framework report`: a page that holds together, needs nothing from elsewhere, and takes no text for markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

import framework
from framework.cli import cli
from framework_plugins.report.chart import Curve, chart, shown

RECIPE = """
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


def model():
    return nn.Linear(2, 2)


def recipe(*, epochs: int = 3, note: str = "<script>alert(1)</script>") -> Recipe:
    network, points = model(), framework.randn(40, 2)
    data = TensorDataset(points, (points[:, 0] > 0).long())
    return Recipe(
        model=network, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(network.parameters(), lr=0.5), train=data,
        validate=data, metrics=["accuracy"], epochs=epochs, classes=["<b>low</b>", "high & up"],
    )
"""
VOID = {"meta", "wbr"}


class Page(HTMLParser):
    """The tags that are open, all texts, and what would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.loaded: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Trains and reports as a person does; gives the page."""
    monkeypatch.chdir(tmp_path)
    Path("points.py").write_text(RECIPE)

    def report(*words: str, train: Sequence[str] = ()) -> Page:
        CliRunner().invoke(cli, ["train", "-q", *train, "--out", "run", "points.py"])
        result = CliRunner().invoke(cli, ["report", "--force", "run", *words])
        assert result.exit_code == 0, result.output
        return Page(Path("run/report.html").read_text("utf-8"))

    return report


def test_all_of_a_run_on_one_page(page):
    found = page()
    assert not found.open and not found.loaded
    assert found.seen.count("svg") == 3  # loss, accuracy, ROC
    for text in (
        "points: run",
        "finished",
        "Confusion matrix, validation",
        "<b>low</b>",
        "high & up",
        "numpy",
        "def recipe(",
    ):
        assert text in found.text, text
    assert "script" not in found.seen and "<script>alert(1)</script>" in found.text
    assert "epoch 3" in found.text and "Linear" in found.text
    assert found.text.count("%") >= 2  # of the row, in the matrix: no pointer is needed to see it


def test_a_file_that_is_there_stays_but_for_the_runs_own_page(page):
    page()
    Path("mine.html").write_text("mine")
    result = CliRunner().invoke(cli, ["report", "run", "-o", "mine.html"])
    assert result.stderr == "error: mine.html is there already, and is not overwritten without --force.\n"
    assert Path("mine.html").read_text() == "mine"
    Path("run/report.html").write_text("old")
    assert CliRunner().invoke(cli, ["report", "run"]).exit_code == 0
    assert Path("run/report.html").read_text() != "old"
    result = CliRunner().invoke(cli, ["report", "run", "-o", "nowhere/r.html"])
    assert result.stderr.startswith("error: nowhere/r.html cannot be written: there is no folder nowhere.")


def test_what_cannot_be_measured_is_said(page):
    Path("points.py").write_text(RECIPE.replace("framework.randn(40, 2)", "framework.load('points.pt')"))
    framework.save(framework.randn(40, 2), "points.pt")
    page()
    Path("points.pt").unlink()
    assert "Not measured again: run cannot be evaluated: its recipe reads" in page().text
    assert "Not measured again" not in page("--no-data").text


def test_a_run_that_failed_at_once(page):
    Path("points.py").write_text(RECIPE.replace("randn(40, 2)", "full((40, 2), float('nan'))"))
    found = page()
    assert "failed" in found.text and "Nothing was recorded." in found.text and "nan" in found.text


STOPS = """
from framework.extend import hookimpl


@hookimpl
def after_step(trainer):
    trainer.log({"step": trainer.step, "train/batch_loss": trainer.loss})
    if trainer.step == 2:
        raise KeyboardInterrupt


@hookimpl
def before_step(trainer):
    trainer.request_checkpoint()
"""


def test_a_run_that_was_interrupted(page):
    Path("stops.py").write_text(STOPS)
    found = page(train=["-p", "stops.py"])
    for text in (
        "interrupted",
        "framework resume run",
        "batch_loss",
        "Measured by the newest checkpoint, step-0",
        "ROC",
    ):
        assert text in found.text, text
    assert found.seen.count("svg") == 2  # batches by step, ROC: no epoch has ended


def test_a_matrix_that_is_too_large_says_so(page):
    many = RECIPE.replace("nn.Linear(2, 2)", "nn.Linear(2, 60)").replace('classes=["<b>low</b>", "high & up"],', "")
    Path("points.py").write_text(many)
    found = page()
    assert "Left out: it has 60 classes" in found.text and found.seen.count("td") < 200


def test_a_chart():
    ys = [None if x == 500 else 1 / (x + 1) for x in range(10_000)]
    svg = chart("loss <1>", "epoch", [Curve("train", range(10_000), ys, 0, True)])
    assert len(svg) < 60_000 and svg.count("M") >= 2
    assert "0.001" in svg and "1e" not in svg  # a logarithmic axis
    assert not Page(svg).open
    assert chart("x", "epoch", [Curve("a", [1], [None], 0)]) == ""
    flat = chart("x", "epoch", [Curve("a", [1, 2], [3.0, 3.0], 0)])
    assert ">1<" in flat and ">2<" in flat and ">1.5<" not in flat
    long = chart("x", "epoch", [Curve("a", range(1, 31), [1.0] * 30, 0)])
    assert re.findall(">([0-9.]+)<", long)[3:] == ["1", "5", "10", "15", "20", "25", "30"]
    one = chart("x", "epoch", [Curve("a", [1], [1.0], 0)])
    assert 'cx="198.0"' in one and re.findall(">([0-9.]+)<", one)[3:] == ["1"]  # in the middle
    roc = chart("y", "x", [Curve("a", [0, 1], [0, 1], 0)], unit=True)
    assert 'viewBox="0 0 360 362"' in roc and "M48.0 328.0L348.0 28.0" in roc  # a square
    assert [shown(each) for each in (0, 0.5, 1e-9, 123456.0, -2.0)] == ["0", "0.5", "1e−09", "1.23e+05", "−2"]
