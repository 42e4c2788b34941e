"""What `framework verify` trains with: it kills when it is told to, and says what no checkpoint holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.extend import hookimpl
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework.training.verifying import killing
from framework.training.verifying.killing import KillsAfterStep, KillsWhileWriting, make_plugins
from tests.tiny import tiny


class Killed(Exception):
    pass


@pytest.fixture
def deaths(monkeypatch) -> list[tuple[Path, int, list[str]]]:
    """What `die` was told, in this process that is to live on."""
    told: list[tuple[Path, int, list[str]]] = []

    def die(*arguments):
        told.append(arguments)
        raise Killed

    monkeypatch.setattr(killing, "die", die)
    return told


def test_it_kills_after_its_step_and_says_what_was_lost(tmp_path: Path, deaths):
    class Growing:
        seen = 0

        def __init__(self):
            self.constant = 3

        @hookimpl
        def after_step(self):
            self.seen += 1

    class Kept(Growing):
        @hookimpl
        def save_state(self):
            return {"seen": self.seen}

    recipe = tiny()
    trainer = Trainer(recipe, plugins=[Growing(), Kept(), KillsAfterStep(3)], run=Run.create(recipe, out=tmp_path))
    with pytest.raises(Exception, match="Killed"):
        trainer.fit()
    assert deaths == [(tmp_path, 3, ["plugin Growing.seen, which changes: it has no save_state"])]
    assert trainer.step == 3


def test_without_a_run_there_is_nothing_to_kill_for(deaths):
    Trainer(tiny(), plugins=[KillsAfterStep(1), KillsWhileWriting(1)]).fit()
    assert not deaths


def test_the_environment_says_when(monkeypatch):
    monkeypatch.delenv(killing.VARIABLE, raising=False)
    assert make_plugins({}) is None
    for value, kind in {"step-17": KillsAfterStep, "writing-17": KillsWhileWriting}.items():
        monkeypatch.setenv(killing.VARIABLE, value)
        made = make_plugins({})
        assert isinstance(made, kind) and made.step == 17
    monkeypatch.setenv(killing.VARIABLE, "")
    assert make_plugins({}) is None


def test_only_a_half_written_checkpoint_is_one():
    found = killing.HALF_WRITTEN.search("runs/x/checkpoints/.step-00000017.2.tmp-123/state.json")
    assert found is not None and int(found[1]) == 17
    for path in ("runs/x/checkpoints/step-00000017/state.json", "x/.step-00000017.tmp-1/manifest.json", "state.json"):
        assert killing.HALF_WRITTEN.search(path) is None
