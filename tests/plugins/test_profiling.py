"""The profile of a training: everything appears with its count, results stay, and nothing is left behind."""

from __future__ import annotations

import io
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

import framework
from framework import nn, optim
from framework.extend import UserError, hookimpl
from framework.profiler import Recorder
from framework.profiler.report import by_operation, by_part
from framework.training.history import History
from framework.training.recipe import Recipe
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import profiling
from framework_plugins.profiling import Profile
from tests.tiny import tiny

LOOP = "the loop: metrics and the rest"


def recipe(epochs: int = 4, **changes: Any) -> Recipe:
    """Two layers with dropout; three batches an epoch."""
    framework.manual_seed(0)
    x, y = framework.randn(6, 3), framework.randn(6, 1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1))
    parts: dict[str, Any] = {
        "model": model,
        "optimizer": optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        "train": [(x[at : at + 2], y[at : at + 2]) for at in (0, 2, 4)],
        "validate": [(x[:2], y[:2])],
        "epochs": epochs,
    }
    return tiny(**parts | changes)


def weights(trainer: Trainer) -> list[bytes]:
    return [each.detach().numpy().tobytes() for each in trainer.model.state_dict().values()]


def without_times(history: History) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if name != "time"} for record in history.records]


def profiled(given: Recipe, *plugins: object, **options: Any) -> tuple[Profile, Trainer]:
    profile = Profile()
    trainer = Trainer(given, plugins=[profile, *plugins], **options)
    trainer.fit()
    return profile, trainer


def parts(profile: Profile) -> dict[str, int]:
    return {row.name: row.calls for row in by_part(profile.recorder.tree)}


class Watcher:
    """Stands between backward pass and update."""

    @hookimpl
    def after_backward(self) -> None:
        """It need not do anything."""

    @hookimpl
    def after_step(self) -> None:
        """Nor here."""


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("between", [(), (Watcher(),)])
def test_training_is_the_same_to_the_bit(compile, between):
    plain = Trainer(recipe(), plugins=between, compile=compile)
    history = plain.fit()
    _, trainer = profiled(recipe(), *between, compile=compile)
    assert without_times(trainer.history) == without_times(history)
    assert weights(trainer) == weights(plain)


def test_the_lines_of_the_programs_are_all_there_with_their_counts():
    profile, trainer = profiled(recipe())
    assert profile.steps == 12
    source = trainer.steps.train.program.source
    lines = [line.strip() for line in source.partition("def ")[2].splitlines()[1:]]
    lines = [line.split("  #")[0].rstrip() for line in lines if line and not line.startswith(("#", "return"))]
    # The first step runs as it is written, and the second makes the program, which momentum's own changes once more;
    # that both are checked costs no run, since a check runs the program too.
    places = [way for way in profile.recorder.tree.walk() if way[-1].kind == "line"]
    steps = [way for way in places if way[1].name == "step"]
    assert {way[-1].name for way in steps} >= set(lines)
    told = {way[-1].section for way in steps}
    assert told == {"forward", "backward", "update"}
    counts = {way[-1].name: way[-1].calls for way in steps if len(way) == 4}
    settled = trainer.step - 1 - sum(way[-1].calls for way in profile.recorder.tree.walk() if way[-1].kind == "part"
                                     and len(way) == 3 and way[1].name == "step")  # fmt: skip
    assert settled > 3 and {counts[line] for line in lines} == {settled}
    rows = {row.name for row in by_operation(profile.recorder.tree)}
    assert set(lines) <= rows and "refuse_nonfinite(loss)" in rows


def test_every_part_of_a_compiled_training_has_its_row():
    profile, _ = profiled(recipe(), Watcher())
    found = parts(profile)
    assert found.keys() >= {
        "reading data",
        "forward",
        "backward",
        "update",
        "finite check",
        "around the operations",
        "tracing and checking",
        "the first step, as it is written",
        "validation",
        "hook after_backward of Watcher",
        "hook after_step of Watcher",
        LOOP,
    }
    assert found["hook after_backward of Watcher"] == found["hook after_step of Watcher"] == 12
    assert found["forward"] == found["backward"]
    assert found["finite check"] == 2 * found["forward"]  # of the loss, and of the gradients
    assert not any("Profile" in name for name in found)
    rows = by_part(profile.recorder.tree)
    assert sum(row.seconds for row in rows) == pytest.approx(profile.recorder.tree.seconds)


def test_every_part_of_an_eager_training_has_its_row():
    profile, _ = profiled(recipe(), compile=False)
    found = parts(profile)
    assert (found["forward"], found["backward"], found["update"]) == (12, 12, 12)
    assert "tracing and checking" not in found and "the first step, as it is written" not in found
    rows = {(row.section, row.name, row.detail): row.calls for row in by_operation(profile.recorder.tree)}
    assert rows["forward", "linear", "2×4 float32"] == 16 and rows["backward", "tanh", "2×4 float32"] == 12
    assert rows["forward", "mse_loss", "0-d float32"] == 16 and rows["backward", "mse_loss", "2×1 float32"] == 12


