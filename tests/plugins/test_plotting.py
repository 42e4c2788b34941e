"""`framework plot`: what is drawn, looked up in the figure itself."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from framework.cli import cli
from framework.errors import UserError
from tests.plugins.test_report import RECIPE

Figure = pytest.importorskip("matplotlib.figure").Figure

from framework_plugins.plotting import _matrix, figure_of  # noqa: E402


@pytest.fixture
def runs(tmp_path, monkeypatch):
    from framework import Trainer, build
    from framework.training import Run
    from framework_plugins import metrics_log

    monkeypatch.chdir(tmp_path)
    Path("points.py").write_text(RECIPE)
    for name, epochs in (("a", 3), ("b", 1)):
        recipe = build("points.py", epochs=epochs)
        Trainer(recipe, plugins=[metrics_log], run=Run.create(recipe, out=name)).fit()
    return [Path("a"), Path("b")]


def test_curves_of_several_runs(runs):
    (axis,) = figure_of(runs).axes
    labels = [line.get_label() for line in axis.get_lines()]
    assert labels == [
        f"{run} (epochs={n}) {split}/loss" for run, n in (("a", 3), ("b", 1)) for split in ("train", "validation")
    ]
    assert [list(line.get_xdata()) for line in axis.get_lines()] == [[1, 2, 3], [1, 2, 3], [1], [1]]
    assert (
        axis.get_lines()[2].get_marker() == "o" and axis.get_lines()[0].get_color() == axis.get_lines()[1].get_color()
    )
    one, two = figure_of(runs[:1], ["validation/accuracy", "loss"], x="step", log_y=True).axes
    assert len(one.get_lines()) == 1 and len(two.get_lines()) == 2 and one.get_yscale() == "log"


def test_what_is_recorded_between_epochs_is_drawn_by_steps(runs):
    with open("a/metrics.jsonl", "a") as file:
        file.write('{"step": 5, "lr": 0.5}\n{"step": 6, "lr": 0.25}\n')
    one, two = figure_of(runs, ["loss", "lr"]).axes
    assert (one.get_xlabel(), two.get_xlabel()) == ("epoch", "step")
    assert [list(line.get_xdata()) for line in two.get_lines()] == [[5, 6]]
    with pytest.raises(UserError, match="'lr' has recorded no 'epoch' with it: draw it by --x step"):
        figure_of(runs, ["lr"], x="epoch")


def test_many_runs_have_one_legend_beside_the_picture(runs):
    figure = figure_of(runs * 3, ["loss", "accuracy"])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a (epochs=3)", "b (epochs=1)"] * 3 + [
        "train",
        "validation",
    ]
    assert figure.get_figwidth() > 7 and not any(axis.get_legend() for axis in figure.axes)


def test_a_matrix_of_many_classes_names_some():
    figure = Figure()
    _matrix(figure.subplots(), np.eye(60, dtype=int), None)
    axis, bar = figure.axes
    assert [text.get_text() for text in axis.get_xticklabels()] == [str(each) for each in range(0, 60, 2)]
    assert not axis.texts and bar.get_ylabel() == "share of the row"


def test_classifiers(runs):
    (axis,) = figure_of(runs, roc=True).axes
    assert [line.get_label().partition(", ")[0] for line in axis.get_lines()] == [
        "chance",
        "a (epochs=3) validation",
        "b (epochs=1) validation",
    ]
    assert axis.get_aspect() == 1
    assert len(figure_of(runs * 5, roc=True).legends[0].get_texts()) == 11
    (axis,) = figure_of(runs[:1], confusion=True).axes
    cells = [text.get_text().split("\n") for text in axis.texts]
    assert sum(int(count) for count, *_ in cells) == 40 and all(len(each) == 2 for each in cells if each[0] != "0")


def test_a_picture_goes_to_the_file_that_is_named_and_over_none(runs):
    def plot(*words):
        return CliRunner().invoke(cli, ["plot", "a", *words]).stderr

    assert plot("-o", "curves") == "picture written to curves\n"
    assert Path("curves").read_bytes().startswith(b"\x89PNG") and not Path("curves.png").exists()
    assert plot("-o", "curves.svg") == "picture written to curves.svg\n" and "<svg" in Path("curves.svg").read_text()
    for words, name in (([], "loss.png"), (["-o", "mine.pdf"], "mine.pdf")):
        Path(name).write_text("mine")
        assert plot(*words) == f"error: {name} is there already, and is not overwritten without --force.\n"
        assert Path(name).read_text() == "mine"
        assert plot("--force", *words) == f"picture written to {name}\n" and Path(name).stat().st_size > 1000
    assert plot("-o", "nowhere/a.png").startswith("error: nowhere/a.png cannot be written: there is no folder nowhere.")
    assert plot("-o", "a.xyz").startswith("error: a.xyz: Format 'xyz' is not supported")
    assert sorted(path.name for path in Path().iterdir() if path.name.startswith((".", "a."))) == []


def test_what_cannot_be_drawn(runs, monkeypatch):
    with pytest.raises(UserError, match="has recorded a metric 'acuracy'. Did you mean '.*accuracy'"):
        figure_of(runs, ["acuracy"])
    with pytest.raises(UserError, match="--confusion draws one run"):
        figure_of(runs, confusion=True)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match=r"pip install 'framework-train\[plot\]'"):
        figure_of(runs)
