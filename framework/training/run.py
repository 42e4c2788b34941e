"""A run's directory: what was trained, with what, how it ended, and the trained weights. It is never overwritten.

run.json      status, why it ended, command, git commit, versions, plugins, options, data files, seed, times,
              the shapes of the first batch
config.json   the seed, the hyperparameters, and where each value came from; names of inputs and classes
metrics.jsonl a record an epoch, a JSON object a line
events.jsonl  what happened, a JSON object a line: started, saved, interrupted, resumed with what overrides, ended
<recipe>.py   a copy of the recipe, under its own name, and of the files beside it that it uses
checkpoints/  a folder each; `last` and `best` are links into it
weights.npz   the trained model's parameters and buffers
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, did_you_mean
from framework.plugin.finding import QUIET
from framework.plugin.manager import MADE
from framework.training.checkpoints import files as checkpoint
from framework.training.checkpoints.files import Summary
from framework.training.data_files import fingerprints
from framework.training.files import (
    append_line,
    new_folder,
    read_arrays,
    read_json,
    read_json_lines,
    write_arrays,
    write_json,
)
from framework.training.lock import RunLock, is_locked
from framework.training.provenance import git_state, now, versions
from framework.training.rebuild import check_rebuild, load_weights, rebuild, weights_of
from framework.training.recipe_file import load_recipe
from framework.training.records import Records
from framework.training.samples import shapes_of

if TYPE_CHECKING:
    from framework.nn import Module
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe
    from framework.training.recipe_file import RecipeFile

__all__ = ["Run"]

RUN, CONFIG, METRICS, EVENTS, WEIGHTS = "run.json", "config.json", "metrics.jsonl", "events.jsonl", "weights.npz"
TEXT, MAYBE_TEXT, NAMES = (str,), (str, NoneType), (list, NoneType)
NEEDED: dict[str, dict[str, tuple[type, ...]]] = {
    RUN: {"status": TEXT, "reason": TEXT, "recipe": MAYBE_TEXT, "seed": (int, NoneType)},
    CONFIG: {"hyperparameters": (dict,), "model_arguments": (dict,), "inputs": NAMES, "classes": NAMES, "loss": TEXT},
}
"""What the files of a run cannot do without, and of which types it is."""


class Run:
    """One run's directory, at `path`. `Run.create` makes a new one, `Run.open` takes one that is there."""

    def __init__(self, path: Path, info: dict[str, Any], config: dict[str, Any]) -> None:
        self.path = path
        self.info = info
        self.config = config
        self.lock = RunLock(path)
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
        options: Mapping[str, Any] | None = None,
        compiled: bool = True,
        on_nan: str = "stop",
        loggers: Iterable[str] = (),
    ) -> Run:
        """Make a new directory for a recipe that was built: `out`, or else `root`/<recipe>-<time>.

        `origins` says where each hyperparameter's value came from ("default", "config file", "command line"), if
        more is known than that it was given; `options`, `compiled`, `on_nan` and `loggers` are what the Trainer is given.
        UserError when `out` holds something, or when the recipe's `model` does not make the recipe's model.
        """
        check_rebuild(recipe)
        config = _config(recipe, origins or recipe.origins)
        name = recipe.file.path.stem if recipe.file else "run"
        info = {
            **_about(recipe),
            "command": list(command) if command is not None else None,
            "plugins": _releases(plugins) if plugins else [],
            "given": _given(plugins) if plugins else [],
            "options": dict(options or {}),
            "compiled": compiled,
            "on_nan": on_nan,
            "loggers": list(loggers),
        }
        path = _claim(Path(out)) if out is not None else new_folder(Path(root), name)
        run = cls(path, info, config)
        try:
            run.lock.acquire()
            if recipe.file is not None:
                recipe.file.copy_to(path)
            write_json(path / CONFIG, run.config)
            run._write()
            run.event("started")
        except BaseException as error:  # Ctrl-C too: what is no run yet would only be in the way
            run.lock.release()
            _give_back(path, recipe)
            if isinstance(error, OSError):
                raise UserError(f"{path} cannot be written to: {error.strerror or error}.") from error
            raise
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """A run that is there; UserError when there is none at `path`."""
        path = Path(path)
        if not (path / RUN).is_file():
            if (run := _run_of(path)) is not None:
                raise UserError(
                    f"{path} is a checkpoint; the run is {run}: `framework resume {run}` goes on from its newest one."
                )
            if path.is_file():
                raise UserError(f"{path} is a file; a run is a folder, with a {RUN} in it.")
            if path.is_dir():
                raise UserError(f"{path} is not a run: it has no {RUN}.")
            run = path.parent.parent if path.parent.name == "checkpoints" else path.parent
            if (run / RUN).is_file():
                names = [each.parent.name for each in path.parent.glob(f"*/{checkpoint.MANIFEST}")]
                raise UserError(f"{run} has no checkpoint {path.name!r}.{did_you_mean(path.name, names)}")
            siblings = [each.parent.name for each in path.parent.glob(f"*/{RUN}")] if path.parent.is_dir() else []
            raise UserError(f"There is no run {path}.{did_you_mean(path.name, siblings)}")
        if not (path / RUN).stat().st_size:
            weights = [each for each in (path / WEIGHTS, path / "last" / WEIGHTS) if each.is_file()]
            if weights:
                raise UserError(
                    f"{path / RUN} is empty, though the run has weights: put that file back from a copy. Without one, "
                    f"model.load_state_dict(framework.load({str(weights[0])!r})) has the weights."
                )
            raise UserError(
                f"{path} was killed before its training began, and holds nothing: remove it, and train anew."
            )
        return cls(path, _read(path, RUN), _read(path, CONFIG))

    @classmethod
    def open_at(cls, path: str | Path) -> tuple[Run, Path | None]:
        """A run, and None; or, for the path of one of its checkpoints, such as RUN/best, the run and that checkpoint."""
        run = _run_of(Path(path))
        return (cls.open(path), None) if run is None else (cls.open(run), Path(path))

    def aside(self, name: str) -> Path:
        """Where a copy goes when another takes its place: the first of `name`.1, `name`.2, … that is free."""
        return next(path for number in count(1) if not (path := self.path / f"{name}.{number}").exists())

    def reconfigure(self, recipe: Recipe, origins: Mapping[str, str], changed: Iterable[str] = ()) -> None:
        """Keep the recipe, the values and the data files with which the run goes on.

        `origins` are those of the values that changed; of the files `changed`, the copies from before stay too.
        """
        for name in changed:
            os.replace(self.path / name, self.aside(name))
        self.config = _config(recipe, {**self.config["origins"], **origins})
        write_json(self.path / CONFIG, self.config)
        if recipe.file is not None:
            recipe.file.copy_to(self.path)
        self.info["data"] = fingerprints(recipe.read)

    def note_plugins(self, plugins: PluginManager) -> None:
        """Have the next `update` say with which plugins the run goes on."""
        self.info["given"] = _given(plugins)
        self.info["plugins"] = _releases(plugins)

    def note_batch(self, batch: Any, report: Callable[[str], None]) -> None:
        """Keep the shapes of the first batch, by which the model can be described without the data."""
        try:
            self.update(first_batch=shapes_of(batch))
        except OSError as error:  # they are written with what is written next
            report(f"{self.path / RUN} could not be written ({error.strerror or error}); training goes on.")

    def update(self, **info: Any) -> None:
        """Change what run.json says."""
        self.info |= info
        self._write()

    def event(self, name: str, **details: Any) -> None:
        """Add a line to events.jsonl."""
        line = {"event": name, "time": now(), **details}
        self.append(EVENTS, json.dumps(line, ensure_ascii=False))

    def append(self, name: str, line: str) -> None:
        """Add a line to a file of the directory, in full or not at all; half a line at its end is cut off."""
        append_line(self.path / name, line)

    def finish(self, status: str, reason: str, seconds: float | None = None) -> None:
        """Record how the run ended: "finished", "stopped", "interrupted" or "failed", and why; others may have it now.

        A run that was opened, and not taken up again, stays as it is.
        """
        try:
            if self.info["status"] != "running":
                return
            seconds = time.perf_counter() - self._started if seconds is None else seconds
            self.update(status=status, reason=reason, ended=now(), seconds=round(seconds, 3))
            self.event(status, reason=reason)
        except OSError as error:
            place = error.filename or self.path / RUN
            raise UserError(
                f"{place} could not be written: {error.strerror or error}. The run has {status}."
            ) from error
        finally:
            self.lock.release()

    def save_weights(self, model: Module) -> Path:
        """Write the model's parameters and buffers, in full or not at all; returns the file."""
        path = self.path / WEIGHTS
        try:
            write_arrays(path, weights_of(model))
        except OSError as error:
            raise UserError(
                f"{path} could not be written: {error.strerror or error}. The training is done, and its last checkpoint "
                f"intact: `{self.command()}` writes what is missing."
            ) from error
        return path

    @property
    def alive(self) -> bool:
        """Whether a process trains it now; one whose status is "running" and that is not alive was killed."""
        return is_locked(self.path)

    def records(self) -> list[dict[str, Any]]:
        """Its records, one an epoch, null as None; without a line that is not written to its end yet.

        [] where there are none; lines that are damaged are left out, with a warning.
        """
        return list(Records(self.path / METRICS))

    def events(self) -> list[dict[str, Any]]:
        """What happened, the lines of events.jsonl; without those that are not whole."""
        return read_json_lines(self.path / EVENTS)

    def checkpoints(self) -> list[Summary]:
        """What its sound checkpoints say of themselves (`path`, `step`, `metrics`, `info`), newest first."""
        return checkpoint.checkpoints(self.path)

    def link(self, name: str, path: Path) -> None:
        """Point `last` or `best` in the run's directory at a checkpoint."""
        checkpoint.link(self.path, name, path)

    def remove_checkpoint(self, path: Path) -> None:
        """Remove a checkpoint; it is never found half removed."""
        checkpoint.remove(path)

    def recipe_file(self) -> RecipeFile:
        """The copy of the recipe that the run keeps, loaded; UserError where it has none."""
        if self.info["recipe"] is None:
            raise UserError(f"{self.path} has no recipe file, so its model cannot be rebuilt.")
        original = Path(self.info["recipe"])
        return load_recipe(self.path / original.name, original)

    def load_model(self, at: Path | None = None) -> Module:
        """The trained model, or as it was `at` a checkpoint, in evaluation mode.

        The training data is not needed if the recipe has a `model`.
        """
        weights = self.weights(at)
        model = rebuild(self.recipe_file(), self.config, self.info["seed"])
        load_weights(model, read_arrays(weights), weights)
        return model.eval()

    def weights(self, at: Path | None = None) -> Path:
        """The file of the trained weights, or of those `at` a checkpoint; UserError where it is damaged or not there."""
        if at is not None:
            checkpoint.read_checkpoint(at)  # or it says what is damaged
            return at / WEIGHTS
        path = self.path / WEIGHTS
        if not path.is_file():
            status, reason = self.info["status"], self.info["reason"]
            how = f"its status is {status!r} ({reason})"
            if status == "running":
                how = "it is still training, or was killed before the end"
            last = self.path / "last"
            instead = f"; its newest checkpoint has weights too: {last}" if last.exists() else ""
            raise UserError(
                f"{self.path} has no weights yet: {how}. They are written when a training ends; to go on with it: "
                f"{self.command()}{instead}"
            )
        return path

    def command(self, name: str = "resume") -> str:
        """What a person types to go on with it, or to do something else with it."""
        return f"framework {name} {shlex.quote(str(self.path))}"

    def _write(self) -> None:
        write_json(self.path / RUN, self.info)


