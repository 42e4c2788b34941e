"""Early stopping: when it stops, which weights are kept, and what it says of it."""

from __future__ import annotations

import math

import pytest

import framework
from framework.extend import UserError, hookimpl
from framework.training.checkpoints.files import newest_valid
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import console
from framework_plugins.early_stopping import EarlyStopping, make_plugins
from framework_plugins.weight_average import AverageWeights
from tests.tiny import tiny


class Scores:
    """Numbers to go by, one an epoch, and the weights that the model had when they were measured."""

    def __init__(self, *scores):
        self.scores, self.weights = scores, []

    @hookimpl(wrapper=True)
    def validate(self, trainer):
        numbers = yield
        self.weights.append([each.tolist() for each in trainer.model.state_dict().values()])
        return numbers | {"validation/score": self.scores[trainer.epoch - 1]}


def stopped(scores, *, plugins=(), **options):
    noted = Scores(*scores)
    early = EarlyStopping(**{"monitor": "max:validation/score", **options})
    trainer = Trainer(tiny(epochs=len(scores)), plugins=[early, *plugins, noted])
    history = trainer.fit()
    return trainer, history, noted


def weights(trainer):
    return [each.tolist() for each in trainer.model.state_dict().values()]


@pytest.mark.parametrize(
    "scores, patience, epochs, best",
    [
        ([1, 2, 3, 2, 2, 9], 2, 5, 3),
        ([1, 2, 3, 3, 3, 9], 2, 5, 3),  # no better is not better
        ([3, 2, 4, 3, 5, 4], 2, 6, 5),
        ([3, 2, 4], 1, 2, 1),
        ([math.nan, 1, math.nan, math.nan, 2], 2, 4, 2),
        ([math.inf, 1, 2, 3], 3, 4, 1),
        ([-math.inf, 1, 0], 2, 3, 2),
    ],
)
def test_when_it_stops_and_which_weights_are_kept(scores, patience, epochs, best):
    trainer, history, noted = stopped([float(each) for each in scores], patience=patience)
    assert len(history.records) == epochs
    assert weights(trainer) == noted.weights[best - 1]
    assert history.notes == [
        f"weights kept: those of epoch {best}, the best by validation/score ({float(scores[best - 1]):.4g})"
    ]


def test_nothing_but_nan():
    trainer, history, noted = stopped([math.nan] * 5, patience=3)
    assert (len(history.records), history.status, history.notes) == (3, "stopped", [])
    assert weights(trainer) == noted.weights[2]


def test_by_how_much_counts():
    assert len(stopped([1, 1.05, 1.1, 1.15, 1.2], patience=3, min_delta=0.12)[1].records) == 5
    assert len(stopped([1, 1.05, 1.1, 1.15, 1.2], patience=3, min_delta=0.3)[1].records) == 4


def test_the_last_weights_can_be_kept():
    trainer, history, noted = stopped([1.0, 3.0, 2.0, 2.0], patience=2, restore_best=False)
    assert weights(trainer) == noted.weights[-1]
    assert history.notes == ["epoch 2 was the best by validation/score (3); the weights are those of the last"]


def test_without_a_name_it_is_the_validation_loss():
    early = EarlyStopping(patience=2)
    trainer = Trainer(tiny(), plugins=[early])
    trainer.fit()
    assert early.monitor.name == "validation/loss" and early.best == min(trainer.history["validation/loss"])


def test_a_metric_that_is_not_there():
    with pytest.raises(UserError, match="no metric 'validation/los' to go by. Did you mean 'validation/loss'?"):
        Trainer(tiny(), plugins=[EarlyStopping("validation/los")]).fit()


def test_weights_and_buffers_are_put_back_in_place():
    model = framework.nn.Sequential(framework.nn.Linear(1, 4), framework.nn.BatchNorm1d(4), framework.nn.Linear(4, 1))
    noted = Scores(1.0, 3.0, 2.0)
    places = [each.data_ptr() for each in (*model.parameters(), *model.buffers())]
    trainer = Trainer(
        tiny(model=model, epochs=3), plugins=[EarlyStopping("max:validation/score"), noted], compile=False
    )
    trainer.fit()
    assert places == [each.data_ptr() for each in (*model.parameters(), *model.buffers())]
    assert weights(trainer) == noted.weights[1] != noted.weights[2]


@pytest.mark.parametrize("early_first", [True, False])
def test_the_best_of_averages_are_the_averages(early_first):
    early, average, noted = EarlyStopping("max:validation/score"), AverageWeights(0.5), Scores(1.0, 3.0, 2.0)
    trainer = Trainer(tiny(epochs=3), plugins=[early, average, noted] if early_first else [average, early, noted])
    history = trainer.fit()
    # What another wrapper sees is what is measured: inside of the one that puts the averages in.
    assert weights(trainer) == noted.weights[1]
    assert history.notes[0] == "the weights are moving averages (decay 0.5)"
    assert history.notes[1] == "weights kept: those of epoch 2, the best by validation/score (3)"


def test_what_is_printed(capsys):
    stopped([1.0, 3.0, 2.0, 2.0], plugins=[console], patience=2)
    end, note = capsys.readouterr().out.splitlines()[-2:]
    assert end == "stopped in epoch 4, after 8 steps: validation/score has not become better for 2 epochs"
    assert note == "weights kept: those of epoch 2, the best by validation/score (3)"


def test_who_goes_on_after_it_has_stopped_gets_its_patience_anew(tmp_path):
    def trainer(run, checkpoint=None):
        scores = Scores(5.0, 1.0, 1.0, 1.0, 6.0, 1.0, 1.0, 1.0)
        early = EarlyStopping("max:validation/score", patience=2)
        return Trainer(tiny(epochs=8), plugins=[early, scores], run=run, checkpoint=checkpoint)

    first = trainer(Run.create(tiny(), out=tmp_path / "run"))
    assert len(first.fit().records) == 3
    checkpoint = newest_valid(tmp_path / "run", print)
    checkpoint.state["stop_reason"] = None
    again = trainer(Run(tmp_path / "run", {"status": "running"}, {}), checkpoint)
    assert len(again.fit().records) == 7
    assert again.history.notes == ["weights kept: those of epoch 5, the best by validation/score (6)"]


@pytest.mark.parametrize("patience", [0, -1, 2.5, True, "3"])
def test_wrong_patience(patience):
    with pytest.raises(UserError, match="Patience is a number of epochs, 1 or more, such as --early-stop 5, not"):
        EarlyStopping(patience=patience)


@pytest.mark.parametrize("min_delta", [-0.1, math.nan, math.inf, "x"])
def test_wrong_difference(min_delta):
    with pytest.raises(UserError, match="min_delta is how much better counts"):
        EarlyStopping(min_delta=min_delta)


def test_the_options():
    none = {"early_stop": None, "min_delta": None, "no_restore_best": None, "monitor": None}
    assert make_plugins(none) is None
    made = make_plugins({**none, "early_stop": 3, "min_delta": 0.1, "no_restore_best": True, "monitor": "max:a/b"})
    assert (made.patience, made.min_delta, made.restore_best, made.monitor.name) == (3, 0.1, False, "a/b")
    del none["monitor"]  # where checkpoints are switched off
    assert make_plugins({**none, "early_stop": 3}).restore_best
    with pytest.raises(UserError, match="belong to --early-stop EPOCHS"):
        make_plugins({**none, "min_delta": 0.1})
