"""Every recipe keeps its word: short, with its command and its data's licence, and the accuracy that it states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import framework
from framework.data import Subset
from framework.training import build, load_recipe
from framework.training.trainer import Trainer

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
# The recipe, its data's name, and the least accuracy that its docstring states, or the most error.
TABLE = [
    ("softmax_regression", "digits", "accuracy", 0.96),
    ("mlp", "digits", "accuracy", 0.96),
    ("convnet", "fashion_mnist_small", "accuracy", 0.87),
    ("linear_regression", "penguins", "rmse", 322.2),
    ("char_gpt", "paradise_lost", "loss", 1.78),
    ("lstm", "co2", "mae", 0.26),
    ("vae", "digits", "loss", 22.7),
]


@pytest.mark.parametrize(("name", "data"), [(name, data) for name, data, _, _ in TABLE])
def test_it_is_short_and_says_its_command_and_licence(name, data):
    path = RECIPES / f"{name}.py"
    assert len(path.read_text().splitlines()) < 120
    doc = load_recipe(path).module.__doc__
    assert f"framework train recipes/{name}.py" in doc and "Expected: " in doc
    assert f"data/{data}.LICENSE.txt" in doc and (RECIPES / "data" / f"{data}.LICENSE.txt").exists()


@pytest.mark.parametrize("name", [name for name, _, _, _ in TABLE])
def test_compiled_it_trains_as_it_is_written(name):
    trainers = [a_few_steps(name, compile) for compile in (True, False)]
    compiled, eager = (trainer.model.state_dict() for trainer in trainers)
    assert all((compiled[key] == eager[key]).all() for key in eager)
    assert not any(step.eager for step in (trainers[0].steps.train, trainers[0].steps.forward_backward))


def a_few_steps(name: str, compile: bool) -> Trainer:
    recipe = build(RECIPES / f"{name}.py", epochs=2)
    recipe.train, recipe.validate = Subset(recipe.train, range(160)), Subset(recipe.validate, range(32))
    trainer = Trainer(recipe, compile=compile)
    trainer.fit()
    return trainer


def test_least_squares_is_what_linear_regression_comes_to():
    recipe = build(RECIPES / "linear_regression.py")
    Trainer(recipe).fit()
    inputs, target = (each.numpy().astype(np.float64) for each in recipe.train.dataset[recipe.train.indices])
    table = np.concatenate([inputs, np.ones((len(inputs), 1))], 1)
    solution = np.linalg.lstsq(table, target, rcond=None)[0]
    with framework.no_grad():
        predicted = recipe.model(framework.tensor(inputs, dtype=framework.float32)).numpy()
    assert np.abs(predicted - table @ solution).max() < 0.5  # grams


@pytest.mark.slow
@pytest.mark.parametrize(("name", "metric", "stated"), [(name, metric, stated) for name, _, metric, stated in TABLE])
def test_it_comes_to_what_it_states(name, metric, stated):
    reached = Trainer(build(RECIPES / f"{name}.py")).fit().final[f"validation/{metric}"]
    assert reached >= stated if metric == "accuracy" else reached <= stated
