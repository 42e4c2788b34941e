"""Takes a step with one batch, and looks at what comes of it: what is not finite, and what the epoch's numbers count."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.training.step import NotFinite, Steps

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["Taken", "Taking"]


class Taken(NamedTuple):
    """What a step returned, what its loss is a mean over, and what is counted of it: a loss, outputs, and how many samples."""

    outputs: Mapping[str, Any]
    samples: float
    counted: tuple[float, Mapping[str, Any], float]


class Taking:
    """Takes steps with the batches of a split, in one pass over it.

    Processes that train together all take the whole step, whatever their numbers, and then look at those of all.
    """

    def __init__(self, trainer: Trainer, split: str) -> None:
        self._trainer, self._split = trainer, split
        self._counts, self._together = map(trainer.plugins.caller, ("count_outputs", "all_gather"))

    def take(self, steps: Steps, name: str, number: int, batch: Any) -> Taken | None:
        """The step of that name, taken with a batch that is checked first; what is not finite goes as `on_nan` says.

        That may be NonFiniteError, with what is known of it, or None, where the batch is to be left out.
        """
        trainer = self._trainer
        parts, on_nan, within = trainer.parts, trainer.on_nan, trainer.within
        parts.check(batch)
        on_nan.note(within is not None and within.owed)
        try:
            outputs: Mapping[str, Any] = getattr(steps.unchecked if self._together else steps, name)(batch)
        except NotFinite as error:
            return self._met(steps, name, number, batch, error.loss)
        loss, count = outputs["loss"].item(), parts.count(batch, outputs)
        counted = loss, outputs, count
        if self._counts:
            finite = not self._together or steps.is_finite(outputs, backward=self._split == "train")
            counted = self._of_all(loss if finite else math.nan, outputs, count)
            if self._together and steps is not steps.unchecked and not math.isfinite(counted[0]):
                # A part of a batch that counts nothing has a mean over nothing: that is nan, and no matter.
                here = not finite and (count > 0 or not counted[2])
                return self._met(steps, name, number, batch, loss if here else None)
            if self._together:
                outputs = {**outputs, "loss": outputs["loss"].new_tensor(counted[0])}
        on_nan.taken += 1
        return Taken(outputs, count, counted)

    def _met(self, steps: Steps, name: str, number: int, batch: Any, loss: float | None) -> Taken | None:
        goes_on = self._trainer.on_nan.met(self._split, number, batch, loss)
        return self.take(steps.unchecked, name, number, batch) if goes_on else None

    def _of_all(self, loss: float, outputs: Mapping[str, Any], count: float) -> tuple[float, Mapping[str, Any], float]:
        """What plugins give in the place of a step's outputs."""
        trainer = self._trainer
        given = {**outputs, "loss": loss, "count": count}
        whole = trainer.plugins.fold("count_outputs", "outputs", given, trainer=trainer, split=self._split)
        return whole["loss"], whole, whole["count"]
