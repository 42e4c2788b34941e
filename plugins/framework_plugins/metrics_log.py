"""Keeps every record of a run in its directory: `metrics.jsonl`, one JSON object a line, NaN and infinity as null.

A run that is resumed cuts off what was written after its checkpoint, so that the file is that of a run that was never
interrupted. Lines that a full disk does not take are written later.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framework.extend import Run, Trainer, hookimpl

FILE = "metrics.jsonl"


class MetricsLog:
    """Writes each record as soon as it comes; those that cannot be written wait in `unwritten`."""

    def __init__(self) -> None:
        self.unwritten = ""

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        file = _file(trainer)
        self.unwritten = ""
        if file is not None and file.exists() and not trainer.resumed:
            os.truncate(file, 0)  # of a run that was killed before its first checkpoint

    @hookimpl
    def log(self, trainer: Trainer, record: Mapping[str, Any]) -> None:
        if trainer.run is None:
            return
        line = json.dumps({name: _plain(value) for name, value in record.items()}, allow_nan=False, ensure_ascii=False)
        before, self.unwritten = self.unwritten, f"{self.unwritten}{line}\n"
        try:
            self._write(trainer.run)
        except OSError as error:
            if not before:
                trainer.plugins.report(
                    f"{trainer.run.path / FILE} cannot be written to ({error.strerror or error}): its lines wait, and training goes on."
                )

    def _write(self, run: Run) -> None:
        run.append(FILE, self.unwritten.removesuffix("\n"))
        self.unwritten = ""

    @hookimpl
    def save_state(self, trainer: Trainer) -> Mapping[str, Any] | None:
        file = _file(trainer)
        if file is None or trainer.run is None:
            return None
        if self.unwritten:
            with contextlib.suppress(OSError):
                self._write(trainer.run)
        if not file.exists():
            return {"bytes": 0, "unwritten": self.unwritten}
        with open(file, "rb") as stream:
            os.fsync(stream.fileno())  # a checkpoint does not promise lines that a power cut takes away
        return {"bytes": file.stat().st_size, "unwritten": self.unwritten}

    @hookimpl
    def load_state(self, trainer: Trainer, state: Mapping[str, Any]) -> None:
        file = _file(trainer)
        if file is None:
            return
        self.unwritten = state["unwritten"]
        size = file.stat().st_size if file.exists() else 0
        if size < state["bytes"]:
            trainer.plugins.report(f"{file} is shorter than it was at the checkpoint: lines are missing.")
        elif size > state["bytes"]:
            os.truncate(file, state["bytes"])


@hookimpl
def make_plugins() -> object:
    return MetricsLog()


def _file(trainer: Trainer) -> Path | None:
    return None if trainer.run is None else trainer.run.path / FILE


def _plain(value: Any) -> Any:
    """Numbers of NumPy's, tensors and arrays as Python's own numbers and lists, wherever in lists and dicts they are."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
