"""A recipe that uses a plugin's operation: where it finds it, and how its run is used later."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import framework as face
from framework.training.recipe import build
from framework.training.trainer import Trainer
from tests.cli.conftest import LINE

PLUGIN = """
from framework.extend import hookimpl, operation

{0} = operation(lambda input: 2 * input, name="{0}", input=lambda g: 2 * g)
epochs = []


@hookimpl
def register_operations(register):
    register("{0}", {0})


@hookimpl
def epoch_end(trainer):
    epochs.append(trainer.epoch)
"""

TWICE = """

class Twice(nn.Linear):
    def forward(self, x):
        return {0}(super().forward(x))
"""


def recipe(path: str, operation: str, line: str) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    source = LINE.replace("return nn.Linear(1, 1)", "return Twice(1, 1)")
    Path(path).write_text(f"{line}\n{source}{TWICE.format(operation)}")
    Path("points.csv").write_text("x\n0.25\n")


IMPORTED = "from {1} import {0}"
LOOKED_UP = "from framework.extend import get_operation\n{0} = get_operation('{0}')"


@pytest.mark.parametrize("number, line", list(enumerate([IMPORTED, LOOKED_UP])))
def test_a_given_plugin_is_there_when_the_recipe_is_run(framework, folder, number, line):
    name, plugin = f"twice_given_{number}", f"given_plugin_{number}"
    Path("plugins").mkdir()
    Path(f"plugins/{plugin}.py").write_text(PLUGIN.format(name))
    recipe("recipes/plugged.py", name, line.format(name, plugin))
    call = "train", "-p", f"plugins/{plugin}.py", "--out", "run", "recipes/plugged.py"
    result = framework(*call)
    assert result.exit_code == 0, result.output
    from framework.autograd.operation import registry

    del registry[name], sys.modules[plugin]  # as in another process
    os.utime(f"plugins/{plugin}.py", (0, 0))  # or it is not run again
    assert framework("predict", "run", "points.csv").exit_code == 0


def test_what_a_run_lacks_is_named(fails, framework, folder):
    Path("lacking_plugin.py").write_text(PLUGIN.format("twice_lacking"))
    recipe("recipes/plugged.py", "twice_lacking", LOOKED_UP.format("twice_lacking"))
    assert framework("train", "-p", "lacking_plugin.py", "--out", "run", "recipes/plugged.py").exit_code == 0
    from framework.autograd.operation import registry

    del registry["twice_lacking"], sys.modules["lacking_plugin"]  # as in another process
    Path("lacking_plugin.py").rename("lacking_plugin_2.py")
    first, second = fails("predict", "run", "points.csv").splitlines()
    assert first.startswith("error: There is no operation 'twice_lacking'.")
    assert second == "run was trained with plugins that are not there now: lacking_plugin (-p lacking_plugin.py)"
    assert framework("predict", "-p", "lacking_plugin_2.py", "run", "points.csv").exit_code == 0


def test_the_plugin_beside_the_recipe_is_there_and_goes_with_the_run(framework, folder):
    recipe("recipes/plugged.py", "twice_local", LOOKED_UP.format("twice_local"))
    Path("recipes/framework_local.py").write_text(PLUGIN.format("twice_local"))
    result = framework("train", "--out", "run", "recipes/plugged.py")
    assert result.exit_code == 0, result.output
    assert "Using the plugin recipes/framework_local.py. To leave it out: -p no:framework_local\n" in result.output
    assert result.output.count("Using the plugin") == 1
    assert Path("run/framework_local.py").read_text() == PLUGIN.format("twice_local")
    Path("recipes").rename("elsewhere")
    from framework.autograd.operation import registry

    del registry["twice_local"]
    assert framework("predict", "run", "points.csv").exit_code == 0


def test_the_plugin_beside_the_recipe_that_is_left_out_is_not_even_imported(framework, folder):
    Path("framework_local.py").write_text("1 / 0")
    assert framework("train", "-p", "no:framework_local", "--out", "run", "line.py").exit_code == 0
    assert not Path("run/framework_local.py").exists()
    result = framework("train", "line.py")
    assert "ZeroDivisionError: division by zero (framework_local.py:1). To leave it out" in result.output


def test_the_plugin_beside_the_recipe_from_python(folder):
    recipe("recipes/plugged.py", "twice_python", LOOKED_UP.format("twice_python"))
    Path("recipes/framework_local.py").write_text(PLUGIN.format("twice_python"))
    built = build("recipes/plugged.py")
    Trainer(built).fit()
    assert built.file.local.epochs == [1, 2]
    Trainer(build("recipes/plugged.py"), plugins=[built.file.local]).fit()
    assert built.file.local.epochs == [1, 2, 1, 2]


def test_a_helper_beside_the_recipe(framework, folder):
    recipe("one/plugged.py", "helping_module.twice", "import helping_module")
    recipe("two/plugged.py", "helping_module.twice", "import helping_module")
    for number, name in enumerate(("one", "two")):
        Path(name, "helping_module.py").write_text(f"def twice(x):\n    return {number} * x\n")
        assert framework("train", "--out", f"run_{name}", f"{name}/plugged.py", "--epochs", 1).exit_code == 0
        assert Path(f"run_{name}/helping_module.py").is_file()
        assert build(f"{name}/plugged.py").model(face.ones(1)).detach().bool() == bool(number)
        Path(name).rename(f"{name}_moved")
        assert framework("predict", f"run_{name}", "points.csv").exit_code == 0
    assert not any("plugged" in each or str(folder) in each for each in sys.path)


def test_a_plugin_that_was_not_loaded_is_proposed(fails, folder):
    Path("unloaded_plugin.py").write_text(PLUGIN.format("twice_unloaded"))
    recipe("recipes/plugged.py", "twice_unloaded", "from unloaded_plugin import twice_unloaded")
    assert fails("train", "recipes/plugged.py") == (
        "error: recipes/plugged.py imports 'unloaded_plugin', which is not installed. "
        "Is it the plugin unloaded_plugin.py? Load it with -p unloaded_plugin.py.\n"
    )
    assert fails("train", "-p", "unloaded_plugin", "recipes/plugged.py") == (
        "error: Plugin 'unloaded_plugin' (-p unloaded_plugin) cannot be used: there is no module 'unloaded_plugin'. "
        "Did you mean unloaded_plugin.py?\n"
    )
