"""Kills a training with SIGKILL, at a call that changes the disk or at any moment, and takes it up until it ends.

What it leaves behind must be what the training leaves that was never killed.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import framework.files
from framework.errors import UserError
from framework.plugin.manager import PluginManager
from framework.training import run
from framework.training.checkpoints import files as checkpoint
from framework.training.checkpoints import folders as checkpoint_folders
from framework.training.checkpoints.files import linked, newest_valid
from framework.training.checkpoints.folders import step_of
from framework.training.recipe import build
from framework.training.recipe_file import load_recipe
from framework.training.resuming import NothingToDo, resume
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework_plugins import metrics_log
from tests.training.exactness import differences, metrics
from tests.training.faulty_disk import NEEDS_SPACE, Disk

RECIPE = """
import framework
from framework import Recipe, nn, optim
from framework.data import DataLoader, TensorDataset
from framework.extend import hookimpl


class Patience:
    \"\"\"Stops when the loss has not fallen for some epochs.\"\"\"

    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, float("inf"), 0

    @hookimpl
    def validate_end(self, metrics):
        better = metrics["validation/loss"] < self.best
        self.best = min(self.best, metrics["validation/loss"])
        self.waited = 0 if better else self.waited + 1

    @hookimpl
    def should_stop(self):
        return "no better any more" if self.waited >= self.patience else None

    @hookimpl
    def save_state(self):
        return {"best": self.best, "waited": self.waited}

    @hookimpl
    def load_state(self, state):
        self.best, self.waited = state["best"], state["waited"]


def recipe(*, lr: float = 0.5, epochs: int = 3, patience: int = 2) -> Recipe:
    x = framework.randn(20, 5)
    data = TensorDataset(x, (x[:, :1] > 0).float())
    model = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return Recipe(
        model=model,
        loss=nn.BCEWithLogitsLoss(),
        optimizer=optimizer,
        scheduler=optim.lr_scheduler.OneCycleLR(optimizer, lr, 4 * epochs),
        scheduler_every="step",
        train=DataLoader(data, 6, shuffle=True),
        validate=DataLoader(data, 7, shuffle=True, generator=framework.Generator().manual_seed(3)),
        metrics=["accuracy"],
        epochs=epochs,
        plugins=[Patience(patience)],
    )
"""

QUIET = ["no:console", "no:progress"]
MODULES = (checkpoint, checkpoint_folders, framework.files, run, metrics_log)


class Training:
    """A recipe's training in folders of its own; `whole` is what is left by the one that was never killed."""

    def __init__(self, home: Path, compiled: bool, every: str, **options: Any) -> None:
        self.home, self.compiled, self.options = home, compiled, {"checkpoint_every": every, "keep_best": 1, **options}
        self.file = home / "killed.py"
        self.file.write_text(RECIPE)
        self.whole = home / "whole"
        started = time.perf_counter()
        assert in_child(lambda: self.go(self.whole)) == 0
        self.seconds = time.perf_counter() - started

    def go(self, folder: Path) -> None:
        """Train in a folder, or go on there."""
        if (folder / "run.json").is_file() and (folder / "run.json").stat().st_size:
            with contextlib.suppress(NothingToDo):
                resume(folder).fit()
            return
        file = load_recipe(self.file)
        recipe, plugins = build(file, seed=5), PluginManager.load(QUIET, recipe=file)
        trainer = Trainer(recipe, plugins=plugins, compile=self.compiled, options=self.options)
        for left_over in folder.glob("*"):  # of a run that was killed before it was one
            left_over.unlink()
        trainer.run = Run.create(
            recipe, out=folder, plugins=plugins, options=self.options, compiled=self.compiled, loggers=()
        )
        trainer.fit()

    def differences(self, folder: Path) -> list[str]:
        """In what a run's folder differs from that of the training that was never killed."""
        return run_differences(self.whole, folder)


