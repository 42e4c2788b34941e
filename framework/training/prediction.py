"""Uses a trained model on the rows of a file, or of an array, some at a time: a file may be larger than memory.

prediction = predict("runs/first", "new.csv")  # .rows, .columns and .outputs
for block in predictions("runs/first", "large.npy"): …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError, in_words, listed
from framework.plugin.manager import PluginManager
from framework.training.decisions import decided, gives_probabilities
from framework.training.rebuild import load_plugins, missing_plugins
from framework.training.rows import Rows, blocks_of
from framework.training.run import Run

if TYPE_CHECKING:
    from framework.autograd import Tensor
    from framework.nn import Module

__all__ = ["Prediction", "predict", "predictions"]


@dataclass
class Prediction:
    """A prediction for each row: `outputs` are the numbers, or the probability of each of the `classes`.

    `decided` is the number of the class of each, where there are classes. The columns of the input that were to be kept
    are `kept_columns`, and its cells `kept_rows`.
    """

    outputs: np.ndarray
    classes: list[str] | None = None
    decided: np.ndarray | None = None
    kept_columns: list[str] = field(default_factory=list)
    kept_rows: list[list[str]] = field(default_factory=list, repr=False)

    @property
    def columns(self) -> list[str]:
        """What the cells of `rows` are called."""
        return [*self.kept_columns, *self._columns]

    @property
    def rows(self) -> list[list[Any]]:
        """What was kept of each row, then its number or numbers; or its class, and the probability of each class."""
        # Numbers that print as short as their own precision allows.
        rows: list[list[Any]] = [[float(str(number)) for number in row] for row in self._flat]
        if self.classes and self.decided is not None:
            rows = [[self.classes[index], *row] for index, row in zip(self.decided, rows, strict=True)]
        return [[*kept, *row] for kept, row in zip(self.kept_rows, rows, strict=True)] if self.kept_rows else rows

    @property
    def _columns(self) -> list[str]:
        if self.classes:
            return ["prediction", *(f"p({name})" for name in self.classes)]
        width = self._flat.shape[1]
        return ["prediction"] if width == 1 else [f"prediction_{index}" for index in range(width)]

    @property
    def _flat(self) -> np.ndarray:
        return self.outputs.reshape(len(self.outputs), int(np.prod(self.outputs.shape[1:])))


def predict(
    run: str | Path, data: str | Path | np.ndarray, *, keep_columns: bool = False, delimiter: str | None = None
) -> Prediction:
    """Predictions for all rows of a file or an array, as `predictions` gives them block by block."""
    blocks = list(predictions(run, data, keep_columns=keep_columns, delimiter=delimiter))
    outputs = np.concatenate([block.outputs for block in blocks])
    decided = [block.decided for block in blocks if block.decided is not None]
    return Prediction(
        outputs,
        blocks[0].classes,
        np.concatenate(decided) if decided else None,
        blocks[0].kept_columns,
        [row for block in blocks for row in block.kept_rows],
    )


def predictions(
    run: str | Path,
    data: str | Path | np.ndarray,
    *,
    keep_columns: bool = False,
    plugins: PluginManager | None = None,
    delimiter: str | None = None,
) -> Iterator[Prediction]:
    """Predict for each row of a CSV file, of a .npy or .npz file, or of an array, some rows at a time.

    The columns of a CSV file, separated by "," or the `delimiter`, are found by the names that the recipe gave its
    inputs, and stand before the predictions with `keep_columns`; an array's rows are what the model is given. All become
    numbers of the type that the model was trained on. No more of a file is in memory at once, but for an array in
    Fortran's order in a .npz. `run` may be one of its checkpoints, such as RUN/best. The model may use what plugins
    add: besides `plugins`, or those found, those are loaded that the run was given. UserError when the run has no model or does not say its inputs, and for a column
    or a number that is missing.
    """
    opened, at = Run.open_at(run)
    model = _model(opened, at, PluginManager.load() if plugins is None else plugins)
    for rows in blocks_of(opened, data, delimiter):
        block = _predicted(model, rows.inputs, opened.config)
        if keep_columns:
            _keep(block, rows, data)
        yield block


def _model(run: Run, at: Path | None, plugins: PluginManager) -> Module:
    loaded = load_plugins(run.info.get("given", ()), plugins)
    try:
        return run.load_model(at)
    except Exception as error:
        missing = missing_plugins(error, run.info, loaded)
        if not missing:
            raise
        raise UserError(
            f"{in_words(error)}\n{run.path} was trained with plugins that are not there now:{listed(missing)}"
        ) from error


def _keep(block: Prediction, rows: Rows, data: str | Path | np.ndarray) -> None:
    if not rows.columns:
        raise UserError(f"{data if isinstance(data, str | Path) else 'An array'} has no columns to keep.")
    twice = [name for name in block.columns if name in rows.columns]
    if twice:
        raise UserError(f"{data} has a column {twice[0]!r} of its own, so its columns cannot be kept beside that.")
    block.kept_columns, block.kept_rows = list(rows.columns), [list(row) for row in rows.cells]


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
