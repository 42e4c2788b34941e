"""`framework train`: what a run leaves behind, and what a person reads when it cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from framework.training.run import Run


def only_run() -> Path:
    (path,) = Path("runs").iterdir()
    return path


def test_a_run_has_its_own_folder(framework):
    result = framework("train", "line.py")
    assert result.exit_code == 0, result.output
    path = only_run()
    names = {each.name for each in path.iterdir()}
    assert {"run.json", "config.json", "metrics.jsonl", "line.py"} <= names
    records = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert json.loads((path / "run.json").read_text())["status"] == "finished"


def test_values_and_their_origins_are_kept(framework):
    Path("config.toml").write_text("batch_size = 2\n")
    framework("train", "--seed", 7, "--config", "config.toml", "--out", "here", "line.py", "--lr", 0.5)
    run = Run.open("here")
    assert run.config["hyperparameters"] == {"lr": 0.5, "epochs": 2, "batch_size": 2}
    assert run.config["origins"] == {
        "lr": "command line",
        "epochs": "default",
        "batch_size": "config file",
    }
    assert run.info["seed"] == 7


def test_a_runs_own_config_repeats_it(framework):
    framework("train", "--out", "first", "line.py", "--lr", 0.5)
    result = framework("train", "--out", "again", "--config", "first/config.json", "line.py")
    assert result.exit_code == 0, result.output
    first, again = Run.open("first").load_model(), Run.open("again").load_model()
    assert (first.weight == again.weight).all() and (first.bias == again.bias).all()


def test_another_seed_gives_other_weights(framework):
    for seed in (0, 1):
        framework("train", "--seed", seed, "--out", f"run{seed}", "line.py")
    first, other = Run.open("run0").load_model(), Run.open("run1").load_model()
    assert (first.weight != other.weight).any()


def test_quiet_prints_nothing(framework):
    result = framework("train", "-q", "line.py")
    assert (result.exit_code, result.output) == (0, "")
    assert only_run().is_dir()


def test_output_to_a_file_is_plain_lines(framework):
    output = framework("train", "line.py").output
    assert "\x1b" not in output and "\r" not in output
    assert "train/loss" in output or "loss" in output
    assert str(only_run()) in output


def test_an_existing_folder_is_not_overwritten(framework, fails):
    framework("train", "--out", "here", "line.py")
    before = Path("here/run.json").read_text()
    assert fails("train", "--out", "here", "line.py") == (
        "error: here is not empty, and a run never overwrites anything: choose another directory.\n"
    )
    assert Path("here/run.json").read_text() == before


def test_a_loggers_name_is_checked(fails):
    assert "Among the loggers there is no 'paper'." in fails("train", "--log", "paper", "line.py")


RECIPE_ERRORS = {
    "no such file": (None, "error: There is no file wrong.py. There are: line.py.\n"),
    "no function": (
        "def recipes(): ...\n",
        "error: wrong.py has no function `recipe`. Is it recipes()? "
        "It needs one: def recipe(*, lr: float = 0.1) -> Recipe: …\n",
    ),
    "syntax error": (
        "def recipe(*, lr: float = 0.1:\n    pass\n",
        "error: wrong.py, line 1: invalid syntax.\n    def recipe(*, lr: float = 0.1:\n",
    ),
    "parameters": (
        "def recipe(lr: float = 0.1): ...\n",
        "error: The parameters of recipe() cannot be hyperparameters: lr: float = 0.1 is not "
        "keyword-only: write the star first, recipe(*, lr: float = 0.1).\n",
    ),
    "missing module": (
        "import nosuchmodule\n",
        "error: wrong.py imports 'nosuchmodule', which is not installed.\n",
    ),
    "an exception at import": (
        "x = 1\n1 / 0\n",
        "error: ZeroDivisionError: division by zero\nwrong.py:2, in <module>:\n    1 / 0\n",
    ),
    "an exception in recipe": (
        "def recipe(*, lr: float = 0.1):\n    return undefined\n",
        "error: NameError: name 'undefined' is not defined\nwrong.py:2, in recipe:\n    return undefined\n",
    ),
    "nothing returned": (
        "def recipe(*, lr: float = 0.1): ...\n",
        "error: recipe() must return a Recipe, but returned None; is a `return` missing?\n",
    ),
}


@pytest.mark.parametrize("source, message", RECIPE_ERRORS.values(), ids=RECIPE_ERRORS)
def test_a_recipe_that_is_wrong(fails, folder, source, message):
    if source is not None:
        Path("wrong.py").write_text(source)
    assert fails("train", "wrong.py") == message
    assert not Path("runs").exists()


@pytest.fixture
def data(framework) -> list[str]:
    """The recipe for breast cancer and the lines of its data, to be written to data.csv."""
    framework("recipes", "copy", "logistic_regression")
    return Path("data/breast_cancer.csv").read_text().splitlines()


def train_on(fails, lines: list[str]) -> str:
    Path("data.csv").write_text("\n".join(lines) + "\n")
    return fails("train", "logistic_regression.py", "--data", "data.csv", "--epochs", 1)


def test_a_data_file_that_is_not_there(fails, data):
    assert fails("train", "logistic_regression.py", "--data", "data/breast_cancr.csv") == (
        "error: data/breast_cancr.csv: No such file (did you mean 'data/breast_cancer.csv'?)\n"
    )


def test_a_column_that_is_missing(fails, data):
    text = train_on(fails, [line.rpartition(",")[0] for line in data])
    assert text.startswith(
        "error: data.csv: target= names column 'malignant', which is not there. "
        "The columns are: 'mean_radius', 'mean_texture', "
    )


def test_an_empty_data_set(fails, data):
    assert train_on(fails, data[:1]) == "error: data.csv: the file has a header and no rows\n"


@pytest.mark.filterwarnings("always")
def test_too_little_data_to_validate_on(fails, data):
    first, *_, last = train_on(fails, data[:3]).splitlines()
    assert first == "warning: Length of split at index 1 is 0. This might result in an empty dataset."
    assert last == (
        "error: This Recipe does not fit together: the validation data is empty: a split of too few samples leaves none. "
        "Give more, or leave it out."
    )


def test_nan_in_the_data(fails, data):
    data[5] = data[5].replace(data[5].split(",")[2], "nan", 1)
    assert train_on(fails, data) == (
        "error: data.csv, line 6, column 'mean_perimeter': a value is missing ('nan'). "
        "Fill it in the file, or pass missing= the number to read for it\n"
    )


def test_labels_outside_0_to_1(fails, data):
    text = train_on(fails, [data[0], *(line[:-1] + str(1 + int(line[-1])) for line in data[1:])])
    assert text.splitlines()[-1] == (
        "error: The labels for BCEWithLogitsLoss must lie between 0 and 1. "
        "Row 373 (from 0) of the data that the train data is a part of has 2. For classes numbered 0, 1, 2, … use CrossEntropyLoss."
    )
    assert not Path("runs").exists()


def test_a_loss_that_is_not_finite(fails, folder):
    source = Path("line.py").read_text().replace("2 * x + 1", "x / 0")
    Path("wrong.py").write_text(source)
    assert (
        "error: The loss is nan at step 1 (epoch 1, batch 1), before the update. "
        "The batch's target holds inf in row 0 (from 0): 4 in all.\n"
    ) in fails("train", "wrong.py")


def test_a_library_error_names_the_line_of_the_recipe(fails, data):
    text = fails("train", "logistic_regression.py", "--lr", "-1")
    first, place, line = text.splitlines()
    assert first == "error: ValueError: Invalid learning rate: -1.0"
    assert place.startswith("logistic_regression.py:") and place.endswith(", in recipe:")
    assert "optim.SGD(" in line


def test_interrupted(framework, folder):
    source = Path("line.py").read_text()
    source += "\n\nfrom framework.extend import hookimpl\n\n\n@hookimpl\ndef epoch_start(trainer):\n"
    Path("slow.py").write_text(source + "    raise KeyboardInterrupt\n")
    result = framework("train", "slow.py")
    assert result.exit_code == 130
    assert "Traceback" not in result.output
    assert json.loads((only_run() / "run.json").read_text())["status"] == "interrupted"


def test_a_runs_own_config_repeats_its_seed_unless_another_is_given(framework):
    framework("train", "--seed", 7, "--out", "first", "line.py")
    config = "first/config.json"
    framework("train", "--out", "again", "--config", config, "line.py")
    framework("train", "--out", "other", "--config", config, "--seed", 0, "line.py")
    first, again, other = (Run.open(name).load_model().weight for name in ("first", "again", "other"))
    assert (first == again).all() and (first != other).any()
    assert Run.open("again").info["seed"] == 7


def test_a_runs_own_config_finds_the_data_from_another_folder(framework, data, monkeypatch):
    arguments = ["train", "--out", "first", "logistic_regression.py", "--data", "data/breast_cancer.csv"]
    assert framework(*arguments, "--epochs", 1).exit_code == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    result = framework("train", "--config", "../first/config.json", "../logistic_regression.py")
    assert result.exit_code == 0, result.output


UNTRAINABLE = {
    "metric": (
        'metrics=["acuracy"], epochs=epochs',
        "Among the metrics there is no 'acuracy'. Did you mean 'accuracy'?",
    ),
    "scheduler": ('scheduler="stp", epochs=epochs', "Among the schedulers there is no 'stp'."),
}


@pytest.mark.parametrize(("parts", "message"), UNTRAINABLE.values(), ids=UNTRAINABLE)
def test_a_recipe_that_cannot_be_prepared_takes_no_folder(fails, folder, parts, message):
    Path("typo.py").write_text(Path("line.py").read_text().replace("epochs=epochs", parts))
    assert fails("train", "--out", "here", "typo.py").startswith(f"error: {message}")
    assert not Path("here").exists()


def test_a_logger_that_is_not_there_takes_no_folder(fails):
    fails("train", "--out", "here", "--log", "paper", "line.py")
    assert not Path("here").exists()


@pytest.mark.parametrize("recipe", ["line.py", "logistic_regression"])
def test_a_recipe_option_before_the_recipe(fails, recipe):
    assert fails("train", "--lr", "0.3", recipe, code=2) == (
        "error: --lr is a recipe option; it stands after the recipe.\nSee `framework train --help`.\n"
    )


def test_an_unknown_run_option(fails):
    text = fails("train", "--sede", "3", "line.py", code=2)
    assert text.startswith("error: There is no option --sede. Did you mean --seed?\n")


def test_a_seed_out_of_range(fails):
    assert fails("train", "--seed", 99999999999999999999, "line.py", code=2).splitlines()[0] == (
        "error: --seed must lie between -9223372036854775808 and 18446744073709551615, not 99999999999999999999."
    )


def test_a_column_of_one_value_can_be_trained_on(framework, data):
    rows = [line.split(",") for line in data]
    lines = [",".join([row[0], "7", *row[2:]]) for row in rows[1:]]
    Path("data.csv").write_text("\n".join([data[0], *lines]))
    result = framework("train", "logistic_regression.py", "--data", "data.csv", "--epochs", 2)
    assert result.exit_code == 0, result.output


def test_ctrl_c_while_the_modules_are_read():
    code = """
