"""Writes the records of a run for TensorBoard, into its folder `tensorboard` (`--log tensorboard`); needs tensorboardX.

A run that is resumed has TensorBoard forget what was written after its checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

from framework.extend import Register, Run, Trainer, hookimpl

FOLDER = "tensorboard"


class TensorBoard:
    """Writes each number of a record as a scalar, by its name and step."""

    requires: ClassVar = {"tensorboardX": "framework-train[tensorboard]"}

    def __init__(self, run: Run | None) -> None:
        self.folder = None if run is None else run.path / FOLDER
        self.writer: Any = None

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        if self.folder is None:
            return
        from tensorboardX import SummaryWriter

        step = trainer.checkpoint.step + 1 if trainer.checkpoint is not None else 0
        # The name of its file has the time in seconds only, and a run may be resumed within one.
        self.writer = SummaryWriter(str(self.folder), purge_step=step, filename_suffix=f".{step}")
        values = trainer.recipe.hyperparameters
        rows = "".join(f"| {name} | {value} |\n" for name, value in values.items())
        self.writer.add_text("hyperparameters", f"| name | value |\n| --- | --- |\n{rows}", 0)

    @hookimpl
    def log(self, trainer: Trainer, record: Mapping[str, Any]) -> None:
        if self.writer is None:
            return
        step = record.get("step", trainer.step)
        for name, value in record.items():
            if name != "step" and isinstance(value, Real):
                self.writer.add_scalar(name, value, step)
        self.writer.flush()

    @hookimpl
    def run_end(self) -> None:
        if self.writer is not None:
            self.writer.close()


@hookimpl
def register_loggers(register: Register[Any]) -> None:
    register("tensorboard", TensorBoard)
