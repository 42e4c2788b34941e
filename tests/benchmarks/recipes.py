"""Trains each recipe here and in PyTorch: the same file, its `framework` answered by `torch`, in the usual loop.

    python -m tests.benchmarks.recipes [NAME…] [--repeats 3]

PyTorch's loop is what its tutorial has: a DataLoader, forward, backward, step, and validation after each epoch. Both run
on one thread, in turn; the times are without the reading of data. Without PyTorch, only this package's are measured.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

from framework import Trainer, build  # noqa: E402
from framework.data import read_csv, read_idx, read_npz  # noqa: E402

RECIPES = Path(__file__).resolve().parents[2] / "recipes"


def here(path: Path) -> tuple[float, float]:
    """Seconds of training, and the last validation loss."""
    trainer = Trainer(build(path))
    start = time.perf_counter()
    final = trainer.fit().final
    return time.perf_counter() - start, final["validation/loss"]


def there(path: Path, torch: Any) -> tuple[float, float]:
    """The same in PyTorch."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with answered_by(torch) as namespace:
        exec(compile(path.read_text("utf-8"), path, "exec"), namespace)
        recipe = namespace["recipe"]()
    start = time.perf_counter()
    loss = train(recipe, torch)
    return time.perf_counter() - start, loss


def train(recipe: Any, torch: Any) -> float:
    """The loop of PyTorch's tutorial; gives the last validation loss."""
    size = getattr(recipe, "batch_size", 32)
    loader = torch.utils.data.DataLoader(recipe.train, batch_size=size, shuffle=True)
    validation = torch.utils.data.DataLoader(recipe.validate, batch_size=size)
    model, optimizer, scheduler = recipe.model, recipe.optimizer, getattr(recipe, "scheduler", None)
    every_step = getattr(recipe, "scheduler_every", "epoch") == "step"

    def loss_of(batch: Any) -> Any:
        if getattr(recipe, "step", None) is not None:
            outputs = recipe.step(model, batch)
            return outputs["loss"] if isinstance(outputs, dict) else outputs
        *inputs, target = batch
        return recipe.loss(model(*inputs), target)

    for _ in range(recipe.epochs):
        model.train()
        for batch in loader:

            def closure(batch: Any = batch) -> Any:
                optimizer.zero_grad()
                loss = loss_of(batch)
                loss.backward()
                return loss

            optimizer.step(closure)
            if scheduler is not None and every_step:
                scheduler.step()
        model.eval()
        total = count = 0.0
        with torch.no_grad():
            for batch in validation:
                total += loss_of(batch).item() * len(batch[0])
                count += len(batch[0])
        if scheduler is not None and not every_step:
            scheduler.step()
    return total / count


@contextlib.contextmanager
def answered_by(torch: Any) -> Iterator[dict[str, Any]]:
    """A namespace for a recipe's source, in which the names of `framework` are PyTorch's."""

    def to_torch(value: Any) -> Any:
        return torch.from_numpy(value.numpy().copy())

    class Table:
        def __init__(self, table: Any) -> None:
            self.features, self.feature_names = to_torch(table.features), table.feature_names
            self.target = None if table.target is None else to_torch(table.target)

        def dataset(self) -> Any:
            return torch.utils.data.TensorDataset(self.features, self.target)

    data = types.ModuleType("framework.data")
    vars(data).update(vars(torch.utils.data))
    data.read_csv = lambda *args, **named: Table(read_csv(*args, **named))  # type: ignore[attr-defined]
    data.read_idx = lambda path: to_torch(read_idx(path))  # type: ignore[attr-defined]
    data.read_npz = lambda path: {name: to_torch(each) for name, each in read_npz(path).items()}  # type: ignore[attr-defined]
    extend = types.ModuleType("framework.extend")
    extend.Trainer = object  # type: ignore[attr-defined]
    extend.hookimpl = lambda *args, **named: args[0] if args else (lambda function: function)  # type: ignore[attr-defined]
    stub = types.ModuleType("framework")
    vars(stub).update(vars(torch))
    stub.Recipe = types.SimpleNamespace  # type: ignore[attr-defined]
    stub.data, stub.extend = data, extend  # type: ignore[attr-defined]
    names = {"framework": stub, "framework.data": data, "framework.extend": extend}
    before = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(names)
    try:
        yield {"__name__": "recipe", "__file__": str(RECIPES / "recipe.py")}
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = sorted(path.stem for path in RECIPES.glob("*.py"))
    parser.add_argument("names", nargs="*", choices=[*known, []], default=known)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    try:
        import torch
    except ImportError:
        torch = None
    print(f"{'recipe':22}{'seconds':>9}{'PyTorch':>9}{'ratio':>7}   validation loss, PyTorch's")
    for name in options.names:
        path = RECIPES / f"{name}.py"
        ours, theirs = [], []
        for _ in range(options.repeats):
            ours.append(here(path))
            if torch is not None:
                theirs.append(there(path, torch))
        seconds = statistics.median(each for each, _ in ours)
        line = f"{name:22}{seconds:9.2f}"
        if theirs:
            other = statistics.median(each for each, _ in theirs)
            line += f"{other:9.2f}{other / seconds:7.1f}   {ours[0][1]:.4f}, {theirs[0][1]:.4f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
