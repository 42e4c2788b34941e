"""Kills a training hundreds of times, takes it up until it ends, and counts what differs from one never killed.

    python -m tests.benchmarks.kill --tries 300

Each way into the disk is a try of its own: before, in the middle of and after each call that changes it, the first
time and the last, compiled and eager. Then come `--tries` trainings killed at random moments, several times in a row,
half of them with accumulated gradients, clipping, averaged weights and early stopping.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from tests.training.killing import Training, in_child, kill_at, one_each, points

FEATURES: dict[str, Any] = {"accumulate": 3, "clip_norm": 0.5, "ema": 0.9, "early_stop": 2}
KILLS = "kills at random, "


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=300, help="trainings killed at random moments")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-points", action="store_true", help="random moments only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.fsync = os.fstat  # type: ignore[assignment]  # a killed process loses nothing that the system holds
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    count: Counter[str] = Counter()
    wrong = []
    for compiled, features in itertools.product((True, False), ({}, FEATURES)):
        with tempfile.TemporaryDirectory(dir=place) as home:
            tries = Tries(Training(Path(home), compiled, "2steps", **features), random.Random(options.seed))
            if not options.no_points and not features:
                tries.points()
            tries.moments(options.tries // 4)
        count.update(tries.count)
        wrong += tries.wrong
        for name, number in tries.count.items():
            print(f"{number:6} {name}", flush=True)
    print(
        f"{sum(number for name, number in count.items() if not name.startswith(KILLS)):6} trainings killed and taken up"
    )
    print(f"{len(wrong):6} failures")
    for line in wrong:
        print(line)
    raise SystemExit(bool(wrong))


class Tries:
    """The tries of one training, counted."""

    def __init__(self, training: Training, generator: random.Random) -> None:
        self.training, self.random = training, generator
        self.how = "compiled" if training.compiled else "eager"
        self.how += ", with features" if "ema" in training.options else ""
        self.folder = training.home / "killed"
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []

    def points(self) -> None:
        """Killed once at each place in the code that changes the disk, from the start and as it goes on."""
        every = points(lambda: self.training.go(self.folder), self.training.home / "points")
        shutil.rmtree(self.folder)
        for number, name, place, when in one_each(every):
            code = kill_at(number, when, lambda: self.training.go(self.folder))
            self._finish(f"{when} the {name} number {number} ({place})", code, f"kills at a call, {self.how}")

    def moments(self, tries: int) -> None:
        """Killed at any moment, up to four times in a row, at calls too."""
        for number in range(tries):
            code, what = 0, []
            for _ in range(self.random.randint(1, 4)):
                if self.random.random() < 0.7:
                    after = self.random.uniform(0, self.training.seconds)
                    what.append(f"after {after:.4f} s")
                    code = in_child(lambda: self.training.go(self.folder), after=after)
                else:
                    call = self.random.randint(1, 600)
                    what.append(f"at call {call}")
                    code = kill_at(call, "before", lambda: self.training.go(self.folder))
                self.count[f"{KILLS}{self.how}"] += code == -9
                if code > 0:
                    break
            self._finish(f"try {number}: " + ", ".join(what), code, f"trainings killed at random, {self.how}")

    def _finish(self, what: str, code: int, kind: str) -> None:
        """Let the training come to its end, and compare."""
        self.count[kind] += 1
        found = [f"it failed before it was killed: {code}"] if code > 0 else []
        if in_child(lambda: self.training.go(self.folder)) or found:
            found.append("it could not go on")
        else:
            found += self.training.differences(self.folder)
        if found:
            self.wrong.append(f"{self.how}, killed {what}:\n    " + "\n    ".join(found[:5]))
        shutil.rmtree(self.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
