"""Proves that a run that was killed and resumed is the run that was never interrupted: bit for bit, on any recipe.

    rows = verify("recipe.py", hyperparameters={"epochs": 3}, at=[1, 17])
    assert all(row.exact for row in rows)

Each training is a process of its own, `framework train` and `framework resume` as a person calls them, and is killed so
that nothing of it can be saved any more.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from framework import get_num_threads
from framework.errors import UserError
from framework.threads import THREADS
from framework.training.children import child_environment
from framework.training.files import read_json, write_json
from framework.training.hyperparameters import json_value
from framework.training.run import Run
from framework.training.verifying.comparing import compare_runs, records_of
from framework.training.verifying.killing import NOTE, VARIABLE

__all__ = ["KILLS", "MODES", "Row", "verify"]

KILLS = 8
MODES = "compiled", "eager"
NEVER = 10**12

Report = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """What came of one kill; `places` say where the resumed run differs, `unkept` what no checkpoint could hold."""

    mode: str
    killed_at: int
    writing: bool
    """Whether it was killed while a checkpoint was being written."""
    resumed_from: int
    arrays: int
    largest: float
    """The largest difference between two numbers in arrays."""
    records: int
    places: tuple[str, ...] = ()
    record_places: tuple[str, ...] = ()
    unkept: tuple[str, ...] = ()
    repeatable: bool = True
    """False where two trainings differ that nobody killed."""

    @property
    def exact(self) -> bool:
        """Whether nothing differs."""
        return not self.places and not self.record_places

    @property
    def first(self) -> str:
        """The first thing that differs, by its place; empty when nothing does."""
        return next(iter([*self.places, *self.record_places]), "")


@dataclass(frozen=True)
class Kill:
    """When to kill a training, and how many steps there are between its checkpoints."""

    step: int
    every: int
    writing: bool = False


def verify(
    recipe: str | Path,
    *,
    hyperparameters: Mapping[str, Any] | None = None,
    seed: int = 0,
    run_options: Sequence[str] = (),
    at: Iterable[int] = (),
    kills: int = KILLS,
    modes: Sequence[str] = MODES,
    keep: str | Path | None = None,
    report: Report = lambda message: None,
) -> list[Row]:
    """Train a recipe once through and, for several steps, kill it there and resume it; gives what differs then.

    `run_options` are words of the command line, such as ["--ema", "0.99", "-p", "plugin.py"]. It is killed after the
    steps `at`, or at `kills` steps of its choice and once while it writes a checkpoint. The runs stay in the folder
    `keep`. UserError when the recipe cannot be trained.
    """
    folder = Path(tempfile.mkdtemp(prefix="framework-verify-")) if keep is None else _empty(Path(keep))
    try:
        write_json(
            folder / "hyperparameters.json",
            {name: json_value(value) for name, value in (hyperparameters or {}).items()},
        )
        trials = Trials(Path(recipe), folder, seed, run_options, report, kept=keep is not None)
        return [row for mode in modes for row in trials.rows(mode, list(at), kills)]
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


class Trials:
    """Trainings of one recipe, each in a process and a folder of its own."""

    def __init__(
        self, recipe: Path, folder: Path, seed: int, run_options: Sequence[str], report: Report, kept: bool
    ) -> None:
        self.recipe, self.folder, self.report, self.kept = recipe, folder, report, kept
        self.options = ["--seed", str(seed), "--config", str(folder / "hyperparameters.json"), *run_options]
        self.every_given = "--checkpoint-every" in run_options
        self.environment = child_environment(dict.fromkeys(THREADS, str(get_num_threads())))

    def rows(self, mode: str, at: list[int], kills: int) -> Iterator[Row]:
        """One training through, then one row for each kill."""
        folder = self.folder / mode
        whole = folder / "whole"
        self._train(mode, whole, NEVER)
        steps, ends = _length(whole)
        if not steps:
            raise UserError(f"{self.recipe} trains no step: there is nothing to be killed in.")
        wrong = [step for step in at if not 1 <= step <= steps]
        if wrong:
            raise UserError(f"It cannot be killed at step {wrong[0]}: the training has the steps 1 to {steps}.")
        self.report(f"{mode}: trained once through, {_counted(steps, 'step')} in {_counted(len(ends), 'epoch')}")
        repeatable: bool | None = None
        for number, kill in enumerate(_chosen(at, kills, steps, ends), 1):
            row = self._row(
                mode, kill, whole, folder / f"{number:02}-{'writing' if kill.writing else 'step'}-{kill.step}"
            )
            if not row.exact:
                if repeatable is None:
                    repeatable = self._is_repeatable(mode, whole)
                row = replace(row, repeatable=repeatable)
            self.report(f"{mode}: {_described(row)}")
            yield row

    def _row(self, mode: str, kill: Kill, whole: Path, run: Path) -> Row:
        how = f"{'writing' if kill.writing else 'step'}-{kill.step}"
        killed = self._train(mode, run, kill.every, how)
        if not killed:
            steps, _ = _length(run)
            places = (f"run.json: it ended by itself after {steps} steps, before it could be killed at {kill.step}",)
            return Row(mode, kill.step, kill.writing, 0, 0, 0.0, 0, places)
        note = read_json(run / NOTE)
        try:
            self._call("resume", "--inexact", "-q", str(run))
        except UserError as error:
            return Row(mode, note["step"], kill.writing, 0, 0, 0.0, 0, (str(error),), (), tuple(note["unkept"]))
        found, records, record_places = compare_runs(whole, run)
        row = Row(
            mode,
            note["step"],
            kill.writing,
            _resumed_from(run),
            found.arrays,
            found.largest,
            records,
            tuple(found.places),
            tuple(record_places),
            tuple(note["unkept"]),
        )
        if not self.kept:
            shutil.rmtree(run)
        return row

    def _is_repeatable(self, mode: str, whole: Path) -> bool:
        """Whether the training gives the same when it is simply done again."""
        again = whole.with_name("whole-again")
        self._train(mode, again, NEVER)
        found, _, record_places = compare_runs(whole, again)
        return not found.places and not record_places

    def _train(self, mode: str, run: Path, every: int, kill: str = "") -> bool:
        """Train into a folder; gives whether the process was killed as it was told to be."""
        run.parent.mkdir(exist_ok=True)
        often = [] if self.every_given else ["--checkpoint-every", str(every)]
        switch = "--compile" if mode == "compiled" else "--no-compile"
        killing = ["-p", "framework.training.verifying.killing"] if kill else []
        words = ["-q", "--out", str(run), switch, *often, *killing, *self.options, str(self.recipe)]
        return self._call("train", *words, kill=kill, note=run / NOTE)

    def _call(self, command: str, *words: str, kill: str = "", note: Path | None = None) -> bool:
        """Call the command line; gives whether it was killed as it was told to be. UserError where it fails."""
        output = self.folder / "output.txt"
        with open(output, "wb") as file:
            # To a file, not a pipe: a killed process's workers would keep that open.
            code = subprocess.run(
                [sys.executable, "-P", "-m", "framework", command, *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**self.environment, VARIABLE: kill},
                check=False,
            ).returncode
        killed = code != 0 and note is not None and note.exists()
        if code != 0 and not killed:
            text = output.read_text("utf-8", "replace").strip().removeprefix("error: ")
            raise UserError(f"framework {command} ended with exit code {code}:\n{text}")
        return killed


def _chosen(at: list[int], kills: int, steps: int, ends: Sequence[int]) -> list[Kill]:
    """When to kill: after the steps that were asked for, or at some of each kind, and while a checkpoint is written."""
    if at:
        return [Kill(step, _every(step, ends)) for step in at]
    inner = [end for end in ends if end < steps] or [steps]
    end = inner[len(inner) // 2]
    telling = [steps // 2, end + 1, 1, steps, end, 5 * steps // 6, steps // 6, end - 1]
    spread = [round(steps * (number + 0.5) / kills) for number in range(kills)]
    places = [step for step in dict.fromkeys([*telling, *spread]) if 1 <= step <= steps][:kills]
    every = next((each for each in range(max(1, steps // 3), 0, -1) if each not in ends), 1)
    return [*(Kill(step, _every(step, ends)) for step in sorted(places)), Kill(2 * every, every, writing=True)]


def _every(step: int, ends: Sequence[int]) -> int:
    """Steps between checkpoints such that the last one before `step` is some steps older, and not at an epoch's end."""
    oldest = (step + 1) // 2  # of which the next multiple is not before `step`
    newest = max(1, step - max(1, min(5, step // 4)))
    return next((each for each in range(newest, oldest - 1, -1) if each not in ends), newest)


def _length(run: Path) -> tuple[int, list[int]]:
    """How many steps a run took, and after which of them its epochs ended."""
    from framework.training.checkpoints.files import checkpoints

    summary = checkpoints(run)
    ends = [record["step"] for record in records_of(run) if "epoch" in record and "step" in record]
    return (summary[0].step if summary else 0), list(dict.fromkeys(ends))


def _resumed_from(run: Path) -> int:
    events = Run.open(run).events()
    return next((int(event["step"]) for event in reversed(events) if event["event"] == "resumed"), 0)


def _described(row: Row) -> str:
    writing = " while writing its checkpoint" if row.writing else ""
    result = "exact" if row.exact else f"differs: {row.first}"
    return f"killed at step {row.killed_at}{writing}, resumed from {row.resumed_from}: {result}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _empty(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UserError(f"{folder} is not empty, and nothing is overwritten: choose another folder.")
    return folder
