"""Goes over data with a trained model: loss and metrics, as validation in training takes them.

    evaluation = evaluate("runs/first")  # or evaluate("runs/first", {"data": "new.csv"})
    evaluation.metrics["validation"]["accuracy"]

A recipe's file may have a function `dataset`, which reads a data file whole: of another file than the run's, all samples
are one set then. It is given, by name, what it has parameters for, as `model` is.
"""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError, in_words, nearest
from framework.plugin.finding import QUIET
from framework.plugin.manager import PluginManager
from framework.training.decisions import decided, gives_probabilities
from framework.training.files import read_arrays
from framework.training.hyperparameters import check_values, flag
from framework.training.metrics import IGNORED
from framework.training.parts import Step, call_by_name
from framework.training.provenance import different_versions
from framework.training.rebuild import load_weights, rebuild
from framework.training.recipe import Recipe, build
from framework.training.recipe_file import RecipeFile
from framework.training.run import Run
from framework.training.samples import as_dataset, samples_in
from framework.training.trainer import Trainer

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """Loss and metrics of each set of data, by their names.

    samples: how many there are in each set.
    predictions: what the model returned for each sample, and the targets, of each set; where they were to be kept, and
        there are such. classes: their names, if the recipe has any. described: metrics that are no numbers, as text.
        probabilities: whether the model returns these, and not logits.
    """

    metrics: dict[str, dict[str, Any]]
    samples: dict[str, int] = field(default_factory=dict)
    predictions: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict, repr=False)
    classes: list[str] | None = None
    described: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    probabilities: bool = False

    def confusion(self, split: str) -> np.ndarray | None:
        """How many samples of each class (rows) were taken for each class (columns); None where nothing was classified.

        Those are as `decided` for. Targets that no loss looks at (-100) do not count.
        """
        if split not in self.predictions:
            return None
        prediction, target = self.predictions[split]
        several = self._several(prediction, target)
        if several is None:
            return None
        outputs = prediction if several else prediction.reshape(-1)
        taken = decided(outputs, several=several, probabilities=self.probabilities)
        target = target.reshape(-1)
        kept = target != IGNORED
        size = max(len(self.classes or ()), prediction.shape[1] if several else 2)
        actual = target[kept].astype(np.int64)
        if actual.size and not 0 <= actual.min() <= actual.max() < size:
            return None
        return np.bincount(actual * size + taken[kept], minlength=size * size).reshape(size, size)

    def roc(self, split: str) -> tuple[np.ndarray, np.ndarray, float] | None:
        """False and true positive rates by falling threshold, and the area below, for two classes; None for others."""
        if split not in self.predictions:
            return None
        prediction, target = self.predictions[split]
        several = self._several(prediction, target)
        if several is None or (several and prediction.shape[1] != 2) or (self.classes and len(self.classes) != 2):
            return None
        positive = target.reshape(-1) > 0.5
        if positive.all() or not positive.any():
            return None
        wide = prediction.astype(np.float64)
        margin = wide[:, 1] - wide[:, 0] if several else wide.reshape(-1)
        order = np.argsort(-margin, kind="stable")
        last = np.append(np.flatnonzero(np.diff(margin[order])), len(order) - 1)  # of those with one score
        true = np.concatenate([[0], np.cumsum(positive[order])[last]]) / positive.sum()
        false = np.concatenate([[0], np.cumsum(~positive[order])[last]]) / (~positive).sum()
        return false, true, float(np.trapezoid(true, false))

    def __str__(self) -> str:
        """A line for each set, then the tables."""
        names = list(dict.fromkeys(name for numbers in self.metrics.values() for name in numbers))
        lines = [
            f"{split}  "
            + ", ".join(f"{name} {numbers[name]:.4f}" for name in names if _is_number(numbers.get(name)))
            + f"  ({self.samples[split]:,} {'sample' if self.samples[split] == 1 else 'samples'})"
            for split, numbers in self.metrics.items()
        ]
        tables = [f"{split} {name}:\n{text}" for split, texts in self.described.items() for name, text in texts.items()]
        return "\n".join([*lines, *tables])

    def _several(self, prediction: np.ndarray, target: np.ndarray) -> bool | None:
        """Whether each class has an output of its own, or a single one tells two apart; None where nothing is classified."""
        if target.size != len(target) or not len(target):
            return None
        if prediction.size == len(prediction) and len(self.classes or ()) <= 2 and np.isin(target, (0, 1)).all():
            return False
        if prediction.ndim != 2 or prediction.shape[1] < 2 or target.ndim != 1 or target.dtype.kind not in "iub":
            return None
        return True


