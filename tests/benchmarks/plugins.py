"""What plugins cost: 0, 1 and 10 of them, in a step of training and at the start of the command line.

    python tests/benchmarks/plugins.py [STEPS]

The step is that of a small network (30-32-1, batches of 32), compiled; each figure is the best of five runs, taken in turns,
in processor time. The start is the median of seven processes of `framework recipes`, in turns, with so many plugins installed,
each of an operation, a loss and a hook.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from time import process_time

import framework
from framework import nn, optim
from framework.extend import PluginManager, Recipe, Trainer, hookimpl

COUNTS = 0, 1, 10


class AfterStep:
    """Takes part between steps."""

    @hookimpl
    def after_step(self, trainer: Trainer) -> None:
        pass


class AfterBackward:
    """Stands between backward pass and update, which are two programs then."""

    @hookimpl
    def after_backward(self, trainer: Trainer) -> None:
        pass


class Observer:
    """Watches epochs."""

    @hookimpl
    def log(self, trainer: Trainer) -> None:
        pass


CODE = """
import numpy as np

from framework.extend import hookimpl, operation

cube{0} = operation(lambda input: input * input * input, name="cube{0}", input=lambda g, input: 3 * g * input * input)


@hookimpl
def register_operations(register):
    register("cube{0}", cube{0})


@hookimpl
def register_losses(register):
    register("cubic{0}", lambda prediction, target: ((prediction - target).abs() ** 3).mean())


@hookimpl
def after_step(trainer):
    pass
"""


def step(kind: type, count: int, steps: int) -> float:
    """Microseconds of a step with so many plugins of a kind."""
    framework.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 1))
    batch = framework.randn(32, 30), framework.randn(32, 1)
    recipe = Recipe(
        model=model,
        loss=nn.MSELoss(),
        optimizer=optim.SGD(model.parameters(), lr=1e-3),
        train=[batch] * steps,
        epochs=2,
    )
    manager = PluginManager()
    for _ in range(count):
        manager.register(kind())
    clock = Clock()
    manager.register(clock)
    Trainer(recipe, plugins=manager).fit()
    return clock.seconds / steps * 1e6


class Clock:
    """Times the second epoch: in the first the programs are made."""

    @hookimpl(trylast=True)
    def epoch_start(self) -> None:
        self.start = process_time()

    @hookimpl(tryfirst=True)
    def validate_end(self) -> None:
        self.seconds = process_time() - self.start


def start(counts: tuple[int, ...], runs: int = 7) -> dict[int, float]:
    """Seconds that the command line takes with so many plugins installed."""
    with tempfile.TemporaryDirectory() as home:
        for count in counts:
            for number in range(count):
                module = Path(home) / str(count) / f"bench{number}.py"
                module.parent.mkdir(exist_ok=True)
                module.write_text(CODE.format(number))
                info = module.with_name(f"bench{number}-1.dist-info")
                info.mkdir()
                (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench{number}\nVersion: 1\n")
                (info / "entry_points.txt").write_text(f"[framework.plugins]\nbench{number} = bench{number}\n")
        taken: dict[int, list[float]] = {count: [] for count in counts}
        for _ in range(runs + 1):
            for count in counts:
                taken[count].append(_process(Path(home) / str(count)))
        return {count: statistics.median(times[1:]) for count, times in taken.items()}


def _process(folder: Path) -> float:
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(folder)]))
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "framework", "recipes"],
        env=environment | {"PYTHONPATH": path},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    kinds = AfterStep, AfterBackward, Observer
    best: dict[tuple[type, int], float] = {}
    for _ in range(5):
        for kind in kinds:
            for count in COUNTS:
                best[kind, count] = min(best.get((kind, count), float("inf")), step(kind, count, steps))
    print(f"{'a step, µs':<28}" + "".join(f"{count:>10}" for count in COUNTS))
    for kind in kinds:
        print(f"{kind.__name__:<28}" + "".join(f"{best[kind, count]:>10.2f}" for count in COUNTS))
    started = start(COUNTS)
    print(f"{'framework recipes, ms':<28}" + "".join(f"{1000 * started[count]:>10.0f}" for count in COUNTS))


if __name__ == "__main__":
    main()
