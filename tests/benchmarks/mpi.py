"""What a second process gives: a step of an MLP and of a convolutional network, beside one process with one and two threads.

    python tests/benchmarks/mpi.py [STEPS]

Each case runs in processes of its own, in turns, three times; the median of the steps of the fastest counts. The batch is the
same for all: of two processes each has half. The share of the step that goes into adding gradients up is of the first process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BATCH = 256
CASES = {"one process, one thread": (1, 1), "one process, two threads": (1, 2), "two processes": (2, 1)}


def models() -> dict[str, Any]:
    from framework import nn

    return {
        "MLP 784-256-256-10": lambda: (
            nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)),
            (784,),
        ),
        "conv 16-32, 28×28": lambda: (
            nn.Sequential(
                nn.Conv2d(1, 16, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(16, 32, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(32 * 49, 10),
            ),
            (1, 28, 28),
        ),
    }


def measure(name: str, steps: int) -> None:
    """In a process of the case: prints the median seconds of a step, and of adding up in it."""
    import framework
    from framework import nn, optim
    from framework.extend import PluginManager, Recipe, Trainer, hookimpl
    from framework_plugins import mpi
    from framework_plugins.mpi.joining import join

    framework.manual_seed(0)
    model, shape = models()[name]()
    x, y = framework.randn(BATCH, *shape), framework.randint(0, 10, (BATCH,))
    recipe = Recipe(
        model=model,
        loss=nn.CrossEntropyLoss(),
        optimizer=optim.SGD(model.parameters(), lr=0.01, momentum=0.9),
        train=[(x, y)] * steps,
        epochs=2,
    )
    times: list[float] = []
    adding: list[float] = []

    class Clock:
        @hookimpl(trylast=True)
        def after_step(self, trainer: Trainer) -> None:
            times.append(time.perf_counter())

    world = join()
    if world is not None:
        plain = world.all_reduce

        def timed(array: Any) -> None:
            start = time.perf_counter()
            plain(array)
            adding.append(time.perf_counter() - start)

        world.all_reduce = timed  # type: ignore[method-assign]
    manager = PluginManager()
    manager.register(mpi, "mpi")
    manager.register(Clock())
    Trainer(recipe, plugins=manager).fit()
    second = [after - before for before, after in zip(times[steps:-1], times[steps + 1 :], strict=True)]
    if world is None or world.rank == 0:
        share = statistics.median(adding[steps:]) if adding else 0.0
        size = sum(each.numel() for each in model.parameters()) * 4
        print(json.dumps([statistics.median(second), share, size]), flush=True)


def run(name: str, steps: int, processes: int, threads: int) -> list[float]:
    environment = dict(os.environ) | {f"{each}_NUM_THREADS": str(threads) for each in ("OPENBLAS", "OMP", "MKL")}
    mpiexec = str(Path(sys.executable).with_name("mpiexec"))
    starter = [mpiexec, "-n", str(processes)] if processes > 1 else []
    words = [*starter, sys.executable, __file__, str(steps), name]
    found = subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout
    return [float(each) for each in json.loads(found.strip().splitlines()[-1])]


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    if len(sys.argv) > 2:
        measure(sys.argv[2], steps)
        return
    print(f"{'a step of ' + str(BATCH) + ' samples':<26}{'ms':>9}{'of one':>9}{'adding up':>11}{'message':>11}")
    for name in models():
        best: dict[str, list[float]] = {}
        for _ in range(3):
            for case, how in CASES.items():
                found = run(name, steps, *how)
                best[case] = min(best.get(case, found), found)
        one = best["one process, one thread"][0]
        print(name)
        for case, (seconds, adding, size) in best.items():
            share = f"{adding / seconds:.0%}" if adding else ""
            print(f"  {case:<24}{1000 * seconds:>9.2f}{one / seconds:>8.2f}×{share:>11}{size / 1e6:>8.2f} MB")


if __name__ == "__main__":
    main()
