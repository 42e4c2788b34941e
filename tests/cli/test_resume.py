"""`framework resume`, as a person uses it: what goes on, what is refused and why, and what is told."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import framework as torch
from framework.cli import cli
from framework.training.checkpoints.files import checkpoints, read_checkpoint
from framework.training.run import Run
from tests.plugin.installed import install
from tests.training.killing import run_differences

RECIPE = """
from pathlib import Path

import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset
from framework.extend import hookimpl

import beside


class Stop:
    \"\"\"As Ctrl-C would, after so many steps.\"\"\"

    @hookimpl
    def after_step(self, trainer):
        if Path("stop").exists() and trainer.step == int(Path("stop").read_text()):
            trainer.interrupts.came = 2
            trainer._pause()


def model(hidden):
    return nn.Sequential(nn.Linear(1, hidden), nn.Dropout(0.1), nn.Linear(hidden, 1))


def recipe(*, lr: float = 0.1, epochs: int = 3, batch_size: int = 2, hidden: int = 3, step: bool = False) -> Recipe:
    rows = Path("rows.txt").read_text().split()
    x = framework.tensor([float(each) for each in rows]).reshape(-1, 1)
    network = model(hidden)
    optimizer = optim.SGD(network.parameters(), lr=lr, momentum=0.5)
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optimizer,
        scheduler=optim.lr_scheduler.StepLR(optimizer, 2, 0.5) if step else None,
        train=TensorDataset(x, beside.target(x)),
        validate=TensorDataset(x, beside.target(x)),
        batch_size=batch_size,
        epochs=epochs,
        plugins=[Stop()],
    )
"""


@pytest.fixture
def project(folder):
    """A recipe with a helper and a data file, in the current folder."""
    Path("line.py").unlink()
    Path("curve.py").write_text(RECIPE)
    Path("beside.py").write_text("def target(x):\n    return 2 * x + 1\n")
    Path("rows.txt").write_text("0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8")
    return folder


@pytest.fixture
def stopped(project, framework):
    """Stops a training after step 6, in the midst of its second epoch."""

    def train(*options, step=6):
        Path("stop").write_text(str(step))
        result = framework("train", "--out", "run", *options)
        assert result.exit_code == 130, result.output
        Path("stop").unlink()

    return train


@pytest.fixture
def resumed(framework):
    """Resumes the run, which must work; gives what was said."""

    def run(*options, folder="run"):
        result = framework("resume", *options[:0], folder, *options)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def hyperparameters() -> dict:
    return Run.open("run").config["hyperparameters"]


def events(name: str) -> list[dict]:
    lines = [json.loads(line) for line in Path("run/events.jsonl").read_text().splitlines()]
    return [line for line in lines if line["event"] == name]


def change(**info) -> None:
    path = Path("run/run.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | info))


def test_it_goes_on_as_if_it_had_never_stopped(framework, stopped, resumed):
    assert framework("train", "--out", "whole", "curve.py").exit_code == 0
    stopped("curve.py")
    text = resumed()
    assert text.startswith("Going on after step 6, in run.\n")
    assert "finished after 3 epochs, 12 steps" in text
    assert run_differences(Path("whole"), Path("run")) == []


def test_a_finished_run_says_so(framework, project, resumed):
    framework("train", "--out", "run", "curve.py")
    before = Path("run/run.json").read_text()
    assert resumed() == (
        "run has finished: all 3 epochs done. To train it further, give more, such as `framework resume run --epochs 6`.\n"
    )
    assert Path("run/run.json").read_text() == before and not Path("run/.lock").exists()
    assert "Going on after step 12, in run, with epochs 4 instead of 3.\n" in resumed("--epochs", 4)
    assert hyperparameters()["epochs"] == 4
    assert [line["overrides"] for line in events("resumed")] == [{"epochs": [3, 4]}]


def test_more_epochs_are_those_of_a_run_that_was_to_have_them(framework, project, resumed):
    framework("train", "--out", "whole", "curve.py", "--epochs", 5)
    framework("train", "--out", "run", "curve.py")
    resumed("--epochs", 5)
    assert run_differences(Path("whole"), Path("run")) == []


NOT_A_RUN = {
    "nowhere": ("error: There is no run nowhere. Did you mean 'somewhere'?\n", lambda: Path("run").rename("somewhere")),
    ".": ("error: . is not a run: it has no run.json.\n", lambda: None),
    "curve.py": ("error: curve.py is a file; a run is a folder, with a run.json in it.\n", lambda: None),
    "run/checkpoints": ("error: run/checkpoints is not a run: it has no run.json.\n", lambda: None),
}


@pytest.mark.parametrize("given", NOT_A_RUN)
def test_what_is_no_run(stopped, fails, given):
    stopped("curve.py")
    message, prepare = NOT_A_RUN[given]
    prepare()
    assert fails("resume", given) == message


def test_a_recipe_that_changed(stopped, resumed):
    stopped("curve.py")
    before = RECIPE
    Path("curve.py").write_text(before.replace("momentum=0.5", "momentum=0.6"))
    text = resumed()
    assert text.startswith("The recipe has changed since; the run goes on with it as it is now:\n--- run/curve.py\n")
    assert "\n-    optimizer = optim.SGD(network.parameters(), lr=lr, momentum=0.5)\n+" in text
    assert "\nAs the recipe was before, it is kept as run/curve.py.1.\n" in text
    assert Path("run/curve.py.1").read_text() == before
    assert "momentum=0.6" in Path("run/curve.py").read_text() and "momentum=0.6" in events("resumed")[0]["recipe_diff"]


def test_a_helper_that_changed(stopped, resumed):
    stopped("curve.py")
    Path("beside.py").write_text("def target(x):\n    return 3 * x + 1\n")
    assert "-    return 2 * x + 1\n+    return 3 * x + 1\n" in resumed()
    assert Path("run/beside.py.1").exists() and not Path("run/curve.py.1").exists()


def test_a_recipe_that_is_gone(framework, stopped, resumed):
    framework("train", "--out", "whole", "curve.py")
    stopped("curve.py")
    gone = Path("curve.py").absolute()
    gone.unlink()
    Path("beside.py").unlink()
    assert f"{gone} is gone: going on with the copy in run.\n" in resumed()
    assert run_differences(Path("whole"), Path("run")) == []


def test_data_that_changed(stopped, fails, resumed):
    stopped("curve.py")
    rows, where = Path("rows.txt").read_text(), Path("rows.txt").absolute()
    start = "error: run cannot go on as it was, since its data has changed: "
    end = "\nPut the data back, or train anew.\n"
    Path("rows.txt").write_text(rows.replace("0.8", "0.9"))
    assert fails("resume", "run") == f"{start}{where} has other contents.{end}"
    Path("rows.txt").write_text(rows + " 1")
    assert fails("resume", "run") == f"{start}{where} has {len(rows) + 2} bytes, and had {len(rows)}.{end}"
    Path("rows.txt").unlink()
    assert fails("resume", "run") == f"{start}{where} is gone.{end}"
    assert json.loads(Path("run/run.json").read_text())["status"] == "interrupted"
    Path("rows.txt").write_text(rows)  # at another time
    resumed()


PLUGIN = """
import click
from framework.extend import hookimpl


