"""The recipes that come with the package."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def recipe_path(recipe: str | Path) -> Path:
    """The file that is meant: a path, or the name of a shipped recipe."""
    path = Path(recipe)
    return path if isinstance(recipe, Path) or path.exists() else shipped_recipes().get(recipe, path)


def shipped_recipes() -> dict[str, Path]:
    """The package's own recipes by name: in a wheel beside its modules, else those of the checkout."""
    folder = PACKAGE / "_recipes"
    if not folder.is_dir():
        folder = PACKAGE.parent / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}
