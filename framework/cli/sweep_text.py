"""What is said of a sweep: a table of its runs, what failed and why, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from framework.cli.printing import duration, number, short
from framework.cli.tables import breadth, table

if TYPE_CHECKING:
    from framework.training.looking.summary import RunSummary
    from framework.training.sweeping.sweep import Sweep

__all__ = ["described", "endings", "results"]

GIVES_WAY = "TIME", "EPOCHS", "AT", "STATUS"


def results(summaries: Sequence[RunSummary], most: int | None) -> str:
    """A table, a column for each name that varies.

    What does not fit into `most` columns gives way: the runs' folder, then what a run's own page tells.
    """
    ways = [(False, GIVES_WAY[:0]), *((True, GIVES_WAY[:count]) for count in range(len(GIVES_WAY) + 1))]
    for brief, dropped in ways if most is not None else ways[:1]:
        text = _table(summaries, brief, dropped)
        if most is None or max(map(breadth, text.splitlines())) <= most:
            break
    return text


def _table(summaries: Sequence[RunSummary], brief: bool, dropped: Sequence[str]) -> str:
    metric = next((each.metric for each in summaries if each.metric), "metric")
    names = list(dict.fromkeys(name for each in summaries for name in each.changed))
    columns = [
        ("RUN", [Path(each.name).name if brief else each.name for each in summaries]),
        *((name, [short(each.changed.get(name)) for each in summaries]) for name in names),
        (metric.rpartition("/")[2] if brief else metric, [number(each.best) for each in summaries]),
        ("AT", [str(each.best_epoch or "-") for each in summaries]),
        ("EPOCHS", [str(each.epochs) for each in summaries]),
        ("TIME", [duration(each.seconds) for each in summaries]),
        ("STATUS", [each.status for each in summaries]),
    ]
    kept = [column for column in columns if column[0] not in dropped]
    header = [name for name, _ in kept]
    rows = list(zip(*(cells for _, cells in kept), strict=True))
    return table(header, rows, right=[name for name in header if name not in ("RUN", "STATUS")])


def endings(sweep: Sweep, summaries: Sequence[RunSummary]) -> Iterator[str]:
    """Lines on what is not done: why runs failed, how many are unfinished, and the commands to go on with."""
    counts = sweep.counts()
    reasons: dict[str, list[str]] = {}
    for each in summaries:
        if each.status == "failed":
            reason = each.reason.splitlines()[0] if each.reason else "it did not say why"
            reasons.setdefault(reason, []).append(Path(each.name).name)
    for reason, names in reasons.items():
        yield f"failed: {', '.join(sorted(names))}: {reason}"
    if reasons:
        yield f"What they printed is in {sweep.path / 'logs'}. To try again: {sweep.command()} --retry-failed"
    if counts["left"]:
        are = "is" if counts["left"] == 1 else "are"
        yield f"{counts['left']} of {len(sweep.points)} runs {are} unfinished. To go on: {sweep.command()}"


def described(summary: RunSummary) -> str:
    """One run's values, and how it ended."""
    values = " ".join(f"{name}={short(value)}" for name, value in summary.changed.items())
    if summary.status in ("finished", "stopped"):
        return f"{values}  {summary.metric} {number(summary.best)}  {duration(summary.seconds)}"
    reason = summary.reason.splitlines()[0] if summary.reason and summary.status == "failed" else ""
    return f"{values}  {summary.status}{reason and f': {reason}'}"
