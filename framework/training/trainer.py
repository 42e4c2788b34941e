"""The training loop: forward, `loss.backward()`, the optimizer's step. Everything else is a plugin's.

history = Trainer(framework.build(recipe, seed=0, lr=0.3)).fit()
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from framework.errors import in_words
from framework.training.checks import NonFiniteError, check_names
from framework.training.history import History
from framework.training.interrupts import Interrupts
from framework.training.metrics import SplitMeter
from framework.training.plugging import add_loggers, prepared
from framework.training.step import Steps, taken
from framework.training.validation import validate

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe
    from framework.training.run import Run

__all__ = ["History", "NonFiniteError", "Trainer"]


class Trainer:
    """Trains what a recipe describes, once. Prints and writes nothing but what plugins do, or a Run that is given.

    With `compile` the step runs as a program of NumPy calls, with the same results (`trainer.steps.train.program`).
    `run` may be set until `fit` is called: a recipe that cannot be trained is refused here, before a directory is made.
    Plugins may read: `model`, `optimizer`, `scheduler`, `recipe`, `run`, `plugins`, `epoch` (from 1), `step` (updates
    made), `batch` (from 1, in this epoch), `batches` (of an epoch, None if unknown), `loss` (of the last batch),
    `history`; and may call `log(record)`.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        plugins: PluginManager | Iterable[object] = (),
        run: Run | None = None,
        loggers: Iterable[str] = (),
        compile: bool = True,
    ) -> None:
        self.recipe = recipe
        self.run = run
        self.plugins, self.parts, self._loggers = prepared(recipe, plugins, run, loggers)
        self.steps, self.written = Steps(recipe, self.parts, compile), Steps(recipe, self.parts, False)
        self.model, self.optimizer, self.scheduler = recipe.model, self.parts.optimizer, self.parts.scheduler
        self.epoch = self.step = self.batch = 0
        self.batches = self.parts.batches
        self.loss = math.nan
        self.stop_reason: str | None = None
        self.history = History()
        self._interrupts = Interrupts()

    def fit(self) -> History:
        """Train to the last epoch, or until a plugin asks to stop; what goes wrong is raised on."""
        self._started = time.perf_counter()
        try:
            add_loggers(self.plugins, self._loggers, self.run)
            with self._interrupts.on():
                self._fit()
            if self.run is not None:
                path = self.run.save_weights(self.model)
                self.plugins.call("checkpoint_saved", trainer=self, path=path)
        except KeyboardInterrupt:
            self.plugins.call("interrupted", trainer=self)
            self._end("interrupted", "Ctrl-C")
            raise
        except BaseException as error:
            self.plugins.call("run_failed", trainer=self, error=error)
            self._end("failed", in_words(error))
            raise
        stopped = bool(self.stop_reason)
        self._end("stopped" if stopped else "finished", str(self.stop_reason) if stopped else "all epochs done")
        return self.history

    def log(self, record: Mapping[str, Any]) -> None:
        """Hand a record to whoever logs."""
        self.plugins.call("log", trainer=self, record=record)

    def _fit(self) -> None:
        call = self.plugins.call
        if self.optimizer is not None:
            self.optimizer.zero_grad()
        call("train_start", trainer=self)
        while self.epoch < self.recipe.epochs and not self.stop_reason:
            self.epoch += 1
            metrics = self._train_epoch() | validate(self)
            call("validate_end", trainer=self, metrics=metrics)
            seconds = round(time.perf_counter() - self._started, 3)
            record = {"epoch": self.epoch, "step": self.step, **metrics, "time": seconds}
            self.history.records.append(record)
            self.log(record)
            if self.scheduler is not None and self.recipe.scheduler_every == "epoch":
                self.parts.step_scheduler(metrics)
            call("epoch_end", trainer=self, metrics=metrics)
            self.stop_reason = self.stop_reason or call("should_stop", trainer=self)
        call("train_end", trainer=self)

    def _train_epoch(self) -> dict[str, float]:
        parts = self.parts
        scheduler = self.scheduler if self.recipe.scheduler_every == "step" else None
        hooks = "batch_start", "after_backward", "before_step", "after_step", "should_stop"
        batch_start, after_backward, before_step, after_step, should_stop = map(self.plugins.caller, hooks)
        self.batch, between = 0, self.steps.between(self.plugins)
        self.steps.recheck()
        meter = SplitMeter("train", parts.metrics, parts.summed)
        self.plugins.call("epoch_start", trainer=self)
        self.model.train()
        for batch in parts.train:
            self.batch += 1
            if batch_start:
                batch_start(trainer=self, batch=batch)
            # The first step runs as it is written: its outputs are checked before anything is updated.
            steps, in_two = (self.steps, between) if self.step else (self.written, self.optimizer is not None)
            self._interrupts.step_starts()
            outputs = taken(steps.forward_backward if in_two else steps.train, self, "train", self.batch, batch)
            self.loss = outputs["loss"].item()
            if self.step == 0:
                check_names(self.recipe, batch, outputs)
            meter.add(self.loss, outputs, parts.count(batch, outputs))
            if in_two:
                if after_backward:
                    after_backward(trainer=self)
                if before_step and False in before_step(trainer=self):
                    continue
                steps.update_after(outputs, self, batch)
            self.step += 1
            self._interrupts.step_ends()
            if scheduler is not None:
                scheduler.step()
            if after_step:
                after_step(trainer=self)
            if should_stop and (reason := should_stop(trainer=self)):
                self.stop_reason = reason
                break
        return meter.result(self.epoch)

    def _end(self, status: str, reason: str) -> None:
        self.history.status, self.history.reason = status, reason
        if self.run is not None:
            self.run.finish(status, reason)
        self.plugins.call("run_end", trainer=self, status=status, reason=reason)
