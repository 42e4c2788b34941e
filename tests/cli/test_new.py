"""`framework new`: what it writes is installed, found, tested and used as its author would, without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import framework as package

ROOT = Path(__file__).resolve().parents[2]
# pytest loads them by their entry point where the framework is installed.
FIXTURES = () if "framework" in entry_points(group="pytest11").names else ("-p", "framework_pytest")


SEVERAL = """
import json, sys
from click.testing import CliRunner
from framework.cli import cli

def shown(words):
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return result.output

print("\\f".join(shown(json.loads(each)) for each in sys.argv[1:]), end="")
"""
"""Commands of the framework's, one after another in one process."""


def python(*words: str, cwd: Path, path: Path | None = None) -> str:
    """What a process prints, with the framework, and what was installed in `path`, to be found."""
    search = os.pathsep.join(map(str, [*([path] if path else []), ROOT, ROOT / "plugins"]))
    environment = {**os.environ, "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-P", *words]
    shown = subprocess.run(command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    return shown.stdout


@pytest.fixture
def shiny(framework, folder) -> Path:
    """A plugin's folder, as it is written."""
    result = framework("new", "plugin", "shiny_thing")
    assert result.exit_code == 0, result.output
    return folder / "framework-shiny-thing"


def test_what_is_printed_and_written(framework, shiny, folder):
    files = {path.relative_to(shiny).as_posix() for path in shiny.rglob("*") if path.is_file()}
    assert files == {
        ".github/workflows/tests.yml",
        ".gitignore",
        "README.md",
        "example.py",
        "pyproject.toml",
        "src/framework_shiny_thing.py",
        "tests/test_shiny_thing.py",
    }
    assert not [name for name in files if "my_plugin" in (text := (shiny / name).read_text()) or "my-plugin" in text]
    major = int(package.__version__.split(".")[0])
    project = (shiny / "pyproject.toml").read_text()
    assert f'"framework-train>={package.__version__},<{major + 1}"' in project
    assert '\nshiny_thing = "framework_shiny_thing"\n' in project
    printed = framework("new", "plugin", "other", "--out", "here").output
    for line in ("cd here", "pytest", "framework plugins check other", "framework train --log other example.py"):
        assert f"\n  {line} " in f"{printed} ".replace("\n", " \n")


def test_it_is_installed_found_tested_and_used(shiny, tmp_path):
    site = tmp_path / "site"
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check"]
    python("-m", "pip", "install", *options, "--target", str(site), ".", cwd=shiny)
    passed = python("-m", "pytest", "-q", *FIXTURES, "-p", "no:cacheprovider", cwd=shiny, path=site)
    assert "7 passed" in passed
    example = str(shiny / "example.py")
    commands = [
        ["plugins"],
        ["train", "-q", "--log", "shiny_thing", "--out", "first", example, "--epochs", "2"],
        ["shiny-thing", "first"],
    ]
    listed, trained, drawn = python("-c", SEVERAL, *map(json.dumps, commands), cwd=tmp_path, path=site).split("\f")
    line = next(line for line in listed.splitlines() if line.startswith("shiny_thing "))
    assert "0.1.0" in line and "installed" in line
    for kind in ("operations: shiny_thing_swish", "losses: shiny_thing_log_cosh", "optimizers: shiny_thing_heavy_ball"):
        assert kind in line
    assert "The lowest training loss was" in trained
    assert len(drawn.split("\n")) == 3


PARTS = {
    "An operation": ("test_the_operation", "test_the_example"),
    "A loss": ("test_the_loss", "test_the_example"),
    "An optimizer": ("test_the_optimizer", "test_the_example"),
    "An observer": ("test_the_observer",),
    "A command": ("test_the_command",),
}


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_deleted(part, shiny):
    source, tests = shiny / "src" / "framework_shiny_thing.py", shiny / "tests" / "test_shiny_thing.py"
    blocks = re.split(r"(?m)^(?=# An? )", source.read_text())
    assert [part for part in PARTS if any(block.startswith(f"# {part}") for block in blocks)] == list(PARTS)
    (block,) = [block for block in blocks if block.startswith(f"# {part}")]
    assert all(name in block for name in PARTS[part] if name != "test_the_example")
    source.write_text("".join(each for each in blocks if each is not block))
    text = tests.read_text()
    for name in ("test_it_is_found", *PARTS[part]):
        text = re.sub(rf"(?ms)^def {name}\(.*?(?=^def |\Z)", "", text)
    tests.write_text(text)
    passed = python("-m", "pytest", "-q", *FIXTURES, cwd=shiny, path=shiny / "src")
    assert re.search(r"^\d passed", passed, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plugin", "Shiny-Thing"], "small letters, digits and underscores: framework new plugin shiny_thing"),
        (["plugin", "3"], "framework new plugin shiny"),
        (["plugin", "framework-x"], "called framework-… by itself: framework new plugin x"),
        (["plugin", "progress"], "There is a plugin 'progress' already, first-party: choose another name."),
        (["plugin", "pytest"], "There is a module framework_pytest already"),
        (["plugin", "lr_find"], "The framework itself has a 'lr_find'"),
        (["plugin", "x", "--out", "."], ". is not empty, and nothing is overwritten"),
        (["plugin", "x", "--out", "line.py"], "line.py is a file; a plugin needs a folder"),
        (["recipe", "line"], "line.py is there already, and nothing is overwritten."),
        (["recipe", "two-moons"], "letters, digits and underscores: framework new recipe two_moons"),
        (["recipe", "random"], "random.py would be in the way of `import random`"),
    ],
)
def test_names_that_cannot_be(words, message, fails, folder):
    assert message in fails("new", *words)
    assert {path.name for path in folder.iterdir()} == {"line.py"}


def test_a_recipe_trains_measures_and_predicts(framework, folder):
    assert "framework train --out runs/mine mine.py" in framework("new", "recipe", "mine").output
    assert len((folder / "mine.py").read_text().splitlines()) < 80
    for words in (["train", "-q", "--out", "runs/mine", "mine.py"], ["evaluate", "runs/mine"]):
        result = framework(*words)
        assert result.exit_code == 0, result.output
    assert "accuracy 0.9" in result.output
    (folder / "new.csv").write_text("x,y,inside\n0.1,0.2,0\n0.6,0.1,1\n")
    assert "accuracy 1.0000  (2 samples)" in framework("evaluate", "runs/mine", "--data", "new.csv").output
    predicted = framework("predict", "runs/mine", "new.csv").output.splitlines()
    assert [line.split(",")[0] for line in predicted] == ["prediction", "outside", "inside"]
