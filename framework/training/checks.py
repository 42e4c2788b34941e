"""Says what is wrong with the data, in words that name the place: labels, names, what should be a loss."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError

if TYPE_CHECKING:
    from framework.training.recipe import Recipe

__all__ = [
    "check_batch_labels",
    "check_labels",
    "check_names",
    "loss_number",
]

PROBABILITY_LOSSES = {
    "BCELoss",
    "BCEWithLogitsLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
}


def check_labels(name: str, data: Any, loss: Any) -> bool:
    """Check all labels of a data set at once, where they can be seen; False where they cannot."""
    if _name(loss) not in PROBABILITY_LOSSES:
        return True
    tensors, rows = _tensors_of(data)
    if not tensors:
        return False
    labels: np.ndarray = tensors[-1].detach().numpy()
    if rows is None:
        _check_between(labels, loss, f"In the {name} data, row {{}} (from 0)")
    else:
        whole = f"Row {{}} (from 0) of the data that the {name} data is a part of"
        _check_between(labels[rows], loss, whole, rows)
    return True


def check_batch_labels(target: Tensor, loss: Any) -> None:
    """Check the labels of one batch."""
    _check_between(target.detach().numpy(), loss, "In a batch, row {} (from 0)")


def _check_between(labels: np.ndarray, loss: Any, place: str, rows: np.ndarray | None = None) -> None:
    wrong = (labels < 0) | (labels > 1)
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0]) if labels.ndim else 0
        raise UserError(
            f"The labels for {_name(loss)} must lie between 0 and 1. "
            f"{place.format(row if rows is None else rows[row])} has {labels[wrong].flat[0]:g}. "
            "For classes numbered 0, 1, 2, … use CrossEntropyLoss."
        )


def _tensors_of(data: Any) -> tuple[Sequence[Tensor], np.ndarray | None]:
    """The tensors of a TensorDataset, and which of its rows are meant when it is inside a DataLoader or a Subset.

    No tensors where there is no such dataset; no rows where all are meant.
    """
    data = getattr(data, "dataset", data) if hasattr(data, "batch_sampler") else data
    indices = None
    while hasattr(data, "indices") and hasattr(data, "dataset"):
        indices = data.indices if indices is None else [data.indices[index] for index in indices]
        data = data.dataset
    tensors = getattr(data, "tensors", ())
    return tensors if isinstance(tensors, tuple | list) else (), None if indices is None else np.asarray(indices)


def check_names(recipe: Recipe, batch: Any, outputs: Mapping[str, Any]) -> None:
    """Check a batch, and what the model made of it, against the names of inputs and classes, which prediction goes by."""
    if recipe.step is not None:  # only it knows what a batch and its prediction are
        return
    first, prediction, target = batch[0], outputs["prediction"], outputs["target"]
    if recipe.inputs is not None and len(batch) == 2 and getattr(first, "ndim", 0) == 2:
        wrong = wrong_inputs(recipe.inputs, first.shape[1])
        if wrong:
            raise UserError(wrong)
    if recipe.classes is None or not getattr(target, "ndim", 0) or not getattr(prediction, "ndim", 0):
        return  # there is nothing to see, or but one sample
    count = len(recipe.classes)
    outputs_each = 1 if prediction.numel() == len(prediction) else int(prediction.shape[1])
    if outputs_each == 1 and count != 2:
        raise UserError(
            f"Recipe(classes=[…]) names {count}, but the model has one output, which tells 2 classes apart: "
            "name 2, or give the model one output for each class, and CrossEntropyLoss."
        )
    if outputs_each not in (1, count):
        raise UserError(
            f"Recipe(classes=[…]) names {count}, but the model has {outputs_each} outputs: name one class for each."
        )


def wrong_inputs(names: Collection[str], features: int) -> str | None:
    """What is wrong with the names of the inputs, or None."""
    if len(names) == features:
        return None
    columns = "1 column" if features == 1 else f"{features} columns"
    return f"Recipe(inputs=[…]) names {len(names)}, but the train data has {columns}: name each, in their order."


def loss_number(loss: Any, recipe: Recipe) -> float:
    """The loss of a batch as a number; UserError when it is not a tensor of one element."""
    if hasattr(loss, "backward"):
        try:
            return float(loss.item())
        except (RuntimeError, ValueError):  # more elements, or none
            pass
        found = f"a tensor of shape {tuple(loss.shape)}: take its mean, loss.mean()."
    elif loss is None:
        found = "None: is a `return` missing?"
    else:
        found = f"{loss!r}, which has no gradient: leave the tensor as it is, without .item() or float()."
    what = f"The loss {_name(recipe.loss)}" if recipe.step is None else "The recipe's step"
    raise UserError(f"{what} must return a tensor of one element, not {found}")


def _name(loss: Any) -> str:
    return str(getattr(loss, "__name__", type(loss).__name__))
