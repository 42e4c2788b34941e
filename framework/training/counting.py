"""What of a step is counted in the epoch's numbers: its outputs, or what plugins give in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["counted"]


def counted(
    trainer: Trainer, split: str, loss: float, outputs: Mapping[str, Any], count: float
) -> tuple[float, Mapping[str, Any], float]:
    """The loss, outputs and count of a step as plugins would have them counted."""
    given = {**outputs, "loss": loss, "count": count}
    found = trainer.plugins.fold("count_outputs", "outputs", given, trainer=trainer, split=split)
    return found["loss"], found, found["count"]
