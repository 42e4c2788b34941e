"""Prints what commands found: as one JSON document, or as a table that fits where it is shown."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Mapping
from datetime import datetime
from os import environ
from typing import Any

import click

from framework.cli.tables import breadth

__all__ = ["clock", "cut", "duration", "number", "print_json", "short", "width"]


def print_json(value: Any) -> None:
    """One JSON document; nan and infinity, which JSON has not, are null."""
    escaped = sys.stdout is not None and sys.stdout.encoding != "utf-8"  # as JSON does it, not as Python
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=escaped, allow_nan=False, default=str))


def width() -> int | None:
    """How many columns there are to print in: the terminal's; None, as many as needed, for a pipe or a file.

    COLUMNS says it for both.
    """
    terminal = sys.stdout is not None and sys.stdout.isatty()
    if terminal or environ.get("COLUMNS", "").isdecimal():
        return max(shutil.get_terminal_size().columns, 20)
    return None


def cut(text: str, most: int) -> str:
    """The text, or as much of it as there is room for in so many columns."""
    if breadth(text) <= most:
        return text
    text = text[:most]
    while text and breadth(text) > most - 1:
        text = text[:-1]
    return f"{text}…"


def number(value: Any) -> str:
    """A metric in few characters."""
    if not isinstance(value, int | float):
        return "-"
    if isinstance(value, float) and 1e-3 <= abs(value) < 1e4:
        return f"{value:.4f}"
    return f"{value:.4g}"


def short(value: Any) -> str:
    """A hyperparameter's value in few characters: of a path, its last part."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return text.rstrip("/").rpartition("/")[2] if "/" in text else text


def duration(seconds: float | None) -> str:
    """How long something took: 0.2 s, 34 s, 12 min, 1 h 05 min."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def clock(time: str | None, seconds: bool = False) -> str:
    """A time in ISO's notation as the clock here shows it."""
    try:
        here = datetime.fromisoformat(time or "").astimezone()
    except (TypeError, ValueError, OverflowError):
        return "-"
    return f"{here:%Y-%m-%d %H:%M:%S}" if seconds else f"{here:%Y-%m-%d %H:%M}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
