"""The recipe keeps its word: its accuracy, its split, its standardisation, and predictions without the data."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import framework
from framework.cli import cli
from framework.training import build, load_recipe
from framework.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "recipes" / "logistic_regression.py"
DATA = ROOT / "recipes" / "data" / "breast_cancer.csv"


def accuracy(seed: int) -> float:
    final = Trainer(build(PATH, seed=seed)).fit().final
    return final["validation/accuracy"]


def validation_rows(recipe) -> list[int]:
    return list(map(int, recipe.validate.indices))


def test_it_reaches_the_accuracy_that_it_states():
    assert accuracy(seed=0) >= 0.98
    assert "a validation accuracy of 0.98 or better" in load_recipe(PATH).module.__doc__


def test_it_does_so_from_most_seeds():
    assert sum(accuracy(seed) >= 0.97 for seed in range(10)) >= 8


def test_the_split_is_fixed_by_the_seed_and_leaves_no_row_out():
    first, again, other = build(PATH, seed=0), build(PATH, seed=0), build(PATH, seed=1)
    assert validation_rows(first) == validation_rows(again) != validation_rows(other)
    rows = sorted([*map(int, first.train.indices), *validation_rows(first)])
    assert rows == list(range(569))


def test_the_scale_is_that_of_the_training_rows_alone():
    recipe = build(PATH, seed=0)
    values = np.loadtxt(DATA, delimiter=",", skiprows=1)[:, :30]
    training = values[np.asarray(recipe.train.indices)]
    assert np.allclose(recipe.model.mean.numpy(), training.mean(axis=0), rtol=1e-4)
    assert np.allclose(recipe.model.std.numpy(), training.std(axis=0, ddof=1), rtol=1e-4)
    assert not np.allclose(recipe.model.mean.numpy(), values.mean(axis=0), rtol=1e-4)
    assert {"mean", "std"} <= set(recipe.model.state_dict())


def test_the_data_is_what_its_licence_says():
    with DATA.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert len(header) == 31 and len(set(header)) == 31 and header[-1] == "malignant"
    assert len(rows) == 569 and {len(row) for row in rows} == {31}
    assert sum(row[-1] == "1" for row in rows) == 212
    assert sum(row[-1] == "0" for row in rows) == 357
    radius = {label: np.mean([float(row[0]) for row in rows if row[-1] == label]) for label in "01"}
    assert radius["1"] == pytest.approx(17.46, abs=0.01) and radius["0"] == pytest.approx(12.15, abs=0.01)
    licence = DATA.with_name("breast_cancer.LICENSE.txt").read_text("utf-8")
    assert "10.24432/C5DW2B" in licence and "CC BY 4.0" in licence


def test_the_trained_model_predicts_with_the_training_data_gone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    run("recipes", "copy", "logistic_regression", "mine")
    run("train", "-q", "--out", "run", "mine/logistic_regression.py")
    patients = tmp_path / "patients.csv"
    patients.write_text("\n".join(line.rpartition(",")[0] for line in DATA.read_text().splitlines()))
    for path in Path("mine").rglob("*.*"):
        path.unlink()
    header, *rows = csv.reader(run("predict", "run", "patients.csv").splitlines())
    predicted = [row[header.index("prediction")] for row in rows]
    actual = [{"1": "malignant", "0": "benign"}[line[-1]] for line in DATA.read_text().split()[1:]]
    assert len(rows) == 569
    assert np.mean(np.array(predicted) == np.array(actual)) >= 0.97


def test_predictions_are_those_of_the_model_in_memory():
    recipe = build(PATH, seed=0, epochs=3)
    Trainer(recipe).fit()
    features, target = recipe.validate.dataset.tensors
    rows = recipe.validate.indices
    with framework.no_grad():
        right = (recipe.model(features[rows]) > 0) == (target[rows] > 0.5)
    history = Trainer(build(PATH, seed=0, epochs=3)).fit()
    assert history.final["validation/accuracy"] == pytest.approx(right.float().mean().item())


def test_it_runs_as_programs_with_nothing_kept_whole():
    trainer = Trainer(build("logistic_regression", seed=0, epochs=3))
    trainer.fit()
    for step in (trainer.steps.train, trainer.steps.validate):
        assert step.eager is None
        for program in step.programs:
            assert program.explain().opaque == ()
