"""`framework show`: what a recipe is, and its training step as NumPy; `framework train --no-compile`."""

from __future__ import annotations

import json
import warnings

PLAIN = """
import framework


class Plain(framework.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {})

    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.sub_(0.1 * parameter.grad)
"""


def test_it_shows_the_model_and_the_hyperparameters(framework):
    result = framework("show", "line.py", "--lr", "0.5")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "Linear(in_features=1, out_features=1, bias=True)",
        "",
        "2 parameters in 2 tensors",
        "lr          0.5",
        "epochs      2",
        "batch_size  4",
    ]


def test_it_shows_the_step_as_numpy(framework):
    before, behind = framework("show", "--source", "line.py"), framework("show", "line.py", "--source")
    assert before.exit_code == 0 and before.output == behind.output
    lines = before.output.splitlines()
    assert "def program(batch_0, batch_1):" in lines
    for section in ("    # forward", "    # backward", "    # update"):
        assert section in lines
    assert any(line.startswith("    subtract(parameters, ") for line in lines)


def test_hooks_between_make_two_programs(framework, folder):
    (folder / "clip.py").write_text(
        "from framework.extend import hookimpl\n@hookimpl\ndef after_backward(trainer):\n    pass\n"
    )
    text = framework("-p", "clip.py", "show", "line.py", "--source").output
    assert text.count("def program(") == 2
    forward, update = text.split("# update")
    assert "# backward" in forward and "grad" in forward and "subtract(weight" in update


def test_a_step_that_cannot_be_shown_says_why(framework, folder, fails):
    line = (folder / "line.py").read_text()
    (folder / "deciding.py").write_text(
        line.replace("nn.Linear(1, 1)", "Deciding()").replace(
            "def model",
            "class Deciding(nn.Linear):\n"
            "    def __init__(self):\n"
            "        super().__init__(1, 1)\n"
            "    def forward(self, x):\n"
            "        return super().forward(x) if x.sum() > -1 else x\n\n\n"
            "def model",
        )
    )
    text = fails("show", "deciding.py", "--source")
    assert "error: The recipe's training step runs as it is written: a decision by a tensor's value at" in text
    assert "deciding.py:" in text and "forward" in text


def test_an_optimizer_of_its_own_stays_as_it_is(framework, folder):
    (folder / "plain.py").write_text(
        PLAIN
        + (folder / "line.py")
        .read_text()
        .replace("optim.SGD(network.parameters(), lr=lr)", "Plain(network.parameters())")
    )
    text = framework("show", "plain.py", "--source").output
    assert "def program(" in text and "Python of its own" in text
    assert framework("train", "--out", "run", "plain.py").exit_code == 0


def test_training_with_and_without_programs_gives_the_same_numbers(framework, folder):
    for name, option in (("a", "--compile"), ("b", "--no-compile")):
        assert framework("train", option, "--out", name, "line.py", "--batch-size", "3").exit_code == 0
    a, b = ([json.loads(line) for line in (folder / name / "metrics.jsonl").read_text().splitlines()] for name in "ab")
    for one, other in zip(a, b, strict=True):
        one.pop("time"), other.pop("time")
        assert one == other


def test_a_recipe_that_cannot_be_a_program_trains_and_is_told_once(framework, folder):
    line = (folder / "line.py").read_text()
    (folder / "telling.py").write_text(
        line.replace("loss=nn.MSELoss()", "loss=telling").replace(
            "def model",
            "def telling(a, b):\n    loss = ((a - b) ** 2).mean()\n    loss.item()\n    return loss\n\n\ndef model",
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = framework("train", "--out", "run", "telling.py")
    assert result.exit_code == 0
    said = [line for line in result.output.splitlines() if line.startswith("warning: ")]
    assert len([line for line in said if "training step" in line]) == 1
    assert ".item() at" in said[0] and "telling.py:" in said[0]
