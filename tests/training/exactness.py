"""Takes a training up again at each of its checkpoints, and compares what comes of it with the one that went through."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from framework.training.checkpoints.files import newest_valid, read_checkpoint
from framework.training.recipe import Recipe, build
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework.training.verifying.comparing import differences
from framework.training.verifying.comparing import records_of as metrics
from framework_plugins import metrics_log
from framework_plugins.checkpoints import Checkpoints

__all__ = ["assert_exact_at_every_step", "differences", "metrics", "train"]


def train(
    make: Callable[[], Recipe],
    folder: Path,
    *,
    compile: bool,
    plugins: Callable[[], Iterable[object]] = tuple,
    every: str = "1step",
    checkpoint: Any = None,
) -> Trainer:
    """Train in a run's directory, a checkpoint at each step, or go on there from one."""
    recipe = build(lambda: make(), seed=7)
    keeping = [metrics_log, Checkpoints(every=every, keep_last=10**6), *plugins()]
    trainer = Trainer(recipe, plugins=keeping, compile=compile, checkpoint=checkpoint)
    trainer.run = Run(folder, {"status": "running"}, {}) if checkpoint is not None else Run.create(recipe, out=folder)
    trainer.fit()
    return trainer


def assert_exact_at_every_step(make: Callable[[], Recipe], folder: Path, stride: int = 1, **options: Any) -> int:
    """Resume at every checkpoint of a training, or every so many: what comes of it must be the same to the bit.

    Returns how many there were.
    """
    train(make, folder / "whole", **options)
    whole = newest_valid(folder / "whole", print)
    assert whole is not None
    steps = sorted(path for path in (folder / "whole" / "checkpoints").iterdir() if path != whole.path)
    for number, path in enumerate(steps[stride // 2 :: stride]):
        part = folder / f"part-{number}"
        (part / "checkpoints").mkdir(parents=True)
        shutil.copy(folder / "whole" / "metrics.jsonl", part)
        train(make, part, checkpoint=read_checkpoint(path), **options)
        resumed = newest_valid(part, print)
        assert resumed is not None
        wrong = [*differences(whole.state, resumed.state), *differences(whole.weights, resumed.weights, "weights")]
        assert not wrong, f"resumed at {path.name}:\n" + "\n".join(wrong[:10])
        assert metrics(part) == metrics(folder / "whole"), path.name
        shutil.rmtree(part)
    return len(steps)
