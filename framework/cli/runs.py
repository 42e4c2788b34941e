"""`framework runs`: lists what was trained, sorted and filtered by anything that is known of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.cli.printing import clock, cut, duration, number, print_json, short, width
from framework.cli.session import debug_option, say
from framework.cli.tables import breadth, table
from framework.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from framework.training.looking.summary import RunSummary

__all__ = ["runs"]

FOLDERS = "runs", "sweeps"
RIGHT = {"BEST", "AT", "EPOCHS", "TIME"}
GIVES_WAY = "STARTED", "RECIPE", "METRIC", "TIME", "AT", "EPOCHS", "CHANGED", "BEST"
FITS = [
    (10**6, ()),
    (40, ()),
    (32, ("STARTED",)),
    (32, GIVES_WAY[:2]),
    *((24, GIVES_WAY[:count]) for count in range(3, 6)),
    *((16, GIVES_WAY[:count]) for count in range(6, 9)),
]
"""The ways to fit: how much of what was changed is shown, and what is left out."""


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER…]")
@click.option(
    "--sort", metavar="KEY", help="By this key, growing; -KEY: falling; best: the best first.  [default: started]"
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="TEST",
    help="Only runs for which this holds, such as 'lr>=0.1', status=finished, 'recipe=lstm*'. May be repeated.",
)
@click.option(
    "--monitor",
    metavar="METRIC",
    help="The metric that is shown, such as validation/loss; min: or max: before it says what is better.",
)
@click.option("--json", "as_json", is_flag=True, help="All that is known of them, as JSON.")
@debug_option
def runs(
    folders: tuple[Path, ...], sort: str | None, filters: tuple[str, ...], monitor: str | None, as_json: bool
) -> None:
    """List the runs in FOLDER, at any depth: by default those in runs and sweeps.

    CHANGED is what was not left at its default; BEST the best value of the run's metric, reached in epoch AT. That
    metric is the run's --monitor, or the first of a validation set that is no loss.

    \b
    A KEY, of --sort and of --filter, is
      name status recipe seed epochs steps time started best best_epoch metric
      lr, batch-size …       a hyperparameter; config.epochs where a column has its name
      validation/loss, loss  a metric: its last value, or its best where BEST shows it
    A TEST has =, !=, <, <=, > or >= between a key and a value, such as 'time>10m'
    or 'started>=2026-11-28'.
    """  # fmt: skip
    from framework.training.looking.filtering import select_runs, sort_runs
    from framework.training.looking.summary import RunSummary, find_runs

    places = folders or [Path(name) for name in FOLDERS if Path(name).is_dir()]
    every = [RunSummary.of(run, monitor) for run in find_runs(*places)]
    if monitor is not None:
        _check_recorded(monitor, every)
    chosen = select_runs(every, filters)
    if sort is not None:
        chosen = sort_runs(chosen, sort)
    if as_json:
        print_json([each.to_json() for each in chosen])
    elif chosen:
        click.echo(listing(chosen, width()))
    elif every:
        say(f"None of the {len(every)} runs fits.")
    else:
        where = " or ".join(map(str, folders or FOLDERS))
        say(f"There are no runs in {where}. `framework train RECIPE` makes one in runs.")


def _check_recorded(monitor: str, summaries: Sequence[RunSummary]) -> None:
    """UserError for a metric of which no run has a value, nor the name; unless none has recorded any."""
    from framework.training.monitor import Monitor

    name = Monitor(monitor).name
    known = {each for summary in summaries for each in summary.last} - {"epoch", "step", "time"}
    if name is not None and known and name not in known and all(each.best is None for each in summaries):
        raise UserError(f"No run has recorded a metric {name!r}.{did_you_mean(name, known)}")


def listing(summaries: Sequence[RunSummary], most: int | None = None) -> str:
    """The table. What does not fit into `most` columns gives way, what is told elsewhere first; a run's name never does."""
    for room, dropped in FITS if most is not None else FITS[:1]:
        text = _table(summaries, room, dropped)
        if most is None or max(map(breadth, text.splitlines())) <= most:
            break
    return text


def _table(summaries: Sequence[RunSummary], room: int, dropped: Sequence[str]) -> str:
    metrics = {each.metric for each in summaries if each.metric}
    columns = {
        "RUN": [each.name for each in summaries],
        "STATUS": [each.status for each in summaries],
        "RECIPE": [each.recipe or "-" for each in summaries],
        "CHANGED": [cut(_changed(each), room) for each in summaries],
        "BEST": [number(each.best) for each in summaries],
        "METRIC": [each.metric or "-" for each in summaries],
        "AT": [str(each.best_epoch or "-") for each in summaries],
        "EPOCHS": [_epochs(each) for each in summaries],
        "TIME": [duration(each.seconds) for each in summaries],
        "STARTED": [clock(each.started) for each in summaries],
    }
    names = [name for name in columns if name not in dropped and not (name == "METRIC" and len(metrics) == 1)]
    header = dict(zip(names, names, strict=True))
    if "BEST" in header and len(metrics) == 1:
        metric = metrics.pop()
        header["BEST"] = metric.rpartition("/")[2] if "METRIC" in dropped else metric
    rows = list(zip(*(columns[name] for name in names), strict=True))
    return table(list(header.values()), rows, right=[header[name] for name in RIGHT & header.keys()])


def _changed(summary: RunSummary) -> str:
    return " ".join(f"{name}={short(value)}" for name, value in summary.changed.items()) or "-"


def _epochs(summary: RunSummary) -> str:
    """How many were done, and of how many where it is known that more were to come."""
    planned = summary.hyperparameters.get("epochs")
    more = isinstance(planned, int) and planned > summary.epochs
    return f"{summary.epochs}/{planned}" if more else str(summary.epochs)
