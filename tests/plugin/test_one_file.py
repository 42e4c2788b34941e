"""One file that no one installed adds an operation, a loss, an optimizer and logging."""

from __future__ import annotations

import json

import pytest

from framework import nn
from framework.errors import UserError
from framework.extend import get_operation
from framework.plugin.manager import PluginManager
from framework.training.recipe import build, load_recipe
from framework.training.trainer import Trainer

PLUGIN = '''
import json
from pathlib import Path

from framework.extend import Optimizer, hookimpl, operation

cube_for_test = operation(
    lambda input: input * input * input,
    name="cube_for_test",
    input=lambda g, input: 3 * g * input * input,
)


def cubic(prediction, target):
    return cube_for_test((prediction - target).abs()).mean()


class SignDescent(Optimizer):
    """Steps of one size, against the gradient."""

    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= group["lr"] * parameter.grad.sign()


@hookimpl
def register_operations(register):
    register("cube_for_test", cube_for_test)


@hookimpl
def register_losses(register):
    register("cubic", cubic)


@hookimpl
def register_optimizers(register):
    register("sign", SignDescent)


@hookimpl
def log(record):
    with open(Path(__file__).with_name("log.txt"), "a") as file:
        file.write(json.dumps(record) + "\\n")
'''

RECIPE = """
import framework
from framework import Recipe, nn
from framework.extend import get_operation


class Cubed(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return get_operation("cube_for_test")(self.linear(x))


def model():
    return Cubed()


def recipe(*, lr: float = 0.02, epochs: int = 40, loss: str = "cubic", optimizer: str = "sign") -> Recipe:
    x = framework.arange(8.0).reshape(8, 1) / 8
    return Recipe(model=model(), loss=loss, optimizer=optimizer, train=[(x, (x + 0.5) ** 3)], epochs=epochs)
"""


def test_all_four_from_one_file(tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "cubes.py").write_text(RECIPE)
    manager = PluginManager.load([str(tmp_path / "mine.py")], first_party=False, installed=False)
    recipe = build(load_recipe(tmp_path / "cubes.py"), lr=0.03)
    trainer = Trainer(recipe, plugins=manager)
    assert trainer.optimizer.param_groups[0]["lr"] == 0.03
    assert isinstance(recipe.model, nn.Module)
    losses = trainer.fit()["train/loss"]
    assert losses[-1] < losses[0] / 20
    logged = [json.loads(line) for line in (tmp_path / "log.txt").read_text().splitlines()]
    assert [record["train/loss"] for record in logged] == losses
    assert manager.adds()["mine"] == {
        "operations": ["cube_for_test"],
        "losses": ["cubic"],
        "optimizers": ["sign"],
    }


def test_an_operation_that_is_not_there():
    with pytest.raises(UserError, match=r"^There is no operation 'cube_for_tets'\. Did you mean 'cube_for_test'\?$"):
        get_operation("cube_for_tets")