def run_differences(whole: Path, folder: Path) -> list[str]:
    """In what a run's folder differs from that of a training that went through, but for times and how it was called."""
    one, other = (newest_valid(each, print) for each in (whole, folder))
    assert one is not None and other is not None
    found = [
        *differences(_at_the_end(one), _at_the_end(other)),
        *differences(one.weights, other.weights, "weights"),
        *differences(metrics(whole), metrics(folder), "metrics"),
    ]
    for name in ("status", "reason", "recipe", "plugins", "given", "options", "compiled", "data", "seed"):
        found += differences(_info(whole)[name], _info(folder)[name], name)
    if (whole / "weights.npz").read_bytes() != (folder / "weights.npz").read_bytes():
        found.append("weights.npz differs")
    if linked(folder, "last") != other.path:
        found.append(f"last leads to {linked(folder, 'last')}")
    best = [None if (path := linked(each, "best")) is None else step_of(path) for each in (whole, folder)]
    if best[0] != best[1]:
        found.append(f"best leads to step {best[1]}, not {best[0]}")
    for line in (folder / "events.jsonl").read_text().splitlines():
        json.loads(line)
    names = {each.name for each in folder.iterdir()}
    expected = {each.name for each in whole.iterdir()}
    if names != expected:
        found.append(f"files: {sorted(names ^ expected)}")
    kept = sorted(each.name for each in (folder / "checkpoints").iterdir())
    if len(kept) > 3 or not all(name.startswith("step-") for name in kept):
        found.append(f"checkpoints: {kept}")
    return found


def _at_the_end(found: Any) -> dict[str, Any]:
    return {name: value for name, value in found.state.items() if name != "seconds"}


def _info(folder: Path) -> dict[str, Any]:
    info: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return info


def in_child(work: Callable[[], None], *, after: float | None = None) -> int:
    """Do the work in a forked child, killed `after` so many seconds; its exit code, minus the signal if one ended it."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc(limit=-4, chain=False)
        finally:
            sys.stderr.flush()
            os._exit(code)
    if after is not None:
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def without_room(work: Callable[[], None], full: Callable[[int], bool], said: Path) -> int:
    """Do the work in a child, on a disk that is full at those calls; its exit code, 3 for an error that says what is wrong.

    The error and the warnings are lines of the file `said`.
    """

    def at(disk: Disk, name: str, now: str) -> None:
        if now == "before" and name in NEEDS_SPACE and full(disk.count):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def tried() -> None:
        error = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with Disk(MODULES, at).installed():
                    work()
            except (UserError, OSError) as raised:
                error = raised
        lines = [*([str(error)] if error else []), *(str(each.message) for each in caught)]
        said.write_text("\n".join(lines))
        if error is not None:
            os._exit(3)

    return in_child(tried)


Point = tuple[int, str, str, str]
"""Which call it is, its name, where it stands in the code, and whether before, in the middle of, or after it."""


def points(work: Callable[[], None], record: Path) -> list[Point]:
    """Every moment at which the work may be killed as it changes the disk."""

    def noting() -> None:
        found: list[Point] = []
        with Disk(MODULES, lambda disk, name, now: found.append((disk.count, name, _place(), now))).installed():
            work()
        record.write_text(json.dumps(found))

    assert in_child(noting) == 0
    return [(count, name, place, now) for count, name, place, now in json.loads(record.read_text())]


def one_each(found: list[Point]) -> Iterator[Point]:
    """The first and the last point of each place in the code."""
    first: dict[tuple[str, str, str], Point] = {}
    last: dict[tuple[str, str, str], Point] = {}
    for point in found:
        first.setdefault(point[1:], point)
        last[point[1:]] = point
    yield from dict.fromkeys([*first.values(), *last.values()])


def _place() -> str:
    """The lines of the framework's that lead to a call."""
    frame, lines = sys._getframe(1), []
    while frame is not None:
        name = frame.f_code.co_filename
        if "/tests/" not in name and ("/framework/" in name or "/framework_plugins/" in name):
            lines.append(f"{Path(name).stem}:{frame.f_lineno}")
        frame = frame.f_back  # type: ignore[assignment]
    return " ".join(lines[:6])


def kill_at(number: int, when: str, work: Callable[[], None]) -> int:
    """Do the work in a child that is killed at one of its points; its exit code as of `in_child`."""

    def at(disk: Disk, name: str, now: str) -> None:
        if disk.count == number and now == when:
            os.kill(os.getpid(), signal.SIGKILL)

    def killed() -> None:
        with Disk(MODULES, at).installed():
            work()

    return in_child(killed)