@pytest.mark.filterwarnings("ignore::framework.compiler.compiled.CompileWarning")
def test_a_step_that_can_be_no_program_is_told_by_its_operations():
    def step(model: Any, batch: Any) -> Any:
        loss = (model(batch[0]) - batch[1]).square().mean()
        return loss * 2 if loss > 1e9 else loss

    profile, _ = profiled(recipe(step=step, loss=None))
    rows = {(row.section, row.name): row.calls for row in by_operation(profile.recorder.tree)}
    assert rows["forward", "pow"] > 6 and rows["backward", "tanh"] > 6


def test_a_search_for_the_step_has_its_passes_in_the_update():
    given = recipe(epochs=2)
    profile, _ = profiled(
        recipe(epochs=2, model=given.model, optimizer=optim.LBFGS(given.model.parameters(), max_iter=3))
    )
    ways = [[each.name for each in way] for way in profile.recorder.tree.walk()]
    assert ["training", "update", "closure", "step"] in ways
    assert parts(profile)["forward"] > profile.steps == 6


def test_reading_is_counted_by_batches():
    class Stream:
        """Batches that come as they come."""

        def __init__(self, batches: list[Any]) -> None:
            self.batches = batches

        def __iter__(self) -> Any:
            return iter(self.batches)

    given = recipe()
    profile, trainer = profiled(recipe(train=Stream(list(given.train))))
    spans = {way[-1].name: way[-1] for way in profile.recorder.tree.walk() if len(way) == 2}
    assert spans["reading data"].calls == 12 and spans["reading data: the start"].calls == 4
    assert isinstance(trainer.parts.train, Stream), "the data must be itself again"


def test_nothing_is_left_when_training_is_over_or_fails():
    class Failing:
        @hookimpl
        def after_step(self, trainer: Trainer) -> None:
            if trainer.step == 5:
                raise ValueError("no more")

    for plugins in ([], [Failing()]):
        profile = Profile()
        trainer = Trainer(recipe(), plugins=[profile, *plugins])
        assert trainer.steps.unchecked is not None  # made when it is first asked for
        before = vars(trainer.steps).copy(), vars(trainer.parts).copy()
        if plugins:
            with pytest.raises(UserError, match="no more"):
                trainer.fit()
            assert profile.steps == 5
        else:
            trainer.fit()
        assert (vars(trainer.steps), vars(trainer.parts)) == before
        assert Recorder.current is None and "Profile of" in profile.table()
        with trainer.plugins.watching(lambda hook, plugin: pytest.fail("no hook is called")):
            pass


def test_the_optimizers_hooks_are_taken_off_again():
    _, trainer = profiled(recipe(), compile=False)
    assert not trainer.optimizer._optimizer_step_pre_hooks and not trainer.optimizer._optimizer_step_post_hooks


def test_the_table_and_the_picture_go_into_the_runs_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    given = recipe()
    run = Run.create(given, out=tmp_path / "run")
    profile, _ = profiled(given, run=run)
    shown = sys.stdout.getvalue()
    assert parts(profile)["checkpoints"] == 2, "the last one, and the weights"
    assert parts(profile)["validation"] == 4
    text = (run.path / "profile.txt").read_text("utf-8")
    assert profile.table() in shown and str(run.path / "profile.svg") in shown
    assert text.startswith("Profile of 12 steps in ") and "Profiling itself took about " in text
    assert text == profile.table(rows=None) and "others" not in text
    rows = by_operation(profile.recorder.tree)
    assert len(rows) > profiling.ROWS and f"{len(rows) - profiling.ROWS} others" in shown
    for table in text.split("\n\n")[1:3]:
        percents = [float(line.split(" %")[0].split()[-1]) for line in table.splitlines()[1:]]
        assert sum(percents) == pytest.approx(100)
    root = ElementTree.parse(run.path / "profile.svg").getroot()
    assert root.tag.endswith("svg") and len(root) > 20


def test_without_a_run_nothing_is_printed(capsys):
    profile, _ = profiled(recipe())
    assert capsys.readouterr() == ("", "")
    assert profile.flame_graph().startswith("<svg ")


def test_before_training_there_is_nothing_to_show():
    for show in (Profile().table, Profile().flame_graph):
        with pytest.raises(UserError, match="Nothing has been profiled yet"):
            show()


def test_one_profile_adds_up_several_trainings():
    profile = Profile()
    for _ in range(2):
        Trainer(recipe(), plugins=[profile]).fit()
    assert profile.steps == 24 and profile.recorder.tree.calls == 2


def test_two_profiles_of_one_training_are_refused():
    with pytest.raises(UserError, match="profiled already"):
        Trainer(recipe(), plugins=[Profile(), Profile()]).fit()
    assert Recorder.current is None


def test_the_option_makes_the_plugin():
    options: dict[str, Any] = {}
    profiling.register_options(options.__setitem__)
    assert options["profile"].opts == ["--profile"] and options["profile"].secondary_opts == ["--no-profile"]
    assert isinstance(profiling.make_plugins({"profile": True}), Profile)
    assert profiling.make_plugins({"profile": None}) is profiling.make_plugins({"profile": False}) is None
