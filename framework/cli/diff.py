"""`framework diff`: what two runs did differently, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.cli.printing import cut, number, print_json, short, width
from framework.cli.session import debug_option
from framework.cli.tables import breadth, table

if TYPE_CHECKING:
    from framework.training.looking.comparing import Comparison, Difference

__all__ = ["diff"]


@click.command()
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything differs, the time it took aside.")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@debug_option
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
def diff(a: Path, b: Path, exit_code: bool, as_json: bool) -> int:
    """Show what differs between the runs A and B, or checkpoints of theirs.

    That is hyperparameters, seed, options, plugins, versions, git commit, data and the source of the recipe; and
    their metrics side by side.
    """
    from framework.training.looking.comparing import compare
    from framework.training.run import Run

    (one, here), (other, there) = Run.open_at(a), Run.open_at(b)
    found = compare(one, other, (here, there))
    if as_json:
        print_json(found.to_json())
    else:
        click.echo("\n\n".join(sections(found, width())))
    return int(exit_code and found.differs)


def sections(found: Comparison, most: int | None = None) -> Iterator[str]:
    """What differs, the metrics, and the sources, as text."""
    if found.differences:
        yield _table(found, most)
    elif not found.source:
        yield f"Nothing differs between {found.a} and {found.b}" + ("." if found.same_metrics else " but the metrics.")
    if found.metrics:
        yield _metrics(found)
    if found.source:
        yield found.source


def _table(found: Comparison, most: int | None) -> str:
    kinds = [_kind(each) for each in found.differences]
    cells = [(_text(each.a), _text(each.b)) for each in found.differences]
    header = ("DIFFERS", found.a, found.b)
    if most is not None:
        room = max((most - max(map(breadth, [*kinds, header[0]])) - 4) // 2, 8)
        cells = [(_fitted(one, room), _fitted(other, room)) for one, other in cells]
        header = (header[0], _fitted(found.a, room), _fitted(found.b, room))
    return table(header, [(kind, *pair) for kind, pair in zip(kinds, cells, strict=True)])


def _kind(each: Difference) -> str:
    """What a row is about; hyperparameters speak for themselves."""
    if each.kind in ("hyperparameter", each.name):
        return each.name
    return f"{each.kind} {short(each.name) if each.kind == 'data' else each.name}"


def _text(value: Any) -> str:
    from framework.training.looking.comparing import ABSENT

    if value is ABSENT:
        return "-"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return cut(json.dumps(value, ensure_ascii=False), 60) if isinstance(value, list | dict) else str(value)


def _fitted(text: str, room: int) -> str:
    """Of a path its end, of another text its beginning."""
    if "/" in text and len(text) > room:
        return f"…{text[1 - room :]}"
    return cut(text, room)


def _metrics(found: Comparison) -> str:
    header = ["METRIC", *(f"{what}{run}" for what in ("LAST", "BEST", "AT") for run in (" A", " B"))]
    one = found.same_metrics
    if one:
        header = ["METRIC, OF BOTH", "LAST", "BEST", "AT"]
    rows = []
    for name, each in found.metrics.items():
        numbers = [[number(value) for value in each[what]] for what in ("last", "best")]
        epochs = [str(epoch or "-") for epoch in each["best_epoch"]]
        rows.append([name, *(cell for pair in (*numbers, epochs) for cell in pair[: 1 if one else 2])])
    return table(header, rows, right=header[1:])
