"""Reads hyperparameters from a JSON or TOML file; a run's `config.json` will do, and repeats the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from framework.training.recipe import RecipeFile

__all__ = ["read_config", "read_seed"]


def read_config(path: Path, file: RecipeFile) -> dict[str, Any]:
    """The hyperparameters that a file gives to a recipe; UserError names every problem in it at once."""
    values, problems = {}, []
    content = _read(path)
    for name, value in (content["hyperparameters"] if _is_of_a_run(content) else content).items():
        hyperparameter = file.hyperparameters.get(name)
        if hyperparameter is None:
            hint = did_you_mean(name, file.hyperparameters)
            problems.append(f"there is no hyperparameter {name!r}.{hint}")
            continue
        if hyperparameter.type is Path and isinstance(value, str):
            value = Path(value)
        problem = hyperparameter.problem(value)
        if problem is not None:
            problems.append(problem)
        values[name] = value
    if problems:
        raise UserError("\n- ".join([f"{path} does not fit {file.path}:", *problems]))
    return values


def read_seed(path: Path) -> int:
    """The seed of the run whose config.json this is; 0 for another file."""
    content = _read(path)
    seed = content.get("seed") if _is_of_a_run(content) else None
    return seed if isinstance(seed, int) else 0


def _is_of_a_run(content: dict[str, Any]) -> bool:
    return isinstance(content.get("hyperparameters"), dict)


def _read(path: Path) -> dict[str, Any]:
    if path.suffix not in ("", ".json", ".toml"):
        raise UserError(f"{path} is neither JSON nor TOML: a configuration is a file .json or .toml.")
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".toml":
            import tomllib

            content: Any = tomllib.loads(text)
        else:
            content = json.loads(text)
    except FileNotFoundError:
        raise UserError(f"There is no configuration file {path}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise UserError(f"{path} is not {kind}: {error}.") from None
    if not isinstance(content, dict):
        raise UserError(f'{path} must hold names and values, such as {{"lr": 0.3}}.')
    return content
