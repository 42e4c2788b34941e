"""A recipe's file, loaded by its path: its function `recipe`, and `model` and `dataset` beside it if it has them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from framework.errors import UserError, did_you_mean, nearest
from framework.files import writing
from framework.plugin.finding import LOCAL
from framework.plugin.importing import import_file, importing_beside
from framework.training.hyperparameters import Hyperparameter, hyperparameters_of

__all__ = ["RecipeFile", "load_copy_of", "load_recipe"]

_copies: dict[Path, Path] = {}
"""What is run in the place of recipes, by their paths."""


@dataclass(frozen=True)
class RecipeFile:
    """A loaded recipe: where it is, the module that it made, and its function."""

    path: Path
    module: ModuleType
    function: Callable[..., Any]
    hyperparameters: dict[str, Hyperparameter]
    local: ModuleType | None = None
    """The plugin `framework_local.py` beside it."""
    helpers: tuple[Path, ...] = ()
    """The files beside it that it imports."""
    stands_for: Path | None = None
    """The path of the original, when this is a copy."""

    @property
    def original(self) -> Path:
        """The file that a person wrote, beside which its data is."""
        return self.stands_for or self.path

    @property
    def files(self) -> tuple[Path, ...]:
        """All that it needs to be loaded: itself, and the files beside it that it uses."""
        local = (self.path.with_name(f"{LOCAL}.py"),) if self.local is not None else ()
        return (self.path, *local, *self.helpers)

    def copy_to(self, folder: Path) -> None:
        """Copy the recipe, and with it what it needs to be loaded again, into a folder."""
        for source in self.files:
            if source.is_file():  # or gone, where a run goes on with its copies
                with writing(folder / source.name) as copy:
                    copy.write(source.read_bytes())

    @property
    def doc(self) -> str:
        """The docstring of the function, or else of the file."""
        return inspect.getdoc(self.function) or inspect.getdoc(self.module) or ""

    @property
    def has_hooks(self) -> bool:
        """Whether the file has hook implementations of its own, which then is a plugin."""
        from framework.plugin.checks import has_hooks

        return has_hooks(self.module)

    @property
    def model(self) -> Callable[..., Any] | None:
        """The function or class `model`, which makes the network without the data; None without one."""
        return self._function("model")

    @property
    def dataset(self) -> Callable[..., Any] | None:
        """The function `dataset`, which reads a data file as samples, all of it; None without one."""
        return self._function("dataset")

    def _function(self, name: str) -> Callable[..., Any] | None:
        found = getattr(self.module, name, None)
        return found if callable(found) else None


def load_recipe(path: str | Path, stands_for: Path | None = None) -> RecipeFile:
    """Run a recipe's file and find its function `recipe`; UserError when that cannot be done.

    The plugin `framework_local.py` beside it is imported first, so that the recipe can use what that adds.
    `stands_for` is the path of the original, when `path` is a copy in a run's directory.
    """
    path = Path(path)
    if stands_for is None and (copy := _copies.get(path.resolve())) is not None:
        path, stands_for = copy, path
    _check_path(path)
    original = stands_for or path
    try:
        with importing_beside(path.parent, original.parent) as helpers:
            local = _import_local(path.parent, original.parent)
            module = import_file(path, stands_for)
    except SyntaxError as error:
        place = f"{error.filename}, line {error.lineno}"
        line = f"\n    {error.text.strip()}" if error.text else ""
        raise UserError(f"{place}: {error.msg}.{line}") from error
    except ModuleNotFoundError as error:
        file = Path(f"{error.name}.py")
        hint = f" Is it the plugin {file}? Load it with -p {file}." if file.is_file() else ""
        raise UserError(f"{path} imports {error.name!r}, which is not installed.{hint}") from error
    function = getattr(module, "recipe", None)
    if not callable(function):
        functions = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        near = nearest("recipe", functions)
        hint = f" Is it {near}()?" if near else ""
        raise UserError(
            f"{path} has no function `recipe`.{hint} It needs one: def recipe(*, lr: float = 0.1) -> Recipe: …"
        )
    return RecipeFile(path, module, function, hyperparameters_of(function), local, tuple(helpers), stands_for)


def load_copy_of(original: Path, copy: Path) -> None:
    """From now on, for this process, a copy is the recipe, also where that is asked for by its own path."""
    _copies[original.resolve()] = copy


def _import_local(folder: Path, original: Path) -> ModuleType | None:
    if not (folder / f"{LOCAL}.py").is_file():
        return None
    from framework.plugin.manager import import_local

    return import_local(folder, None if folder == original else original / f"{LOCAL}.py")


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder; a recipe is a file, such as {path / 'recipe.py'}.")
    if not path.exists():
        folder = path.parent
        names = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
        raise UserError(f"There is no file {path}.{did_you_mean(path.name, names)}")
    if path.suffix != ".py":
        raise UserError(f"{path} is not a Python file: a recipe's name ends in .py.")
