"""A sweep: a folder with the plan in `sweep.json`, and a run, with what it printed, for each of its points.

    sweep = Sweep.create("recipe.py", grid={"lr": [0.1, 0.3]}, jobs=2)
    sweep.train()
    for summary in sweep.summaries():
        print(summary.changed, summary.best)

Each run is a process of `framework train`, and so a run like any other, but for the recipe: the folder holds a copy of
it, and of the files beside it that it uses, from which all of them start, whatever becomes of the original. A sweep that
was stopped or killed goes on: runs that have ended stay as they are, those begun are resumed, the others are started. A
run whose process a signal has ended, such as the system's for want of memory, is one that was begun.
"""

from __future__ import annotations

import math
import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from framework.errors import UserError
from framework.threads import THREADS, processors
from framework.training.children import child_environment
from framework.training.files import new_folder, read_json, write_json
from framework.training.hyperparameters import flag, json_value
from framework.training.lock import RunLock, is_locked
from framework.training.looking.summary import RunSummary
from framework.training.provenance import now
from framework.training.recipe_file import RecipeFile, load_recipe
from framework.training.run import RUN, Run
from framework.training.shipped import recipe_path
from framework.training.sweeping.by_hand import changes_by_hand
from framework.training.sweeping.processes import Processes
from framework.training.sweeping.space import SEED, Range, points

__all__ = ["SWEEP", "Point", "Sweep", "sweep", "words_of"]

SWEEP = "sweep.json"
DONE = ("finished", "stopped")
A_SIGNAL = 128
"""From here on, an exit code says which signal has ended a process; a negative one says so, too."""


@dataclass(frozen=True)
class Point:
    """One point: its number, from 1, its values, its run's folder, and the file of what that prints."""

    number: int
    values: dict[str, Any]
    folder: Path
    output: Path


