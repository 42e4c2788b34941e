"""The training loop: forward, `loss.backward()`, the optimizer's step. Everything else is a plugin's.

history = Trainer(framework.build(recipe, seed=0, lr=0.3)).fit()
"""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from framework.errors import in_words
from framework.training.checkpoints.saving import Saving
from framework.training.checkpoints.snapshot import moving
from framework.training.checks import check_names
from framework.training.epoch import Epoch
from framework.training.history import History
from framework.training.interrupts import Interrupted, Interrupts
from framework.training.nonfinite.policy import NonFiniteError, OnNan
from framework.training.plugging import add_loggers, check_answers, prepare_data, prepared
from framework.training.step import Steps
from framework.training.taking import Taking

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.checkpoints.files import Checkpoint
    from framework.training.recipe import Recipe
    from framework.training.run import Run

__all__ = ["History", "NonFiniteError", "Trainer"]

Hook = Callable[..., Any] | None


class Trainer:
    """Trains what a recipe describes, once. Prints and writes nothing but what plugins do, or a Run that is given.

    `on_nan` says what is done where the loss or a gradient is not finite: "stop" with an error that says why, before
    the update; "skip", which leaves the batch out; "warn", which says why once and goes on, without further checks.
    With `compile` the step runs as a program of NumPy calls, with the same results (`trainer.steps.train.program`).
    `run` may be set until `fit` is called: a recipe that cannot be trained is refused here, before a directory is made.
    `options` are those that plugins add to the command line, by name. With a `checkpoint` training goes on from there,
    bit for bit (`framework.training.resuming` has all that belongs to it). `signals` wait for the end of a step, and
    end training there: KeyboardInterrupt is raised once a checkpoint is written, if there is a run.
    Plugins may read: `model`, `optimizer`, `scheduler`, `recipe`, `run`, `plugins`, `options`, `epochs`, `epoch` (from
    1), `step` (updates made), `batch` (from 1, in this epoch), `batches` (of an epoch, None if unknown), `loss` and
    `count` (of the last batch: what its loss is a mean over), `summed` (the loss adds up over a batch), `history`,
    `resumed`; and may call `log(record)` and `request_checkpoint(why)`. One that sets `trial` when data is prepared has
    the command line make no run.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        plugins: PluginManager | Iterable[object] = (),
        run: Run | None = None,
        loggers: Iterable[str] = (),
        options: Mapping[str, Any] | None = None,
        compile: bool = True,
        on_nan: str = "stop",
        checkpoint: Checkpoint | None = None,
        signals: Sequence[int] = (signal.SIGINT,),
    ) -> None:
        self.recipe = recipe
        self.run = run
        self.plugins, self.parts, self._loggers = prepared(recipe, plugins, run, loggers, options or {})
        self.options, self.compiled, self.summed = dict(options or {}), compile, self.parts.summed
        self.steps, self.written = Steps(recipe, self.parts, compile), Steps(recipe, self.parts, False)
        self.model, self.optimizer, self.scheduler = recipe.model, self.parts.optimizer, self.parts.scheduler
        self.epochs, self.epoch, self.step, self.batch = recipe.epochs, 0, 0, 0
        self.loss, self.count = math.nan, 0.0
        self.stop_reason: str | None = None
        self.checkpoint, self.resumed = checkpoint, checkpoint is not None
        self.history = History()
        self.interrupts = Interrupts(signals, self._pause)
        self.on_nan = OnNan(self, on_nan)
        self.saving = Saving(self)
        self.within: Epoch | None = None
        self._paused = False
        self.trial = False
        self.begins: Callable[[], None] | None = None  # called before the first step, or the first since the checkpoint
        prepare_data(self)
        self.batches = self.parts.batches

    def fit(self) -> History:
        """Train to the last epoch, or until a plugin asks to stop; what goes wrong is raised on."""
        try:
            add_loggers(self.plugins, self._loggers, self.run)
            with self.interrupts.on():
                self._start()
                self._fit()
                self.plugins.call("train_end", trainer=self)
                self.saving.save_weights()
        except KeyboardInterrupt as error:
            self.plugins.call("interrupted", trainer=self)
            self._end_badly("interrupted", str(error) or "Ctrl-C")
            raise
        except BaseException as error:
            self.plugins.call("run_failed", trainer=self, error=error)
            self._end_badly("failed", in_words(error))
            raise
        stopped = bool(self.stop_reason)
        self._end("stopped" if stopped else "finished", str(self.stop_reason) if stopped else "all epochs done")
        return self.history

    def log(self, record: Mapping[str, Any]) -> None:
        """Hand a record to whoever logs."""
        self.plugins.call("log", trainer=self, record=record)

    def all_gather(self, value: Any) -> list[Any]:
        """The values of all processes that train together, in the same order on each; of one alone, its own."""
        return self.plugins.call("all_gather", trainer=self, value=value) or [value]

    def request_checkpoint(self, why: str = "asked for by a plugin") -> None:
        """Have a checkpoint written as soon as everything that belongs to this step, or to this epoch's end, is done."""
        self.saving.wanted = why
        self._paused = True

    def _pause(self) -> None:
        self._paused = True

    def _start(self) -> None:
        self.saving.start(self.checkpoint)
        if self.optimizer is not None:
            self.optimizer.zero_grad()
        self.plugins.call("train_start", trainer=self)
        if self.checkpoint is not None:
            self.saving.restore(self.checkpoint)
        if self.begins is not None:
            self.begins()

    def _fit(self) -> None:
        call = self.plugins.call
        while self.within is not None or (self.epoch < self.epochs and not self.stop_reason):
            if self.within is None:
                self.epoch, self.batch = self.epoch + 1, 0
                self.within = Epoch(self.parts, self.saving.own)
                self.on_nan.epoch_starts()
                call("epoch_start", trainer=self)
                self.model.train()
            metrics = self._train_epoch(self.within) | self._validate(self.within)
            call("validate_end", trainer=self, metrics=metrics)
            seconds = round(self.saving.seconds, 3)
            record = {"epoch": self.epoch, "step": self.step, **metrics, "time": seconds}
            self.history.records.append(record)
            self.log(record)
            if self.scheduler is not None and self.recipe.scheduler_every == "epoch":
                self.parts.step_scheduler(metrics)
            call("epoch_end", trainer=self, metrics=metrics)
            self.within = None
            self.stop_reason = self.stop_reason or self._should_stop()
            if self._paused:
                self._safe_point()
        self.saving.save_at_last("the end of training")

    def _train_epoch(self, within: Epoch) -> dict[str, Any]:
        if within.trained is not None:  # resumed where validation was to come
            return within.trained
        parts, meter, taking = self.parts, within.meter, Taking(self, "train")
        hooks = "batch_start", "after_backward", "should_update", "before_step"
        batch_start, after_backward, should_update, before_step = map(self.plugins.caller, hooks)
        scheduler = self.scheduler if self.recipe.scheduler_every == "step" else None
        after = scheduler, self.plugins.caller("after_step"), self.plugins.caller("should_stop")
        between = self.steps.between(self.plugins)
        self.steps.recheck()
        for batch in within.begin(parts.train, self.saving.own, self.stop_reason):
            self.batch += 1
            if batch_start:
                batch_start(trainer=self, batch=batch)
            # The first step runs as it is written: its outputs are checked before anything is updated.
            steps, in_two = (self.steps, between) if self.step else (self.written, self.optimizer is not None)
            found = taking.take(steps, "forward_backward" if in_two else "train", self.batch, batch)
            if found is None:  # left out
                if self._paused:
                    self._safe_point()
                continue
            outputs, self.count, counted = found
            self.loss = counted[0]
            if self.step == 0:
                check_names(self.recipe, batch, outputs)
                if self.run is not None:
                    self.run.note_batch(batch, self.plugins.report)
            meter.add(*counted)
            if in_two:
                if after_backward:
                    after_backward(trainer=self)
                within.owed = should_update is not None and False in should_update(trainer=self)
                if not within.owed:
                    if before_step:
                        check_answers(before_step(trainer=self))
                    steps.update_after(
                        outputs["loss"], partial(self.plugins.call, "closure", trainer=self, batch=batch)
                    )
            if not within.owed:
                self._after_update(*after)
            if self._paused:
                self._safe_point()
            if self.stop_reason:
                break
        if within.owed:
            check_answers(self.plugins.call("before_step", trainer=self))
            self.steps.update()
            within.owed = False
            self._after_update(*after)
        return within.end(self.epoch, self.on_nan.epoch_ends())

    def _after_update(self, scheduler: Any, after_step: Hook, should_stop: Hook) -> None:
        self.step += 1
        if scheduler is not None:
            scheduler.step()
        if after_step:
            after_step(trainer=self)
        if should_stop:
            self.stop_reason = self._should_stop() or self.stop_reason

    def _should_stop(self) -> str | None:
        reason = self.plugins.call("should_stop", trainer=self)
        return next((each for each in self.all_gather(reason) if each), None)

    def _validate(self, within: Epoch) -> dict[str, float]:
        if self.run is not None:
            within.before_validation = moving(self)
        try:
            numbers: dict[str, float] = self.plugins.call("validate", trainer=self)
        except Interrupted:
            self.saving.save_at_last("an interrupt in validation")
            raise
        return numbers

    def _safe_point(self) -> None:
        """Where nothing is half done: here checkpoints are written, and interrupts are heeded."""
        self._paused = False
        if self.interrupts.came is not None:
            self.saving.save_at_last("an interrupt")
            self.interrupts.check()
        self.saving.save_wanted()

    def go_unchecked(self) -> None:
        """Check loss and gradients no more."""
        self.steps, self.written = self.steps.unchecked, self.written.unchecked

    def _end_badly(self, status: str, reason: str) -> None:
        """What goes wrong now is told, and does not take the place of what went wrong first."""
        try:
            self._end(status, reason)
        except Exception as error:
            self.plugins.report(in_words(error))

    def _end(self, status: str, reason: str) -> None:
        self.history.status, self.history.reason = status, reason
        try:
            if self.run is not None:
                self.run.finish(status, reason, self.saving.seconds)
        finally:
            self.plugins.call("run_end", trainer=self, status=status, reason=reason)