def evaluate(
    run: str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    splits: Iterable[str] | None = None,
    plugins: PluginManager | Iterable[object] | None = None,
    keep: bool = False,
    report: Callable[[str], None] | None = None,
) -> Evaluation:
    """Loss and metrics of the model that a run trained, or as it was at one of its checkpoints (`RUN/best`).

    That is on the run's validation sets, or on those sets that `splits` names, "train" among them; exactly as validation
    in training does it. Hyperparameters in `overrides` replace the run's: `{"data": "new.csv"}`. Without `plugins`, those
    are loaded that the run had. `keep` the predictions, too. `report` is told what a person should know of where the
    numbers come from; without it, that is a warning. Nothing is written. UserError where the run's recipe cannot be
    built any more, or has no such set.
    """
    opened, at = Run.open_at(run)
    weights = opened.weights(at)
    given = [*opened.info.get("given", ()), *QUIET]
    if plugins is None:
        PluginManager.load(given)  # the recipe's file may use what they add
    file = opened.recipe_file()
    if plugins is None:
        plugins = PluginManager.load(given, recipe=file)
    report = report or _warn
    if different := different_versions(opened.info.get("versions", {})):
        report(f"The last bits of the numbers may differ from those in training: {'; '.join(different)}.")
    asked = _Asked(opened, file, overrides or {}, report)
    recipe = asked.built()
    asked.load(recipe, weights)
    recipe.validate = asked.chosen(recipe, splits)
    trainer = Trainer(recipe, plugins=plugins, compile=False)
    return _evaluated(trainer, keep, opened.config)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


class _Asked:
    """What of a run is measured: `values` of the hyperparameters; of those given, `files` are data, which it may `read` whole.

    What `dataset` reads is one set. The rest of the recipe is then as the run's own data made it, if that is there still.
    """

    def __init__(self, run: Run, file: RecipeFile, overrides: Mapping[str, Any], report: Callable[[str], None]) -> None:
        self.run, self.file, self.report, self.own = run, file, report, run.config["hyperparameters"]
        self.values = check_values(file.function.__name__, file.hyperparameters, {**self.own, **overrides})
        taken = inspect.signature(file.dataset).parameters if file.dataset is not None else {}
        self.files = [name for name in overrides if _is_file(self.values[name], may_be_text=name in taken)]
        self.read = [name for name in self.files if name in taken]

    def built(self) -> Recipe:
        own = {name: self.own[name] for name in self.read}
        try:
            return self._build({**self.values, **own})
        except OSError as error:
            if not self.read:
                raise self._unreadable(error, self.values) from error
            lost = error
        except UserError as error:
            if self.read or not self.files:
                raise
            raise UserError(
                f"{self.run.path} cannot be evaluated: recipe() cannot be called on {self._names(self.files)}: {error}\n"
                f"{self._how_to_read()}"
            ) from error
        try:
            recipe = self._build(self.values)
        except OSError as error:
            raise self._unreadable(error, self.values) from error
        except Exception as error:
            raise UserError(
                f"{self.run.path} cannot be evaluated: its own data is gone ({lost.filename}), and recipe() cannot be called "
                f"on {self._names(self.read)} in its place: {in_words(error)}\nPut its own data back."
            ) from error
        self.report(
            f"{lost.filename} is gone: recipe() was called on {self._names(self.read)} in its place. What it makes of its "
            "data, such as weights of classes in the loss, it made of that."
        )
        return recipe

    def load(self, recipe: Recipe, weights: Path) -> None:
        """Give the recipe the run's model: made again where the recipe makes another one of other data."""
        arguments = self.run.config["model_arguments"]
        if self.file.model is not None and dict(recipe.model_arguments) != arguments:
            config = {"hyperparameters": recipe.hyperparameters, "model_arguments": arguments}
            recipe.model = rebuild(self.file, config, self.run.info["seed"])
        try:
            load_weights(recipe.model, read_arrays(weights), weights)
        except UserError as error:
            on = self._built_on(recipe)
            if not on:
                raise
            raise UserError(
                f"{error}\nrecipe() makes another model of {self._names(on)} than of the run's own data. The run's model can "
                "be measured on another file where the recipe's file has the functions `dataset`, to read it, and `model`."
            ) from error

    def chosen(self, recipe: Recipe, splits: Iterable[str] | None) -> dict[str, Any]:
        """The sets of data asked for, by name; else validation's, or all there is in another file than the run's."""
        sets, usual = recipe.splits, list(recipe.splits if self.files else recipe.validation)
        if self.read and self.file.dataset is not None:
            # With the arguments that the run's model was made with.
            values = {**self.values, **self.run.config["model_arguments"]}
            name = "+".join(Path(self.values[each]).stem for each in self.read)
            sets = {name: as_dataset(call_by_name(self.file.dataset, values=values))}
            usual = [name]
        elif self.files:
            self.report(
                f"recipe() itself made sets of {self._names(self.files)}: {', '.join(sets)}. {self._how_to_read()}"
            )
        names = list(splits) if splits is not None else usual
        for name in names:
            if name not in sets:
                near = nearest(name, sets)
                hint = f" Did you mean {near!r}?" if near is not None else ""
                raise UserError(f"There is no set of data {name!r}.{hint} There are: {', '.join(sets)}.")
        if not names:
            raise UserError("The recipe has no validation data; its training data is --split train.")
        return {name: sets[name] for name in names}

    def _build(self, values: Mapping[str, Any]) -> Recipe:
        return build(self.file, seed=self.run.info["seed"], **values)

    def _built_on(self, recipe: Recipe) -> list[str]:
        """Which of the files given the recipe was built on."""
        return [name for name in self.files if str(recipe.hyperparameters[name]) != str(self.own.get(name))]

    def _names(self, files: Iterable[str]) -> str:
        return " and ".join(str(self.values[name]) for name in files)

    def _how_to_read(self) -> str:
        return f"A function `dataset` in its file, with the parameter {self.files[0]!r}, would read it whole."

    def _unreadable(self, error: OSError, values: Mapping[str, Any]) -> UserError:
        lost = [name for name, value in values.items() if str(value) == str(error.filename)]
        how = f" If it is elsewhere now, say where: {flag(lost[0])} FILE." if lost else ""
        return UserError(
            f"{self.run.path} cannot be evaluated: its recipe reads {error.filename}: {error.strerror or error}.{how}"
        )


