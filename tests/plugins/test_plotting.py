"""`framework plot`: what is drawn, looked up in the figure itself."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from framework.errors import UserError
from framework_plugins.plotting import figure_of
from tests.plugins.test_report import RECIPE

pytest.importorskip("matplotlib")


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


def test_classifiers(runs):
    (axis,) = figure_of(runs, roc=True).axes
    assert [line.get_label().partition(", ")[0] for line in axis.get_lines()] == [
        "chance",
        "a (epochs=3) validation",
        "b (epochs=1) validation",
    ]
    (axis,) = figure_of(runs[:1], confusion=True).axes
    assert sum(int(text.get_text()) for text in axis.texts) == 40


def test_what_cannot_be_drawn(runs, monkeypatch):
    with pytest.raises(UserError, match="has recorded a metric 'acuracy'. Did you mean '.*accuracy'"):
        figure_of(runs, ["acuracy"])
    with pytest.raises(UserError, match="--confusion draws one run"):
        figure_of(runs, confusion=True)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UserError, match=r"pip install 'framework-train\[plot\]'"):
        figure_of(runs)
