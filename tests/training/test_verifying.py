"""`verify`: a recipe is killed and resumed, and what comes of it is what comes of the uninterrupted run."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.errors import UserError
from framework.training.verifying import trials as verifying
from framework.training.verifying.comparing import compare_runs
from framework.training.verifying.trials import Kill, Trials, verify
from tests.tiny import tiny
from tests.training.exactness import train

RECIPE = """
import framework
from framework import Recipe, nn, optim
from framework.data import TensorDataset


def recipe(*, epochs: int = 2) -> Recipe:
    network = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    return Recipe(
        model=network,
        loss=nn.MSELoss(),
        optimizer=optim.SGD(network.parameters(), lr=0.01, momentum=0.9),
        train=TensorDataset(framework.randn(10, 2), framework.randn(10, 1)),
        batch_size=2,
        epochs=epochs,
    )
"""


@pytest.mark.slow
def test_a_recipe_is_exact_also_when_killed_while_writing(tmp_path: Path):
    (tmp_path / "recipe.py").write_text(RECIPE)
    said: list[str] = []
    keep = tmp_path / "kept"
    rows = verify(
        tmp_path / "recipe.py",
        hyperparameters={"epochs": 3},
        kills=1,
        modes=["compiled"],
        keep=keep,
        report=said.append,
    )
    assert [(row.mode, row.killed_at, row.writing, row.resumed_from) for row in rows] == [
        ("compiled", 7, False, 6),
        ("compiled", 8, True, 4),
    ]
    assert all(row.exact and row.arrays > 8 and row.records == 3 and row.largest == 0 for row in rows)
    assert said == [
        "compiled: trained once through, 15 steps in 3 epochs",
        "compiled: killed at step 7, resumed from 6: exact",
        "compiled: killed at step 8 while writing its checkpoint, resumed from 4: exact",
    ]
    assert sorted(each.name for each in (keep / "compiled").iterdir()) == ["01-step-7", "02-writing-8", "whole"]
    with pytest.raises(UserError, match="kept is not empty"):
        verify(tmp_path / "recipe.py", keep=keep)


def test_a_recipe_that_cannot_be_trained_is_an_error(tmp_path: Path):
    (tmp_path / "recipe.py").write_text(RECIPE.replace("randn(10, 1)", "randn(10, 7)").replace("MSELoss", "NLLLoss"))
    with pytest.raises(UserError, match="framework train ended with exit code 1:\n"):
        verify(tmp_path / "recipe.py", modes=["eager"])


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 20, 90, 10000])
@pytest.mark.parametrize("epochs", [1, 3])
def test_kills_are_spread_and_each_checkpoint_is_older(steps, epochs):
    ends = [steps * (number + 1) // epochs for number in range(epochs)]
    for count in (1, 4, 8, 30):
        kills = verifying._chosen([], count, steps, ends)
        steps_of = [kill.step for kill in kills if not kill.writing]
        assert len(steps_of) == len(set(steps_of)) <= count
        assert len(steps_of) == min(count, steps) or steps < 40
        assert all(1 <= step <= steps for step in steps_of)
        assert sum(kill.writing for kill in kills) == 1
        for kill in kills[:-1]:
            resumed = (kill.step - 1) // kill.every * kill.every
            assert resumed == kill.every or kill.step == 1
    if steps >= 20:
        chosen = {kill.step for kill in verifying._chosen([], 8, steps, ends)}
        assert {1, steps, steps // 6, steps // 2, 5 * steps // 6} <= chosen
        if epochs > 1:
            assert {ends[1] - 1, ends[1], ends[1] + 1} <= chosen
            within = [kill.every for kill in verifying._chosen([], 8, steps, ends) if kill.step > 3]
            assert not set(within) & set(ends)


def test_a_training_that_differs_from_itself_is_told_apart(tmp_path: Path, monkeypatch):
    trials = Trials(Path("x.py"), tmp_path, 0, (), print, kept=True)
    rates = iter([0.1, 0.1, 0.2])
    monkeypatch.setattr(trials, "_train", lambda mode, run, *_: train(_recipe(next(rates)), run, compile=False))
    trials._train("eager", tmp_path / "whole", 0)
    assert trials._is_repeatable("eager", tmp_path / "whole")
    assert not compare_runs(tmp_path / "whole", tmp_path / "whole-again")[0].places
    (tmp_path / "whole-again").rename(tmp_path / "aside")
    assert not trials._is_repeatable("eager", tmp_path / "whole")


def test_a_training_that_ends_before_its_kill_differs(tmp_path: Path, monkeypatch):
    trials = Trials(Path("x.py"), tmp_path, 0, (), print, kept=True)

    def ends_by_itself(mode: str, run: Path, *_: object) -> bool:
        train(_recipe(0.1), run, compile=False)
        return False

    monkeypatch.setattr(trials, "_train", ends_by_itself)
    row = trials._row("eager", Kill(5, 4), tmp_path / "whole", tmp_path / "run")
    assert row.first == "run.json: it ended by itself after 4 steps, before it could be killed at 5"


def _recipe(rate: float):
    from framework import nn, optim

    def make():
        model = nn.Linear(1, 1)
        return tiny(model=model, optimizer=optim.SGD(model.parameters(), lr=rate))

    return make
