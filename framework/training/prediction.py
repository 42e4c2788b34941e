"""Uses a trained model on the rows of a file, or of an array, some at a time: a file may be larger than memory.

prediction = predict("runs/first", "new.csv")  # .rows, .columns and .outputs
for block in predictions("runs/first", "large.npy"): …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.training.decisions import decided, gives_probabilities
from framework.training.run import Run

if TYPE_CHECKING:
    from framework.autograd import Tensor

__all__ = ["Prediction", "predict", "predictions"]

ROWS = 4096
"""So many rows are given to the model at once; fewer of large ones."""

NUMBERS = 2**22
"""About so many numbers are given to it at once."""


@dataclass
class Prediction:
    """A prediction for each row: `outputs` are the numbers, or the probability of each of the `classes`.

    `decided` is the number of the class of each, where there are classes.
    """

    outputs: np.ndarray
    classes: list[str] | None = None
    decided: np.ndarray | None = None

    @property
    def columns(self) -> list[str]:
        """What the cells of `rows` are called."""
        if self.classes:
            return ["prediction", *(f"p({name})" for name in self.classes)]
        width = self._flat.shape[1]
        return ["prediction"] if width == 1 else [f"prediction_{index}" for index in range(width)]

    @property
    def rows(self) -> list[list[Any]]:
        """The number, or numbers, for each row; or its class, and the probability of each class."""
        # Numbers that print as short as their own precision allows.
        numbers = [[float(str(number)) for number in row] for row in self._flat]
        if not self.classes or self.decided is None:
            return numbers
        return [[self.classes[index], *row] for index, row in zip(self.decided, numbers, strict=True)]

    @property
    def _flat(self) -> np.ndarray:
        return self.outputs.reshape(len(self.outputs), int(np.prod(self.outputs.shape[1:])))


def predict(run: str | Path, data: str | Path | np.ndarray) -> Prediction:
    """Predictions for all rows of a file or an array, as `predictions` gives them block by block."""
    blocks = list(predictions(run, data))
    outputs = np.concatenate([block.outputs for block in blocks])
    decided = [block.decided for block in blocks if block.decided is not None]
    return Prediction(outputs, blocks[0].classes, np.concatenate(decided) if decided else None)


def predictions(run: str | Path, data: str | Path | np.ndarray) -> Iterator[Prediction]:
    """Predict for each row of a CSV file, of a .npy or .npz file, or of an array, some rows at a time.

    The columns of a CSV file are found by the names that the recipe gave its inputs; an array's rows are what the model
    is given. `run` may be one of its checkpoints, such as RUN/best. UserError when the run has no model or does not say
    its inputs, and for a column or a number that is missing.
    """
    from framework.data import CSVError

    opened, at = Run.open_at(run)
    blocks = _blocks(opened, data)
    model = opened.load_model(at)
    try:
        yield from (_predicted(model, inputs, opened.config) for inputs in blocks)
    except CSVError as error:
        raise UserError(error.about_file) from error  # it has none of read_csv's arguments


def _blocks(run: Run, data: str | Path | np.ndarray) -> Iterator[Tensor]:
    """What the model is given at once, again and again."""
    from framework.data.csv import csv_blocks
    from framework.operations import from_numpy

    array = data if isinstance(data, np.ndarray) else _array(Path(data))
    if array is None:
        inputs = run.config["inputs"]
        if inputs is None:
            raise UserError(
                f"{run.path} does not say which columns are its inputs: give them as Recipe(inputs=[…]); or give rows as "
                "a .npy file, which has no columns."
            )
        return csv_blocks(str(data), inputs, ROWS)
    if not array.ndim or not len(array):
        raise UserError(
            f"{data if isinstance(data, str | Path) else 'The array'} has no rows: its shape is {array.shape}."
        )
    rows = max(1, min(ROWS, NUMBERS * len(array) // max(1, array.size)))
    starts = range(0, len(array), rows)
    return (from_numpy(_plain(_rows(array, start, rows))) for start in starts)


def _array(path: Path) -> np.ndarray | None:
    """The array in a .npy file, which stays on the disk, or the only one in a .npz file; None for other files."""
    if path.suffix not in (".npy", ".npz"):
        return None
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise UserError(f"{path} cannot be read as an array of numbers: {error}.") from error
    if isinstance(found, np.ndarray):
        return found
    with found:
        if len(found.files) != 1:
            raise UserError(f"{path} holds {', '.join(found.files)}: which are the rows? Save them alone, as .npy.")
        return np.asarray(found[found.files[0]])


def _rows(array: np.ndarray, start: int, count: int) -> np.ndarray:
    """Some rows; of an array on the disk only these are mapped, or all that was read before would stay in memory."""
    if isinstance(array, np.memmap) and array.flags.c_contiguous and array.ndim and array.filename is not None:
        shape = (min(count, len(array) - start), *array.shape[1:])
        offset = array.offset + start * (array.nbytes // len(array))
        return np.memmap(array.filename, array.dtype, "r", offset, shape)
    return array[start : start + count]


def _plain(block: np.ndarray) -> np.ndarray:
    """Rows in memory: fractions as float32, whole numbers as they are."""
    if block.dtype.kind not in "fiub":
        raise UserError(f"The rows are of type {block.dtype}; a model takes numbers.")
    return np.array(block, np.float32 if block.dtype.kind == "f" else block.dtype.newbyteorder("="))


def _predicted(model: Any, inputs: Tensor, config: Mapping[str, Any]) -> Prediction:
    from framework.autograd import Tensor, no_grad

    try:
        with no_grad():
            output = model(inputs)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        shape = tuple(inputs.shape[1:])
        raise UserError(f"The model cannot be given rows of shape {shape} ({inputs.dtype}): {error}") from error
    if not isinstance(output, Tensor):
        raise UserError(f"The model returns a {type(output).__name__}, not one Tensor: its rows cannot be told apart.")
    if not output.ndim or len(output) != len(inputs):
        raise UserError(
            f"For {len(inputs)} rows the model returns a Tensor of shape {tuple(output.shape)}, not a prediction for each."
        )
    classes = config["classes"]
    if not classes:
        return Prediction(output.numpy())
    return _classified(output, classes, gives_probabilities(config["loss"]))


def _classified(output: Tensor, classes: list[str], probabilities: bool) -> Prediction:
    """The probability of each class, (rows, classes), and the class; one output for two is that of the second."""
    if output.numel() == len(output) and len(classes) == 2:
        output = output.reshape(-1)
        second = (output if probabilities else output.sigmoid()).numpy()
        taken = decided(output.numpy(), several=False, probabilities=probabilities)
        return Prediction(np.stack([1 - second, second], axis=1), classes, taken)
    if output.ndim != 2 or output.shape[1] != len(classes):
        raise UserError(f"The model's output of shape {tuple(output.shape)} does not fit {len(classes)} classes.")
    array: np.ndarray = (output if probabilities else output.softmax(1)).numpy()
    return Prediction(array, classes, decided(output.numpy(), several=True))
