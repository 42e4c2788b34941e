"""A trained model measured again: on the run's own data, to the last bit as training recorded it, and on other data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import framework
import framework_plugins.metrics
from framework import Trainer, build
from framework.errors import UserError
from framework.extend import hookimpl
from framework.training import Run, evaluate, export, predict
from framework.training.samples import samples_in
from framework_plugins.checkpoints import Checkpoints
from framework_plugins.early_stopping import EarlyStopping
from framework_plugins.weight_average import AverageWeights

RECIPE = """
from pathlib import Path

import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset, read_csv


def model():
    return nn.Linear(2, 2)


def dataset(data):
    table = read_csv(data, target="kind")
    return TensorDataset(table.features, table.target.long())


def recipe(*, epochs: int = 3, data: Path = Path("points.csv")) -> Recipe:
    network, points = model(), dataset(data)
    halves = {name: TensorDataset(*points[start::2]) for name, start in (("even", 0), ("odd", 1))}
    return Recipe(
        model=network, loss=nn.CrossEntropyLoss(), optimizer=optim.SGD(network.parameters(), lr=0.1),
        train=points, validate=halves, metrics=["accuracy"], epochs=epochs, batch_size=7, classes=["low", "high"],
    )
"""


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A run's folder, and the trainer that made it."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).normal(size=(60, 2)).round(3)
    lines = [f"{x},{y},{int(x > y)}" for x, y in rows]
    Path("points.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    Path("few.csv").write_text("\n".join(["x,y,kind", *lines[:10]]) + "\n")
    Path("points.py").write_text(RECIPE)
    built = build("points.py")
    trainer = Trainer(built, run=Run.create(built, out="run"))
    trainer.fit()
    return trainer


def test_it_gives_the_numbers_that_training_gave(trained):
    evaluation = evaluate("run")
    final = trained.history.final
    assert evaluation.metrics == {
        split: {name: final[f"{split}/{name}"] for name in ("loss", "accuracy")} for split in ("even", "odd")
    }
    assert evaluate("run/last").metrics == evaluation.metrics


@pytest.mark.parametrize("plugin", [AverageWeights(0.5), EarlyStopping("even/loss", patience=1, min_delta=9)])
def test_it_gives_the_numbers_of_the_weights_that_were_kept(trained, plugin):
    built = build("points.py")
    trainer = Trainer(built, plugins=[plugin], run=Run.create(built, out="kept"))
    trainer.fit()
    # The last epoch's average, or the first epoch, which was never bettered by so much.
    record = trainer.history.records[-1 if isinstance(plugin, AverageWeights) else 0]
    assert evaluate("kept").metrics["odd"] == {name: record[f"odd/{name}"] for name in ("loss", "accuracy")}
    assert evaluate("kept").metrics != evaluate("run").metrics


def test_a_run_that_trains_still_is_measured_at_its_checkpoints(trained):
    found = []

    class Measured:
        @hookimpl
        def epoch_start(self, trainer):
            if trainer.epoch == 3:
                found.append(evaluate("still/last").metrics["odd"]["loss"])
                with pytest.raises(
                    UserError, match="still has no weights yet: it is still training(.|\n)*: still/last"
                ):
                    evaluate("still")

    built = build("points.py")
    trainer = Trainer(built, plugins=[Measured(), Checkpoints("1epoch")], run=Run.create(built, out="still"))
    trainer.fit()
    assert found == [trainer.history.records[1]["odd/loss"]]


def test_a_recipe_that_was_edited_since_does_not_count(trained):
    before = evaluate("run").metrics
    Path("points.py").write_text("1 / 0")
    assert evaluate("run").metrics == before


def test_sets_are_chosen_and_predictions_kept(trained):
    evaluation = evaluate("run", splits=["train"], keep=True)
    prediction, target = evaluation.predictions["train"]
    assert prediction.shape == (60, 2) and (target == trained.recipe.train.tensors[1].numpy()).all()
    assert evaluation.metrics["train"]["accuracy"] == (prediction.argmax(1) == target).mean()
    assert str(evaluation).startswith("train  loss 0.") and str(evaluation).endswith("  (60 samples)")
    assert evaluation.samples == {"train": 60}


def test_samples_are_counted_in_whatever_holds_them():
    rows = framework.zeros(3, 2)
    for batch in ((rows, rows[0]), {"x": [rows]}, (["a", "b", "c"], rows), rows, np.zeros((3, 1))):
        assert samples_in(batch) == 3
    assert samples_in(framework.tensor(1.0)) == samples_in("abc") == samples_in([]) == 1


@pytest.mark.parametrize("loss", ["BCELoss", "BCEWithLogitsLoss"])
def test_two_classes_are_told_apart_by_probabilities_as_by_logits(trained, loss):
    source = RECIPE.replace("CrossEntropyLoss", loss).replace("target.long()", "target.unsqueeze(1)")
    last = "nn.Sigmoid()" if loss == "BCELoss" else "nn.Identity()"
    source = source.replace("nn.Linear(2, 2)", f"nn.Sequential(nn.Linear(2, 1), {last})")
    Path("points.py").write_text(
        source.replace('["accuracy"]', '["accuracy", "recall", "precision", "confusion_matrix"]')
    )
    built = build("points.py")
    plugins = [framework_plugins.metrics]
    Trainer(built, plugins=plugins, run=Run.create(built, out="other")).fit()
    evaluation = evaluate("other", splits=["train"], keep=True)
    prediction, target = evaluation.predictions["train"]
    taken = prediction > (0.5 if loss == "BCELoss" else 0)
    right = np.array([[((taken == column) & (target == row)).sum() for column in (0, 1)] for row in (0, 1)])
    assert (evaluation.confusion("train") == right).all() and 0 < taken.mean() < 1
    metrics = evaluation.metrics["train"]
    assert metrics["confusion_matrix"] == right.tolist()
    assert metrics["accuracy"] == np.trace(right) / 60 and metrics["recall"] == right[1, 1] / right[1].sum()
    assert metrics["precision"] == right[1, 1] / right[:, 1].sum()
    rows = np.loadtxt("points.csv", delimiter=",", skiprows=1)[:, :2]
    assert (predict("other", rows).decided == taken[:, 0]).all()
    false, true, area = evaluation.roc("train")
    above = (prediction[target == 1][:, None] > prediction[target == 0]).mean()
    assert area == pytest.approx(above) and (false[-1], true[-1]) == (1, 1)


def test_another_file_is_one_set(trained):
    evaluation = evaluate("run", {"data": "few.csv"}, keep=True)
    assert list(evaluation.metrics) == ["few"] and len(evaluation.predictions["few"][0]) == 10


def test_the_training_data_may_be_gone_then(trained):
    Path("points.csv").unlink()
    told = []
    assert list(evaluate("run", {"data": "few.csv"}, report=told.append).metrics) == ["few"]
    assert "points.csv is gone: recipe() was called on few.csv in its place." in told[0]
    with pytest.raises(UserError, match=r"run cannot be evaluated: its recipe reads .*points.csv.*--data FILE"):
        evaluate("run")


def test_another_file_may_be_given_as_text(trained):
    source = RECIPE.replace('data: Path = Path("points.csv")', 'data: str = "points.csv", order: str = "C"')
    Path("run/points.py").write_text(source.replace("dataset(data", "dataset(data, order"))
    assert list(evaluate("run", {"data": "few.csv"}).metrics) == ["few"]
    assert list(evaluate("run", {"order": "F"}).metrics) == ["even", "odd"]
    with pytest.raises(UserError, match="cannot be evaluated: its recipe reads fw.csv: No such file"):
        evaluate("run", {"data": "fw.csv"})


def test_another_file_may_be_too_small_for_the_recipe(trained):
    Path("one.csv").write_text("x,y,kind\n0.5,0.25,1\n")
    assert list(evaluate("run", {"data": "one.csv"}).metrics) == ["one"]
    Path("points.csv").unlink()
    with pytest.raises(
        UserError, match="its own data is gone .*points.csv.*, and recipe.. cannot be called on one.csv in its place: "
    ):
        evaluate("run", {"data": "one.csv"})


@pytest.mark.parametrize("gone", [False, True])
def test_another_file_of_which_the_recipe_would_make_another_model(trained, gone):
    source = RECIPE.replace("def model()", "def model(classes)").replace("nn.Linear(2, 2)", "nn.Linear(2, classes)")
    source = source.replace(
        "network, points = model(), dataset(data)",
        "points = dataset(data)\n    classes = int(points.tensors[1].max()) + 1\n    network = model(classes)",
    )
    source = source.replace("epochs=epochs,", "epochs=epochs, model_arguments={'classes': classes},")
    Path("points.py").write_text(source)
    built = build("points.py")
    Trainer(built, run=Run.create(built, out="other")).fit()
    Path("low.csv").write_text("x,y,kind\n0.25,0.5,0\n0,1,0\n")
    if gone:
        Path("points.csv").unlink()
    told = []
    prediction, _ = evaluate("other", {"data": "low.csv"}, keep=True, report=told.append).predictions["low"]
    assert len(told) == gone
    assert prediction.shape == (2, 2)
    if not gone:
        Path("other/points.py").write_text(source.replace("dataset(data)", "read(data)").replace("model(", "net("))
        with pytest.raises(
            UserError, match="does not fit the model(.|\n)*another model of low.csv than of the run's own"
        ):
            evaluate("other", {"data": "low.csv"})


def test_a_recipe_without_dataset_makes_its_own_sets_of_it(trained):
    copy = Path("run/points.py")
    copy.write_text(RECIPE.replace("dataset(data)", "read(data)"))
    with pytest.warns(
        UserWarning, match="itself made sets of few.csv: train, even, odd. A function `dataset` in .*'data'"
    ):
        evaluation = evaluate("run", {"data": "few.csv"})
    assert evaluation.samples == {"train": 10, "even": 5, "odd": 5}
    Path("one.csv").write_text("x,y,kind\n0.5,0.25,1\n")
    with pytest.raises(
        UserError, match="recipe.. cannot be called on one.csv: (.|\n)*is empty: .*\nA function `dataset` in"
    ):
        evaluate("run", {"data": "one.csv"})


def test_a_file_that_dataset_does_not_take_is_not_what_it_reads(trained):
    source = RECIPE.replace("data: Path", "extra: Path = Path('points.csv'), data: Path")
    Path("run/points.py").write_text(source.replace("train=points", "train=dataset(extra)"))
    Path("run/config.json").write_text(
        Path("run/config.json").read_text().replace('"epochs":', '"extra": "points.csv", "epochs":', 1)
    )
    told = []
    evaluation = evaluate("run", {"extra": "few.csv"}, report=told.append)
    assert evaluation.samples == {"train": 10, "even": 30, "odd": 30} and len(told) == 1


def test_another_file_is_read_with_the_arguments_of_the_runs_own_model(trained):
    source = RECIPE.replace("def dataset(data)", "def dataset(data, shift)").replace("model()", "model(shift)")
    source = source.replace("table.features,", "table.features + shift,")
    source = source.replace("network, points =", "shift = len(read_csv(data, target='kind'))\n    network, points =")
    source = source.replace("dataset(data)", "dataset(data, shift)").replace(
        "epochs=epochs,", "epochs=epochs, model_arguments={'shift': shift},"
    )
    Path("points.py").write_text(source)
    built = build("points.py")
    trainer = Trainer(built, run=Run.create(built, out="other"))
    trainer.fit()
    prediction, _ = evaluate("other", {"data": "few.csv"}, keep=True).predictions["few"]
    whole, _ = evaluate("other", splits=["train"], keep=True).predictions["train"]
    assert np.allclose(prediction, whole[:10], atol=1e-4)  # rows moved by 60, as in training, not by 10


def test_a_set_that_there_is_not(trained):
    with pytest.raises(
        UserError, match="There is no set of data 'evn'. Did you mean 'even'\\? There are: train, even, odd"
    ):
        evaluate("run", splits=["evn"])


def test_hyperparameters_may_have_any_name(trained):
    copy, config = Path("run/points.py"), Path("run/config.json")
    copy.write_text(RECIPE.replace("*, epochs", "*, keep: bool = False, run: int = 1, epochs"))
    config.write_text(config.read_text().replace('"epochs":', '"keep": false, "run": 1, "epochs":', 1))
    assert list(evaluate("run", {"keep": True, "run": 2}).metrics) == ["even", "odd"]
    with pytest.raises(UserError, match="there is no hyperparameter 'rum'. Did you mean 'run'"):
        evaluate("run", {"rum": 2})


def test_it_says_where_the_last_bits_may_differ(trained):
    info = json.loads(Path("run/run.json").read_text())
    info["versions"]["threads"] = 64
    Path("run/run.json").write_text(json.dumps(info))
    with pytest.warns(UserWarning, match="may differ from those in training: the number of threads was 64, is "):
        evaluate("run")


def test_nothing_is_written(trained):
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    evaluate("run")
    assert {
        path: path.stat().st_mtime_ns for path in Path("run").rglob("*") if "__pycache__" not in path.parts
    } == before


@pytest.mark.parametrize("ending", ["safetensors", "npz", "pt"])
def test_weights_are_exported(trained, ending):
    path = export("run", f"weights.{ending}")
    model = framework.nn.Linear(2, 2)
    model.load_state_dict(framework.load(path))
    assert all((a == b).all() for a, b in zip(model.parameters(), trained.model.parameters(), strict=True))


def test_an_export_overwrites_nothing_unless_it_may(trained):
    assert export("run/last") == Path("run-last.safetensors")
    with pytest.raises(UserError, match="is there already"):
        export("run/last")
    assert export("run/last", replace=True) == Path("run-last.safetensors")
    with pytest.raises(UserError, match="Did you mean 'npz'"):
        export("run", "weights.npy")
    shutil.rmtree("run/checkpoints")
    Path("run/weights.npz").unlink()
    with pytest.raises(UserError, match="run has no weights yet"):
        export("run", "more.pt")
