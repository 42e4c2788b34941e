"""Changes the learning rate as training goes on: a warm-up from nearly nothing, then a decay.

    framework train --schedule cosine --warmup 500steps recipe.py
    framework train --schedule linear --warmup 10% --schedule-floor 0.01 recipe.py
    framework train --schedule inverse_sqrt --warmup 2epochs --schedule-every epoch recipe.py

    constant      1                          exponential   floor ** p
    linear        1 - p                      polynomial    (1 - p) ** 2
    cosine        (1 + cos(pi p)) / 2        inverse_sqrt  sqrt(warm-up / done)

times the rate that the recipe gives each group of parameters, where p goes from 0 after the warm-up to 1 at the end of
training, and the result from 1 to `--schedule-floor`. What counts as done are the batches of training, so that a
schedule is the same with and without accumulation; a stream that does not say how many it has needs
`--schedule-steps N`, the updates until the end, or `--schedule-every epoch`. A recipe that has a scheduler keeps it.

Recipes may name them as schedulers: `Recipe(scheduler="warmup_cosine", scheduler_every="step")`, or "warmup_linear" or
"warmup_constant", with hyperparameters `total_steps`, `warmup` and `floor`, the first two in calls of `step()`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from framework.extend import Optimizer, Register, Trainer, UserError, did_you_mean, hookimpl
from framework.optim.lr_scheduler import LRScheduler
from framework.optim.lr_scheduler.groups import of_groups, set_in_group

SHAPES: Mapping[str, Callable[[float], float]] = {
    "constant": lambda p: 1.0,
    "linear": lambda p: 1 - p,
    "cosine": lambda p: (1 + math.cos(math.pi * p)) / 2,
    "polynomial": lambda p: (1 - p) ** 2,
}
"""From 1 to 0, by the part of the decay that is done."""

KINDS = (*SHAPES, "exponential", "inverse_sqrt")
ENDLESS = ("constant", "inverse_sqrt")
"""Those that need not know where training ends."""


def factor(kind: str, floor: float, done: float, warmup: float, total: float | None) -> float:
    """What a rate is multiplied by when so much is done; the first step of a warm-up is not 0 but a step above it."""
    if done < warmup:
        return (done + 1) / (warmup + 1)
    if kind == "constant":
        return 1.0
    if kind == "inverse_sqrt":
        start = max(warmup, 1.0)
        return max(floor, math.sqrt(start / max(done, start)))
    assert total is not None
    p = min(1.0, (done - warmup) / (total - warmup)) if total > warmup else 1.0
    return floor**p if kind == "exponential" else floor + (1 - floor) * SHAPES[kind](p)


class Schedule:
    """Sets the rate before each update, or with `every="epoch"` before each epoch.

    `warmup` is a length such as "500steps", "2epochs" or "10%"; `floor` the part of the rate at which a schedule ends;
    `steps` the updates until then, in place of the recipe's epochs.
    """

    def __init__(
        self,
        kind: str = "cosine",
        warmup: str | None = None,
        floor: float = 0.0,
        *,
        every: str = "step",
        steps: int | None = None,
    ) -> None:
        if kind not in KINDS:
            raise UserError(f"There is no schedule {kind!r}.{did_you_mean(kind, KINDS)}")
        if not isinstance(floor, int | float) or not 0 <= floor <= 1:
            raise UserError(
                f"A schedule ends at a part of the learning rate from 0 to 1, such as --schedule-floor 0.01, not {floor!r}."
            )
        if kind == "exponential" and floor == 0:
            raise UserError("An exponential schedule never comes to 0: give it an end, such as --schedule-floor 0.01.")
        if every not in ("step", "epoch"):
            raise UserError(f"A schedule changes the rate every 'step' or every 'epoch', not every {every!r}.")
        if steps is not None and (every == "epoch" or not isinstance(steps, int) or steps < 1):
            raise UserError(f"A schedule is so many steps long, 1 or more, or goes by epochs; not {steps!r} steps.")
        self.kind, self.floor, self.every, self.steps = kind, float(floor), every, steps
        self.amount, self.unit = parsed(warmup)
        if (every, self.unit) == ("epoch", "step"):
            raise UserError(
                f"The rate changes every epoch, so its warm-up is in epochs, such as 2epochs, not {warmup!r}."
            )
        if steps is not None and self.unit == "epoch":
            raise UserError(
                f"With the schedule's length in steps, its warm-up is in steps or a part, such as 10%; not {warmup!r}."
            )
        self._start()

    def _start(self) -> None:
        # The rates of the groups as the recipe has them, and of how many groups; others may be added in training.
        self.rates: list[Any] = []
        self.groups = 0
        # What was done when a warm-up in updates was over, where something else than updates is counted.
        self.warmed: int | None = None

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        self._start()
        if trainer.optimizer is None or not hasattr(trainer.optimizer, "param_groups"):
            raise UserError("There is no optimizer with param_groups whose learning rate a schedule could set.")
        if trainer.scheduler is not None:
            raise UserError(
                f"The recipe has a scheduler of its own, {type(trainer.scheduler).__name__}: train without --schedule, "
                "or take the recipe's out."
            )
        warmup, total = self._warmup(trainer), self._total(trainer)
        if total is None and (self.kind not in ENDLESS or self.unit in ("part", "epoch")):
            raise UserError(
                "The train data does not say how many batches it has: give the schedule its length, such as "
                "--schedule-steps 1000, or let it go by epochs, --schedule-every epoch."
            )
        if total is not None and warmup >= total and not trainer.trial:
            noun = "epochs" if self.every == "epoch" else "steps"
            raise UserError(f"A warm-up of {warmup:g} {noun} does not fit into a training of {total:g}.")
        self._set(trainer, 0)
        self.groups = len(self.rates)

    @hookimpl
    def epoch_start(self, trainer: Trainer) -> None:
        self._set(trainer, self._done(trainer))  # by steps too: a run that is resumed may have become longer

    @hookimpl(tryfirst=True)
    def after_step(self, trainer: Trainer) -> None:
        if self.every == "step":
            self._set(trainer, self._done(trainer))

    @hookimpl
    def save_state(self) -> Mapping[str, Any]:
        return {"warmed": self.warmed, "added": self.rates[self.groups :]}

    @hookimpl
    def load_state(self, state: Mapping[str, Any]) -> None:
        # The rates in use are the optimizer's, and come back with it.
        self.warmed = state["warmed"]
        self.rates += state["added"]

    def _counts_updates(self, trainer: Trainer) -> bool:
        return self.every == "step" and (self.steps is not None or trainer.batches is None)

    def _done(self, trainer: Trainer) -> int:
        if self.every == "epoch":
            return trainer.epoch - 1
        if trainer.batches is None or self._counts_updates(trainer):
            return trainer.step
        return (trainer.epoch - 1) * trainer.batches + trainer.batch

    def _total(self, trainer: Trainer) -> float | None:
        """What is done at the end: updates, epochs or batches; None if unknown."""
        if self.steps is not None or self.every == "epoch":
            return self.steps or trainer.epochs
        return None if trainer.batches is None else trainer.epochs * trainer.batches

    def _warmup(self, trainer: Trainer) -> float:
        """The warm-up's length, in what is counted."""
        if self.unit == "part":
            return self.amount * (self._total(trainer) or 0)
        if self.unit == "epoch" and self.every == "step":
            return self.amount * (trainer.batches or 0)
        return self.amount

    def _factor(self, trainer: Trainer, done: int) -> float:
        warmup, total = self._warmup(trainer), self._total(trainer)
        if self.unit == "step" and not self._counts_updates(trainer):
            if trainer.step < warmup:
                return factor(self.kind, self.floor, trainer.step, warmup, total)
            if self.warmed is None:
                self.warmed = done
            warmup = self.warmed
        return factor(self.kind, self.floor, done, warmup, total)

    def _set(self, trainer: Trainer, done: int) -> None:
        by = self._factor(trainer, done)
        self.rates += of_groups(trainer.optimizer, "lr")[len(self.rates) :]
        for group, rate in zip(trainer.optimizer.param_groups, self.rates, strict=True):
            set_in_group(group, "lr", rate * by)


