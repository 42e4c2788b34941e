"""Rows are given to a trained model as numbers of the type that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import framework
from framework import Trainer, build, no_grad
from framework.errors import UserError
from framework.training import Run, predict

WORDS = """
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


def model():
    return nn.Sequential(nn.Embedding(9, 2), nn.Flatten(), nn.Linear(4, 1))


def recipe() -> Recipe:
    network, words = model(), framework.arange(8).reshape(4, 2)
    return Recipe(
        model=network, loss=nn.MSELoss(), optimizer=optim.SGD(network.parameters(), lr=0.1),
        train=TensorDataset(words, framework.ones(4, 1)), epochs=1, inputs=["first", "second"],
    )
"""

DOUBLE = """
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


def model():
    return nn.Linear(1, 1)


def recipe() -> Recipe:
    network, x = model().double(), framework.arange(4.0, dtype=framework.float64).reshape(4, 1) / 3
    return Recipe(
        model=network, loss=nn.MSELoss(), optimizer=optim.SGD(network.parameters(), lr=0.1),
        train=TensorDataset(x, x), epochs=1, inputs=["x"],
    )
"""


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trains a recipe's source; gives its model."""
    monkeypatch.chdir(tmp_path)

    def train(source):
        Path("given.py").write_text(source)
        built = build("given.py")
        Trainer(built, run=Run.create(built, out="run")).fit()
        return built.model.eval()

    return train


def test_whole_numbers_where_it_was_trained_on_these(trained):
    model = trained(WORDS)
    rows = np.array([[1, 2], [8, 0]])
    with no_grad():
        expected = model(framework.from_numpy(rows)).numpy()
    Path("rows.csv").write_text("second,first\n2,1\n0,8.0\n")
    for given in ("rows.csv", rows, rows.astype(np.uint8), rows.astype(float)):
        assert (predict("run", given).outputs == expected).all()
    Path("rows.csv").write_text("first,second\n1,2.5\n")
    with pytest.raises(UserError, match="rows.csv, line 2, column 'second': '2.5' does not fit in int64"):
        predict("run", "rows.csv")
    with pytest.raises(UserError, match=r"The rows hold 0.5; the model was trained on numbers of type int64"):
        predict("run", rows / 2)


def test_the_precision_that_it_was_trained_with(trained):
    model = trained(DOUBLE)
    rows = np.random.default_rng(0).normal(size=(5, 1))
    with no_grad():
        expected = model(framework.from_numpy(rows)).numpy()
    Path("rows.csv").write_text("x\n" + "\n".join(map(repr, rows[:, 0].tolist())) + "\n")
    for given in (rows, "rows.csv"):
        outputs = predict("run", given).outputs
        assert outputs.dtype == np.float64 and (outputs == expected).all()
    with no_grad():
        ones = model(framework.ones(2, 1, dtype=framework.float64)).numpy()
    assert (predict("run", np.ones((2, 1), np.int32)).outputs == ones).all()
