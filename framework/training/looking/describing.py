"""Says all that is known of a run, or of a recipe before it trains, as JSON can hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, in_words
from framework.training.hyperparameters import json_value
from framework.training.looking.facts import facts_of, finite, origins_of
from framework.training.looking.summary import RunSummary, best_of, monitor_of
from framework.training.monitor import Monitor
from framework.training.records import Records
from framework.training.run import METRICS, Run

if TYPE_CHECKING:
    from framework.training.recipe import Recipe

__all__ = ["configuration_of", "describe_recipe", "describe_run", "metrics_of", "model_of"]


def describe_run(run: Run, at: Path | None = None) -> dict[str, Any]:
    """A run, or one of its checkpoints: how it went, what made it, its metrics, configuration, checkpoints and model."""
    info = run.info
    summary = RunSummary.of(run).to_json()
    checkpoints = _checkpoints(run)
    return {
        **{name: summary[name] for name in ("name", "status", "reason", "epochs", "steps", "started", "seconds")},
        **facts_of(run),
        "recipe": info["recipe"],
        "resumed": sum(event.get("event") == "resumed" for event in run.events()),
        **{name: summary[name] for name in ("metric", "best", "best_epoch")},
        "metrics": metrics_of(run),
        "configuration": configuration_of(run),
        "checkpoint": next((each for each in checkpoints if at and each["name"] == at.resolve().name), None),
        "checkpoints": checkpoints,
        "model": model_of(run),
    }


def describe_recipe(recipe: Recipe, origins: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A recipe that was built: its hyperparameters with their types and defaults, and its model."""
    from framework.training.looking.model_table import layers_of, model_table
    from framework.training.recipe import REQUIRED

    file, known = recipe.file, recipe.file.hyperparameters if recipe.file else {}
    origins = {**recipe.origins, **(origins or {})}
    table, problem = model_table(recipe)
    return {
        "recipe": str(file.path) if file else None,
        "about": file.doc if file else "",
        "configuration": [
            {"name": name, "value": json_value(value), "origin": origins.get(name, "default")}
            | ({} if name not in known else {
                "type": known[name].type.__name__ + (" or none" if known[name].optional else ""),
                "choices": list(known[name].choices),
                "required": known[name].default is REQUIRED,
                "default": None if known[name].default is REQUIRED else json_value(known[name].default),
            })
            for name, value in recipe.hyperparameters.items()
        ],
        "model": {"class": type(recipe.model).__name__, **layers_of(table), "problem": problem, "table": str(table)},
    }  # fmt: skip


def configuration_of(run: Run) -> list[dict[str, Any]]:
    """Each hyperparameter and the seed, with its value and where that came from."""
    values, origins = run.config["hyperparameters"], origins_of(run)
    rows = [{"name": name, "value": value, "origin": origins[name]} for name, value in values.items()]
    return [*rows, {"name": "seed", "value": run.info["seed"], "origin": "given" if run.info["seed"] else "default"}]


def metrics_of(run: Run) -> dict[str, dict[str, Any]]:
    """Of each metric of epochs that is a number: its last value, its best, and the epoch of that.

    What is better is told by its name, or by the run's --monitor. Before the first epoch ends, it is what was logged so far.
    """
    records = Records(run.path / METRICS)
    records = epochs if len(epochs := records.epochs()) else records
    if not len(records):
        return {}
    found, last = {}, records[-1]
    asked = monitor_of(run, {})
    for name in records.sample():
        by = asked if asked is not None and asked.name == name else Monitor(name)
        best, index = best_of(records, by) if "/" in name else (None, None)
        if index is not None:
            epoch = records[index].get("epoch")
            found[name] = {"last": finite(last.get(name)), "best": best, "best_epoch": epoch, "lower": by.lower}
    return found


def model_of(run: Run) -> dict[str, Any]:
    """The model's layers, with the shapes they give for the run's first batch; `problem` says what is missing."""
    from framework.training.looking.model_table import layers_of, model_of_shapes
    from framework.training.rebuild import rebuild

    if run.info["recipe"] is None:
        return {"problem": "The run has no recipe file, by which its model could be made."}
    try:
        model = rebuild(run.recipe_file(), run.config, run.info["seed"])
        table, problem = model_of_shapes(model, run.info.get("first_batch"))
    except Exception as error:  # of any kind: the recipe's own code is run
        return {"problem": in_words(error)}
    return {"class": type(model).__name__, **layers_of(table), "problem": problem, "table": str(table)}


def _checkpoints(run: Run) -> list[dict[str, Any]]:
    """Its sound checkpoints, newest first, with the names by which they are linked."""
    names: dict[str, list[str]] = {}
    for name in ("last", "best"):
        if (link := run.path / name).is_symlink():
            names.setdefault(os.path.realpath(link), []).append(name)
    try:
        found = run.checkpoints()
    except (UserError, OSError):
        return []
    return [
        {
            "name": each.path.name,
            "step": each.step,
            "epoch": each.info.get("epoch"),
            "why": each.info.get("why"),
            "links": names.get(os.path.realpath(each.path), []),
            "metrics": {name: value for name, value in each.metrics.items() if "/" in name},
        }
        for each in found
    ]
