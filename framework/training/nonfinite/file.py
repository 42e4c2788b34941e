"""The file that holds a batch that went wrong, with all that it takes to see it again: `nonfinite-step-123.npz`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.training.checkpoints.generators import generator_states
from framework.training.checkpoints.state_tree import pack, unpack
from framework.training.files import read_arrays, write_arrays
from framework.training.provenance import versions

if TYPE_CHECKING:
    from framework.training.recipe import Recipe

__all__ = ["read_report", "write_report"]

_KIND = "framework: a batch that is not finite"
_TREE = "report.json"
"""The entry that holds the tree of the report, as JSON in bytes; the others are the arrays in it."""


def write_report(
    folder: Path | str, recipe: Recipe, batch: Any, about: Mapping[str, Any], plugins: Sequence[str] = ()
) -> Path:
    """Write down a batch, with the model, the generators and the recipe as they are now; the file is never overwritten.

    about: plain values, among them "step". UserError for a batch that holds what cannot be written.
    """
    tree = {
        "kind": _KIND,
        "format": 1,
        **about,
        "data": batch,
        "parameters": {name: each.detach() for name, each in recipe.model.named_parameters()},
        "buffers": {name: each.detach() for name, each in recipe.model.named_buffers()},
        "training": {name: each.training for name, each in recipe.model.named_modules()},
        "generators": generator_states(),
        "hyperparameters": dict(recipe.hyperparameters),
        "seed": recipe.seed,
        "recipe": _recipe_texts(recipe),
        "plugins": list(plugins),
        "versions": versions(),
    }
    value, arrays = pack(tree, "the batch that went wrong")
    text = np.frombuffer(json.dumps(value).encode(), np.uint8)
    path = _free(Path(folder), f"nonfinite-step-{about['step']}")
    write_arrays(path, {_TREE: text, **arrays})
    return path


def read_report(path: Path | str) -> dict[str, Any]:
    """What such a file holds; UserError where it is none."""
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    arrays = read_arrays(path)
    wrong = UserError(f"{path} does not hold a batch that went wrong: a run writes nonfinite-step-….npz.")
    if _TREE not in arrays:
        raise wrong
    try:
        tree = unpack(json.loads(arrays.pop(_TREE).tobytes()), arrays)
    except (ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged: {error}.") from error
    if not isinstance(tree, dict) or tree.get("kind") != _KIND:
        raise wrong
    if tree["format"] != 1:
        raise UserError(f"{path} was written by a newer framework ({tree['versions']['framework']}).")
    return tree


def _recipe_texts(recipe: Recipe) -> dict[str, Any] | None:
    """The recipe's path, and the text of its file and of those beside it that it imports, by name."""
    if recipe.file is None:
        return None
    file = recipe.file
    texts = {_beside(each, file.path): each.read_text("utf-8") for each in file.files}
    return {"path": str(file.original.resolve()), "texts": texts}


def _beside(file: Path, recipe: Path) -> str:
    try:
        return file.resolve().relative_to(recipe.resolve().parent).as_posix()
    except ValueError:
        return file.name


def _free(folder: Path, name: str) -> Path:
    """A file that is not there yet."""
    number, path = 1, folder / f"{name}.npz"
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.npz"
    return path
