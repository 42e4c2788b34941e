"""A disk without room, or a folder that is not what it was: training goes on where it can, and says what it cannot do.

Nothing that was written before is lost, and what went wrong first is what is told.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest

from framework.errors import UserError
from framework.extend import hookimpl
from framework.training.checkpoints.files import checkpoints
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import metrics_log
from framework_plugins.checkpoints import Checkpoints
from tests.tiny import tiny
from tests.training.faulty_disk import NEEDS_SPACE
from tests.training.killing import Training, in_child, one_each, points, without_room

forks = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]
NO_SPACE = "No space left on device"


@pytest.fixture
def training(monkeypatch):
    monkeypatch.setattr(os, "fsync", os.fstat)
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as home:
        yield Training(Path(home), False, "3steps")


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [True, False], ids=["from then on", "once"])
@forks[0]
@forks[1]
def test_no_room_at_any_call(training, lasting):
    folder, said = training.home / "full", training.home / "said"
    found = points(lambda: training.go(folder), training.home / "points")
    shutil.rmtree(folder)
    for number, name, place, when in list(one_each(found))[lasting::20]:
        if name not in NEEDS_SPACE or when != "before":
            continue
        full = range(number, number + 10**6 if lasting else number + 1).__contains__
        code = without_room(lambda: training.go(folder), full, said)
        assert code in (0, 3), (name, place)
        assert NO_SPACE in said.read_text(), (name, place)
        assert in_child(lambda: training.go(folder)) == 0, (name, place)
        # The best may be what there was no room for.
        found = [each for each in training.differences(folder) if not each.startswith("best leads to")]
        assert found == [], (name, place)
        shutil.rmtree(folder)


class Doing:
    """Does something in a hook at a step."""

    def __init__(self, what, step=2):
        self.what, self.step = what, step

    @hookimpl
    def after_step(self, trainer):
        if trainer.step == self.step:
            self.what()


def train(folder, what, *, keep_last=9, epochs=3):
    """Train with a checkpoint a step; what happens at step 2. Returns the trainer and what was said."""
    recipe = tiny(epochs=epochs)
    plugins = [metrics_log, Checkpoints(every="1step", keep_last=keep_last), Doing(what)]
    trainer = Trainer(recipe, plugins=plugins, run=Run.create(recipe, out=folder))
    said = []
    trainer.plugins.report = said.append
    try:
        trainer.fit()
    except UserError as error:
        said.append(f"error: {error}")
    return trainer, said


def test_the_folder_of_checkpoints_is_removed(tmp_path):
    run = tmp_path / "run"
    trainer, said = train(run, lambda: shutil.rmtree(run / "checkpoints"))
    assert (trainer.history.status, said) == ("finished", [])
    assert [each.step for each in checkpoints(run)] == [6, 5, 4, 3, 2]


def test_last_is_a_folder(tmp_path):
    run = tmp_path / "run"

    def replace():
        (run / "last").unlink()
        (run / "last" / "mine").mkdir(parents=True)

    trainer, said = train(run, replace)
    assert trainer.history.status == "finished"
    assert said[0] == (
        f"{run}/last could not be led to checkpoints/step-00000002: Is a directory ({run}/.last.tmp-{os.getpid()}). "
        "The checkpoints before it are intact."
    )
    assert (run / "last" / "mine").is_dir() and checkpoints(run)[0].step == 6


def test_the_run_is_removed(tmp_path):
    run = tmp_path / "run"
    trainer, said = train(run, lambda: shutil.rmtree(run))
    assert trainer.history.status == "failed" and trainer.step == 6
    cannot = (
        f"could not be written: No such file or directory ({run}/checkpoints). The checkpoints before it are intact."
    )
    assert said[0] == f"The checkpoint of step 2 {cannot} Training goes on without it."
    assert (
        f"{run}/metrics.jsonl cannot be written to (No such file or directory): its lines wait, and training goes on."
        in said
    )
    assert said[-1].startswith(f"error: The checkpoint of step 6 {cannot} `framework resume {run}` goes on from the ")
    assert any(each.startswith(f"{run}/") and each.endswith("The run has failed.") for each in said)
    assert not run.exists()


def test_a_file_that_grows_too_large(tmp_path):
    run = tmp_path / "run"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        trainer, said = train(run, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1])))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert trainer.history.status == "failed" and trainer.step == 6
    assert said[0].startswith("The checkpoint of step 2 could not be written: File too large (")
    assert said[-1].startswith("error: The checkpoint of step 6 could not be written: File too large (")
    assert said[-1].endswith(f"`framework resume {run}` goes on from step-00000001.")
    assert [each.step for each in checkpoints(run)] == [1]


def test_lines_that_wait_are_written_when_there_is_room(tmp_path):
    run = tmp_path / "run"
    lines, aside = run / "metrics.jsonl", tmp_path / "aside"

    def block():
        lines.mkdir()

    class Unblocking:
        @hookimpl
        def epoch_start(self, trainer):
            if trainer.epoch == 3:
                lines.rename(aside)

    recipe = tiny(epochs=3)
    trainer = Trainer(recipe, plugins=[metrics_log, Doing(block), Unblocking()], run=Run.create(recipe, out=run))
    said = []
    trainer.plugins.report = said.append
    trainer.fit()
    assert said == [f"{lines} cannot be written to (Is a directory): its lines wait, and training goes on."]
    assert [line.split(",")[0] for line in lines.read_text().splitlines()] == [f'{{"epoch": {n}' for n in (1, 2, 3)]


@pytest.mark.parametrize("name", ["run.json", "weights.npz"])
def test_the_last_file_cannot_be_written(tmp_path, name):
    run = tmp_path / "run"

    def block():
        (run / name).unlink(missing_ok=True)
        (run / name / "in the way").mkdir(parents=True)

    trainer, said = train(run, block)
    assert trainer.step == 6 and checkpoints(run)[0].step == 6
    if name == "run.json":
        assert said[-1].startswith(f"error: {run}/") and said[-1].endswith("Is a directory. The run has finished.")
    else:
        assert said[-1] == (
            f"error: {run}/weights.npz could not be written: Is a directory. The training is done, and its last checkpoint "
            f"intact: `framework resume {run}` writes what is missing."
        )


def test_what_went_wrong_first_is_what_is_raised(tmp_path):
    run = tmp_path / "run"

    def fail():
        shutil.rmtree(run)
        raise UserError("this first")

    trainer, said = train(run, fail)
    assert said[-1] == "error: this first" and said[0].endswith("The run has failed.")
    assert trainer.history.reason == "this first"


def test_a_run_that_cannot_be_begun_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, NO_SPACE)

    monkeypatch.setattr("framework.training.run.write_json", full)
    with pytest.raises(UserError) as caught:
        Run.create(tiny(), out=tmp_path / "run")
    assert str(caught.value) == f"{tmp_path / 'run'} cannot be written to: {NO_SPACE}."
    assert not (tmp_path / "run").exists()
