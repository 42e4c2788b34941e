"""What a training step costs beyond the step itself: the loop, the hooks and the default plugins.

    python tests/benchmarks/training_loop.py [STEPS]

Model, loss and optimizer are replaced by ones that do nothing, so that what is left is the loop's own cost; the
loader's gathering of a batch is listed beside it. Each figure is the best of five runs, in processor time: other work
on the machine then counts for less.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from time import process_time
from typing import Any

import framework
from framework import nn
from framework.data import DataLoader, TensorDataset
from framework.plugin.manager import PluginManager
from framework.training.recipe import Recipe
from framework.training.run import Run
from framework.training.trainer import Trainer

BATCH = 32
LIMIT = 20.0


class NoLoss:
    """A loss that costs nothing to make."""

    def item(self) -> float:
        return 0.5

    def backward(self) -> None:
        pass


class NoOptimizer:
    """An optimizer that leaves everything as it is."""

    param_groups: tuple[Any, ...] = ()

    def step(self) -> None:
        pass

    def zero_grad(self) -> None:
        pass


def recipe(batches: Iterable[Any], metrics: Iterable[str]) -> Recipe:
    loss, prediction, target = NoLoss(), framework.randn(BATCH, 1), framework.ones(BATCH, 1)
    outputs = {"loss": loss, "prediction": prediction, "target": target, "count": BATCH}
    made: Any = Recipe(
        model=nn.Linear(1, 1),
        optimizer=NoOptimizer(),  # type: ignore[arg-type]
        step=lambda model, batch: outputs,
        train=batches,
        metrics=metrics,
        epochs=1,
    )
    return made


def microseconds(steps: int, *, plugins: bool, metrics: Iterable[str] = ()) -> float:
    """The time of a step that does nothing, in a run of so many."""
    best = float("inf")
    for _ in range(5):
        manager = PluginManager.load(installed=False, first_party=plugins)
        built = recipe([None] * steps, metrics)
        with tempfile.TemporaryDirectory() as folder:
            run = Run.create(built, out=Path(folder) / "run", plugins=manager) if plugins else None
            trainer = Trainer(built, plugins=manager, run=run, compile=False)
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                start = process_time()
                trainer.fit()
                best = min(best, process_time() - start)
    return best / steps * 1e6


def gathering(steps: int) -> float:
    """The time that the loader takes for a batch of 32 rows of 30 numbers."""
    inputs, target = framework.randn(steps * BATCH, 30), framework.ones(steps * BATCH, 1)
    loader = DataLoader(TensorDataset(inputs, target), batch_size=BATCH, shuffle=True)
    best = float("inf")
    for _ in range(5):
        start = process_time()
        for _ in loader:
            pass
        best = min(best, process_time() - start)
    return best / steps * 1e6


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rows = {
        "loop alone": microseconds(steps, plugins=False),
        "loop, run directory and default plugins": microseconds(steps, plugins=True),
        "the same, with accuracy": microseconds(steps, plugins=True, metrics=["accuracy"]),
        "beside it: the loader's gathering of a batch": gathering(steps),
    }
    print(f"microseconds a step, of {steps}")
    for name, figure in rows.items():
        print(f"  {name:46} {figure:6.2f}")
    print(f"limit, with the default plugins: {LIMIT:g}")


if __name__ == "__main__":
    main()
