"""Says what is wrong with the data or the numbers, in words that name the place: labels, NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["NonFiniteError", "check_batch_labels", "check_labels", "not_finite"]

PROBABILITY_LOSSES = {
    "BCELoss",
    "BCEWithLogitsLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
}


class NonFiniteError(UserError):
    """The loss is NaN or infinite; the message says where, and what is known of the cause."""


def check_labels(name: str, data: Any, loss: Any) -> bool:
    """Check all labels of a data set at once, where they can be seen; False where they cannot."""
    if _name(loss) not in PROBABILITY_LOSSES:
        return True
    labels = _labels(data)
    if labels is None:
        return False
    _check_between(labels, loss, f"In the {name} data, row")
    return True


def check_batch_labels(target: Tensor, loss: Any) -> None:
    """Check the labels of one batch."""
    _check_between(target.detach().numpy(), loss, "In a batch, row")


def _check_between(labels: np.ndarray, loss: Any, place: str) -> None:
    wrong = (labels < 0) | (labels > 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0]) if labels.ndim else 0
        raise UserError(
            f"The labels for {_name(loss)} must lie between 0 and 1. "
            f"{place} {row} (from 0) has {labels[wrong].flat[0]:g}. "
            "For classes numbered 0, 1, 2, … use CrossEntropyLoss."
        )


def _labels(data: Any) -> np.ndarray | None:
    """The last tensor of a TensorDataset, also one inside a DataLoader or a Subset."""
    data = getattr(data, "dataset", data) if hasattr(data, "batch_sampler") else data
    indices = None
    while hasattr(data, "indices") and hasattr(data, "dataset"):
        indices = data.indices if indices is None else [data.indices[index] for index in indices]
        data = data.dataset
    tensors = getattr(data, "tensors", None)
    if not tensors:
        return None
    labels: np.ndarray = tensors[-1].detach().numpy()
    return labels if indices is None else labels[np.asarray(indices)]


def _name(loss: Any) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__))


def not_finite(trainer: Trainer, split: str, number: int, batch: Any, loss: float) -> NonFiniteError:
    """The error for a loss that is NaN or infinite, with the cause as far as it can be seen."""
    if split == "train":
        place = f"at step {trainer.step + 1} (epoch {trainer.epoch}, batch {number}), before the update"
    else:
        place = f"on the {split} data (epoch {trainer.epoch}, batch {number})"
    causes = [*_in_batch(batch, trainer.recipe.inputs), *_in_model(trainer.model)]
    if not causes:
        causes = ["The batch and the model's parameters are finite: a smaller learning rate or scaled inputs may help."]
    return NonFiniteError(f"The loss is {loss} {place}. " + " ".join(causes))


def _in_batch(batch: Any, names: Sequence[str] | None) -> Iterator[str]:
    parts = list(batch) if isinstance(batch, list | tuple) else [batch]
    for position, part in enumerate(parts):
        if not isinstance(part, Tensor):
            continue
        values = part.detach().numpy()
        wrong = np.argwhere(~np.isfinite(values))
        if len(wrong) == 0:
            continue
        what = "target" if position == len(parts) - 1 and position > 0 else "input"
        first = wrong[0]
        column = ""
        if what == "input" and values.ndim == 2:
            column = f" {names[first[1]]!r}" if names and len(names) == values.shape[1] else f" {first[1]} (from 0)"
            column = f", column{column}"
        value, row = values[tuple(first)], first[0]
        yield f"The batch's {what} holds {value} in row {row} (from 0){column}: {len(wrong)} in all."


def _in_model(model: Any) -> Iterator[str]:
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter.detach().numpy()).all():
            yield f"The parameter {name!r} is not finite."
            return
