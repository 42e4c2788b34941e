"""The folders of a run's checkpoints: their names and order, the links `last` and `best`, and what is removed.

step-00000123        the checkpoint after step 123
step-00000123.2      a second one of the same step, which takes the place of the first
step-….damaged       one that was passed over
.step-….tmp-PID      one that is being written
.step-….removed-PID  one that is being removed
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from framework.errors import UserError

__all__ = [
    "FOLDER",
    "CheckpointError",
    "checkpoint_folders",
    "clean_up",
    "discard",
    "entries",
    "folder_name",
    "link",
    "linked",
    "number_of",
    "remove",
    "set_aside",
    "step_of",
    "told",
    "undone",
    "versions_of",
]

FOLDER = "checkpoints"
_NAME = re.compile(r"step-(\d{8,18})(?:\.(\d{1,9}))?")
_LEFT_OVER = re.compile(r"\.step-[\d.]+\.(tmp|removed)-\d+")
_LEFT_IN_RUN = re.compile(r"\.(last|best)\.tmp-\d+|\..+\.\d+-[0-9a-f]{8}\.tmp")


class CheckpointError(UserError):
    """A checkpoint is damaged: the message names the file."""


def link(run_folder: str | Path, name: str, checkpoint: Path) -> None:
    """Let `RUN/name` lead to a checkpoint: a relative link, or a text file with its path where links are not possible.

    UserError when neither can be written.
    """
    run_folder = Path(run_folder)
    target = os.path.join(FOLDER, checkpoint.name)
    temporary = run_folder / f".{name}.tmp-{os.getpid()}"
    with told(f"{run_folder / name} could not be led to {target}", run_folder), undone(temporary):
        try:
            os.symlink(target, temporary)
        except (OSError, NotImplementedError):
            with open(temporary, "x", encoding="utf-8") as file:
                file.write(target)
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, run_folder / name)


def linked(run_folder: str | Path, name: str) -> Path | None:
    """The checkpoint that `RUN/name` leads to; None when there is none."""
    place = Path(run_folder) / name
    try:
        target = os.readlink(place) if place.is_symlink() else place.read_text("utf-8")
        path = Path(run_folder) / FOLDER / Path(target).name
        return path if step_of(path) is not None and path.is_dir() else None
    except (OSError, ValueError):
        return None


def remove(path: str | Path) -> None:
    """Remove a checkpoint: at no moment does half of it stand under its name. UserError where that is not allowed."""
    path = Path(path)
    gone = path.with_name(f".{path.name}.removed-{os.getpid()}")
    try:
        discard(gone)
        os.rename(path, gone)
        discard(gone)
    except OSError as error:
        raise UserError(f"{path} could not be removed: {error.strerror or error}.") from error


def set_aside(run_folder: str | Path, newer_than: int) -> list[Path]:
    """Rename the checkpoints after a step to `step-….damaged`, which counts as none; returns the new names.

    For those that were passed over: a run that goes on from an older one would take them for its newest. Only who
    holds the run's lock may call this.
    """
    renamed = []
    for path in checkpoint_folders(Path(run_folder) / FOLDER):
        if (step_of(path) or 0) > newer_than:
            aside = path.with_name(f"{path.name}.damaged")
            with told(f"{path} could not be renamed", path):
                discard(aside)
                os.rename(path, aside)
            renamed.append(aside)
    return renamed


def clean_up(run_folder: str | Path) -> None:
    """Remove what writers that were killed left behind. Only who holds the run's lock may call this."""
    run_folder = Path(run_folder)
    for home, pattern in ((run_folder / FOLDER, _LEFT_OVER), (run_folder, _LEFT_IN_RUN)):
        for each in entries(home):
            if pattern.fullmatch(each.name):
                with told(f"{each}, which a writer left behind, could not be removed", each):
                    discard(each)


def checkpoint_folders(home: Path) -> list[Path]:
    """The checkpoints of a run, newest first."""
    found = [(step, number_of(each), each) for each in entries(home) if (step := step_of(each)) is not None]
    return [each for *_, each in sorted(found, reverse=True)]


def entries(folder: Path) -> list[Path]:
    """What is in a folder, in no order; nothing when there is no folder."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be read: {error.strerror}.") from error


def versions_of(home: Path, step: int) -> list[Path]:
    """The checkpoints of one step, newest first: more than one where a writer was killed."""
    return [each for each in checkpoint_folders(home) if step_of(each) == step]


def folder_name(step: int, number: int) -> str:
    """What a step's checkpoint is called; a second one of the same step has the number 2."""
    return f"step-{step:08d}" + (f".{number}" if number > 1 else "")


def step_of(path: Path) -> int | None:
    """The step that a checkpoint is of, as its name says; None for another name, such as that of a copy."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else None


def number_of(path: Path) -> int:
    """Which checkpoint of its step it is."""
    return int(path.name.partition(".")[2] or 1)


@contextmanager
def undone(temporary: Path) -> Iterator[None]:
    """Leaves nothing behind when the block fails."""
    discard(temporary)  # of a process that was killed, and had the same number
    try:
        yield
    except BaseException:
        with suppress(OSError):
            discard(temporary)
        raise


def discard(path: Path) -> None:
    """Remove a file, a link or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def told(what: str, place: Path) -> Iterator[None]:
    """Turns what the disk refuses into a message: what could not be done, why, and with which file."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{what}: {error.strerror or error} ({error.filename or place}). The checkpoints before it are intact."
        ) from error
