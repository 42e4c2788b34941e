"""A run's directory: what it holds, that it is never overwritten, and that its model can be used again."""

from __future__ import annotations

import json
import random
import re
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

import framework
from framework import nn
from framework.data import TensorDataset
from framework.errors import UserError
from framework.plugin.manager import PluginManager
from framework.training import predict
from framework.training.files import read_arrays, write_arrays, write_json, writing
from framework.training.recipe import build
from framework.training.run import Run
from framework.training.trainer import Trainer
from tests.tiny import tiny

RECIPE = """
from pathlib import Path

import framework
from framework import Recipe, nn, optim

DATA = Path(__file__).with_name("data.txt")


class Scaled(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.register_buffer("mean", framework.zeros(width))
        self.linear = nn.Linear(width, 1)

    def forward(self, x):
        return self.linear(x - self.mean)


def model(width, bias: bool = True):
    return Scaled(width)


def recipe(*, lr: float = 0.1, epochs: int = 3, data: Path = DATA) -> Recipe:
    rows = [[float(word) for word in line.split()] for line in Path(data).read_text().splitlines()]
    table = framework.tensor(rows)
    x, y = table[:, :2], (table[:, 2:] > 0).float()
    network = model(2)
    network.mean = x.mean(0)
    return Recipe(
        model=network,
        model_arguments={"width": 2},
        loss=nn.BCEWithLogitsLoss(),
        optimizer=optim.SGD(network.parameters(), lr=lr),
        train=[(x, y)],
        epochs=epochs,
        inputs=["height", "weight"],
        classes=["small", "large"],
    )
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "data.txt").write_text("0 1 -1\n1 2 1\n2 1 1\n0 0 -1\n")
    (tmp_path / "sizes.py").write_text(RECIPE)
    return tmp_path / "sizes.py"


@pytest.fixture
def trained(file: Path) -> Run:
    recipe = build(file, seed=4, lr=0.5)
    run = Run.create(recipe, out=file.parent / "run")
    Trainer(recipe, run=run).fit()
    run.model = recipe.model
    return run


def message(function, *arguments, **named) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **named)
    return str(caught.value)


def test_what_a_run_holds(file, tmp_path):
    recipe = build(file, seed=4, lr=0.5)
    manager = PluginManager.load(installed=False)
    run = Run.create(
        recipe,
        root=tmp_path / "runs",
        plugins=manager,
        command=["framework", "train", "sizes.py"],
        origins={"lr": "command line", "epochs": "default", "data": "config file"},
    )
    assert re.fullmatch(r"sizes-\d{8}-\d{6}", run.path.name)
    info = json.loads((run.path / "run.json").read_text())
    assert info["status"] == "running" and info["ended"] is None
    assert info["seed"] == 4
    assert info["recipe"] == str(file)
    assert info["command"] == ["framework", "train", "sizes.py"]
    assert set(info["versions"]) == {
        *("framework", "numpy", "python", "platform", "machine", "processor", "threads", "hash_seed")
    }
    assert {"progress": "first-party"}.items() <= {each["name"]: each["origin"] for each in info["plugins"]}.items()
    config = json.loads((run.path / "config.json").read_text())
    assert config == {
        "seed": 4,
        "hyperparameters": {"lr": 0.5, "epochs": 3, "data": str(tmp_path / "data.txt")},
        "origins": {"lr": "command line", "epochs": "default", "data": "config file"},
        "model_arguments": {"width": 2},
        "inputs": ["height", "weight"],
        "classes": ["small", "large"],
        "loss": "BCEWithLogitsLoss",
    }
    assert (run.path / "sizes.py").read_text() == RECIPE


def test_origins_of_a_library_user(trained):
    assert trained.config["origins"] == {"lr": "given", "epochs": "default", "data": "default"}


def test_the_end_is_recorded(trained):
    info = json.loads((trained.path / "run.json").read_text())
    assert (info["status"], info["reason"]) == ("finished", "all epochs done")
    assert info["ended"] >= info["started"] and info["seconds"] >= 0
    assert sorted(path.name for path in trained.path.iterdir()) == [
        "checkpoints",
        "config.json",
        "events.jsonl",
        "last",
        "run.json",
        "sizes.py",
        "weights.npz",
    ]


@pytest.mark.parametrize(
    "error, status, reason",
    [
        (KeyboardInterrupt(), "interrupted", "Ctrl-C"),
        (ValueError("no"), "failed", "ValueError: no"),
    ],
)
def test_a_bad_end_is_recorded(tmp_path, error, status, reason):
    def step(model, batch):
        raise error

    recipe = tiny(step=step)
    run = Run.create(recipe, out=tmp_path / "run")
    with pytest.raises(type(error)):
        Trainer(recipe, run=run).fit()
    info = Run.open(tmp_path / "run").info
    assert (info["status"], info["reason"]) == (status, reason)
    assert message(run.load_model) == (
        f"{run.path} has no weights yet: its status is '{status}' ({reason}). They are written when a training ends; "
        f"to go on with it: framework resume {run.path}"
    )


def test_a_recipe_that_cannot_be_prepared_is_a_run_that_failed(tmp_path):
    recipe = tiny(loss="mes")
    run = Run.create(recipe, out=tmp_path / "run")
    text = message(Trainer, recipe, run=run)
    assert text == "Among the losses there is no 'mes'. Did you mean 'mse'?"
    info = Run.open(tmp_path / "run").info
    assert (info["status"], info["reason"]) == ("failed", text)


def test_arguments_of_the_model_are_json(tmp_path):
    recipe = tiny(model_arguments={"width": np.float32(3)})
    assert message(Run.create, recipe, out=tmp_path / "run") == (
        "Recipe(model_arguments={…}) must hold JSON values: Object of type float32 is not JSON serializable."
    )
    assert not (tmp_path / "run").exists()


def test_a_run_is_never_overwritten(tmp_path):
    recipe = tiny()
    Run.create(recipe, out=tmp_path / "here")
    assert message(Run.create, recipe, out=tmp_path / "here") == (
        f"{tmp_path / 'here'} is not empty, and a run never overwrites anything: choose another directory."
    )
    (tmp_path / "empty").mkdir()
    Run.create(recipe, out=tmp_path / "empty")
    (tmp_path / "file").write_text("x")
    assert message(Run.create, recipe, out=tmp_path / "file") == (
        f"{tmp_path / 'file'} is a file; a run needs a directory."
    )


def test_runs_of_one_second_get_directories_of_their_own(tmp_path, monkeypatch):
    import datetime

    class Now(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2025, 1, 2, 3, 4, 5)

    monkeypatch.setattr("framework.training.files.datetime", Now)
    names = [Run.create(tiny(), root=tmp_path).path.name for _ in range(3)]
    assert names == ["run-20250102-030405", "run-20250102-030405-2", "run-20250102-030405-3"]


def test_a_run_that_is_not_there(tmp_path):
    Run.create(tiny(), out=tmp_path / "first")
    (tmp_path / "other").mkdir()
    assert message(Run.open, tmp_path / "frist") == (f"There is no run {tmp_path / 'frist'}. Did you mean 'first'?")
    assert message(Run.open, tmp_path / "other") == f"{tmp_path / 'other'} is not a run: it has no run.json."
    (tmp_path / "first" / "run.json").write_text("{")
    assert message(Run.open, tmp_path / "first").startswith(
        f"{tmp_path / 'first' / 'run.json'} is damaged: it is not JSON ("
    )


def test_the_state_of_the_repository_is_kept(file, tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        done = subprocess.run(["git", "-C", tmp_path, *identity, *arguments], capture_output=True, check=True)
        return done.stdout.decode().strip()

    assert Run.create(build(file), out=tmp_path.parent / "before").info["git"] is None
    git("init")
    git("add", ".")
    git("commit", "-m", "x")
    commit = git("rev-parse", "HEAD")
    outside = tmp_path.parent / f"{tmp_path.name}-runs"
    assert Run.create(build(file), root=outside).info["git"] == {"commit": commit, "dirty": False}
    file.write_text(RECIPE + "\n")
    assert Run.create(build(file), root=outside).info["git"] == {"commit": commit, "dirty": True}


def test_a_model_is_used_again_without_the_training_data(trained, file):
    (file.parent / "data.txt").unlink()
    file.unlink()
    model = Run.open(trained.path).load_model()
    assert not model.training
    for name, value in trained.model.state_dict().items():
        assert (model.state_dict()[name] == value).all(), name
    (file.parent / "new.csv").write_text("name,weight,height\na,2,1\nb,0,0\n")
    prediction = predict(trained.path, file.parent / "new.csv")
    assert prediction.columns == ["prediction", "p(small)", "p(large)"]
    logits = model(framework.tensor([[1.0, 2.0], [0.0, 0.0]])).sigmoid().reshape(-1).tolist()
    for row, probability in zip(prediction.rows, logits, strict=True):
        assert row[0] == ("large" if probability > 0.5 else "small")
        assert row[1:] == pytest.approx([1 - probability, probability], abs=1e-6)


def test_a_recipe_without_model_is_called_whole(file, tmp_path):
    file.write_text(RECIPE.replace("def model(", "def network_of(").replace("model(2)", "network_of(2)"))
    recipe = build(file)
    run = Run.create(recipe, out=tmp_path / "run")
    Trainer(recipe, run=run).fit()
    assert (run.load_model().linear.weight == recipe.model.linear.weight).all()
    (tmp_path / "data.txt").unlink()
    assert message(run.load_model) == (
        "The model can only be rebuilt by the whole recipe, data included, and that fails now: FileNotFoundError: "
        f"[Errno 2] No such file or directory: '{tmp_path / 'data.txt'}'. A recipe with a function `model(…)` that "
        "makes the network alone does not need its data again."
    )


def test_a_model_that_cannot_be_rebuilt_is_found_before_training(file, tmp_path):
    file.write_text(RECIPE.replace("return Scaled(width)", "return Scaled(width + 1)").replace("model(2)", "Scaled(2)"))
    assert message(Run.create, build(file), out=tmp_path / "run") == (
        f"model() in {file} does not make the model that recipe() returns: 'mean' is (3,) in the one, (2,) in the "
        "other. It is called again to predict; what it needs beyond hyperparameters goes into "
        "Recipe(model_arguments={…})."
    )
    file.write_text(RECIPE.replace('    model_arguments={"width": 2},\n', ""))
    assert message(Run.create, build(file), out=tmp_path / "run") == (
        "model() needs 'width' by name; there are lr, epochs, data."
    )
    assert not (tmp_path / "run").exists()


def test_checking_the_model_draws_no_number_of_the_training(file, tmp_path):
    drawn = []
    for checked in (False, True):
        recipe = build(file, seed=1)
        if checked:
            Run.create(recipe, out=tmp_path / "run")
        drawn.append((framework.rand(1).item(), random.random(), np.random.rand()))
    assert drawn[0] == drawn[1]


def test_without_names_of_inputs_there_is_no_prediction(file, tmp_path):
    file.write_text(RECIPE.replace('inputs=["height", "weight"],', ""))
    recipe = build(file)
    run = Run.create(recipe, out=tmp_path / "run")
    Trainer(recipe, run=run).fit()
    assert message(predict, run.path, "x.csv") == (
        f"{run.path} does not say which columns are its inputs: give them as Recipe(inputs=[…]); or give rows as a .npy "
        "file, which has no columns."
    )


def test_numbers_are_predicted_where_there_are_no_classes(file, tmp_path):
    file.write_text(RECIPE.replace('classes=["small", "large"],', ""))
    recipe = build(file)
    run = Run.create(recipe, out=tmp_path / "run")
    Trainer(recipe, run=run).fit()
    (tmp_path / "new.csv").write_text("height,weight\n1,2\n0,0\n")
    prediction = predict(run.path, tmp_path / "new.csv")
    assert prediction.columns == ["prediction"]
    expected = run.load_model()(framework.tensor([[1.0, 2.0], [0.0, 0.0]])).reshape(-1).tolist()
    assert [row[0] for row in prediction.rows] == pytest.approx(expected)


def test_a_class_of_many(tmp_path):
    from framework.training.prediction import _predicted

    def given_back(rows):
        return _predicted(lambda inputs: inputs, rows, {"classes": ["a", "b", "c"], "loss": "CrossEntropyLoss"})

    table = given_back(framework.tensor([[0.0, 9.0, 0.0], [5.0, 0.0, 0.0]]))
    assert [row[0] for row in table.rows] == ["b", "a"]
    assert sum(table.rows[0][1:]) == pytest.approx(1.0)
    assert message(given_back, framework.zeros(2, 4)) == ("The model's output of shape (2, 4) does not fit 3 classes.")


def test_weights_hold_no_pickle_and_any_strides(tmp_path):
    arrays = {
        "file": np.arange(6.0, dtype=np.float32).reshape(2, 3).T,
        "0.weight": np.arange(10)[::2],
        "scalar": np.array(3),
    }
    write_arrays(tmp_path / "a.npz", arrays)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and (found[name] == array).all()
    with pytest.raises(ValueError, match="[Oo]bject arrays"):
        write_arrays(tmp_path / "b.npz", {"x": np.array([object()])})
    assert not (tmp_path / "b.npz").exists()
    np.savez(tmp_path / "evil.npz", x=np.array([object()], dtype=object))
    assert message(read_arrays, tmp_path / "evil.npz").startswith(f"{tmp_path / 'evil.npz'} is damaged: ")


def test_weights_that_are_cut_off(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, {"x": np.arange(100.0)})
    whole = path.read_bytes()
    for size in (0, 10, 100, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert message(read_arrays, path).startswith(f"{path} is damaged: ")


def test_the_same_weights_are_the_same_bytes(tmp_path):
    for name in "ab":
        write_arrays(tmp_path / name, {"x": np.arange(3.0)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_is_written_in_full_or_not_at_all(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(RuntimeError), writing(tmp_path / "a.json") as stream:
        stream.write(b"half")
        raise RuntimeError
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_weights_that_do_not_fit(trained):
    write_arrays(trained.path / "weights.npz", {"linear.weight": np.zeros((1, 2), np.float32)})
    assert message(trained.load_model).startswith(f"{trained.path / 'weights.npz'} does not fit the model: ")


def test_a_function_that_is_in_no_file_can_be_trained_but_not_rebuilt(tmp_path):
    def recipe():
        return tiny(train=TensorDataset(framework.zeros(4, 1), framework.zeros(4, 1)))

    built = build(recipe)
    run = Run.create(built, out=tmp_path / "run")
    Trainer(built, run=run).fit()
    assert isinstance(built.model, nn.Linear)
    assert message(run.load_model) == f"{run.path} has no recipe file, so its model cannot be rebuilt."


def test_of_two_runs_at_once_one_gets_the_directory(tmp_path, monkeypatch):
    from framework.training import run as module

    together = threading.Barrier(2)
    listed = Path.iterdir

    def iterdir(path):
        entries = list(listed(path))
        together.wait(10)
        return iter(entries)

    monkeypatch.setattr(module.Path, "iterdir", iterdir)
    outcomes = []

    def create():
        try:
            outcomes.append(Run.create(tiny(), out=tmp_path / "run").info["status"])
        except UserError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted(
        [
            "running",
            f"{tmp_path / 'run'} is not empty, and a run never overwrites anything: choose another directory.",
        ]
    )


def test_ctrl_c_leaves_no_half_made_directory(file, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    recipe = build(file)
    monkeypatch.setattr("framework.training.run.write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Run.create(recipe, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_path_is_kept_so_that_it_is_found_from_elsewhere(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = Run.create(build(file, data="data.txt"), out="run")
    assert run.config["hyperparameters"]["data"] == str(tmp_path / "data.txt")


@pytest.mark.parametrize(
    "name, text, problem",
    [
        ("run.json", "{}", "run.json has no 'status', 'reason', 'recipe', 'seed'."),
        (
            "config.json",
            "{}",
            "config.json has no 'hyperparameters', 'model_arguments', 'inputs', 'classes', 'loss'.",
        ),
        ("run.json", "[]", "run.json holds no JSON object."),
    ],
)
def test_a_run_whose_files_lack_something(trained, name, text, problem):
    (trained.path / name).write_text(text)
    assert message(Run.open, trained.path) == f"{trained.path} is a damaged run directory: {problem}"


def test_a_run_that_was_killed(tmp_path):
    run = Run.create(tiny(), out=tmp_path / "run")
    assert message(run.load_model) == (
        f"{run.path} has no weights yet: it is still training, or was killed before the end. They are written when a "
        f"training ends; to go on with it: framework resume {run.path}"
    )


def test_damaged_weights_give_no_advice_to_unpickle(tmp_path):
    (tmp_path / "a.npz").write_text("garbage")
    np.savez(tmp_path / "b.npz", x=np.array([object()], dtype=object))
    for path in (tmp_path / "a.npz", tmp_path / "b.npz"):
        text = message(read_arrays, path)
        assert text.startswith(f"{path} is damaged: ") and "pickle" not in text


def test_a_run_that_is_opened_and_not_taken_up_stays_as_it_is(tmp_path):
    recipe = tiny()
    Trainer(recipe, run=Run.create(recipe, out=tmp_path / "run")).fit()
    before = (tmp_path / "run" / "run.json").read_bytes()
    opened = Run.open(tmp_path / "run")
    opened.lock.acquire()
    opened.finish("failed", "it does not fit")
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    with Run.open(tmp_path / "run").lock:  # it was given back
        pass
