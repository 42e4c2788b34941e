"""What run.json may say of a run, each fact of the kind that it should be: older versions left some out, and a file is a file."""

from __future__ import annotations

import math
from typing import Any

from framework.training.run import Run

__all__ = ["facts_of", "finite", "origins_of", "whole"]


def facts_of(run: Run) -> dict[str, Any]:
    """The command, git commit, versions, plugins, options and data; None, or what is empty, where it is not said."""
    info = run.info
    git = _dict(info.get("git"))
    plugins = [each for each in _list(info.get("plugins")) if isinstance(_dict(each).get("name"), str)]
    return {
        "ended": _text(info.get("ended")),
        "command": [each for each in _list(info.get("command")) if isinstance(each, str)],
        "directory": _text(info.get("directory")),
        "git": {"commit": git["commit"], "dirty": bool(git.get("dirty"))}
        if isinstance(git.get("commit"), str)
        else None,
        "versions": {name: str(value) for name, value in _dict(info.get("versions")).items() if value is not None},
        "options": _dict(info.get("options")),
        "given": [each for each in _list(info.get("given")) if isinstance(each, str)],
        "plugins": [
            {"name": each["name"], **{name: _text(each.get(name)) for name in ("version", "distribution", "origin")}}
            for each in plugins
        ],
        "data": {
            path: {
                "size": whole(each.get("size")),
                "modified": each.get("modified"),
                "sha256": _text(each.get("sha256")),
            }
            for path, each in _dict(info.get("data")).items()
            if isinstance(each, dict)
        },
    }


def origins_of(run: Run) -> dict[str, str]:
    """Where each hyperparameter's value came from: "default" where it is not said."""
    origins = _dict(run.config.get("origins"))
    return {name: _text(origins.get(name)) or "default" for name in run.config["hyperparameters"]}


def finite(value: Any) -> float | None:
    """A number; None for anything else, and for one that no float can hold."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A whole number; None for anything else."""
    return value if isinstance(value, int) else None
