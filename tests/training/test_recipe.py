"""Recipes: what fits together, how a function becomes hyperparameters, and how it is called."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import framework
from framework import nn, optim
from framework.data import Dataset, TensorDataset
from framework.errors import UserError
from framework.training.hyperparameters import REQUIRED, Hyperparameter
from framework.training.recipe import Recipe, build, load_recipe
from tests.tiny import tiny


def message(function, *arguments, **named) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **named)
    return str(caught.value)


PROBLEMS = {
    "model": ({"model": 3, "optimizer": "sgd"}, "model must be an nn.Module, not 3."),
    "epochs": ({"epochs": 0}, "epochs must be a whole number from 1 up, not 0."),
    "epochs as float": ({"epochs": 2.5}, "epochs must be a whole number from 1 up, not 2.5."),
    "no loss": (
        {"loss": None},
        "there is neither loss nor step; give loss=nn.CrossEntropyLoss(), say, or a step of your own.",
    ),
    "no optimizer": (
        {"optimizer": None},
        "there is no optimizer; leave it out only when your step updates the model itself.",
    ),
    "when to schedule": (
        {"scheduler": "step", "scheduler_every": "week"},
        "scheduler_every must be 'epoch' or 'step', not 'week'.",
    ),
    "no data": (
        {"train": None},
        "the train data must be a Dataset, a DataLoader or an iterable of batches, not None.",
    ),
    "a path as data": (
        {"validate": {"test": "test.csv"}},
        "the test data must be a Dataset, a DataLoader or an iterable of batches, not 'test.csv'.",
    ),
    "empty": ({"train": []}, "the train data is empty: a split of too few samples leaves none. Give more."),
    "empty validation": (
        {"validate": []},
        "the validation data is empty: a split of too few samples leaves none. Give more, or leave it out.",
    ),
    "a set called train": (
        {"validate": {"train": [1]}},
        "validate has a set called 'train', which is the training data's name; call it otherwise.",
    ),
    "inputs": ({"inputs": "x"}, "inputs must be a list of names, not 'x'."),
    "a class as model": (
        {"model": nn.Linear, "optimizer": "sgd"},
        "model is the class Linear; make one: model=Linear(…).",
    ),
    "loss": (
        {"loss": 3},
        "loss must be a function (prediction, target), such as nn.CrossEntropyLoss(), or a name, not 3.",
    ),
    "a class as loss": ({"loss": nn.MSELoss}, "loss is the class MSELoss; make one: loss=MSELoss(…)."),
    "a class as optimizer": (
        {"optimizer": optim.SGD},
        "optimizer is the class SGD; make one: optimizer=SGD(model.parameters(), …).",
    ),
    "optimizer": ({"optimizer": 3}, "optimizer must be an Optimizer, such as optim.SGD(…), or a name, not 3."),
    "scheduler": ({"scheduler": 3}, "scheduler must be an object with step(), or a name, not 3."),
    "step": ({"step": 3}, "step must be a function (model, batch), not 3."),
    "metrics": ({"metrics": 3}, 'metrics must be a list of names, functions or Metrics, such as ["accuracy"], not 3.'),
    "batch size": ({"batch_size": 0}, "batch_size must be a whole number from 1 up, not 0."),
    "model arguments": ({"model_arguments": [1]}, "model_arguments must be a dict of JSON values by name, not [1]."),
    "count of inputs": (
        {"train": TensorDataset(framework.zeros(4, 3), framework.zeros(4)), "inputs": ["a", "b"]},
        "Recipe(inputs=[…]) names 2, but the train data has 3 columns: name each, in their order.",
    ),
    "classes": ({"classes": [0, 1]}, "classes must be a list of names, not [0, 1]."),
}


@pytest.mark.parametrize("changes, problem", PROBLEMS.values(), ids=PROBLEMS)
def test_a_recipe_that_does_not_fit_together(changes, problem):
    assert message(tiny, **changes) == f"This Recipe does not fit together: {problem}"


def test_all_problems_are_said_at_once():
    assert message(tiny, epochs=0, train=[]) == (
        "This Recipe does not fit together:\n"
        "- epochs must be a whole number from 1 up, not 0.\n"
        "- the train data is empty: a split of too few samples leaves none. Give more."
    )


def test_validation_sets_have_names():
    assert list(tiny().validation) == ["validation"]
    assert list(tiny(validate={"easy": [1], "hard": [2]}).validation) == ["easy", "hard"]
    assert tiny(validate=None).validation == {}


def recipe(
    *,
    lr: float = 0.1,
    epochs: int = 2,
    bias: bool = True,
    mode: Literal["fast", "exact"] = "fast",
    limit: int | None = None,
    data: Path = Path("data.csv"),
    name: str = "x",
    width=16,
) -> Recipe:
    """A recipe."""
    return tiny(epochs=epochs)


def test_build_calls_the_function_with_all_values():
    built = build(recipe, seed=3, lr=1, mode="exact", limit=5, data="data.csv")
    assert built.hyperparameters == {
        "lr": 1.0,
        "epochs": 2,
        "bias": True,
        "mode": "exact",
        "limit": 5,
        "data": Path("data.csv"),
        "name": "x",
        "width": 16,
    }
    assert type(built.hyperparameters["lr"]) is float
    assert built.seed == 3 and built.file is None
    assert built.origins["lr"] == "given" and built.origins["epochs"] == "default"


WRONG_VALUES = {
    "unknown": ({"epoch": 3}, "there is no hyperparameter 'epoch'. Did you mean 'epochs'?"),
    "text for a float": ({"lr": "0.3"}, "lr must be of type float, not '0.3'."),
    "not finite": (
        {"lr": float("inf")},
        "lr must be a finite number, not inf: JSON, in which a run keeps it, has no other.",
    ),
    "larger than any float": (
        {"lr": 10**400},
        f"lr must be a finite number, not {10**400}: JSON, in which a run keeps it, has no other.",
    ),
    "float for an int": ({"epochs": 2.0}, "epochs must be of type int, not 2.0."),
    "bool for an int": ({"epochs": True}, "epochs must be of type int, not True."),
    "int for a bool": ({"bias": 1}, "bias must be of type bool, not 1."),
    "no such choice": ({"mode": "slow"}, "mode must be one of 'fast', 'exact', not 'slow'."),
    "None where it is not allowed": ({"lr": None}, "lr must be of type float, not None."),
    "type of the default": ({"width": "wide"}, "width must be of type int, not 'wide'."),
}


@pytest.mark.parametrize("values, problem", WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_a_wrong_value(values, problem):
    assert message(build, recipe, **values) == f"recipe() cannot be called so: {problem}"


def test_wrong_values_are_said_at_once():
    assert message(build, recipe, epoch=3, lr="a") == (
        "recipe() cannot be called so:\n"
        "- there is no hyperparameter 'epoch'. Did you mean 'epochs'?\n"
        "- lr must be of type float, not 'a'."
    )


def test_a_hyperparameter_without_default_is_required():
    def recipe(*, lr: float) -> Recipe:
        return tiny()

    assert message(build, recipe) == "recipe() cannot be called so: lr is required."
    assert build(recipe, lr=0.1).hyperparameters == {"lr": 0.1}


def wrong_signature(function) -> str:
    start = f"The parameters of {function.__name__}() cannot be hyperparameters:"
    text = message(build, function)
    assert text.startswith(start)
    return text.removeprefix(start)


def test_signatures_that_cannot_be_hyperparameters():
    def plain(lr: float = 0.1): ...
    def bare(*, lr): ...
    def seeded(*, seed: int = 0): ...
    def lists(*, sizes: list[int] = [1]): ...
    def two(*, a: int | str = 1): ...
    def default(*, lr: float = "a"): ...
    def several(lr: float = 0.1, *, sizes: dict = {}): ...

    assert wrong_signature(plain) == (
        " lr: float = 0.1 is not keyword-only: write the star first, plain(*, lr: float = 0.1)."
    )
    assert wrong_signature(bare) == " lr has neither a type nor a default: write lr: float = 0.1, say."
    assert wrong_signature(seeded) == (
        " seed cannot be a hyperparameter: the framework seeds before it calls the recipe "
        "(--seed on the command line, build(…, seed=) here)."
    )
    assert wrong_signature(lists) == (
        " sizes is of type list[int]; it must be bool, int, float, str, Path or a Literal."
    )
    assert wrong_signature(two) == (" a is of type int | str; it must be bool, int, float, str, Path or a Literal.")
    assert wrong_signature(default) == " the default of lr must be of type float, not 'a'."
    assert wrong_signature(several).count("\n- ") == 2


def test_a_recipe_that_returns_something_else():
    def nothing() -> None: ...

    def number():
        return 3

    assert message(build, nothing) == ("nothing() must return a Recipe, but returned None; is a `return` missing?")
    assert message(build, number) == "number() must return a Recipe, but returned 3."


def test_every_generator_is_seeded_before_the_call():
    drawn = []

    def draws() -> Recipe:
        drawn.append((framework.rand(1).item(), random.random(), np.random.rand()))
        return tiny()

    for seed in (0, 0, 1, -1):
        build(draws, seed=seed)
    assert drawn[0] == drawn[1]
    assert all(drawn[0][i] != drawn[2][i] != drawn[3][i] for i in range(3))


FILE = '''"""The file's docstring."""
from framework import Recipe


