"""A training that is killed as it writes to the disk, or at any moment, goes on to what it would have come to.

`python -m tests.benchmarks.kill` does this for every place in the code that writes, and hundreds of moments.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.training.killing import Training, in_child, kill_at, one_each, points

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
    pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(params=[True, False], ids=["compiled", "eager"])
def training(request, monkeypatch):
    """A training, in memory where there is such a place: a killed process loses nothing that the system holds."""
    monkeypatch.setattr(os, "fsync", os.fstat)
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as home:
        yield Training(Path(home), request.param, "3steps")


def assert_it_ends_the_same(training, folder, what):
    assert in_child(lambda: training.go(folder)) == 0, what
    assert training.differences(folder) == [], what
    shutil.rmtree(folder)


@pytest.mark.slow
def test_killed_as_it_writes(training):
    folder = training.home / "killed"
    every = list(one_each(points(lambda: training.go(folder), training.home / "points")))
    shutil.rmtree(folder)
    calls = {name for _, name, _, _ in every}
    assert calls == {"open", "write", "fsync", "mkdir", "rename", "replace", "symlink", "unlink", "rmdir"}
    for number, name, place, when in every[training.compiled :: 40]:
        assert kill_at(number, when, lambda number=number, when=when: training.go(folder)) == -9
        assert_it_ends_the_same(training, folder, f"{when} the {name} number {number}, {place}")


def test_killed_at_any_moment_again_and_again(training):
    generator, folder = random.Random(3), training.home / "killed"
    for _ in range(4):
        code = in_child(lambda: training.go(folder), after=generator.uniform(0, training.seconds))
        assert code in (0, -9)
    assert_it_ends_the_same(training, folder, "killed four times")
