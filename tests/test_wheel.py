"""What a plain `pip install` gives: builds the wheel, with no network, and looks inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

import framework

ROOT = Path(__file__).resolve().parents[1]


def build(directory: Path, version: str) -> zipfile.ZipFile:
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=[version])
    return zipfile.ZipFile(path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(tmp_path_factory.mktemp("wheel"), "standard")


@pytest.fixture(scope="module")
def installed(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site-packages")
    wheel.extractall(directory)
    return directory


def files_under(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and {"__pycache__", ".ruff_cache", ".mypy_cache"}.isdisjoint(path.parts)
    }


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(f"framework_train-{framework.__version__}.dist-info/{name}").decode()


def test_the_wheel_holds_the_package_the_plugins_and_the_recipes_and_nothing_else(wheel):
    plugins = {name.removeprefix("plugins/") for name in files_under("plugins")}
    recipes = {f"framework/_{name}" for name in files_under("recipes")}
    contents = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert contents == files_under("framework") | plugins | recipes
    assert "framework/_recipes/logistic_regression.py" in contents
    assert "framework/_recipes/data/breast_cancer.csv" in contents
    assert "framework/_recipes/data/breast_cancer.LICENSE.txt" in contents
    assert "framework/py.typed" in contents


def test_the_metadata_names_exactly_the_four_dependencies(wheel):
    fields = message_from_string(metadata(wheel, "METADATA"))
    assert fields["Name"] == "framework-train"
    assert fields["Version"] == framework.__version__
    assert fields["Requires-Python"] == ">=3.11"
    needed = [line for line in fields.get_all("Requires-Dist") if "extra ==" not in line]
    assert sorted(needed) == ["click>=8.1", "numpy>=2.1.2", "pluggy>=1.7", "tqdm>=4.64"]
    assert fields["License-Expression"] == "MIT AND CC-BY-4.0 AND CC0-1.0"
    assert "MIT License" in metadata(wheel, "licenses/LICENSE")
    assert "framework = framework.cli:main" in metadata(wheel, "entry_points.txt")


def test_an_editable_install_points_at_the_checkout_and_copies_nothing(tmp_path):
    wheel = build(tmp_path, "editable")
    (name,) = [name for name in wheel.namelist() if ".dist-info/" not in name]
    assert name.endswith(".pth")
    assert set(wheel.read(name).decode().split()) == {str(ROOT), str(ROOT / "plugins")}


def run(installed: Path, *arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "framework", *arguments]
    shown = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_recipes_are_listed_and_copied_with_their_data_after_an_install(installed, tmp_path):
    assert "logistic_regression" in run(installed, "recipes", cwd=tmp_path)
    run(installed, "recipes", "copy", "logistic_regression", cwd=tmp_path)
    copied = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert copied == {
        "logistic_regression.py",
        "data/breast_cancer.csv",
        "data/breast_cancer.LICENSE.txt",
    }
    text = run(installed, "train", "logistic_regression.py", "--epochs", "1", cwd=tmp_path)
    assert "accuracy" in text
