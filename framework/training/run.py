"""A run's directory: what was trained, with what, how it ended, and the trained weights. It is never overwritten.

run.json      status, why it ended, command, git commit, versions, plugins, seed, times
config.json   the seed, the hyperparameters, and where each value came from; names of inputs and classes
<recipe>.py   a copy of the recipe, under its own name
weights.npz   the trained model's parameters and buffers
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
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
NEEDED = {
    RUN: ("status", "reason", "recipe", "seed"),
    CONFIG: ("hyperparameters", "model_arguments", "inputs", "classes", "loss"),
}
"""What the files of a run cannot do without."""


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
        path = _claim(Path(out)) if out is not None else _new_directory(Path(root), name)
        run = cls(path, info, config)
        try:
            if recipe.file:
                (path / recipe.file.path.name).write_bytes(recipe.file.path.read_bytes())
            write_json(path / CONFIG, run.config)
            run._write()
        except BaseException:  # Ctrl-C too: what is no run yet would only be in the way
            _give_back(path, recipe)
            raise
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
        return cls(path, _read(path, RUN), _read(path, CONFIG))

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
            status, reason = self.info["status"], self.info["reason"]
            if status == "running":
                raise UserError(
                    f"{self.path} has no weights: it is still training, or was killed before the end. "
                    "They are written when a training ends: train again, into another folder."
                )
            raise UserError(f"{self.path} has no weights: its status is {status!r} ({reason}).")
        if self.info["recipe"] is None:
            raise UserError(f"{self.path} has no recipe file, so its model cannot be rebuilt.")
        original = Path(self.info["recipe"])
        file = load_recipe(self.path / original.name, original)
        model = rebuild(file, self.config, self.info["seed"])
        load_weights(model, read_arrays(weights), weights)
        return model.eval()

    def _write(self) -> None:
        write_json(self.path / RUN, self.info)


def _read(path: Path, name: str) -> dict[str, Any]:
    content = read_json(path / name)
    if not isinstance(content, dict):
        raise UserError(f"{path} is a damaged run directory: {name} holds no JSON object.")
    missing = [repr(key) for key in NEEDED[name] if key not in content]
    if missing:
        raise UserError(f"{path} is a damaged run directory: {name} has no {', '.join(missing)}.")
    return content


def _claim(path: Path) -> Path:
    """Make the directory, or take it when it is empty; of several runs at once, one gets it."""
    taken = UserError(f"{path} is not empty, and a run never overwrites anything: choose another directory.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UserError(f"{path} is a file; a run needs a directory.") from None
    if any(path.iterdir()):
        raise taken
    try:
        (path / RUN).touch(exist_ok=False)  # only one can make this file
    except FileExistsError:
        raise taken from None
    return path


def _give_back(path: Path, recipe: Recipe) -> None:
    """Remove what `Run.create` made, and the directory when it is empty then."""
    with suppress(OSError):
        for name in (RUN, CONFIG, *([recipe.file.path.name] if recipe.file else [])):
            (path / name).unlink(missing_ok=True)
        path.rmdir()


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
    values = {
        name: str(value.absolute()) if isinstance(value, Path) else value  # the same from another folder
        for name, value in recipe.hyperparameters.items()
    }
    try:
        json.dumps(arguments := dict(recipe.model_arguments), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UserError(f"Recipe(model_arguments={{…}}) must hold JSON values: {error}.") from error
    loss = recipe.loss
    return {
        "seed": recipe.seed,
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
