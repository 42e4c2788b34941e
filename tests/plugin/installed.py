"""Plugins as pip leaves them, for tests of how they are found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HOOK = "from framework.extend import hookimpl\n@hookimpl\ndef log(record): ...\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, name: str = "shiny") -> None:
    """What pip leaves of a distribution with an entry point."""
    write(folder / f"{name}_plugin.py", code)
    info = folder / f"{name}_plugin-1.2.dist-info"
    info.mkdir()
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}-plugin\nVersion: 1.2\n")
    write(info / "entry_points.txt", f"[framework.plugins]\n{name} = {name}_plugin\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, f"{name}_plugin", raising=False)
