"""Killed, cut off from power, or out of room at any moment of writing a checkpoint: the one before or the new one is there."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest

import framework
from framework.errors import UserError
from framework.training.checkpoints import files as checkpoint
from framework.training.checkpoints import folders as checkpoint_folders
from framework.training.checkpoints.files import (
    checkpoints,
    clean_up,
    link,
    linked,
    newest_valid,
    read_checkpoint,
    remove,
    write_checkpoint,
)
from tests.training.faulty_disk import NEEDS_SPACE, Disk, failing_from, killed_at

MODULES = (checkpoint, checkpoint_folders)
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    # The threads of NumPy's linear algebra: no child of these tests uses them.
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A killed process loses nothing that the system holds, and a power cut is acted out: the disk can stay out of it."""
    monkeypatch.setattr(os, "fsync", os.fstat)


@pytest.fixture
def tmp_path(tmp_path):
    """In memory, where there is such a place: thousands of files are made and removed here."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def save(run, step, mark):
    weights = {"weight": framework.full((3, 2), float(mark)), "bias": framework.full((2,), float(mark))}
    state = {"mark": mark, "momentum": np.full((2, 3), mark).T, "best": float("inf")}
    return write_checkpoint(run, {"step": step, "metrics": {"loss": 1 / mark}, "why": "test"}, weights, state)


def mark_of(found):
    """Which of the checkpoints of `save` it is, all of it."""
    mark = found.state["mark"]
    assert (found.state["momentum"] == mark).all() and found.state["best"] == float("inf")
    assert all((each == mark).all() for each in found.weights.values())
    assert found.metrics == {"loss": 1 / mark}
    return mark


def first(run):
    save(run, 1, 2)


def next_and_remove(run):
    """As a trainer that keeps one checkpoint does."""
    link(run, "best", save(run, 2, 2))
    remove(run / "checkpoints" / "step-00000001")


def same_step(run):
    save(run, 1, 2)


SCENES = {"the first": (0, first), "the next": (1, next_and_remove), "the same step": (1, same_step)}


def check(run, before, power=False):
    """What whoever comes next finds: a whole checkpoint, and room for the next."""
    passed_over = []
    found = newest_valid(run, passed_over.append)
    marks = {None if found is None else mark_of(found)}
    assert marks <= {before or None, 2}
    assert passed_over == []
    for each in checkpoints(run):
        mark_of(read_checkpoint(each.path))
    last = linked(run, "last")
    if last is not None:
        mark_of(read_checkpoint(last))
    # A power cut may undo that a link was moved, and not that what it led to was removed.
    assert last is not None or not before or power
    clean_up(run)
    save(run, 9, 9)
    assert mark_of(newest_valid(run, passed_over.append)) == 9 and not passed_over
    assert linked(run, "last").name == "step-00000009"
    assert all(re.fullmatch(r"step-\d{8}(\.\d)?", name) for name in os.listdir(run / "checkpoints"))
    assert set(os.listdir(run)) <= {"checkpoints", "last", "best"}
    return marks.pop()


@pytest.mark.parametrize(
    ("scene", "power"),
    [
        pytest.param(scene, power, marks=() if scene == "the same step" and not power else pytest.mark.slow)
        for scene in SCENES
        for power in (False, True)
    ],
)
def test_killed_at_every_point(tmp_path, scene, power):
    before, work = SCENES[scene]
    start = tmp_path / "start"
    start.mkdir()
    if before:
        link(start, "best", save(start, 1, before))
    tries, outcomes = 0, set()
    for when in ("before", "middle"):  # what is true after a call is true before the next one
        for number in range(1, 1000):
            run = fresh(start, tmp_path / "run")
            killed = killed_at(number, when, power, MODULES, lambda: work(run))
            if killed is None:
                break
            if killed:
                tries += 1
                outcomes.add(check(run, before, power))
        assert check(run, before) == 2  # where the work came to its end
    print(f"{scene}: {tries} kills")
    assert tries > 40 and outcomes == {before or None, 2}


def fresh(start, run):
    shutil.rmtree(run, ignore_errors=True)
    return shutil.copytree(start, run, symlinks=True)


@pytest.mark.parametrize("scene", SCENES)
def test_a_disk_that_is_full_from_any_call_on(tmp_path, scene):
    before, work = SCENES[scene]
    start = tmp_path / "start"
    start.mkdir()
    if before:
        save(start, 1, before)
    messages = []
    for number in range(1, 1000):
        run = fresh(start, tmp_path / "run")
        with failing_from(number, errno.ENOSPC, NEEDS_SPACE, MODULES) as disk:
            try:
                work(run)
            except UserError as error:
                messages.append(str(error))
        if disk.fitting < number:
            break
        left = os.listdir(run / "checkpoints") if (run / "checkpoints").exists() else []
        assert not [name for name in left if ".tmp-" in name] and not [n for n in os.listdir(run) if ".tmp-" in n]
        check(run, before)
    assert len(messages) > 20
    for text in messages:
        assert "No space left on device" in text and text.endswith("The checkpoints before it are intact.")
    assert messages[1].startswith(
        f"The checkpoint of step {1 if before == 0 or scene != 'the next' else 2} could not be written: "
    )
    assert any("state.json" in text for text in messages)


def in_child(work):
    """Runs it in a child of its own; the text of its UserError."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            work()
        except UserError as error:
            os.write(write, str(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return text


def test_a_limit_that_the_system_sets(tmp_path):
    import resource

    save(tmp_path, 1, 1)
    sizes = {each.name: each.stat().st_size for each in (tmp_path / "checkpoints" / "step-00000001").iterdir()}

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        save(tmp_path, 2, 2)

    for limit in (0, 1, 100, *[size - 1 for size in sizes.values()]):
        text = in_child(limited)
        assert text.startswith("The checkpoint of step 2 could not be written: File too large (")
        assert mark_of(newest_valid(tmp_path, pytest.fail)) == 1
        assert os.listdir(tmp_path / "checkpoints") == ["step-00000001"]
    limit = max(sizes.values())
    assert in_child(limited) == "" and mark_of(newest_valid(tmp_path, pytest.fail)) == 2


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_written(tmp_path, error):
    save(tmp_path, 1, 1)
    with failing_from(1, error, ("mkdir",), MODULES), pytest.raises(UserError) as caught:
        save(tmp_path, 2, 2)
    assert str(caught.value).startswith(f"The checkpoint of step 2 could not be written: {os.strerror(error)} (")
    check(tmp_path, 1)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(tmp_path):
    save(tmp_path, 1, 1)
    (tmp_path / "checkpoints").chmod(0o555)
    try:
        with pytest.raises(UserError, match="could not be written: Permission denied"):
            save(tmp_path, 2, 2)
        assert mark_of(newest_valid(tmp_path, pytest.fail)) == 1
    finally:
        (tmp_path / "checkpoints").chmod(0o755)


def test_interrupted_while_writing(tmp_path):
    save(tmp_path, 1, 1)
    for number in range(1, 1000):

        def at(disk, name, now):
            if disk.count == number and now == "before":
                raise KeyboardInterrupt

        disk = Disk(MODULES, at)
        try:
            with disk.installed():
                save(tmp_path, 1 + number, 2)
        except KeyboardInterrupt:
            pass
        if disk.count < number:
            break
        assert not [name for name in os.listdir(tmp_path / "checkpoints") if ".tmp-" in name]
        assert mark_of(newest_valid(tmp_path, pytest.fail)) in (1, 2)
    assert number > 20