def recipe(*, lr: float = 0.1, steps: int) -> Recipe:
    """What it is about."""


def model():
    return None
'''


def test_a_file_is_loaded(tmp_path):
    path = tmp_path / "line.py"
    path.write_text(FILE)
    file = load_recipe(path)
    assert file.doc == "What it is about."
    assert file.path == path
    assert file.hyperparameters == {
        "lr": Hyperparameter("lr", float, 0.1),
        "steps": Hyperparameter("steps", int, REQUIRED),
    }
    assert file.model is not None and file.model() is None
    assert not list(tmp_path.glob("**/*.pyc"))


def test_the_files_docstring_stands_in_for_the_functions(tmp_path):
    (tmp_path / "line.py").write_text(FILE.replace('    """What it is about."""\n', "    ...\n"))
    assert load_recipe(tmp_path / "line.py").doc == "The file's docstring."


def test_a_file_does_not_get_the_frameworks_future_imports(tmp_path):
    (tmp_path / "line.py").write_text(FILE)
    assert load_recipe(tmp_path / "line.py").function.__annotations__["lr"] is float


FILES = {
    "syntax": (
        "def recipe(*, lr: float = 0.1:\n    pass\n",
        "{path}, line 1: invalid syntax.\n    def recipe(*, lr: float = 0.1:",
    ),
    "module": ("import nosuchmodule\n", "{path} imports 'nosuchmodule', which is not installed."),
    "name": (
        "def recipes(): ...\n",
        "{path} has no function `recipe`. Is it recipes()? It needs one: def recipe(*, lr: float = 0.1) -> Recipe: …",
    ),
    "empty": (
        "",
        "{path} has no function `recipe`. It needs one: def recipe(*, lr: float = 0.1) -> Recipe: …",
    ),
    "annotation": (
        "from __future__ import annotations\ndef recipe(*, lr: floot = 0.1): ...\n",
        "The annotations of recipe() name 'floot', which is not imported.",
    ),
}


@pytest.mark.parametrize("text, expected", FILES.values(), ids=FILES)
def test_a_file_that_is_wrong(tmp_path, text, expected):
    path = tmp_path / "wrong.py"
    path.write_text(text)
    assert message(load_recipe, path) == expected.format(path=path)


def test_a_path_that_is_wrong(tmp_path):
    (tmp_path / "line.py").write_text(FILE)
    (tmp_path / "notes.txt").write_text("x")
    assert message(load_recipe, tmp_path / "lime.py") == (
        f"There is no file {tmp_path / 'lime.py'}. Did you mean 'line.py'?"
    )
    assert message(load_recipe, tmp_path) == (
        f"{tmp_path} is a folder; a recipe is a file, such as {tmp_path / 'recipe.py'}."
    )
    assert message(load_recipe, tmp_path / "notes.txt") == (
        f"{tmp_path / 'notes.txt'} is not a Python file: a recipe's name ends in .py."
    )
    assert message(load_recipe, tmp_path / "no" / "line.py") == (f"There is no file {tmp_path / 'no' / 'line.py'}.")


def test_build_takes_a_path(tmp_path):
    (tmp_path / "line.py").write_text(
        "from tests.tiny import tiny\ndef recipe(*, epochs: int = 2):\n    return tiny(epochs=epochs)\n"
    )
    built = build(tmp_path / "line.py", epochs=5)
    assert built.epochs == 5
    assert built.file is not None and built.file.path.name == "line.py"


X = framework.arange(8.0).reshape(8, 1)

SAMPLES = {
    "a number as target": [(x, 1.0) for x in X],
    "a tensor of no dimension": [(x, x[0]) for x in X],
    "vectors of different lengths": [(framework.zeros(3), framework.zeros(2))],
}
BATCHES = {
    "tensors of one length": [(X, X)],
    "targets in one row": [(framework.zeros(2, 3), framework.zeros(6))],
    "no target": [(X,)],
    "dicts": [{"x": X}],
    "tensors": [X],
}


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_a_list_of_samples_is_a_dataset(data):
    made = tiny(train=data, validate=data)
    for dataset in (made.train, made.validate):
        assert isinstance(dataset, Dataset) and len(dataset) == len(data) and dataset[0] is data[0]
    assert tiny(train=data, step=lambda model, batch: None).train is data


@pytest.mark.parametrize("data", BATCHES.values(), ids=BATCHES)
def test_any_other_list_holds_batches(data):
    assert tiny(train=data).train is data


def test_build_takes_the_name_of_a_recipe_that_comes_with_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert build("logistic_regression", epochs=1).epochs == 1
