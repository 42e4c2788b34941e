"""`assert_exact_resume`: a training that crashed and was resumed is, to the bit, the one that went through.

assert_exact_resume(folder, MyPlugin(), options={"clip_norm": 1.0})
"""

from __future__ import annotations

import copy
import gc
import inspect
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from framework.errors import UserError, listed
from framework.testing.power_cut import CrashAt
from framework.testing.tiny_run import Training
from framework.training.run import Run
from framework.training.trainer import Trainer
from framework.training.verifying.comparing import compare_runs

__all__ = ["assert_exact_resume", "maker"]

MOST = 10
"""Differences that a message lists."""


def assert_exact_resume(folder: Path, *plugins: object, steps: Iterable[int] | None = None, **how: Any) -> None:
    """AssertionError, saying what differs, unless a training is the same when it crashes after any of `steps` and is resumed.

    Each training has plugins of its own, as a new process has: an object is copied as it was given, a class or function
    is called, and gives one or several; of a module the plain values are put back. `how` is as in `Training`.
    Compared are weights, records, and everything that checkpoints hold: optimizer, generators, plugins' states.
    """
    __tracebackhide__ = True
    trials = Trials(folder, plugins, how)
    whole = trials.train("whole")
    steps = _chosen(whole) if steps is None else list(steps)
    wrong = [step for step in steps if not 1 <= step <= whole.step]
    if wrong:
        raise UserError(f"It cannot crash after step {wrong[0]}: the training has the steps 1 to {whole.step}.")
    for number, step in enumerate(steps):
        if (message := trials.differences(step, every=1 + number % 3)) is not None:
            raise AssertionError(message)


def _chosen(trainer: Trainer) -> list[int]:
    """The first step, the last of an epoch, one in the midst, and the last of all, after which validation is to come."""
    return sorted({1, int(trainer.history["step"][0]), trainer.step // 2 + 1, trainer.step})


class Trials:
    """Trainings of one kind, each in a folder of its own and with plugins of its own."""

    def __init__(self, folder: Path, plugins: Iterable[object], how: Mapping[str, Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="exact-resume-", dir=folder))
        self._makers = [maker(each) for each in plugins]
        self._how = copy.deepcopy(dict(how))

    def train(self, name: str, *more: object, every: int = 1) -> Trainer:
        """Train once through, or until it crashes, with a checkpoint every so many steps."""
        return self._training(*more, every=every).train(self.folder / name)

    def differences(self, step: int, every: int) -> str | None:
        """Crash after a step and resume; gives what came out differently, None when nothing did."""
        crash = CrashAt(step)
        done = self.train(f"crashed-{step}", crash, every=every).step
        gc.collect()  # a process that has ended holds nothing any more
        if crash.run is None:
            return f"It ended by itself after {done} steps, before it could crash after step {step}."
        last = max((each.step for each in Run.open(crash.run).checkpoints()), default=0)
        self._training(every=every).go_on(crash.run)
        places = self._compared(crash.run)
        if not places:
            return None
        text = f"Crashed after step {step} and resumed from step {last}, it is not the training that went through:{listed(places)}"
        self.train("whole-again")
        if again := self._compared(self.folder / "whole-again"):
            return f"{text}\nThe training itself is not repeatable. Done once more, without a crash:{listed(again)}"
        if crash.unkept:
            text += f"\nNo checkpoint holds:{listed(crash.unkept)}"
        return f"{text}\nThe runs are in {self.folder}."

    def _compared(self, run: Path) -> list[str]:
        found, _, places = compare_runs(self.folder / "whole", run)
        every = [*found.places, *places]
        return [*every[:MOST], *([f"… ({len(every)} in all)"] if len(every) > MOST else [])]

    def _training(self, *more: object, every: int) -> Training:
        made = [each for make in self._makers for each in make()]
        # Copied together: an optimizer that is given has the parameters of the model that is given.
        how = copy.deepcopy(self._how)
        how["options"] = {"checkpoint_every": f"{every}steps", **how.get("options", {})}
        return Training([*made, *more], **how)


def maker(plugin: object) -> Callable[[], list[object]]:
    """What makes a plugin anew, as it is now; UserError where it cannot be copied."""
    if inspect.isclass(plugin) or inspect.isfunction(plugin):
        return lambda: _several(plugin())
    if isinstance(plugin, ModuleType):
        values = _plain_values(plugin)
        return lambda: [_put_back(plugin, values)]
    try:
        given = copy.deepcopy(plugin)
    except Exception as error:
        kind = type(plugin).__name__
        raise UserError(
            f"{kind} cannot be copied ({error}), and each training needs its own, as a new process has: give a function "
            f"that makes it, such as assert_exact_resume(lambda: {kind}(…))."
        ) from error
    return lambda: [copy.deepcopy(given)]


def _several(made: object) -> list[object]:
    return list(made) if isinstance(made, list | tuple) else [made]


def _plain_values(module: ModuleType) -> dict[str, Any]:
    """What a module holds that training may change: all but its functions, classes and modules."""
    values = {}
    for name, value in vars(module).items():
        if name.startswith("__") or callable(value) or isinstance(value, ModuleType):
            continue
        try:
            values[name] = copy.deepcopy(value)
        except Exception:  # an open file, a lock
            continue
    return values


def _put_back(module: ModuleType, values: Mapping[str, Any]) -> ModuleType:
    vars(module).update(copy.deepcopy(dict(values)))
    return module