def parsed(warmup: str | None) -> tuple[float, str]:
    """How much, and of what: "step", "epoch", or "part" of all; UserError for a text that says neither."""
    if warmup is None:
        return 0.0, ""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(%|steps?|epochs?|)", str(warmup).strip())
    number, unit = (float(found[1]), found[2].removesuffix("s") or "step") if found else (0.0, "")
    if not found or (unit == "step" and number % 1) or (unit == "%" and number >= 100):
        raise UserError(
            f"A warm-up is a number of steps or epochs or a part of all, such as 500steps, 2epochs or 10%, not {warmup!r}."
        )
    return (number / 100, "part") if unit == "%" else (number, unit)


class _Warmup(LRScheduler):
    """Goes up to each group's rate in `warmup` steps, then down to the part `floor` of it at `total_steps`."""

    kind = ""

    def __init__(
        self, optimizer: Optimizer, total_steps: int, warmup: int = 0, floor: float = 0.0, last_epoch: int = -1
    ) -> None:
        if not 0 <= warmup < total_steps:
            raise UserError(f"A warm-up of {warmup} steps does not fit into total_steps={total_steps}.")
        self.total_steps, self.warmup, self.floor = total_steps, warmup, floor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        by = factor(self.kind, self.floor, self.last_epoch, self.warmup, self.total_steps)
        return [rate * by for rate in self.base_lrs]


