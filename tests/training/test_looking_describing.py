"""What is said of a model before or after it trains: its layers, with shapes wherever it can be run."""

import json
import random

import pytest

import framework
from framework import nn
from framework.data import Dataset
from framework.training import Run, Trainer
from framework.training.looking.describing import describe_run, metrics_of
from framework.training.looking.model_table import model_of_shapes, model_table
from framework.training.recipe import seed_all
from framework.training.samples import shapes_of
from tests.tiny import tiny
from tests.training.runs import epochs, write_run


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.norm, self.out = nn.Embedding(5, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)

    def forward(self, words, scale):
        return self.out(self.norm(self.table(words) * scale))


def shapes(table):
    return {row.name: row.shapes for row in table.rows}


def batches(count=2):
    return [(framework.tensor([4]), framework.ones(1, 3), framework.zeros(1, 1))] * count


def test_the_first_batch_gives_the_shapes_and_changes_nothing():
    recipe = tiny(model=Twice(), train=batches(), validate=None)
    before = [each.clone() for each in recipe.model.state_dict().values()]
    state = framework.get_rng_state()
    table, problem = model_table(recipe)
    assert problem is None and shapes(table)["norm"] == ((1, 3),) and table.parameters == 15 + 6 + 4
    assert recipe.model.training and all(map(framework.equal, before, recipe.model.state_dict().values()))
    assert framework.equal(state, framework.get_rng_state())


class Noisy(Dataset):
    def __len__(self):
        return 9

    def __getitem__(self, index):
        x = framework.rand(1) + random.random()
        return x, 2 * x


def test_random_data_is_drawn_later_as_if_nobody_had_looked():
    def losses(look):
        seed_all(1)
        recipe = tiny(train=Noisy(), validate=None, batch_size=2)
        if look:
            model_table(recipe)
        return Trainer(recipe).fit()["train/loss"]

    assert losses(True) == losses(False)


def test_a_step_of_its_own_says_how_the_model_is_called():
    recipe = tiny(
        model=Twice(),
        train=[{"words": framework.tensor([1, 2])}],
        validate=None,
        step=lambda model, batch: model(batch["words"], 2.0).mean(),
    )
    table, problem = model_table(recipe)
    assert problem is None and shapes(table)["table"] == ((2, 3),)


def test_a_model_that_cannot_be_run_still_has_its_layers():
    table, problem = model_table(tiny(train=[(framework.zeros(2, 9), framework.zeros(2, 1))]))
    assert table.parameters == 2 and shapes(table) == {"": None}
    assert "RuntimeError" in problem


def test_shapes_are_noted_as_json_and_stand_for_the_batch():
    batch = batches()[0]
    noted = json.loads(json.dumps(shapes_of(batch)))
    assert noted[0] == {"shape": [1], "dtype": "int64"}
    table, problem = model_of_shapes(Twice(), noted)
    assert problem is None and shapes(table)["out"] == ((1, 1),)
    assert shapes_of({"a": [framework.ones(2), "text"]}) == {"of": {"a": [{"shape": [2], "dtype": "float32"}, None]}}
    table, problem = model_of_shapes(Twice(), None)
    assert shapes(table)["out"] is None and problem == "the shapes of its inputs are not known"
    for odd in ([], "text", {"shape": [-1], "dtype": "none"}, [{"of": {}}], 3):
        table, problem = model_of_shapes(nn.Linear(1, 1), odd)
        assert table.parameters == 2 and problem


def test_a_run_keeps_the_shapes_of_its_first_batch(tmp_path):
    recipe = tiny()
    run = Run.create(recipe, out=tmp_path / "run")
    Trainer(recipe, run=run).fit()
    expected = {"shape": [4, 1], "dtype": "float32"}
    assert Run.open(tmp_path / "run").info["first_batch"] == [expected, expected]
    assert "no recipe file" in describe_run(run)["model"]["problem"]


@pytest.mark.parametrize(("monitor", "best"), [(None, (1.0, 2)), ("max:validation/loss", (3.0, 1))])
def test_metrics_have_their_best_by_name_or_monitor(tmp_path, monitor, best):
    records = epochs(loss=[3.0, 1.0, None], table=[[[1]], [[2]], [[3]]])
    found = metrics_of(Run.open(write_run(tmp_path / "run", records=records, options={"monitor": monitor})))
    assert list(found) == ["train/loss", "validation/loss"]
    loss = found["validation/loss"]
    assert (loss["best"], loss["best_epoch"]) == best and loss["last"] is None
