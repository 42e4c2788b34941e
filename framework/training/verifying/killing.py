"""Kills its own process in the midst of training, as hard as a power cut: what `framework verify` trains with.

    FRAMEWORK_KILL=step-17 framework train -p framework.training.verifying.killing recipe.py       # step 17 is done
    FRAMEWORK_KILL=writing-17 framework train -p framework.training.verifying.killing recipe.py    # half a checkpoint is written

It is said in the environment, which a run does not record: whoever resumes the run is not killed again.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from framework.plugin.markers import hookimpl
from framework.training.verifying.unkept import Unkept

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["NOTE", "VARIABLE"]

VARIABLE = "FRAMEWORK_KILL"
NOTE = "killed.json"
"""The file in the run's directory that says that it was this module that killed it, and what could not be kept."""

HALF_WRITTEN = re.compile(r"\.step-(\d+)[^/\\]*[/\\]state\.json$")
"""The third of a checkpoint's four files, in the folder that it is written into."""


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    when, _, step = os.environ.get(VARIABLE, "").partition("-")
    killers = {"step": KillsAfterStep, "writing": KillsWhileWriting}
    return killers[when](int(step)) if when in killers else None


class KillsAfterStep:
    """Kills when a step is done, before the checkpoint that may be due."""

    def __init__(self, step: int) -> None:
        self.step = step

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        self.unkept = Unkept(trainer)

    @hookimpl(trylast=True)
    def after_step(self, trainer: Trainer) -> None:
        if trainer.step == self.step and trainer.run is not None:
            die(trainer.run.path, trainer.step, self.unkept.found())


class KillsWhileWriting:
    """Kills when the first checkpoint of a step, or of a later one, is half written."""

    def __init__(self, step: int) -> None:
        self.step = step

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        run = trainer.run
        if run is None:
            return

        def watch(event: str, arguments: Any) -> None:
            if event == "open" and isinstance(arguments[0], str | Path):
                found = HALF_WRITTEN.search(os.fspath(arguments[0]))
                if found and int(found[1]) >= self.step:
                    die(run.path, int(found[1]), [])

        sys.addaudithook(watch)  # it cannot be removed, and need not be


def die(run: Path, step: int, unkept: list[str]) -> NoReturn:
    """Leave a note, and end as if the power had gone."""
    (run / NOTE).write_text(json.dumps({"step": step, "unkept": unkept}), "utf-8")
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))  # where there is no SIGKILL, SIGTERM is as hard
    raise AssertionError("the process goes on after it was killed")
