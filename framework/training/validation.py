"""The numbers of an epoch on the validation sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.autograd import no_grad
from framework.training.metrics import SplitMeter
from framework.training.taking import Taking

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["validated"]


def validated(trainer: Trainer) -> dict[str, float]:
    """Loss and metrics of each validation set, the model in evaluation mode and nothing recorded.

    An interrupt ends it between two batches.
    """
    model, parts = trainer.model, trainer.parts
    metrics: dict[str, float] = {}
    model.eval()
    with no_grad():
        for name, data in parts.validation.items():
            taking = Taking(trainer, name)
            meter = SplitMeter(name, parts.metrics, parts.summed)
            for number, batch in enumerate(data, 1):
                found = taking.take(trainer.steps, "validate", number, batch)
                assert found is not None
                meter.add(*found.counted)
                trainer.interrupts.check()
            metrics |= meter.result(trainer.epoch)
    return metrics
