"""`CrashAt`: a plugin that ends training as a power cut does: nothing is called and nothing written any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from framework.plugin.manager import PluginManager
from framework.plugin.markers import hookimpl
from framework.training.verifying.unkept import Unkept

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["CrashAt", "PowerCut"]


class PowerCut(BaseException):
    """Training has ended as by a power cut; its run is as it was at that moment."""


class CrashAt:
    """Cuts the power when a step is done, before the checkpoint that may be due.

    `run` is the folder that is left then, None before. No plugin is told: neither `run_failed` nor `run_end` is called.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.run: Path | None = None
        self.unkept: list[str] = []
        """What of plugins had changed, and no checkpoint holds."""

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        self._plugins = Unkept(trainer)

    @hookimpl(trylast=True)
    def after_step(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            self.unkept = self._plugins.found()
            del self._plugins  # it would keep alive what the training held
            self._cut(trainer)

    def _cut(self, trainer: Trainer) -> NoReturn:
        run, trainer.run = trainer.run, None
        trainer.plugins = PluginManager()
        if run is not None:
            self.run = run.path
            run.lock.release()
        raise PowerCut(f"the power was cut after step {trainer.step}")
