"""Writes the files of `framework/templates` for somebody, under the name of their choice.

They are real files, which are linted and tested where they lie; the names `my_plugin`, `my-plugin` and `my_recipe` in
them, and in what they are called, are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import framework
from framework.errors import UserError

__all__ = ["files_of", "write"]

TEMPLATES = Path(__file__).parents[1] / "templates"
REQUIREMENT = re.compile(r"framework-train>=[\w.]+,<\d+")
LEFT_BEHIND = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


def files_of(template: str, names: Mapping[str, str]) -> dict[Path, str]:
    """What a template makes, by paths from its folder: the texts, with names replaced, for this version of the framework."""
    root = TEMPLATES / template
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    made = {}
    for file in files:
        if LEFT_BEHIND.isdisjoint(file.parts):
            path = file.relative_to(root if root.is_dir() else root.parent)
            made[Path(_replaced(str(path), names))] = _replaced(file.read_text("utf-8"), names)
    return made


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, own in names.items():
        text = text.replace(name, own)
    major = int(framework.__version__.partition(".")[0])
    return REQUIREMENT.sub(f"framework-train>={framework.__version__},<{major + 1}", text)


def write(files: Mapping[Path, str], folder: Path) -> None:
    """Write files into a folder; UserError, before anything is written, where one of them is there already."""
    for path in files:
        if (folder / path).exists():
            raise UserError(f"{folder / path} is there already, and nothing is overwritten.")
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
