"""Stops training when it no longer gets better, and keeps the weights of the best epoch.

    framework train --early-stop 5 --monitor validation/accuracy recipe.py

An epoch is better when the metric is, by more than `--min-delta`; nan never is. When training ends, for whatever reason
but a failure, the weights of the best epoch are put back; `--no-restore-best` keeps the last ones. Where they are
averaged (`--ema`), the best are the averages that were measured.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any

from framework.extend import Monitor, Register, Tensor, Trainer, UserError, hookimpl, no_grad


class EarlyStopping:
    """Stops after `patience` epochs in a row that were no better, by more than `min_delta`, than the best before them.

    `monitor` is a metric such as "validation/accuracy", with "min:" or "max:" before it where its name does not say
    what is better; without one it is the loss of the first validation set, or of training.
    """

    def __init__(
        self, monitor: str | None = None, patience: int = 5, min_delta: float = 0.0, restore_best: bool = True
    ) -> None:
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
            raise UserError(f"Patience is a number of epochs, 1 or more, such as --early-stop 5, not {patience!r}.")
        if not isinstance(min_delta, int | float) or not 0 <= min_delta < math.inf:
            raise UserError(f"min_delta is how much better counts, 0 or more, such as 0.001, not {min_delta!r}.")
        self.monitor, self.patience = Monitor(monitor), patience
        self.min_delta, self.restore_best = float(min_delta), restore_best
        self._start()

    def _start(self) -> None:
        self.best = math.nan
        self.best_epoch = self.waited = 0
        self.measured: list[Tensor] = []
        self.weights: list[Tensor] = []

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        self.monitor.check(trainer)
        self._start()

    @hookimpl(wrapper=True, trylast=True)
    def validate(self, trainer: Trainer) -> Generator[None, Any, Any]:
        # Here the model is as it is measured: another plugin may put it back afterwards.
        metrics = yield
        if self.restore_best:
            with no_grad():
                self.measured = [each.detach().clone() for each in _values(trainer)]
        return metrics

    @hookimpl
    def epoch_end(self, trainer: Trainer, metrics: Mapping[str, Any]) -> None:
        value = self.monitor.value(metrics)
        if self.monitor.better(value, self.best, self.min_delta):
            self.best, self.best_epoch, self.waited = value, trainer.epoch, 0
            self.weights = self.measured
        else:
            self.waited += 1
        self.measured = []

    @hookimpl
    def should_stop(self) -> str | None:
        if self.waited < self.patience:
            return None
        epochs = "1 epoch" if self.waited == 1 else f"{self.waited} epochs"
        return f"{self.monitor.name} has not become better for {epochs}"

    @hookimpl(trylast=True)
    @no_grad()
    def train_end(self, trainer: Trainer) -> None:
        if not self.best_epoch:
            return
        best = f"the best by {self.monitor.name} ({self.best:.4g})"
        if not self.weights:
            trainer.history.notes.append(f"epoch {self.best_epoch} was {best}; the weights are those of the last")
            return
        for value, kept in zip(_values(trainer), self.weights, strict=True):
            value.copy_(kept)
        trainer.history.notes.append(f"weights kept: those of epoch {self.best_epoch}, {best}")

    @hookimpl
    def save_state(self) -> Mapping[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
            "metric": self.monitor.name,
            "weights": self.weights,
        }

    @hookimpl
    def load_state(self, trainer: Trainer, state: Mapping[str, Any]) -> None:
        if self.monitor.name is None:
            self.monitor.name = state["metric"]
        elif self.monitor.name != state["metric"] is not None:
            return  # what was best by another metric says nothing of this one
        self.best, self.best_epoch, self.waited = state["best"], state["best_epoch"], state["waited"]
        self.weights = state["weights"] if self.restore_best else []
        if self.waited >= self.patience and trainer.stop_reason is None:
            self.waited = 0  # who goes on after it has stopped wants it to wait once more


def _values(trainer: Trainer) -> list[Tensor]:
    return [each.detach() for each in (*trainer.model.parameters(), *trainer.model.buffers())]


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "early_stop",
        click.Option(
            ["--early-stop"],
            type=int,
            metavar="EPOCHS",
            help="Stop after so many epochs in which --monitor has not become better, and keep the best weights.",
        ),
    )
    register(
        "min_delta",
        click.Option(["--min-delta"], type=float, metavar="X", help="By how much better counts.  [default: 0]"),
    )
    register(
        "no_restore_best",
        click.Option(["--no-restore-best"], is_flag=True, help="With --early-stop, keep the last weights."),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    patience, min_delta, last = options["early_stop"], options["min_delta"], options["no_restore_best"]
    if patience is None:
        if min_delta is not None or last:
            raise UserError("--min-delta and --no-restore-best belong to --early-stop EPOCHS, which is not given.")
        return None
    # The metric is that of the best checkpoints; the plugin that adds the option may be switched off.
    return EarlyStopping(options.get("monitor"), patience, min_delta or 0.0, not last)
