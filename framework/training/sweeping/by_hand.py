"""Whether a run of a sweep still is what was planned: it may have been resumed by hand with something else."""

from __future__ import annotations

from typing import Any

from framework.training.run import Run

__all__ = ["changes_by_hand"]


def changes_by_hand(run: Run) -> list[str]:
    """A phrase for each thing in which the run has been resumed otherwise than it was started."""
    first: dict[str, Any] = {}
    options: dict[str, Any] = {}
    recipe = False
    for event in run.events():
        if event.get("event") == "resumed":
            first = {name: pair[0] for name, pair in event.get("overrides", {}).items()} | first
            options |= event.get("options", {})
            recipe |= bool(event.get("recipe_diff"))
    values = run.config["hyperparameters"]
    changed = [f"{name} {values[name]} instead of {was}" for name, was in first.items() if values.get(name, was) != was]
    changed += [f"{name} {value}" for name, value in options.items()]
    return [*changed, "another version of the recipe"] if recipe else changed
