"""`framework reproduce`: a batch that was not finite, run again."""

from __future__ import annotations

from pathlib import Path

import pytest

WRONG = '''
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


class Root(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.dropout(self.linear(x)).abs().log()


def recipe(*, lr: float = 0.1) -> Recipe:
    """Logarithms of zeros that chance makes."""
    x = framework.arange(8.0).reshape(8, 1) / 8
    network = Root()
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optim.SGD(network.parameters(), lr=lr),
        train=TensorDataset(x, 2 * x + 1),
        batch_size=4,
        epochs=2,
    )
'''


@pytest.fixture
def file(framework, folder) -> Path:
    """What a run that met infinity left."""
    Path("wrong.py").write_text(WRONG)
    result = framework("train", "-q", "--out", "run", "wrong.py", "--lr", "0.01")
    assert result.exit_code == 1
    assert "To see it again: framework reproduce run/nonfinite-step-1.npz" in result.output
    assert (
        "in the model (Root), at wrong.py:14:\n      return self.dropout(self.linear(x)).abs().log()" in result.output
    )
    return Path("run/nonfinite-step-1.npz")


def test_it_is_seen_again(framework, file):
    result = framework("reproduce", file)
    assert result.exit_code == 1
    first, *rest = result.output.splitlines()
    assert first == "The loss is inf in this batch."
    assert rest[0].startswith("  It comes from log(), in row ")
    assert rest[1] == "      return self.dropout(self.linear(x)).abs().log()"


def test_the_recipe_is_gone_or_another(framework, file):
    before = framework("reproduce", file).output
    Path("wrong.py").write_text(WRONG.replace(".log()", ".sqrt()"))
    changed = framework("reproduce", file)
    assert changed.exit_code == 1
    assert "has changed since; the copy in run/nonfinite-step-1.npz is used." in changed.output
    Path("wrong.py").unlink()
    gone = framework("reproduce", file)
    assert gone.exit_code == 1 and "wrong.py is gone since; the copy in" in gone.output
    assert gone.output.splitlines()[1] == before.splitlines()[0]
    assert "return self.dropout(self.linear(x)).abs().log()" in gone.output


def test_it_is_not_seen_again(framework, file, monkeypatch):
    monkeypatch.setattr("framework.autograd.Tensor.log", lambda tensor: tensor)
    result = framework("reproduce", file)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "All is finite: the loss, and every gradient.",
        "It is not seen again here. Nothing differs that is known: the batch may depend on what the file does not hold, "
        "such as plain attributes of the model.",
    ]
    monkeypatch.setattr("framework.training.nonfinite.reproducing.versions", lambda: {"numpy": "9"})
    result = framework("reproduce", file)
    assert "What differs: " in result.output and "numpy is 9, and was " in result.output


def test_what_is_no_such_file(framework, folder):
    result = framework("reproduce", "none.npz")
    assert result.exit_code == 1 and result.output == "error: There is no file none.npz.\n"