def _run_of(path: Path) -> Path | None:
    """The run that has a checkpoint at this path, which may be a link to it; None where there is none."""
    if not (path / checkpoint.MANIFEST).is_file():
        return None
    run = path.parent if path.is_symlink() else path.parent.parent
    return run if (run / RUN).is_file() else None


def _read(path: Path, name: str) -> dict[str, Any]:
    content = read_json(path / name)
    if not isinstance(content, dict):
        raise UserError(f"{path} is a damaged run directory: {name} holds no JSON object.")
    missing = [repr(key) for key in NEEDED[name] if key not in content]
    if missing:
        raise UserError(f"{path} is a damaged run directory: {name} has no {', '.join(missing)}.")
    wrong = [
        f"{key!r} is {content[key]!r}" for key, types in NEEDED[name].items() if not isinstance(content[key], types)
    ]
    if wrong:
        raise UserError(f"{path} is a damaged run directory: in {name}, {', '.join(wrong)}.")
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
        copies = [each.name for each in recipe.file.files] if recipe.file else []
        for name in (RUN, CONFIG, EVENTS, *copies):
            (path / name).unlink(missing_ok=True)
        path.rmdir()


def _about(recipe: Recipe) -> dict[str, Any]:
    """What run.json says of the recipe, and of where and when its training began."""
    return {
        "status": "running",
        "reason": "",
        "recipe": str(recipe.file.original.resolve()) if recipe.file else None,
        "directory": str(Path.cwd()),
        "seed": recipe.seed,
        "started": now(),
        "ended": None,
        "seconds": None,
        "git": git_state(recipe.file.original.parent if recipe.file else Path()),
        "versions": versions(),
        "data": fingerprints(recipe.read),
    }


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


def _given(plugins: PluginManager) -> list[str]:
    return [each for each in plugins.given if each not in QUIET]


def _releases(plugins: PluginManager) -> list[dict[str, Any]]:
    """What is known of the plugins, but for objects that were made for this run."""
    names = "name", "version", "distribution", "origin"
    return [{name: getattr(each, name) for name in names} for each in plugins.plugins if each.origin != MADE]
