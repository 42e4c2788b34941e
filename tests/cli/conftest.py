"""What every test of the command line needs: a folder of its own, and `framework` as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framework.cli import cli

Framework = Callable[..., Result]

LINE = """
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


def model():
    return nn.Linear(1, 1)


def recipe(*, lr: float = 0.1, epochs: int = 2, batch_size: int = 4) -> Recipe:
    \"\"\"A straight line through eight points.\"\"\"
    x = framework.arange(8.0).reshape(8, 1) / 8
    network = model()
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optim.SGD(network.parameters(), lr=lr),
        train=TensorDataset(x, 2 * x + 1),
        batch_size=batch_size,
        epochs=epochs,
        inputs=["x"],
    )
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: empty but for line.py, a small recipe."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.py").write_text(LINE)
    return tmp_path


@pytest.fixture
def framework(folder: Path) -> Framework:
    """`framework("train", "line.py")` runs the command in `folder`; its result has exit_code and output."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def fails(framework: Framework) -> Callable[..., str]:
    """Runs a command that must fail without a traceback; gives what it printed."""

    def run(*arguments: object, code: int = 1) -> str:
        result = framework(*arguments)
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    return run
