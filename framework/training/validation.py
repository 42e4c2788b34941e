"""The numbers of an epoch on the validation sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.autograd import no_grad
from framework.training.counting import counted
from framework.training.metrics import SplitMeter
from framework.training.step import taken

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["validated"]


def validated(trainer: Trainer) -> dict[str, float]:
    """Loss and metrics of each validation set, the model in evaluation mode and nothing recorded.

    An interrupt ends it between two batches.
    """
    model, parts = trainer.model, trainer.parts
    metrics: dict[str, float] = {}
    count_outputs = trainer.plugins.caller("count_outputs")
    model.eval()
    with no_grad():
        for name, data in parts.validation.items():
            meter = SplitMeter(name, parts.metrics, parts.summed)
            for number, batch in enumerate(data, 1):
                outputs = taken(trainer.steps, "validate", trainer, name, number, batch)
                assert outputs is not None
                loss, count = outputs["loss"].item(), parts.count(batch, outputs)
                if count_outputs:
                    loss, outputs, count = counted(trainer, name, loss, outputs, count)
                meter.add(loss, outputs, count)
                trainer.interrupts.check()
            metrics |= meter.result(trainer.epoch)
    return metrics
