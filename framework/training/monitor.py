"""A metric to go by: which of an epoch's numbers it is, and whether more or less of it is better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["Monitor"]

LOWER = ("loss", "mae", "mse", "rmse", "error", "perplexity")
"""Metrics of which less is better, by the end of their names."""


class Monitor:
    """`Monitor("validation/accuracy")`; `min:` or `max:` before the name says what is better, where it cannot be told.

    Without a name it is the loss of the first validation set, or of training.
    """

    def __init__(self, name: str | None = None) -> None:
        mode, colon, rest = (name or "").partition(":")
        self.name = rest if colon and mode in ("min", "max") else name
        self._mode = mode if colon and mode in ("min", "max") else None

    @property
    def lower(self) -> bool:
        """Whether less is better."""
        if self._mode is not None:
            return self._mode == "min"
        return self.name is None or self.name.lower().endswith(LOWER)

    def check(self, trainer: Trainer) -> None:
        """UserError before the first step, with the nearest name, where it is certain that no metric will be so called."""
        plugins = trainer.plugins
        others = [each for each in plugins.plugins if {"validate", "validate_end"} & {*each.hooks}]
        # A plugin of another's may add metrics of its own.
        adds = any(not _module_of(part).startswith("framework") for each in others for part in each.parts.values())
        if self.name is None or trainer.recipe.step is not None or adds or plugins.caller("validate_end"):
            return
        splits = ["train", *trainer.parts.validation]
        names = [f"{split}/{metric}" for split in splits for metric in ("loss", *trainer.parts.metrics)]
        if self.name not in names:
            raise UserError(f"There is no metric {self.name!r} to go by.{did_you_mean(self.name, names)}")

    def value(self, metrics: Mapping[str, Any]) -> float:
        """The number in an epoch's metrics; UserError, with the nearest name, when there is none."""
        if self.name is None:
            losses = [name for name in metrics if name.endswith("/loss")]
            self.name = next((name for name in losses if name != "train/loss"), "train/loss")
        if self.name not in metrics:
            raise UserError(f"There is no metric {self.name!r} to go by.{did_you_mean(self.name, metrics)}")
        value = metrics[self.name]
        if not isinstance(value, int | float):
            raise UserError(f"The metric {self.name!r} is no number to go by, but {value!r}.")
        return float(value)

    def better(self, value: float, than: float, by: float = 0.0) -> bool:
        """Whether a value is better than another, by more than `by`; any number is better than nan."""
        if math.isnan(value) or math.isnan(than):
            return not math.isnan(value)
        return value < than - by if self.lower else value > than + by


def _module_of(part: object) -> str:
    return part.__name__ if isinstance(part, ModuleType) else type(part).__module__
