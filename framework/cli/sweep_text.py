"""What is said of a sweep: a table of its runs, what failed and why, and how to go on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.cli.printing import clock, duration, number, short
from framework.cli.tables import breadth, table

if TYPE_CHECKING:
    from framework.training.looking.summary import RunSummary
    from framework.training.sweeping.sweep import Sweep

__all__ = ["best_of", "counted", "described", "endings", "results", "to_json"]

GIVES_WAY = "TIME", "EPOCHS", "AT", "STATUS"


def results(sweep: Sweep, summaries: Sequence[RunSummary], most: int | None) -> str:
    """A table, a column for each name that varies; runs that are not what was planned have a star.

    What does not fit into `most` columns gives way: the runs' folder, then what a run's own page tells.
    """
    by_hand = sweep.by_hand()
    ways = [(False, GIVES_WAY[:0]), *((True, GIVES_WAY[:count]) for count in range(len(GIVES_WAY) + 1))]
    for brief, dropped in ways if most is not None else ways[:1]:
        text = _table(summaries, by_hand, brief, dropped)
        if most is None or max(map(breadth, text.splitlines())) <= most:
            break
    notes = [f"* {Path(name).name} was resumed by hand, with {', '.join(by_hand[name])}." for name in sorted(by_hand)]
    return "\n".join([text, *notes])


def best_of(sweep: Sweep, summaries: Sequence[RunSummary]) -> RunSummary | None:
    """The best run that is what was planned; None where none has a number."""
    by_hand = sweep.by_hand()
    return next((each for each in summaries if each.name not in by_hand and each.best is not None), None)


def to_json(sweep: Sweep, summaries: Sequence[RunSummary]) -> list[dict[str, Any]]:
    """All that is known of the runs, the best first."""
    by_hand = sweep.by_hand()
    return [{**each.to_json(), "by_hand": by_hand.get(each.name, [])} for each in summaries]


def _table(summaries: Sequence[RunSummary], starred: Collection[str], brief: bool, dropped: Sequence[str]) -> str:
    metric = next((each.metric for each in summaries if each.metric), "metric")
    names = list(dict.fromkeys(name for each in summaries for name in each.changed))
    columns = [
        (
            "RUN",
            [f"{Path(each.name).name if brief else each.name}{'*' * (each.name in starred)}" for each in summaries],
        ),
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


def counted(runs: int) -> str:
    """So many runs."""
    return "1 run" if runs == 1 else f"{runs} runs"


def described(summary: RunSummary) -> str:
    """One run's values, and how it ended."""
    values = " ".join(f"{name}={short(value)}" for name, value in summary.changed.items())
    if summary.status in ("finished", "stopped"):
        return f"{values}  {summary.metric} {number(summary.best)}  {duration(summary.seconds)}"
    reason = summary.reason.splitlines()[0] if summary.reason and summary.status == "failed" else ""
    return f"{values}  {summary.status}{reason and f': {reason}'}"


def sweep_text(sweep: Sweep, most: int | None) -> str:
    """What `show` says of it."""
    summaries, counts = sweep.summaries(), sweep.counts()
    head = f"{sweep.path}: a sweep of {sweep.plan['recipe']}, started {clock(sweep.plan.get('started'))}"
    states = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    lines = ["It is being trained now."] if sweep.alive else endings(sweep, summaries)
    return "\n".join(
        [head, f"{counted(len(sweep.points))}: {states}", "", results(sweep, summaries, most), "", *lines]
    ).rstrip()


def sweep_json(sweep: Sweep) -> dict[str, Any]:
    """The same as JSON; `command` goes on with it, where anything is left or has failed."""
    counts = sweep.counts()
    again = " --retry-failed" if counts["failed"] and not counts["left"] else ""
    return {
        "sweep": str(sweep.path),
        "recipe": sweep.plan["recipe"],
        "started": sweep.plan.get("started"),
        "alive": sweep.alive,
        **counts,
        "command": sweep.command() + again if counts["left"] or counts["failed"] else None,
        "runs": to_json(sweep, sweep.summaries()),
    }
