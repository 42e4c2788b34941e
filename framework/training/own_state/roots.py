"""Where a person's own objects are in a training, beside the model and what has a `state_dict`."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from framework.training.metrics import WholeSplit
from framework.training.own_state.values import has_state_by_attributes, is_persons

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["keeps_itself", "own_objects"]


def keeps_itself(part: Any) -> bool:
    """Whether an optimizer or schedule has a `state_dict` that says all that there is to it."""
    return hasattr(part, "state_dict") and not has_state_by_attributes(type(part))


def own_objects(trainer: Trainer) -> dict[str, Any]:
    """By name what may hold state of the person's own."""
    recipe, parts = trainer.recipe, trainer.parts
    roots: dict[str, Any] = {
        "model": trainer.model,
        "train": parts.train,
        "step": recipe.step,
        "loss": recipe.loss,
        "optimizer": trainer.optimizer,
        "scheduler": _functions(trainer.scheduler) if keeps_itself(trainer.scheduler) else trainer.scheduler,
        "metrics": _own_metrics(parts.metrics),
    }
    for name, data in parts.validation.items():
        roots[f"validation {name}" if name in roots else name] = data
    return {name: root for name, root in roots.items() if root is not None and not isinstance(root, str)}


def _functions(scheduler: Any) -> dict[str, Any] | None:
    """The functions that a schedule goes by, of which its state says nothing."""
    values = {name: each if isinstance(each, list) else [each] for name, each in vars(scheduler).items()}
    return {name: each for name, each in values.items() if any(isinstance(one, FunctionType) for one in each)} or None


def _own_metrics(metrics: Any) -> dict[str, Any] | None:
    """Metrics of the person's: what one holds from epoch to epoch is in no state of an epoch."""
    made = {name: each.function if type(each) is WholeSplit else each for name, each in metrics.items()}
    return {name: each for name, each in made.items() if _is_own(each)} or None


def _is_own(metric: Any) -> bool:
    return is_persons(str(metric.__module__ if isinstance(metric, FunctionType) else type(metric).__module__))
