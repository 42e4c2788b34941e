"""Gives a model rows of a file, or of an array, some at a time, as numbers of the type that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from framework.autograd import dtypes
from framework.errors import UserError
from framework.training.run import Run

if TYPE_CHECKING:
    from framework.autograd import Tensor

__all__ = ["Rows", "blocks_of"]

ROWS = 4096
"""So many rows are given to the model at once; fewer of large ones."""

NUMBERS = 2**22
"""About so many numbers are given to it at once."""


class Rows(NamedTuple):
    """What the model is given at once; of a CSV file also its columns, and their cells as text."""

    inputs: Tensor
    columns: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()


def blocks_of(run: Run, data: str | Path | np.ndarray, delimiter: str | None = None) -> Iterator[Rows]:
    """The rows of a CSV file, of a .npy or .npz file, or of an array, for the model of a run.

    `delimiter` separates the columns of a CSV file, "," unless it is given. UserError for what cannot be read, or is not
    of the kind that the model was trained on.
    """
    from framework.data.array_blocks import array_blocks, npy_blocks, npz_blocks
    from framework.operations import from_numpy

    trained_on = _dtype(run)
    if isinstance(data, np.ndarray):
        blocks = array_blocks(data, ROWS, NUMBERS)
    elif (ending := Path(data).suffix) in (".npy", ".npz"):
        blocks = (npy_blocks if ending == ".npy" else npz_blocks)(str(data), ROWS, NUMBERS)
    else:
        return _csv_rows(run, str(data), trained_on or dtypes.float32, delimiter or ",")
    if delimiter is not None:
        name = "An array" if isinstance(data, np.ndarray) else data
        raise UserError(f"{name} is no CSV file, and has no columns to separate.")
    return (Rows(from_numpy(_as(block, trained_on))) for block in blocks)


def _csv_rows(run: Run, path: str, dtype: dtypes.dtype, delimiter: str) -> Iterator[Rows]:
    from framework.data.csv import CSVError, csv_blocks

    inputs = run.config["inputs"]
    if inputs is None:
        raise UserError(
            f"{run.path} does not say which columns are its inputs: give them as Recipe(inputs=[…]); or give rows as "
            "a .npy file, which has no columns."
        )
    try:
        yield from map(Rows._make, csv_blocks(path, inputs, ROWS, dtype, delimiter))
    except CSVError as error:
        raise UserError(error.about_file) from error  # it has none of read_csv's arguments


def _dtype(run: Run) -> dtypes.dtype | None:
    """The type of the numbers that the run's model was given in training, as far as run.json says.

    What a `step` of the recipe's own takes whole numbers for, only it knows.
    """
    found = getattr(dtypes, str(_first_dtype(run.info.get("first_batch"))), None)
    if not isinstance(found, dtypes.dtype) or (run.config["loss"] == "NoneType" and found.kind != "f"):
        return None
    return found


def _first_dtype(shapes: Any) -> str | None:
    """That of the first tensor in what `shapes_of` gave."""
    if isinstance(shapes, dict) and "dtype" in shapes:
        return str(shapes["dtype"])
    parts = shapes.get("of", {}).values() if isinstance(shapes, dict) else shapes if isinstance(shapes, list) else ()
    return next((found for each in parts if (found := _first_dtype(each)) is not None), None)


def _as(block: np.ndarray, dtype: dtypes.dtype | None) -> np.ndarray:
    """Rows in memory, of a type; without one fractions are float32, and whole numbers as they are."""
    if block.dtype.kind not in "fiub":
        raise UserError(f"The rows are of type {block.dtype}; a model takes numbers.")
    native = block.dtype.newbyteorder("=")
    wanted = dtype.numpy if dtype is not None else np.dtype(np.float32) if native.kind == "f" else native
    with np.errstate(invalid="ignore"):
        rows = np.array(block, wanted)
    if wanted.kind in "iub" and not np.can_cast(native, wanted) and (wrong := rows != block).any():
        raise UserError(
            f"The rows hold {block[wrong].flat[0]}; the model was trained on numbers of type {wanted}, of which that is none."
        )
    return rows
