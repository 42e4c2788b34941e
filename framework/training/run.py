"""A run's directory: what was trained, with what, how it ended, and the trained weights. It is never overwritten.

run.json      status, why it ended, command, git commit, versions, plugins, seed, times
config.json   the hyperparameters, and where each value came from; names of inputs and classes
<recipe>.py   a copy of the recipe, under its own name
weights.npz   the trained model's parameters and buffers
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, did_you_mean
from framework.training.files import read_arrays, read_json, write_arrays, write_json
from framework.training.provenance import git_state, versions
from framework.training.rebuild import check_rebuild, load_weights, rebuild
from framework.training.recipe_file import load_recipe

if TYPE_CHECKING:
    from framework.nn import Module
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe

__all__ = ["Run"]

RUN, CONFIG, WEIGHTS = "run.json", "config.json", "weights.npz"


class Run:
    """One run's directory, at `path`. `Run.create` makes a new one, `Run.open` takes one that is there."""

    def __init__(self, path: Path, info: dict[str, Any], config: dict[str, Any]) -> None:
        self.path = path
        self.info = info
        self.config = config
        self._started = time.perf_counter()

    @classmethod
    def create(
        cls,
        recipe: Recipe,
        *,
        out: str | Path | None = None,
        root: str | Path = "runs",
        plugins: PluginManager | None = None,
        command: Sequence[str] | None = None,
        origins: Mapping[str, str] | None = None,
    ) -> Run:
        """Make a new directory for a recipe that was built: `out`, or else `root`/<recipe>-<time>.

        `origins` says where each hyperparameter's value came from ("default", "config file", "command line"), if
        more is known than that it was given.
        UserError when `out` holds something, or when the recipe's `model` does not make the recipe's model.
        """
        check_rebuild(recipe)
        config = _config(recipe, origins or recipe.origins)
        name = recipe.file.path.stem if recipe.file else "run"
        path = _claim(Path(out)) if out is not None else _new_directory(Path(root), name)
        info = {
            "status": "running",
            "reason": "",
            "recipe": str(recipe.file.path.resolve()) if recipe.file else None,
            "command": list(command) if command is not None else None,
            "seed": recipe.seed,
            "started": datetime.now().astimezone().isoformat(timespec="seconds"),
            "ended": None,
            "seconds": None,
            "git": git_state(recipe.file.path.parent if recipe.file else Path()),
            "versions": versions(),
            "plugins": [_release(plugin) for plugin in plugins.plugins] if plugins else [],
        }
        run = cls(path, info, config)
        if recipe.file:
            (path / recipe.file.path.name).write_bytes(recipe.file.path.read_bytes())
        write_json(path / CONFIG, run.config)
        run._write()
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """A run that is there; UserError when there is none at `path`."""
        path = Path(path)
        if not (path / RUN).is_file():
            if path.is_dir():
                raise UserError(f"{path} is not a run: it has no {RUN}.")
            siblings = [each.parent.name for each in path.parent.glob(f"*/{RUN}")] if path.parent.is_dir() else []
            raise UserError(f"There is no run {path}.{did_you_mean(path.name, siblings)}")
        return cls(path, read_json(path / RUN), read_json(path / CONFIG))

    def finish(self, status: str, reason: str) -> None:
        """Record how the run ended: "finished", "stopped", "interrupted" or "failed", and why."""
        self.info |= {
            "status": status,
            "reason": reason,
            "ended": datetime.now().astimezone().isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - self._started, 3),
        }
        self._write()

    def save_weights(self, model: Module) -> Path:
        """Write the model's parameters and buffers, in full or not at all; returns the file."""
        write_arrays(
            self.path / WEIGHTS,
            {name: value.detach().numpy() for name, value in model.state_dict().items()},
        )
        return self.path / WEIGHTS

    def load_model(self) -> Module:
        """The trained model, in evaluation mode; the training data is not needed if the recipe has a `model`."""
        weights = self.path / WEIGHTS
        if not weights.is_file():
            raise UserError(
                f"{self.path} has no weights: its status is {self.info['status']!r} ({self.info['reason']})."
            )
        if self.info["recipe"] is None:
            raise UserError(f"{self.path} has no recipe file, so its model cannot be rebuilt.")
        original = Path(self.info["recipe"])
        file = load_recipe(self.path / original.name, original)
        model = rebuild(file, self.config, self.info["seed"])
        load_weights(model, read_arrays(weights), weights)
        return model.eval()

    def _write(self) -> None:
        write_json(self.path / RUN, self.info)


def _claim(path: Path) -> Path:
    """Make the directory, or take it when it is empty."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UserError(f"{path} is a file; a run needs a directory.") from None
    if any(path.iterdir()):
        raise UserError(f"{path} is not empty, and a run never overwrites anything: choose another directory.")
    return path


def _new_directory(root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    base = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    number = 1
    while True:
        path = root / (base if number == 1 else f"{base}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _config(recipe: Recipe, origins: Mapping[str, str]) -> dict[str, Any]:
    values = {name: str(value) if isinstance(value, Path) else value for name, value in recipe.hyperparameters.items()}
    try:
        json.dumps(arguments := dict(recipe.model_arguments), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UserError(f"Recipe(model_arguments={{…}}) must hold JSON values: {error}.") from error
    loss = recipe.loss
    return {
        "hyperparameters": values,
        "origins": {name: origins.get(name, "default") for name in values},
        "model_arguments": arguments,
        "inputs": list(recipe.inputs) if recipe.inputs is not None else None,
        "classes": list(recipe.classes) if recipe.classes is not None else None,
        "loss": loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__),
    }


def _release(plugin: Any) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "distribution": plugin.distribution,
        "origin": plugin.origin,
    }
