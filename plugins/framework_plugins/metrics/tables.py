"""Shows counts as small tables of text, with the names of classes."""

from __future__ import annotations

from collections.abc import Sequence

from framework_plugins.metrics.reading import Array

MOST = 20
"""A matrix of more classes is not shown: no terminal has room for it."""


def matrix_table(counts: Array, classes: Sequence[str] | None) -> str | None:
    """A confusion matrix; None where it has too many classes."""
    size = len(counts)
    if not 0 < size <= MOST:
        return None
    names = _names(size, classes)
    return _table(names, [("target / predicted", names), *zip(names, counts.tolist(), strict=True)])


def labels_table(counts: Array, labels: Sequence[str] | None) -> str | None:
    """A line for each label, with what was right and wrong where it was not there, and where it was."""
    if not 0 < len(counts) <= MOST:
        return None
    heads = ["true no", "false yes", "false no", "true yes"]
    rows = zip(_names(len(counts), labels), counts.reshape(len(counts), 4).tolist(), strict=True)
    return _table(heads, [("", heads), *rows])


def _names(size: int, classes: Sequence[str] | None) -> list[str]:
    return list(classes) if classes is not None and len(classes) == size else [str(number) for number in range(size)]


def _table(columns: list[str], rows: Sequence[tuple[str, Sequence[object]]]) -> str:
    first = max(len(name) for name, _ in rows)
    widths = [max(len(str(cells[index])) for _, cells in rows) for index in range(len(columns))]
    return "\n".join(
        "  ".join([name.ljust(first), *(str(cell).rjust(width) for cell, width in zip(cells, widths, strict=True))])
        for name, cells in rows
    )