@hookimpl
def register_options(register):
    register("shout", click.Option(["--shout"], help="A word."))


class Shouting:
    def __init__(self, word):
        self.word = word

    @hookimpl
    def train_start(self):
        print("SHOUT", self.word)


@hookimpl
def make_plugins(options):
    return Shouting(options["shout"]) if options["shout"] else None
"""


def test_a_plugin_and_its_options(stopped, resumed, fails, monkeypatch):
    Path("loud.py").write_text(PLUGIN)
    stopped("-p", "loud.py", "--shout", "one", "curve.py")
    kept = Path("kept")
    shutil.copytree("run", kept, symlinks=True)
    assert "SHOUT one\n" in resumed()
    text = resumed("--shout", "two", "--epochs", 4)
    assert "SHOUT two\n" in text and "with epochs 4 instead of 3, shout two.\n" in text
    assert Run.open("run").info["options"] == {"shout": "two"}
    Path("loud.py").unlink()
    gone = Path("loud.py").absolute()
    assert fails("resume", kept) == f"error: kept was trained with the plugin {gone}, which is gone: put it back.\n"


def test_an_installed_plugin_that_is_missing_or_another(stopped, fails, resumed):
    stopped("curve.py")
    plugins = Run.open("run").info["plugins"]
    added = {"name": "paper", "version": "1.2", "distribution": "framework-paper", "origin": "installed"}
    change(plugins=[*plugins, added])
    assert fails("resume", "run") == (
        "error: run was trained with plugins that are not there now: paper: pip install framework-paper==1.2\n"
    )
    change(plugins=[{**each, "version": "0.0.1"} if each["name"] == "console" else each for each in plugins])
    assert "The plugin 'console' was of version 0.0.1, and is " in resumed()


LOSS = "from framework.extend import hookimpl\n@hookimpl\ndef register_losses(register):\n    register('near', abs)\n"


@pytest.mark.parametrize(("plugin", "loss"), [("focal", "'focal'"), ("shiny", "'near'")])
def test_a_plugin_that_is_left_out_and_needed(stopped, fails, framework, monkeypatch, tmp_path, plugin, loss):
    install(tmp_path, monkeypatch, LOSS.replace("abs", "lambda p, t: (p - t).abs().mean()"))
    text = Path("curve.py").read_text()
    if plugin == "focal":
        text = text.replace("beside.target(x)", "(x > 0.4).float()")
    Path("curve.py").write_text(text.replace("nn.MSELoss()", loss))
    stopped("curve.py")
    for words in (["-p", f"no:{plugin}", "resume", "run"], ["resume", "-p", f"no:{plugin}", "run"]):
        message = fails(*words)
        assert message.startswith(f"error: Among the losses there is no {loss}.")
        assert "Trainer(" not in message and message.endswith(
            f"\nrun was trained with plugins that are left out now: {plugin}: resume it without -p no:{plugin}\n"
        )
    assert fails("-p", "no:lion", "-p", f"no:{plugin}", "resume", "run").count("resume it without") == 2
    assert framework("-p", "no:lion", "resume", "run").exit_code == 0


def test_another_processor(stopped, resumed):
    stopped("curve.py")
    change(versions={**Run.open("run").info["versions"], "numpy": "1.0"})
    text = resumed()
    assert "The last bits of the numbers may differ from an uninterrupted run: NumPy was 1.0, is " in text


def test_another_model(stopped, fails, resumed):
    stopped("curve.py")
    before = {each.name: each.read_bytes() for each in Path("run").iterdir() if each.is_file()}
    text = fails("resume", "run", "--hidden", 64)
    assert text.startswith("error: The model is not the one that was trained:\n- 0.weight is of shape (64, 1), and was")
    assert before == {each.name: each.read_bytes() for each in Path("run").iterdir() if each.is_file()}
    resumed()


@pytest.mark.parametrize("step", ["--step", "--no-step"])
def test_another_learning_rate(stopped, resumed, step):
    stopped("--keep-last", 99, "--checkpoint-every", 1, "curve.py", step, "--epochs", 4)
    assert "lr 0.05 instead of 0.1" in resumed("--lr", 0.05)
    state = read_checkpoint(checkpoints("run")[0].path).state["optimizer"]["state"]
    assert state["param_groups"][0]["lr"] == pytest.approx(0.05 * (0.25 if step == "--step" else 1))


def test_other_batches_in_the_midst_of_an_epoch(stopped, fails, resumed):
    stopped("curve.py")
    assert fails("resume", "run", "--batch-size", 4).splitlines()[-1] == (
        "error: The run was interrupted in the midst of an epoch, after 2 batches of other ones than now: 4 batches of 2 "
        "rows then, 2 batches of 4 rows now. Let it end the epoch with those it began with; then it can go on with others."
    )
    assert hyperparameters()["batch_size"] == 2
    resumed("--epochs", 2)
    assert "batch_size 4 instead of 2" in resumed("--epochs", 3, "--batch-size", 4)


def test_from_another_place(framework, stopped, resumed, fails, monkeypatch):
    framework("train", "--out", "whole", "curve.py")
    stopped("curve.py")
    Path("elsewhere").mkdir()
    Path("run").rename("elsewhere/moved")
    home = Path.cwd()
    monkeypatch.chdir("elsewhere")
    assert fails("resume", "moved") == (
        f"error: rows.txt: No such file or directory. The run was started in {home}: resume it from there.\n"
    )
    monkeypatch.chdir(home)
    resumed(folder="elsewhere/moved")
    assert run_differences(Path("whole"), Path("elsewhere/moved")) == []


def test_run_options_are_those_of_the_run(stopped, resumed, framework):
    stopped("--no-compile", "--checkpoint-every", 1, "--keep-last", 3, "curve.py")
    resumed()
    info = Run.open("run").info
    assert info["compiled"] is False and info["options"] == {"checkpoint_every": "1", "keep_last": 3}
    assert [each.step for each in checkpoints("run")] == [12, 11, 10]
    result = framework("resume", "--compile", "run", "--keep-last", 1, "--epochs", 4, "-q")
    assert (result.exit_code, result.output) == (0, "")
    info = Run.open("run").info
    assert info["compiled"] is True and info["options"] == {"checkpoint_every": "1", "keep_last": 1}
    assert [each.step for each in checkpoints("run")] == [16]


def test_options_that_are_wrong(stopped, fails):
    stopped("curve.py")
    text = fails("resume", "run", "--epoch", 5, code=2)
    assert text == "error: There is no option --epoch. Did you mean --epochs?\nSee `framework resume run --help`.\n"
    text = fails("resume", "run", "-p", "console", code=2)
    assert text.startswith("error: -p is a run option; it stands before the run.\n")
    assert not Path("run/.lock").exists()


def damage(path: Path) -> None:
    data = bytearray((path / "state.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (path / "state.npz").write_bytes(data)


def test_damaged_checkpoints(framework, stopped, resumed, fails):
    framework("train", "--out", "whole", "--checkpoint-every", 1, "curve.py")
    stopped("--checkpoint-every", 1, "curve.py")
    first, second = (each.path for each in checkpoints("run"))
    damage(first)
    shutil.copytree("run", "lost", symlinks=True)
    text = resumed()
    assert text.startswith(
        f"{first}/state.npz is damaged: its bytes are not those that were written. It is passed over."
    )
    assert f"Going on after step {second.name[-1]}, in run." in text
    assert Path(f"{first}.damaged").is_dir()
    shutil.rmtree(f"{first}.damaged")
    assert run_differences(Path("whole"), Path("run")) == []
    damage(Path("lost/checkpoints", second.name))
    lost = (
        "error: lost has no checkpoint any more that can be read, so it cannot go on. To train it anew, in another "
        f"folder: framework train --config lost/config.json {Path('curve.py').absolute()}\n"
    )
    assert fails("resume", "lost").endswith(lost)
    shutil.rmtree("lost/checkpoints")
    assert fails("resume", "lost") == lost


def test_a_run_without_a_checkpoint_starts_from_the_beginning(framework, project, resumed):
    framework("train", "--out", "whole", "curve.py")
    framework("train", "--out", "run", "curve.py")
    shutil.rmtree("run/checkpoints")
    for name in ("last", "weights.npz"):
        Path("run", name).unlink()
    started = Path("run/events.jsonl").read_text().splitlines()[0]
    Path("run/events.jsonl").write_text(started + "\n")
    change(status="running", reason="")
    assert "run has no checkpoint yet: it starts from the beginning.\n" in resumed()
    assert run_differences(Path("whole"), Path("run")) == []


def test_a_run_that_was_killed_before_it_was_one(project, fails):
    Path("run").mkdir()
    Path("run/run.json").touch()
    assert fails("resume", "run") == (
        "error: run was killed before its training began, and holds nothing: remove it, and train anew.\n"
    )


def test_a_run_whose_file_about_it_is_empty(stopped, fails):
    """Nobody is told to remove what has weights."""
    stopped("curve.py")
    Path("run/run.json").write_text("")
    message = fails("resume", "run")
    assert message.startswith(
        "error: run/run.json is empty, though the run has weights: put that file back from a copy."
    )
    weights = re.search(r"framework\.load\('(.*)'\)", message)[1]
    assert torch.load(weights)


def test_a_run_of_an_older_version(stopped, fails):
    stopped("curve.py")
    info = Run.open("run").info
    old = {
        name: value for name, value in info.items() if name not in ("given", "options", "compiled", "loggers", "data")
    }
    Path("run/run.json").write_text(json.dumps(old))
    assert fails("resume", "run") == (
        f"error: run was made by an older version of framework {info['versions']['framework']}, which did not keep what "
        f"is needed to go on. To train it anew, in another folder: framework train --config run/config.json "
        f"{Path('curve.py').absolute()}\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.json", "config.json"])
def test_damaged_files_give_no_traceback(stopped, framework, name):
    stopped("curve.py")
    path = Path("run", name)
    text = path.read_text()
    sound = json.loads(text)
    os.rename("run/checkpoints", "run/elsewhere")  # so that none of these trains
    for key in sound:
        for wrong in (None, [3]):
            damaged = copy.deepcopy(sound)
            damaged[key] = wrong
            path.write_text(json.dumps(damaged))
            result = framework("resume", "run")
            assert isinstance(result.exception, SystemExit) and result.exit_code == 1, (key, wrong, result.output)
            assert "Error: " not in result.output and "--debug" not in result.output, (key, wrong, result.output)
    for wrong in ("", "{", "[]", "3", "{}", "\0"):
        path.write_text(wrong)
        assert framework("resume", "run").output.startswith("error: run")


def test_a_prediction_before_the_end(stopped, fails):
    stopped("curve.py")
    source = Path("curve.py").read_text().replace("epochs=epochs,", "epochs=epochs, inputs=['x'],")
    Path("curve.py").write_text(source)
    shutil.rmtree("run")
    stopped("curve.py")
    Path("rows.csv").write_text("x\n0.5\n")
    assert fails("predict", "run", "rows.csv") == (
        "error: run has no weights yet: its status is 'interrupted' (Ctrl-C). They are written when a training ends; to "
        "go on with it: framework resume run; its newest checkpoint has weights too: run/last\n"
    )


def test_a_plugin_that_is_given_on_resume_is_remembered(stopped, resumed):
    stopped("-q", "curve.py")
    Path("loud.py").write_text(PLUGIN)
    Path("stop").write_text("9")
    assert CliRunner().invoke(cli, ["resume", "-p", "loud.py", "run", "--shout", "one"]).exit_code == 130
    Path("stop").unlink()
    assert Run.open("run").info["given"] == [str(Path("loud.py").absolute())]
    text = resumed()
    assert "SHOUT one\n" in text and "finished after 3 epochs" in text


def test_a_folder_whose_name_has_a_space(project, framework, resumed):
    Path("stop").write_text("6")
    result = framework("train", "--out", "my run", "curve.py")
    assert result.output.endswith("To go on: framework resume 'my run'\n")
    Path("stop").unlink()
    resumed(folder="my run")


EARLY = """
    @hookimpl
    def should_stop(self, trainer):
        return "enough" if trainer.epoch == 2 and not trainer.within else None
