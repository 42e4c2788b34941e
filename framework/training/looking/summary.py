"""Finds the runs below a folder, and sums each up: how it ended, what was chosen for it, how good it got.

for run in find_runs("runs"):
    print(RunSummary.of(run))
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from framework.errors import UserError
from framework.training.looking.facts import facts_of, finite, origins_of, whole
from framework.training.monitor import Monitor
from framework.training.records import Records
from framework.training.run import METRICS, RUN, Run

__all__ = ["RunSummary", "best_of", "find_runs", "monitor_of", "start_of", "status_of"]


@dataclass(frozen=True)
class RunSummary:
    """What a list says of a run.

    name: its folder, as one would type it.
    status: "running", "finished", "stopped", "interrupted" or "failed"; or "killed", when it says that it is running and no
        process trains it.
    reason: why it ended so.
    recipe: the name of the recipe's file without its ending; None where there is none.
    hyperparameters, seed: all of its values. changed: those that were not left at their defaults, and the seed unless it is 0.
    epochs, steps: how many were done, by the last record of an epoch, and the last that says.
    metric, lower: the metric to go by, and whether less of it is better. best, best_epoch: its best value, and the epoch
        of that. None where there is none.
    last: the last epoch's record; without an epoch, the last one.
    started: when, in ISO's notation. seconds: how long it trained, by its records where it has not ended.
    """

    name: str
    status: str
    reason: str
    recipe: str | None
    hyperparameters: dict[str, Any]
    seed: int | None
    changed: dict[str, Any]
    epochs: int
    steps: int
    metric: str | None
    lower: bool
    best: float | None
    best_epoch: int | None
    last: dict[str, Any]
    started: str | None
    seconds: float | None

    @classmethod
    def of(cls, run: Run, monitor: str | None = None) -> Self:
        """Sum a run up, by the metric that `monitor_of` tells."""
        records = Records(run.path / METRICS)
        newest = records[-1] if len(records) else {}
        epochs = records.epochs()
        last = epochs[-1] if len(epochs) else newest
        measured = epochs if len(epochs) else records
        by = monitor_of(run, measured.sample(), monitor)
        best, index = best_of(measured, by) if by and by.name else (None, None)
        at = measured[index] if index is not None else {}
        info = _now(run)
        seconds = (
            newest.get("time", last.get("time")) if info["status"] in ("running", "killed") else info.get("seconds")
        )
        return cls(
            name=str(run.path),
            status=info["status"],
            reason=info["reason"],
            recipe=Path(info["recipe"]).stem if info["recipe"] else None,
            hyperparameters=run.config["hyperparameters"],
            seed=info["seed"],
            changed=changed(run),
            epochs=whole(last.get("epoch")) or 0,
            steps=whole(newest.get("step", last.get("step"))) or 0,
            metric=by.name if by else None,
            lower=by.lower if by else True,
            best=best,
            best_epoch=whole(at.get("epoch")),
            last=last,
            started=info["started"] if isinstance(info.get("started"), str) else None,
            seconds=finite(seconds),
        )

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self)


def find_runs(*roots: str | Path) -> list[Run]:
    """The runs in these folders, at any depth, by their start; a folder may be a run itself.

    One that is damaged is named in a warning and left out. UserError for a folder that is not there.
    """
    runs, seen = [], set()
    for root in map(Path, roots):
        if not root.is_dir():
            raise UserError(f"There is no folder {root}." if not root.exists() else f"{root} is a file, not a folder.")
        for path in _run_folders(root):
            about = path.stat()
            if (about.st_dev, about.st_ino) in seen:  # by another root, or another name
                continue
            seen.add((about.st_dev, about.st_ino))
            try:
                runs.append(Run.open(path))
            except (UserError, OSError) as error:
                warnings.warn(f"Left out: {error}", stacklevel=2)
    return sorted(runs, key=lambda run: (start_of(run.info), str(run.path)))


def monitor_of(run: Run, record: dict[str, Any], monitor: str | None = None) -> Monitor | None:
    """The metric to go by: the one asked for, else the run's own `--monitor`, else one that a record may have.

    That is the first of a validation set that is no loss, else the loss of one, else training's. None without any.
    """
    asked = monitor or facts_of(run)["options"].get("monitor")
    if isinstance(asked, str):
        return Monitor(asked)
    numbers = [name for name, value in record.items() if isinstance(value, int | float | None)]
    validation = [name for name in numbers if "/" in name and not name.startswith("train/")]
    metrics = [name for name in validation if not name.endswith("loss")]
    losses = [name for name in [*validation, "train/loss"] if name.endswith("/loss") and name in numbers]
    return next(map(Monitor, [*metrics, *losses]), None)


def best_of(records: Records, monitor: Monitor) -> tuple[float | None, int | None]:
    """The best value of a metric, and the index of the first record that has it."""
    assert monitor.name is not None
    values = records.column(monitor.name)
    numbers = [value for value in values if not math.isnan(value)]
    if not numbers:
        return None, None
    best = min(numbers) if monitor.lower else max(numbers)
    return best, values.index(best)


def changed(run: Run) -> dict[str, Any]:
    """The hyperparameters whose values did not come from the recipe, and the seed unless it is 0."""
    values, origins = run.config["hyperparameters"], origins_of(run)
    chosen = {name: value for name, value in values.items() if origins[name] != "default"}
    seed = run.info["seed"]
    return chosen | ({"seed": seed} if seed else {})


def status_of(run: Run) -> str:
    """How a run ended, "running" where a process trains it now, or "killed" where that has not ended in order."""
    return str(_now(run)["status"])


def start_of(info: dict[str, Any]) -> datetime:
    """When a run began; long ago where it does not say."""
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(info.get("started") or "").astimezone()
    return datetime.min.replace(tzinfo=UTC)


def _now(run: Run) -> dict[str, Any]:
    """What run.json says, with the status "killed" where it should be."""
    if run.info["status"] != "running" or run.alive:
        return run.info
    info = Run.open(run.path).info  # it may have ended just now
    return info | {"status": "killed"} if info["status"] == "running" else info


def _run_folders(folder: Path) -> Iterator[Path]:
    """The folders with a run.json, but for those within a run; links to folders are followed, never round and round."""
    folders, passed = [folder], set()
    while folders:
        here = folders.pop()
        try:
            with os.scandir(here) as entries:
                names = {entry.name: entry for entry in entries if entry.name == RUN or entry.is_dir()}
        except OSError as error:
            warnings.warn(f"Left out: {here} cannot be read: {error.strerror or error}.", stacklevel=4)
            continue
        if RUN in names:
            yield here
            continue
        within = os.path.realpath(here)
        if within not in passed:
            passed.add(within)
            folders += [here / name for name in sorted(names, reverse=True) if not name.startswith(".")]