import runpy
import sys


class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "framework.cli.main":
            raise KeyboardInterrupt


sys.meta_path.insert(0, Interrupt())
runpy.run_module("framework", run_name="__main__")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_a_batch_of_one_sample_that_batch_norm_cannot_take(fails, folder):
    source = Path("line.py").read_text().replace("nn.Linear(1, 1)", "nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 1))")
    Path("norm.py").write_text(source)
    text = fails("train", "--out", "run", "norm.py", "--batch-size", "7")
    assert text.endswith(
        "error: ValueError: Expected more than 1 value per channel when training, got input size torch.Size([1, 1]). "
        "Batch norm goes by the samples of a batch, and this one has a single one: take another batch size, or leave a last "
        "batch out that is too small, with DataLoader(…, drop_last=True).\nAdd --debug to see where.\n"
    )


@pytest.mark.parametrize(
    ("recipe", "text", "message"),
    [
        (
            "lstm",
            "date,co2\n1974,333\n",
            "data.csv is too short: a window of 24 months and the one after it take 25, and it has 1.",
        ),
        (
            "char_gpt",
            "So spake",
            "data.csv is too short: a piece of 64 characters and the one after it take 65, and it has 8.",
        ),
    ],
)
def test_shipped_recipes_say_what_too_little_data_lacks(fails, recipe, text, message):
    Path("data.csv").write_text(text)
    assert fails("train", recipe, "--data", "data.csv") == f"error: {message}\n"
