"""A recipe's signature as options: types, defaults, help, and where a value came from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
import pytest

from framework.cli.config import read_config
from framework.cli.options import RecipeCommand
from framework.errors import UserError
from framework.training.recipe import load_recipe

RECIPE = '''
from pathlib import Path
from typing import Literal


def recipe(
    *,
    lr: float = 0.1,
    epochs: int = 30,
    batch_size: int = 32,
    shuffle: bool = True,
    activation: Literal["relu", "tanh"] = "relu",
    layers: Literal[1, 2] = 1,
    decay: float | None = None,
    data: Path = Path("data.csv"),
    title: str = "none of it",
    width: int,
):
    """Fit a curve.

    A second paragraph.
    """
'''


@pytest.fixture
def file(folder):
    (folder / "curve.py").write_text(RECIPE)
    return load_recipe("curve.py")


def parse(file, *arguments, defaults=None):
    command = RecipeCommand(file, defaults or {}, run_options=["--seed", "--out"])
    return command.values(command.make_context("framework train curve.py", list(arguments)))


def refused(file, *arguments) -> str:
    with pytest.raises(click.UsageError) as caught:
        parse(file, *arguments)
    return caught.value.format_message()


def test_without_options_the_recipe_gives_the_values(file):
    values, origins = parse(file, "--width", "3")
    assert values == {
        "lr": 0.1,
        "epochs": 30,
        "batch_size": 32,
        "shuffle": True,
        "activation": "relu",
        "layers": 1,
        "decay": None,
        "data": Path("data.csv"),
        "title": "none of it",
        "width": 3,
    }
    assert origins.pop("width") == "command line"
    assert set(origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--lr", "3e-1"], "lr", 0.3),
        (["--lr=1"], "lr", 1.0),
        (["--batch-size", "8"], "batch_size", 8),
        (["--no-shuffle"], "shuffle", False),
        (["--shuffle"], "shuffle", True),
        (["--activation", "tanh"], "activation", "tanh"),
        (["--layers", "2"], "layers", 2),
        (["--decay", "0.5"], "decay", 0.5),
        (["--decay", "none"], "decay", None),
        (["--data", "other.csv"], "data", Path("other.csv")),
        (["--title", "none"], "title", "none"),
        (["--lr", "1", "--lr", "2"], "lr", 2.0),
    ],
)
def test_an_option_has_the_type_of_its_parameter(file, arguments, name, value):
    values, origins = parse(file, "--width", "3", *arguments)
    assert values[name] == value and type(values[name]) is type(value)
    assert origins[name] == "command line"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lr", "fast"], "--lr must be of type float, not 'fast'."),
        (["--lr", "nan"], "--lr must be a finite number, not nan: JSON, in which a run keeps it, has no other."),
        (["--lr", "1e400"], "--lr must be a finite number, not inf: JSON, in which a run keeps it, has no other."),
        (["--epochs", "1.5"], "--epochs must be of type int, not '1.5'."),
        (["--batch-size", ""], "--batch-size must be of type int, not ''."),
        (["--epochs", "none"], "--epochs must be of type int, not 'none'."),
        (["--activation", "gelu"], "--activation must be one of 'relu', 'tanh', not 'gelu'."),
        (["--layers", "3"], "--layers must be one of 1, 2, not '3'."),
        (["--seed", "3"], "--seed is a run option; it stands before the recipe."),
    ],
)
def test_a_wrong_value_is_refused_in_words(file, arguments, message):
    assert refused(file, "--width", "3", *arguments) == message


def test_a_required_hyperparameter_must_be_given(file):
    assert refused(file) == "--width is required."


def test_a_config_file_stands_between_the_recipe_and_the_command_line(file, folder):
    Path("config.toml").write_text('lr = 1\nepochs = 5\nwidth = 7\ndata = "mine.csv"\n')
    defaults = read_config(Path("config.toml"), file)
    values, origins = parse(file, "--epochs", "6", defaults=defaults)
    assert (values["lr"], values["epochs"], values["width"]) == (1.0, 6, 7)
    assert values["data"] == Path("mine.csv")
    assert origins["lr"] == origins["width"] == "config file"
    assert origins["epochs"] == "command line"
    assert origins["shuffle"] == "default"


def test_a_config_file_may_say_none(file):
    Path("config.json").write_text('{"decay": null, "width": 1}')
    decay = file.hyperparameters["decay"]
    file.hyperparameters["decay"] = dataclasses.replace(decay, default=0.5)
    values, origins = parse(file, defaults=read_config(Path("config.json"), file))
    assert values["decay"] is None and origins["decay"] == "config file"


def test_the_config_of_a_run_will_do(file):
    Path("config.json").write_text(json.dumps({"hyperparameters": {"lr": 0.5}, "seed": 3}))
    assert read_config(Path("config.json"), file) == {"lr": 0.5}


def test_a_config_file_may_hold_no_nan(file):
    Path("config.json").write_text('{"lr": NaN}')
    with pytest.raises(UserError) as caught:
        read_config(Path("config.json"), file)
    assert str(caught.value) == (
        "config.json does not fit curve.py:\n"
        "- lr must be a finite number, not nan: JSON, in which a run keeps it, has no other."
    )


def test_every_problem_of_a_config_file_is_named_at_once(file):
    Path("config.json").write_text('{"lr": "0.1", "epoch": 3, "shuffle": 1, "layers": 3}')
    with pytest.raises(UserError) as caught:
        read_config(Path("config.json"), file)
    assert str(caught.value) == (
        "config.json does not fit curve.py:\n"
        "- lr must be of type float, not '0.1'.\n"
        "- there is no hyperparameter 'epoch'. Did you mean 'epochs'?\n"
        "- shuffle must be of type bool, not 1.\n"
        "- layers must be one of 1, 2, not 3."
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("c.json", "{", "c.json is not JSON: Expecting property name"),
        ("c.toml", "lr 3", "c.toml is not TOML: Expected '='"),
        ("c.json", "[1]", 'c.json must hold names and values, such as {"lr": 0.3}.'),
        ("c.json", "\xff", "c.json is not JSON: "),
        ("c.yaml", "lr: 1", "c.yaml is neither JSON nor TOML: a configuration is a file .json or .toml."),
        ("missing.json", None, "There is no configuration file missing.json."),
        (".", None, ". cannot be read: Is a directory."),
    ],
)
def test_a_config_file_that_cannot_be_read(file, name, text, message):
    if text is not None:
        Path(name).write_text(text, "latin-1")
    with pytest.raises(UserError) as caught:
        read_config(Path(name), file)
    assert str(caught.value).startswith(message)


def test_help_shows_types_defaults_and_the_docstring(framework, file):
    result = framework("train", "curve.py", "--help")
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert text.startswith("Usage: framework train curve.py [RECIPE OPTIONS] Fit a curve. A second")
    for line in (
        "--lr FLOAT [default: 0.1]",
        "--epochs INT [default: 30]",
        "--batch-size INT [default: 32]",
        "--shuffle / --no-shuffle [default: shuffle]",
        "--activation [relu|tanh] [default: relu]",
        "--decay FLOAT [default: (none)]",
        "--data PATH [default: data.csv]",
        "--title STR [default: none of it]",
        "--width INT [required]",
    ):
        assert line in text


def test_help_shows_a_path_as_one_types_it_here(framework, folder):
    source = "from pathlib import Path\nHERE = Path(__file__).resolve().parent\n"
    source += "def recipe(*, data: Path = HERE / 'sub' / 'data.csv'): ...\n"
    (folder / "paths.py").write_text(source)
    text = " ".join(framework("train", "paths.py", "--help").output.split())
    assert f"--data PATH [default: {Path('sub', 'data.csv')}]" in text


def test_an_unknown_option_gets_the_nearest_match(fails, file):
    text = fails("train", "curve.py", "--width", "1", "--epoch", "2", code=2)
    assert text == (
        "error: There is no option --epoch. Did you mean --epochs?\nSee `framework train curve.py --help`.\n"
    )


def test_a_missing_value_points_at_the_recipes_help(fails, file):
    text = fails("train", "curve.py", "--width", code=2)
    assert "--width" in text and text.endswith("See `framework train curve.py --help`.\n")


def test_a_value_that_is_no_option_is_refused(fails, file):
    assert "0.3" in fails("train", "curve.py", "--width", "1", "0.3", code=2)
