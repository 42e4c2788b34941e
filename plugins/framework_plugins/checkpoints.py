"""Writes checkpoints every so often, and keeps the last and the best of them.

    framework train --checkpoint-every 500steps --keep-last 2 --keep-best 1 recipe.py

Without an option: every ten minutes, the last two. Whatever is set here, a run writes one when it ends or is
interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from framework.extend import Monitor, Register, Trainer, UserError, hookimpl

EVERY, KEEP_LAST, KEEP_BEST = "10min", 2, 0

SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600}


class Checkpoints:
    """Asks for a checkpoint `every` so many "500steps", "2epochs" or "10min"; removes all but the last and the best.

    With `keep_best`, an epoch that is among the best by `monitor` ("validation/accuracy", "min:…" where it cannot be
    told from its name) gets one too.
    """

    def __init__(
        self, every: str = EVERY, keep_last: int = KEEP_LAST, keep_best: int = KEEP_BEST, monitor: str | None = None
    ) -> None:
        self.steps, self.epochs, self.seconds = parsed(every)
        if keep_last < 1 or keep_best < 0:
            raise UserError("Keep at least the last checkpoint: --keep-last 1 or more, --keep-best 0 or more.")
        self.keep_last, self.keep_best, self.monitor = keep_last, keep_best, Monitor(monitor)
        self.due = float("inf")

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        if self.keep_best:
            self.monitor.check(trainer)
        self._wait()

    @hookimpl
    def after_step(self, trainer: Trainer) -> None:
        if (self.steps and trainer.step % self.steps == 0) or (self.seconds and perf_counter() >= self.due):
            trainer.request_checkpoint("its time has come")

    @hookimpl
    def epoch_end(self, trainer: Trainer, metrics: Mapping[str, Any]) -> None:
        if self.epochs and trainer.epoch % self.epochs == 0:
            trainer.request_checkpoint("its time has come")
        if self.keep_best and self._is_among_best(trainer, self.monitor.value(metrics)):
            trainer.request_checkpoint("among the best")

    @hookimpl
    def checkpoint_saved(self, trainer: Trainer, path: Path) -> None:
        run = trainer.run
        if run is None or not path.is_dir():
            return
        self._wait()
        kept = run.checkpoints()
        best = self._best(kept)
        stay = {each.path for each in [*kept[: self.keep_last], *best]}
        try:
            if best:
                run.link("best", best[0].path)
            for each in kept:
                if each.path not in stay:
                    run.remove_checkpoint(each.path)
        except UserError as error:  # the next one may succeed
            trainer.plugins.report(str(error))

    def _wait(self) -> None:
        self.due = perf_counter() + self.seconds

    def _is_among_best(self, trainer: Trainer, value: float) -> bool:
        kept = self._best(trainer.run.checkpoints()) if trainer.run is not None else []
        return len(kept) < self.keep_best or self.monitor.better(value, self.monitor.value(kept[-1].metrics))

    def _best(self, kept: list[Any]) -> list[Any]:
        """The best of those that were written at the end of an epoch; of two alike, the earlier."""
        if not self.keep_best:
            return []
        measured = [each for each in reversed(kept) if each.metrics]
        if measured and self.monitor.name is None:
            self.monitor.value(measured[0].metrics)  # which names it, where a run goes on before any epoch has ended
        measured = [each for each in measured if self.monitor.name in each.metrics]
        measured = [each for each in measured if self.monitor.better(self.monitor.value(each.metrics), float("nan"))]
        sign = 1 if self.monitor.lower else -1
        return sorted(measured, key=lambda each: sign * self.monitor.value(each.metrics))[: self.keep_best]


def parsed(every: str) -> tuple[int, int, float]:
    """Steps, epochs or seconds between two checkpoints, the others 0; UserError for a text that says neither."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([a-z]*)", every.strip())
    number, unit = (float(found[1]), found[2].removesuffix("s") or found[2] or "step") if found else (0.0, "")
    counted = unit in ("step", "epoch")
    if number <= 0 or (number % 1 if counted else unit not in SECONDS):
        raise UserError(
            f"--checkpoint-every takes a number of steps, epochs or minutes, such as 500, 500steps, 2epochs or 10min, "
            f"not {every!r}."
        )
    if counted:
        return (int(number), 0, 0.0) if unit == "step" else (0, int(number), 0.0)
    return 0, 0, number * SECONDS[unit]


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "checkpoint_every",
        click.Option(
            ["--checkpoint-every"],
            metavar="N",
            help=f"Steps between checkpoints; or epochs, minutes: 2epochs, 10min.  [default: {EVERY}]",
        ),
    )
    register(
        "keep_last",
        click.Option(
            ["--keep-last"], type=int, metavar="N", help=f"Newest checkpoints to keep.  [default: {KEEP_LAST}]"
        ),
    )
    register(
        "keep_best",
        click.Option(
            ["--keep-best"],
            type=int,
            metavar="K",
            help=f"Best epochs to keep the checkpoints of.  [default: {KEEP_BEST}]",
        ),
    )
    register(
        "monitor",
        click.Option(
            ["--monitor"],
            metavar="METRIC",
            help="What is best, such as max:validation/accuracy.  [default: the first validation loss]",
        ),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    if options["monitor"] and not options["keep_best"] and not options.get("early_stop"):
        raise UserError("--monitor says what is best: it goes with --keep-best K or --early-stop EPOCHS.")
    return Checkpoints(
        every=options["checkpoint_every"] or EVERY,
        keep_last=KEEP_LAST if options["keep_last"] is None else options["keep_last"],
        keep_best=KEEP_BEST if options["keep_best"] is None else options["keep_best"],
        monitor=options["monitor"],
    )
