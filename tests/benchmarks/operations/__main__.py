"""Times operations against PyTorch's: python -m tests.benchmarks.operations [--threads N] [--rounds N] [FAMILY ...]

Each library runs the rows of a family in a process of its own, in turns; what counts are the ratios of one run. Without
torch installed, the times stand alone.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import timeit
from pathlib import Path

from tests.benchmarks.operations.row import Row

SIZES = ("small", "middle", "large")
LIBRARIES = ("framework", "torch")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def families() -> list[str]:
    """Every family, by the files beside this one."""
    return sorted(path.stem.removeprefix("rows_") for path in Path(__file__).parent.glob("rows_*.py"))


def rows_of(family: str) -> list[Row]:
    rows: list[Row] = importlib.import_module(f"tests.benchmarks.operations.rows_{family}").ROWS
    return rows


def time_rows(library: str, family: str) -> dict[str, float]:
    """Nanoseconds of every row at every size, the fastest of several batches."""
    torch = importlib.import_module(library)
    found = {}
    for row in rows_of(family):
        for size, n in zip(SIZES, row.sizes, strict=True):
            torch.set_grad_enabled(True)
            torch.manual_seed(0)
            space = {"torch": torch, "F": torch.nn.functional, "n": n}
            exec(row.setup, space)
            timer = timeit.Timer(row.statement, globals=space)
            timer.timeit(2)
            number = max(1, int(0.01 / max(timer.timeit(1), 1e-7)))
            found[f"{row.name}|{size}"] = min(timer.repeat(7, number)) / number * 1e9
    return found


def in_process(library: str, family: str, threads: int) -> dict[str, float]:
    """`time_rows` in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.operations", "--worker", library, family]
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(threads))}
    cores = sorted(os.sched_getaffinity(0))[-threads:] if hasattr(os, "sched_setaffinity") else None

    def pin() -> None:
        if cores is not None:
            os.sched_setaffinity(0, cores)

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, preexec_fn=pin)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(family: str, threads: int, rounds: int) -> list[float]:
    """Prints a family's table and gives the ratios to PyTorch, if it is installed."""
    here = [each for each in LIBRARIES if importlib.util.find_spec(each) is not None]
    found: dict[str, list[dict[str, float]]] = {each: [] for each in here}
    for _ in range(rounds):
        for each in here:
            found[each].append(in_process(each, family, threads))
    print(f"\n{family}, threads: {threads}\n{'':44}" + "".join(f"{size:>24}" for size in SIZES))
    ratios = []
    for row in rows_of(family):
        cells = []
        for size in SIZES:
            key = f"{row.name}|{size}"
            times = {each: statistics.median(one[key] for one in found[each]) for each in here}
            cell = f"{times['framework'] / 1e3:.4g} µs"
            if "torch" in times:
                ratios.append(times["torch"] / times["framework"])
                cell += f" ({ratios[-1]:.2f})"
            cells.append(f"{cell:>24}")
        print(f"{row.name:44}" + "".join(cells))
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(families())}; all by default")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", metavar="LIBRARY", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(time_rows(given.worker, given.families[0])))
        return
    ratios = [ratio for each in given.families or families() for ratio in measure(each, given.threads, given.rounds)]
    if ratios:
        slower = sum(ratio < 1 for ratio in ratios)
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        print(
            f"\nIn brackets: how many times faster than PyTorch. Geometric mean {mean:.2f}; slower in {slower} of {len(ratios)}."
        )


if __name__ == "__main__":
    main()
