"""The command line as a whole: its commands, those of plugins, its errors and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

import framework as package

ROOT = Path(__file__).resolve().parents[2]

GREET = """
import click
from framework.extend import hookimpl


@click.command(short_help="Say hello.")
def greet():
    click.echo("hello")


@hookimpl
def register_commands(register):
    register("greet", greet)
"""


def run(
    *arguments: str, cwd: Path, stdout: int | IO[str] = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A process of its own, its output going to pipes."""
    search = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    return subprocess.run(
        [sys.executable, "-m", "framework", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": search, **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def test_help_lists_every_command(framework):
    result = framework("--help")
    assert result.exit_code == 0
    for name in ("plugins", "predict", "recipes", "train"):
        assert f"\n  {name} " in result.output


def test_without_a_command_it_is_the_help(framework):
    assert framework().output == framework("--help").output
    assert framework().exit_code == 0


def test_every_command_has_help(framework):
    for name in ("plugins", "predict", "recipes", "train"):
        result = framework(name, "-h")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: framework {name} ")


POORER = {
    "ascii": {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    "a locale": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("environment", POORER.values(), ids=POORER)
def test_where_an_encoding_lacks_a_character_commands_do_their_work(folder, environment):
    place = folder / "ü…"
    place.mkdir()
    source = (folder / "line.py").read_text().replace("A straight", "→ a strüight")
    source += "\n\nprint('read: \u2192')\n"
    (place / "lüne.py").write_text(source, "utf-8")
    words = [["train", "--out", "ü…/run", "ü…/lüne.py"], ["show", "ü…/run"], ["runs", "ü…"], ["show", "ü…/lüne.py"]]
    for each in [*words, ["train", "ü…/lüne.py", "--help"], ["evaluate", "ü…/run", "--split", "train"]]:
        done = run(*each, cwd=folder, **environment)
        assert (done.returncode, done.stderr) == (0, ""), each
    for each in (["show", "--json", "ü…/run"], ["runs", "--json", "ü…"]):
        done = run(*each, cwd=folder, **environment)
        assert done.returncode == 0 and json.loads(done.stdout[done.stdout.index("[" if "runs" in each else "{") :])
    assert Path(os.fsdecode(os.fsencode(json.loads((place / "run/run.json").read_text("utf-8"))["recipe"]))).is_file()
    done = run("train", "ü…/nö→.py", cwd=folder, **environment)
    assert done.returncode == 1 and done.stderr.startswith("error: There is no file ")


def test_output_without_room():
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as full:
        done = run("recipes", cwd=ROOT, stdout=full)
    assert (done.returncode, done.stderr) == (1, "error: The output could not be written: No space left on device.\n")


def test_version(framework):
    assert framework("--version").output == f"framework {package.__version__}\n"


def test_an_unknown_command_gets_the_nearest_match(fails):
    assert fails("trian", code=2) == (
        "error: There is no command 'trian'. Did you mean 'train'?\nSee `framework --help`.\n"
    )


def test_an_unknown_command_like_no_other_gets_the_list(fails):
    text = fails("frobnicate", code=2)
    assert text.startswith("error: There is no command 'frobnicate'. There are: coverage, ")
    assert text.endswith("\nSee `framework --help`.\n")


def test_an_unknown_run_option_gets_the_nearest_match(fails):
    assert fails("train", "--sed", "1", "line.py", code=2) == (
        "error: There is no option --sed. Did you mean --seed?\nSee `framework train --help`.\n"
    )


def test_a_plugin_adds_a_command(framework, folder):
    (folder / "greet.py").write_text(GREET)
    assert framework("-p", "greet.py", "greet").output == "hello\n"
    assert "  greet      Say hello." in framework("-p", "greet.py", "--help").output


def test_a_plugin_cannot_take_a_builtin_command_away(framework, folder):
    (folder / "greet.py").write_text(GREET.replace('"greet"', '"recipes"'))
    result = framework("-p", "greet.py", "recipes")
    assert "logistic_regression" in result.output and "hello" not in result.output
    text = framework("-p", "greet.py", "--help").output
    assert text.count("warning") == 1
    assert ("warning: Plugin 'greet' adds a command 'recipes', but framework has one itself; it is left out.\n") in text


def test_a_command_must_be_one_of_click(framework, folder):
    (folder / "greet.py").write_text(GREET.replace(", greet)", ', "hello")'))
    assert (
        "warning: Plugin 'greet' adds 'hello' as the command 'greet', but it is not a click command; it is left out.\n"
    ) in framework("-p", "greet.py", "--help").output


def test_a_given_plugin_that_is_broken_is_named(fails, folder):
    (folder / "broken.py").write_text("1 / 0\n")
    assert fails("-p", "broken.py", "recipes") == (
        "error: Plugin 'broken' (-p broken.py) cannot be used: ZeroDivisionError: division by zero (broken.py:1).\n"
    )


def test_debug_shows_the_traceback_wherever_it_stands(framework, folder):
    (folder / "broken.py").write_text("1 / 0\n")
    for arguments in (
        ("--debug", "train", "broken.py"),
        ("train", "--debug", "broken.py"),
    ):
        assert isinstance(framework(*arguments).exception, ZeroDivisionError)


def test_debug_may_stand_after_the_recipe(framework, folder):
    (folder / "broken.py").write_text("def recipe(*, lr: float = 1): return 1 / 0\n")
    assert isinstance(framework("train", "broken.py", "--debug").exception, ZeroDivisionError)


def test_a_real_process_says_it_on_stderr_without_a_traceback(tmp_path):
    done = run("train", "missing.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: There is no file missing.py.\n"


def test_a_plugin_beside_the_recipe_is_announced_on_stderr_alone(folder):
    (folder / "recipes").mkdir()
    (folder / "line.py").rename(folder / "recipes" / "line.py")
    watching = "from framework.extend import hookimpl\n\n\n@hookimpl\ndef epoch_end(trainer):\n    pass\n"
    (folder / "recipes" / "framework_local.py").write_text(watching)
    done = run("-p", "no:progress", "train", "recipes/line.py", cwd=folder)
    assert done.returncode == 0 and "Using the plugin" not in done.stdout
    assert done.stderr == "Using the plugin recipes/framework_local.py. To leave it out: -p no:framework_local\n"


def test_a_real_process_shows_the_traceback_with_debug(tmp_path):
    done = run("--debug", "train", "missing.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "UserError" in done.stderr


def test_a_reader_that_stops_early_is_no_error(tmp_path):
    command = f'"{sys.executable}" -m framework plugins --json | head -1'
    search = os.pathsep.join([str(ROOT), str(ROOT / "plugins")])
    environment = {**os.environ, "PYTHONPATH": search}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[\n", "")