"""


def test_a_run_that_was_stopped_by_a_plugin(framework, project, resumed):
    Path("curve.py").write_text(RECIPE.replace("\n\ndef model", f"{EARLY}\n\ndef model"))
    framework("train", "--out", "run", "curve.py")
    assert resumed() == (
        "run was stopped after all 2 epochs: enough. To train it further all the same, say how, such as "
        "`framework resume run --epochs 3`.\n"
    )
    Path("stop").write_text("9")
    assert framework("resume", "run", "--epochs", 4).exit_code == 130
    Path("stop").unlink()
    assert "finished after 4 epochs" in resumed()


OTHERS = {
    "optim.SGD(network.parameters(), lr=lr, momentum=0.5)": (
        "optim.Adam(network.parameters(), lr=lr)",
        "the optimizer is Adam, and was SGD.",
    ),
    "optim.lr_scheduler.StepLR(optimizer, 2, 0.5) if step else None": (
        "optim.lr_scheduler.ExponentialLR(optimizer, 0.9)",
        "the scheduler is ExponentialLR, and was none.",
    ),
}


@pytest.mark.parametrize("part", OTHERS)
def test_a_part_of_another_kind(stopped, fails, resumed, part):
    stopped("curve.py")
    now, wrong = OTHERS[part]
    Path("curve.py").write_text(RECIPE.replace(part, now))
    assert fails("resume", "run").endswith(
        f"error: The state of training does not fit the recipe as it is now: {wrong}\nPut it back, or train anew.\n"
    )
    assert Run.open("run").info["status"] == "interrupted" and Path("run/curve.py").read_text() == RECIPE
    Path("curve.py").write_text(RECIPE)
    resumed()


STREAM = """
class Stream:
    def __init__(self, data):
        self.data, self.numbers = data, (3 * number for number in range(10**6))

    def __iter__(self):
        for _ in range(3):
            rows = [next(self.numbers) % 8 for _ in range(4)]
            yield self.data.tensors[0][rows], self.data.tensors[1][rows]


"""


def test_what_no_checkpoint_can_hold_is_refused_unless_it_is_said_to_be_well(framework, fails):
    source = Path("line.py").read_text().replace("TensorDataset(x, 2 * x + 1)", "Stream(TensorDataset(x, 2 * x + 1))")
    Path("stream.py").write_text(STREAM + source)
    told = framework("train", "--out", "run", "stream.py").output
    assert "No checkpoint can hold this, so that a resumed run may differ from one that went through:" in told
    text = fails("resume", "run", "--epochs", 4)
    assert "run cannot go on as if it had never been interrupted, since no checkpoint can hold: train.numbers" in text
    assert text.endswith("framework resume --inexact run\n")
    assert framework("resume", "--inexact", "run", "--epochs", 4).exit_code == 0
