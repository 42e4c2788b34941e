"""Times pieces of code against each other: each in a process of its own, in turns, on equal threads.

Absolute times move with the machine, so what counts are ratios between contenders of one run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass

# What each process runs: its set-up, then the statement in batches, the fastest batch counting.
_PROGRAM = """
import json, sys, time, timeit
given = json.loads(sys.argv[1])
space = {}
exec(given["setup"], space)
timer = timeit.Timer(given["statement"], globals=space)
number, took = 1, 0.0
while took < 0.02:
    number *= 2
    took = timer.timeit(number)
print(min(timer.repeat(given["repeats"], number)) / number * 1e9)
"""


@dataclass(frozen=True)
class Contender:
    """A name, what is run before timing, and the statement that is timed."""

    name: str
    setup: str
    statement: str
    needs: str | None = None

    def is_here(self) -> bool:
        """Whether the library it needs happens to be installed."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


def contest(contenders: list[Contender], rounds: int = 5, repeats: int = 9, threads: int = 1) -> dict[str, float]:
    """The median over rounds of each contender's nanoseconds a run; those not installed are left out."""
    here = [each for each in contenders if each.is_here()]
    times: dict[str, list[float]] = {each.name: [] for each in here}
    environment = dict(os.environ)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = str(threads)
    for _ in range(rounds):
        for each in here:
            given = json.dumps({"setup": each.setup, "statement": each.statement, "repeats": repeats})
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, given], env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{each.name} failed:\n{done.stderr}")
            times[each.name].append(float(done.stdout))
    return {name: statistics.median(values) for name, values in times.items()}


def table(title: str, times: dict[str, float], against: str) -> None:
    """Prints the times and how many times faster than `against` each is."""
    print(f"\n{title}")
    base = times.get(against)
    for name, value in times.items():
        ratio = f"{base / value:8.2f} times {against}" if base is not None else ""
        print(f"  {name:32} {value / 1e3:10.3f} µs {ratio}")