def _is_file(value: Any, may_be_text: bool) -> bool:
    return isinstance(value, Path) or (may_be_text and isinstance(value, str) and os.path.exists(value))


def _evaluated(trainer: Trainer, keep: bool, config: Mapping[str, Any]) -> Evaluation:
    parts = trainer.parts
    found = Evaluation({}, classes=config["classes"], probabilities=gives_probabilities(config["loss"]))
    trainer.epoch = 1
    step, sets = parts.step, parts.validation
    for name, data in sets.items():
        seen = _Seen(step, keep)
        parts.validation, parts.step = {name: data}, seen.step
        numbers: dict[str, Any] = trainer.plugins.call("validate", trainer=trainer)
        own = {key.removeprefix(f"{name}/"): value for key, value in numbers.items() if key.startswith(f"{name}/")}
        found.metrics[name], found.samples[name] = own, seen.samples
        texts = {key: metric.describe(own[key], found.classes) for key, metric in parts.metrics.items()}
        found.described[name] = {key: text for key, text in texts.items() if text}
        if (joined := seen.joined()) is not None:
            found.predictions[name] = joined
    return found


class _Seen:
    """A step that counts the samples, and adds what the model returned and the targets to `pairs`, if it is to `keep` these."""

    def __init__(self, step: Step, keep: bool) -> None:
        self._step, self._keep = step, keep
        self.samples = 0
        self.pairs: list[tuple[np.ndarray, np.ndarray]] = []

    def step(self, model: Any, batch: Any) -> Mapping[str, Any]:
        outputs = self._step(model, batch)
        self.samples += samples_in(batch)
        prediction, target = outputs["prediction"], outputs["target"]
        if self._keep and isinstance(prediction, Tensor) and isinstance(target, Tensor):
            self.pairs.append((prediction.detach().numpy(), target.detach().numpy()))
        return outputs

    def joined(self) -> tuple[np.ndarray, np.ndarray] | None:
        """All of them; None where batches of sequences have samples of other shapes, which do not go into one array."""
        if len({(prediction.shape[1:], target.shape[1:]) for prediction, target in self.pairs}) != 1:
            return None
        predictions, targets = zip(*self.pairs, strict=True)
        return np.concatenate(predictions), np.concatenate(targets)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
