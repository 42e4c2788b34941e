"""Uses a trained model on the rows of a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.training.run import Run

if TYPE_CHECKING:
    from framework.autograd import Tensor

__all__ = ["Prediction", "predict_csv"]

ROWS = 4096
"""So many rows are given to the model at once."""

PROBABILITIES = {"BCELoss", "binary_cross_entropy", "bce"}
"""Losses whose model returns probabilities; other classifiers return logits."""


@dataclass
class Prediction:
    """A prediction for each row: the number, or the class and the probability of each class."""

    columns: list[str]
    rows: list[list[str | float]]


def predict_csv(run: str | Path, file: str | Path) -> Prediction:
    """Predict for each row of a CSV file, whose columns are found by the names that the recipe gave its inputs.

    Raises UserError when the run has no model or does not say its inputs, and for a column or a number that is missing.
    """
    from framework.autograd import no_grad
    from framework.data import CSVError, read_csv
    from framework.operations import cat

    opened, at = Run.open_at(run)
    inputs = opened.config["inputs"]
    if inputs is None:
        raise UserError(f"{opened.path} does not say which columns are its inputs: give them as Recipe(inputs=[…]).")
    model = opened.load_model(at)
    try:
        features = read_csv(file, features=inputs).features
    except CSVError as error:
        raise UserError(error.about_file) from error  # it has none of read_csv's arguments
    with no_grad():
        output = cat([model(features[start : start + ROWS]) for start in range(0, len(features), ROWS)])
    return _table(output, opened.config)


def _table(output: Tensor, config: dict[str, Any]) -> Prediction:
    classes = config["classes"]
    if not classes:
        numbers = output.reshape(len(output), -1).numpy()
        width = numbers.shape[1]
        columns = ["prediction"] if width == 1 else [f"prediction_{index}" for index in range(width)]
        return Prediction(columns, [_numbers(row) for row in numbers])
    probabilities = _probabilities(output, len(classes), config["loss"] in PROBABILITIES)
    best = probabilities.argmax(1)
    rows = [[classes[index], *_numbers(row)] for index, row in zip(best, probabilities, strict=True)]
    return Prediction(["prediction", *(f"p({name})" for name in classes)], rows)


def _probabilities(output: Tensor, classes: int, already: bool) -> np.ndarray:
    """The probability of each class, (rows, classes); one output for two classes is that of the second."""
    if output.numel() == len(output) and classes == 2:
        output = output.reshape(-1)
        second = (output if already else output.sigmoid()).numpy()
        return np.stack([1 - second, second], axis=1)
    if output.ndim != 2 or output.shape[1] != classes:
        raise UserError(f"The model's output of shape {tuple(output.shape)} does not fit {classes} classes.")
    array: np.ndarray = (output if already else output.softmax(1)).numpy()
    return array


def _numbers(row: np.ndarray) -> list[Any]:
    """Floats that print as short as their own precision allows."""
    return [float(str(number)) for number in row]
