"""Validates with a moving average of the weights, and keeps it as the result: smoother than the last weights are.

    framework train --ema 0.999 recipe.py

The average is `decay * average + (1 - decay) * weights` after each update, starting from the first. Training itself
goes on with the weights as they are; buffers, such as batch norm's statistics, are not averaged but the model's present
ones, as in `optim.swa_utils.AveragedModel`. Of a short training, the first weights would be a large part: with
`--ema-warmup` the decay after n updates is at most (1 + n) / (10 + n).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from framework.extend import Register, Tensor, Trainer, UserError, hookimpl, no_grad


class AverageWeights:
    """An exponential moving average of the model's parameters; with `warmup` its decay grows to `decay`."""

    def __init__(self, decay: float = 0.999, warmup: bool = False) -> None:
        if not isinstance(decay, int | float) or isinstance(decay, bool) or not 0 < decay < 1:
            raise UserError(
                f"The decay of an average lies between 0 and 1, such as --ema 0.999; it cannot be {decay!r}."
            )
        self.decay, self.warmup = float(decay), warmup
        self._start()

    def _start(self) -> None:
        self.averages: list[Tensor] = []
        self.averaged = 0

    @hookimpl
    def train_start(self) -> None:
        self._start()

    @hookimpl(tryfirst=True)
    @no_grad()
    def after_step(self, trainer: Trainer) -> None:
        weights = _weights(trainer)
        if not self.averages:
            self.averages = [each.clone() for each in weights]
        decay = self.decay
        if self.warmup:
            decay = min(decay, (1 + self.averaged) / (10 + self.averaged))
        if self.averaged:
            for mean, weight in zip(self.averages, weights, strict=True):
                _average(mean.numpy(), weight.numpy(), decay)
        self.averaged += 1

    @hookimpl(wrapper=True, tryfirst=True)
    def validate(self, trainer: Trainer) -> Generator[None, Any, Any]:
        own = [each.clone() for each in _weights(trainer)]
        self._put(trainer, self.averages)
        try:
            return (yield)
        finally:
            self._put(trainer, own)

    @hookimpl(tryfirst=True)
    def train_end(self, trainer: Trainer) -> None:
        self._put(trainer, self.averages)
        trainer.history.notes.append(f"the weights are moving averages (decay {self.decay:g})")

    @hookimpl
    def save_state(self) -> Mapping[str, Any]:
        return {"averages": self.averages, "averaged": self.averaged}

    @hookimpl
    def load_state(self, state: Mapping[str, Any]) -> None:
        self.averages, self.averaged = state["averages"], state["averaged"]

    @no_grad()
    def _put(self, trainer: Trainer, values: list[Tensor]) -> None:
        """Into the same arrays; nothing before the first update, when there is no average."""
        if values:
            for each, value in zip(_weights(trainer), values, strict=True):
                each.copy_(value)


def _average(mean: np.ndarray, weight: np.ndarray, decay: float) -> None:
    """What `optim.swa_utils.get_ema_avg_fn` gives, in place: on arrays it takes a fifth of the time."""
    mean *= decay
    mean += (1 - decay) * weight


def _weights(trainer: Trainer) -> list[Tensor]:
    return [each.detach() for each in trainer.model.parameters()]


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "ema",
        click.Option(
            ["--ema"],
            type=float,
            metavar="DECAY",
            help="Validate with, and keep, a moving average of the weights, such as 0.999.",
        ),
    )
    register(
        "ema_warmup",
        click.Option(["--ema-warmup"], is_flag=True, help="With --ema, begin with a smaller decay."),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    if options["ema"] is None:
        if options["ema_warmup"]:
            raise UserError("--ema-warmup belongs to --ema DECAY, which is not given.")
        return None
    return AverageWeights(options["ema"], bool(options["ema_warmup"]))
