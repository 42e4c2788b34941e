"""Times pieces of code against each other: each in a process of its own, in turns, on equal threads.

Absolute times move with the machine, so what counts are ratios between contenders of one run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass

# What each process runs: its set-up; its warm-up and ten statements, for what they add at most to the memory that
# stands then; and the statement in batches, the fastest batch counting.
_PROGRAM = """
import ctypes, json, os, sys, timeit
given = json.loads(sys.argv[1])
space = {}
if hasattr(os, "sched_setaffinity"):  # for libraries that are told their threads by nothing else
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-given["threads"]:])

def kilobytes(name):
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name))
    except (OSError, StopIteration):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform == "darwin" else peak

def forget_peak():  # and gives back what is free but kept
    try:
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except (AttributeError, OSError, TypeError):
        pass

exec(given["setup"], space)
forget_peak()
before = kilobytes("VmRSS")
exec(given["warm_up"], space)
forget_peak()
statement = compile(given["statement"], "statement", "exec")
for _ in range(10):
    exec(statement, space)
memory = max(kilobytes("VmHWM") - before, 0) / 1024
timer = timeit.Timer(given["statement"], globals=space)
number, took = 1, 0.0
while took < 0.02:
    number *= 2
    took = timer.timeit(number)
print()
print(min(timer.repeat(given["repeats"], number)) / number * 1e9, memory)
"""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Contender:
    """A name, what is run before timing, and the statement that is timed.

    What `warm_up` leaves in memory counts, what `setup` leaves does not. One that `may_fail` is left out if it does.
    """

    name: str
    setup: str
    statement: str
    needs: str | None = None
    warm_up: str = ""
    may_fail: bool = False

    def is_here(self) -> bool:
        """Whether the library it needs happens to be installed."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None


@dataclass(frozen=True)
class Measured:
    """Nanoseconds of a run, and the megabytes that runs held at most over what stood after the set-up."""

    time: float
    memory: float


def contest(contenders: list[Contender], rounds: int = 5, repeats: int = 9, threads: int = 1) -> dict[str, float]:
    """The median over rounds of each contender's nanoseconds a run; those not installed are left out."""
    return {name: each.time for name, each in measure(contenders, rounds, repeats, threads).items()}


def measure(contenders: list[Contender], rounds: int = 5, repeats: int = 9, threads: int = 1) -> dict[str, Measured]:
    """As `contest`, with the memory beside the time."""
    here = [each for each in contenders if each.is_here()]
    found: dict[str, list[Measured]] = {each.name: [] for each in here}
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(threads))}
    for _ in range(rounds):
        for each in here:
            if each.name not in found:
                continue
            given = {**asdict(each), "repeats": repeats, "threads": threads}
            command = [sys.executable, "-c", _PROGRAM, json.dumps(given)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if not done.returncode:
                time, memory = done.stdout.split()[-2:]
                found[each.name].append(Measured(float(time), float(memory)))
            elif each.may_fail:
                del found[each.name]
                print(f"\n{each.name} is left out: {_reason(done.stderr)}")
            else:
                raise RuntimeError(f"{each.name} failed:\n{done.stderr}")
    return {
        name: Measured(statistics.median(each.time for each in all_), max(each.memory for each in all_))
        for name, all_ in found.items()
    }


def table(title: str, times: dict[str, float], against: str, memory: dict[str, float] | None = None) -> None:
    """Prints the times, how many times faster than `against` each is, and the memory if given."""
    print(f"\n{title}")
    base = times.get(against)
    for name, value in times.items():
        ratio = f"{base / value:8.2f} times {against}" if base is not None else ""
        held = f"{memory[name]:8.1f} MB" if memory is not None else ""
        print(f"  {name:32} {value / 1e3:10.3f} µs {ratio}{held}")


def _reason(stderr: str) -> str:
    """The last line that names an exception, or else the last line."""
    lines = stderr.strip().splitlines() or ["it ended without a word"]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Failure|Failed|NotFound)\b", line)]
    return (named or lines)[-1]