class WarmupCosine(_Warmup):
    """A warm-up, then half a wave of the cosine."""

    kind = "cosine"


class WarmupLinear(_Warmup):
    """A warm-up, then a straight line."""

    kind = "linear"


class WarmupConstant(_Warmup):
    """A warm-up, then each group's rate."""

    kind = "constant"

    def __init__(self, optimizer: Optimizer, warmup: int, last_epoch: int = -1) -> None:
        super().__init__(optimizer, warmup + 1, warmup, last_epoch=last_epoch)


@hookimpl
def register_schedulers(register: Register[Any]) -> None:
    register("warmup_cosine", WarmupCosine)
    register("warmup_linear", WarmupLinear)
    register("warmup_constant", WarmupConstant)


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "schedule",
        click.Option(["--schedule"], metavar="KIND", help=f"How the learning rate goes: {', '.join(KINDS)}."),
    )
    register(
        "warmup",
        click.Option(
            ["--warmup"], metavar="LENGTH", help="Begin with small rates for so long: 500steps, 2epochs or 10%."
        ),
    )
    register(
        "schedule_floor",
        click.Option(
            ["--schedule-floor"], type=float, metavar="PART", help="The part of the rate at the end.  [default: 0]"
        ),
    )
    register(
        "schedule_every",
        click.Option(["--schedule-every"], metavar="step|epoch", help="When the rate changes.  [default: step]"),
    )
    register(
        "schedule_steps",
        click.Option(
            ["--schedule-steps"],
            type=int,
            metavar="N",
            help="Updates until the end.  [default: until the last epoch's]",
        ),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    kind, warmup, floor = options["schedule"], options["warmup"], options["schedule_floor"]
    every, steps = options["schedule_every"], options["schedule_steps"]
    if kind is None and warmup is None:
        if (floor, every, steps) != (None, None, None):
            raise UserError("--schedule-floor, --schedule-every and --schedule-steps belong to --schedule KIND.")
        return None
    # A warm-up alone leads to the rate that there would be without it.
    return Schedule(kind or "constant", warmup, floor or 0.0, every=every or "step", steps=steps)
