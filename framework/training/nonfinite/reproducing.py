"""Runs a batch that went wrong once more: what `framework reproduce` does with a `nonfinite-step-….npz`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.training.checkpoints.generators import set_generator_states
from framework.training.checkpoints.snapshot import check_shapes
from framework.training.nonfinite.diagnosis import Diagnosis, diagnose
from framework.training.nonfinite.file import read_report
from framework.training.provenance import versions

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe
    from framework.training.recipe_file import RecipeFile

__all__ = ["differences", "reproduce"]


def reproduce(
    path: str | Path,
    *,
    recipe: Recipe | None = None,
    plugins: Callable[[RecipeFile], PluginManager] | Iterable[object] = (),
    report: Callable[[str], None] = lambda message: None,
) -> Diagnosis:
    """Build the recipe of a file that a run left, put in the state before the batch, and run that as it is written.

    recipe: the recipe, built already; it must be given where it was no file. plugins: objects, or what makes the
    manager for the recipe's file. report: is told what a person should know, such as that the recipe has changed.
    """
    from framework.training.trainer import Trainer

    content = read_report(path)
    with _recipe(content, recipe, Path(path), report) as built:
        made = plugins(built.file) if callable(plugins) and built.file is not None else plugins
        trainer = Trainer(built, plugins=() if callable(made) else made, compile=False)
        _put_in(built.model, content)
        training = content["split"] == "train"
        set_generator_states(content["generators"])
        if trainer.optimizer is not None:
            trainer.optimizer.zero_grad()
        return diagnose(
            built.model,
            lambda: trainer.parts.step(built.model, content["data"]),
            batch=content["data"],
            backward=training and trainer.optimizer is not None,
            names=built.inputs,
            loss=built.loss,
        )


def differences(path: str | Path) -> list[str]:
    """In what this framework, NumPy, Python or machine is another than when the file was written."""
    then, now = read_report(path)["versions"], versions()
    return [f"{name} is {now.get(name)}, and was {value}" for name, value in then.items() if now.get(name) != value]


@contextmanager
def _recipe(
    content: Mapping[str, Any], recipe: Recipe | None, path: Path, report: Callable[[str], None]
) -> Iterator[Recipe]:
    """The recipe, built: from its file if that is as it was, else from what was kept of it."""
    from framework.training.recipe import build
    from framework.training.recipe_file import load_recipe

    kept = content["recipe"]
    if recipe is not None or kept is None:
        if recipe is None:
            raise UserError(
                f"The recipe of {path} was no file, so it cannot be built again here. In Python: "
                "framework.training.reproduce(path, recipe=build(recipe, seed=0))."
            )
        yield recipe
        return
    original, texts = Path(kept["path"]), kept["texts"]
    given = {"seed": content["seed"], **content["hyperparameters"]}
    changed = [name for name, text in texts.items() if _text(original.parent / name) != text]
    if not changed:
        yield build(load_recipe(original), **given)
        return
    state = (
        "is gone"
        if not original.exists()
        else "has changed"
        if changed[0] == original.name
        else "has helpers that changed"
    )
    report(f"The recipe {original} {state} since; the copy in {path} is used.")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        # Under the original's path, where its data is.
        yield build(load_recipe(Path(folder, original.name), original), **given)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def _put_in(model: Any, content: Mapping[str, Any]) -> None:
    """Parameters, buffers and modes of a model as they were; UserError where it is another model."""
    there = {**content["parameters"], **content["buffers"]}
    here = dict([*model.named_parameters(), *model.named_buffers()])
    check_shapes(here, there)
    for name, value in there.items():
        np.copyto(here[name].detach().numpy(), value.detach().numpy())
    for name, module in model.named_modules():
        module.training = content["training"].get(name, module.training)
