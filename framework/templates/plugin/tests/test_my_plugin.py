"""Tests of my-plugin, by the fixtures that come with the framework: `pytest --fixtures` says what each does."""

import math
from importlib.metadata import entry_points
from pathlib import Path

import framework
import numpy as np
from click.testing import CliRunner
from framework import nn

import framework_my_plugin as plugin

EXAMPLE = Path(__file__).parents[1] / "example.py"


def test_it_is_found():
    assert "my_plugin" in entry_points(group="framework.plugins").names, "not installed yet: pip install -e ."


def test_the_operation(check_operation):
    x = np.linspace(-3, 3, 12).reshape(3, 4)
    assert np.allclose(plugin.swish(x, np.array(2.0)), x / (1 + np.exp(-2 * x)))
    check_operation(plugin.swish, x, np.array(0.7))
    check_operation(plugin.swish, x, np.array([0.5, 1.0, -1.0, 2.0]))


def test_the_loss(tiny_run):
    prediction, target = framework.tensor([3.0, 500.0]), framework.tensor([1.0, 0.0])
    expected = (math.log(math.cosh(2)) + 500 - math.log(2)) / 2
    assert math.isclose(plugin.log_cosh(prediction, target).item(), expected, rel_tol=1e-6)
    losses = tiny_run(plugin, loss="my_plugin_log_cosh").history["train/loss"]
    assert losses[-1] < losses[0]


def test_the_optimizer(tiny_run, assert_exact_resume):
    weight = nn.Parameter(framework.tensor([1.0]))
    optimizer = plugin.HeavyBall([weight], lr=0.1, momentum=0.5)
    for expected in (0.8, 0.5):  # 1 - 0.1 * 2, and from there 0.1 * (0.5 * 2 + 2) less
        weight.grad = framework.tensor([2.0])
        optimizer.step()
        assert math.isclose(weight.item(), expected, rel_tol=1e-6)
    how = {"optimizer": "my_plugin_heavy_ball", "hyperparameters": {"lr": 0.1, "momentum": 0.5}}
    losses = tiny_run(plugin, **how).history["train/loss"]
    assert losses[-1] < losses[0]
    assert losses == tiny_run(plugin, compile=False, **how).history["train/loss"]
    assert_exact_resume(plugin, **how)


def test_the_observer(tiny_run, capsys):
    tiny_run(plugin, loggers=["my_plugin"], epochs=2)
    assert "The lowest training loss was" in capsys.readouterr().out


def test_the_command(tiny_run):
    run = tiny_run(epochs=2).run
    shown = CliRunner().invoke(plugin.losses, [str(run.path)])
    assert shown.exit_code == 0, shown.output
    assert len(shown.output.splitlines()) == 2


def test_the_example(tiny_run):
    losses = tiny_run(plugin, recipe=EXAMPLE, epochs=5).history["train/loss"]
    assert losses[-1] < losses[0]