class Sweep:
    """The sweep in a folder. `Sweep.create` plans a new one, `Sweep.open` takes one that is there; `train` does it."""

    def __init__(self, path: Path, plan: dict[str, Any]) -> None:
        self.path, self.plan = path, plan
        width = max(3, len(str(len(plan["points"]))))
        self.points = [
            Point(number, values, path / "runs" / f"{number:0{width}}", path / "logs" / f"{number:0{width}}.txt")
            for number, values in enumerate(plan["points"], 1)
        ]

    @classmethod
    def create(
        cls,
        recipe: str | Path | RecipeFile,
        *,
        grid: Mapping[str, Sequence[Any]] | None = None,
        ranges: Mapping[str, Range] | None = None,
        random: int | None = None,
        seed: int = 0,
        jobs: int = 1,
        out: str | Path | None = None,
        run_options: Sequence[str] = (),
        recipe_options: Sequence[str] = (),
        monitor: str | None = None,
    ) -> Self:
        """Plan a sweep over all points of a grid, or over `random` points drawn from it and the ranges by `seed`.

        The options, words of the command line, are for every run. UserError for values that the recipe does not take,
        and where `out` holds something.
        """
        file = load_recipe(recipe_path(recipe)) if isinstance(recipe, str | Path) else recipe
        path = file.original
        chosen = points(file.hyperparameters, grid or {}, ranges or {}, random, seed)
        folder = Path(out) if out is not None else new_folder(Path("sweeps"), path.stem)
        if (folder / SWEEP).is_file():
            raise UserError(f"{folder} is a sweep already; to go on with it: framework resume {folder}")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"{folder} is not empty, and a sweep never overwrites anything: choose another folder.")
        plan = {
            "recipe": str(path.resolve()),
            "points": [{name: json_value(value) for name, value in each.items()} for each in chosen],
            "seed": seed,
            "jobs": jobs,
            "threads": max(1, processors() // jobs),
            "run_options": list(run_options),
            "recipe_options": list(recipe_options),
            "monitor": monitor,
            "directory": str(Path.cwd()),
            "started": now(),
            "failed": {},
        }
        for each in (folder / "runs", folder / "logs"):
            each.mkdir(parents=True, exist_ok=True)
        file.copy_to(folder)
        write_json(folder / SWEEP, plan)
        return cls(folder, plan)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """A sweep that is there; UserError when there is none at `path`, or it is damaged."""
        path = Path(path)
        if not (path / SWEEP).is_file():
            raise UserError(f"{path} is not a sweep: it has no {SWEEP}.")
        plan = read_json(path / SWEEP)
        needed = (
            "recipe",
            "points",
            "jobs",
            "threads",
            "run_options",
            "recipe_options",
            "monitor",
            "failed",
            "directory",
        )
        if not isinstance(plan, dict) or any(name not in plan for name in needed):
            raise UserError(f"{path} is damaged: {SWEEP} does not say all of {', '.join(needed)}.")
        return cls(path, plan)

    def train(
        self,
        *,
        jobs: int | None = None,
        retry_failed: bool = False,
        report: Callable[[Point, RunSummary], None] = lambda point, summary: None,
        tell: Callable[[str], None] = lambda line: None,
        signals: Sequence[int] = (),
        noted: Callable[[int], None] | None = None,
    ) -> None:
        """Train what has not ended, and with `retry_failed` what has failed, some at a time; `report` is told of each.

        `tell` is told what is waited for: runs that other processes train, which are gone on with after that. A signal is
        passed to `noted`, lets the runs finish their step and save, and is raised then as Interrupted. UserError while
        another process drives the sweep.
        """
        with RunLock(self.path):
            processes = Processes(
                jobs or self.plan["jobs"],
                Path(self.plan["recipe"]),
                self._copy(),
                self._environment(),
                self._directory(),
                signals,
            )
            processes.interrupts.noted = noted
            again = ("left", "failed") if retry_failed else ("left",)
            left = [point for point in self.points if self.state(point) in again]
            self._wait(left, tell)
            for point, code in processes.run(
                (point, self._words, point.output) for point in left if self.state(point) in again
            ):
                # One that a signal has met while it was importing may end in any way: it has not begun.
                stopped = processes.interrupts.came is not None and _run_of(point) is None
                failed = 0 < code < A_SIGNAL and not stopped
                self._note(point, _last_words(point.output, code) if failed else None)
                summary = self.summary(point)
                if summary.status == "waiting":  # a signal came before anything was trained
                    summary = replace(summary, status="killed")
                if processes.interrupts.came is None or self.state(point) != "left":
                    report(point, summary)

    def _wait(self, points: Sequence[Point], tell: Callable[[str], None]) -> None:
        """Until no other process trains one of these: of a sweep that was killed, runs may still be saving."""
        alive = [point.folder for point in points if is_locked(point.folder)]
        if alive:
            tell(f"Waiting for what other processes still train: {', '.join(map(str, alive))}")
        while any(map(is_locked, alive)):
            time.sleep(0.1)

    @property
    def alive(self) -> bool:
        """Whether a process drives it now."""
        return is_locked(self.path)

    def state(self, point: Point) -> str:
        """Whether its run is "done", has "failed", or is "left": to be started, or to be gone on with."""
        run = _run_of(point)
        if run is not None and run.info["status"] in DONE:
            return "done"
        failed = str(point.number) in self.plan["failed"] or (run is not None and run.info["status"] == "failed")
        return "failed" if failed else "left"

    def counts(self) -> dict[str, int]:
        """How many points are done, have failed, and are left."""
        states = [self.state(point) for point in self.points]
        return {state: states.count(state) for state in ("done", "failed", "left")}

    def summary(self, point: Point) -> RunSummary:
        """What came of a point; "waiting" where it has not begun.

        Its `changed` are the point's values, or those that a run has instead that was resumed by hand.
        """
        failure, run = self.plan["failed"].get(str(point.number)), _run_of(point)
        if run is not None:
            found = RunSummary.of(run, self.plan["monitor"])
            if failure is not None and found.status not in DONE:
                found = replace(found, status="failed", reason=failure)
            now = {**run.config["hyperparameters"], SEED.name: run.info["seed"]} if changes_by_hand(run) else {}
            return replace(found, changed={name: now.get(name, value) for name, value in point.values.items()})
        status, reason = ("waiting", "") if failure is None else ("failed", failure)
        return RunSummary(
            name=str(point.folder),
            status=status,
            reason=reason,
            recipe=Path(self.plan["recipe"]).stem,
            hyperparameters=point.values,
            seed=point.values.get("seed"),
            changed=point.values,
            epochs=0,
            steps=0,
            metric=None,
            lower=False,
            best=None,
            best_epoch=None,
            last={},
            started=None,
            seconds=None,
        )

    def by_hand(self) -> dict[str, list[str]]:
        """In what runs were resumed otherwise than they were planned, by their names."""
        runs = [run for point in self.points if (run := _run_of(point)) is not None]
        return {str(run.path): changes for run in runs if (changes := changes_by_hand(run))}

    def summaries(self) -> list[RunSummary]:
        """All points, the best first, those without a number last."""
        found = [self.summary(point) for point in self.points]
        lower = next((each.lower for each in found if each.best is not None), True)

        def rank(summary: RunSummary) -> float:
            if summary.best is None or math.isnan(summary.best) or summary.status == "failed":
                return math.inf
            return summary.best if lower else -summary.best

        return sorted(found, key=rank)

    def command(self) -> str:
        """What a person types to go on with it."""
        return f"framework resume {shlex.quote(str(self.path))}"

    def _note(self, point: Point, failure: str | None) -> None:
        """Keep why a point's process failed, or that it did not."""
        failed, key = self.plan["failed"], str(point.number)
        if failed.get(key) != failure:
            failed.pop(key, None)
            if failure is not None:
                failed[key] = failure
            write_json(self.path / SWEEP, self.plan)

    def _words(self, point: Point) -> list[str]:
        """The command that trains a point, or goes on with it."""
        folder = str(point.folder.absolute())
        if _run_of(point) is not None:
            return ["resume", folder]
        if point.folder.is_dir():  # killed while it was made
            for each in point.folder.iterdir():
                each.unlink()
        values = dict(point.values)
        seed = ["--seed", str(values.pop("seed"))] if "seed" in values else []
        own = [word for name, value in values.items() for word in words_of(name, value)]
        plan = self.plan
        return ["train", *plan["run_options"], *seed, "--out", folder, plan["recipe"], *plan["recipe_options"], *own]

    def _copy(self) -> Path:
        """The copy of the recipe from which all runs start."""
        copy = self.path.absolute() / Path(self.plan["recipe"]).name
        if not copy.is_file():
            raise UserError(
                f"{copy} is gone, the copy of the recipe from which this sweep's runs start: put it back, or start a new "
                "sweep."
            )
        return copy

    def _directory(self) -> Path:
        """Where the runs are started, since options may name files from there; here, where that is gone."""
        before = Path(self.plan["directory"])
        return before if before.is_dir() else Path.cwd()

    def _environment(self) -> dict[str, str]:
        """This process's, with the import path, and with no more threads a run than there are processors for."""
        limits = {}
        for name in (*THREADS, "VECLIB_MAXIMUM_THREADS"):
            own = os.environ.get(name, "")
            limits[name] = str(min(int(own), self.plan["threads"]) if own.isdecimal() else self.plan["threads"])
        return child_environment(limits)


def sweep(recipe: str | Path | RecipeFile, **plan: Any) -> Sweep:
    """Plan a sweep, as `Sweep.create` does, and train it; `summaries()` of what is returned are the results."""
    planned = Sweep.create(recipe, **plan)
    planned.train()
    return planned


def words_of(name: str, value: Any) -> list[str]:
    """A hyperparameter as an option of the command line."""
    if isinstance(value, bool):
        return [flag(name if value else f"no_{name}")]
    return [f"{flag(name)}={'none' if value is None else value}"]


def _run_of(point: Point) -> Run | None:
    """The point's run; None where it has none, or where nothing was ever trained in it."""
    about = point.folder / RUN
    return Run.open(point.folder) if about.is_file() and about.stat().st_size else None


def _last_words(output: Path, code: int) -> str:
    """Why a process failed, as it said itself."""
    try:
        lines = output.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    said = next((line for line in reversed(lines) if line.startswith("error: ")), "")
    return said.removeprefix("error: ") or f"its process ended with exit code {code}"
