"""Lays rows out in columns, as plain text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from unicodedata import combining, east_asian_width

__all__ = ["breadth", "table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()) -> str:
    """Columns as wide as their widest cell, those named in `right` aligned to it; the last one is left as it is."""
    lines = [header, *rows]
    widths = [max(map(breadth, column)) for column in zip(*lines, strict=True)]
    aligned = [name in right for name in header]
    return "\n".join("  ".join(map(_padded, line, widths, aligned)).rstrip() for line in lines)


def breadth(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - breadth(text))
    return blank + text if right else text + blank
