"""`framework sweep`: trains a recipe at many values of its hyperparameters, some runs at a time, and compares them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framework.cli.options import RecipeCommand, from_text
from framework.cli.printing import duration, number, print_json, short
from framework.cli.run_options import RunCommand, given_words, run_options, signals
from framework.cli.session import say, session
from framework.cli.tables import table
from framework.errors import UserError

if TYPE_CHECKING:
    from framework.training.looking.summary import RunSummary
    from framework.training.recipe import Hyperparameter
    from framework.training.sweeping.space import Range
    from framework.training.sweeping.sweep import Point, Sweep

__all__ = ["resume_sweep", "sweep"]

Axis = TypeVar("Axis")
JOBS = click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Runs at a time.  [default: 1]")


@click.command(
    cls=RunCommand,
    options_metavar="[OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--grid", "grids", multiple=True, metavar="NAME=A,B,…", help="Values to try. May be repeated.")
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="NAME=LOW:HIGH[:log]",
    help="Numbers to draw from, with --random; :log for as many between 0.1 and 1 as between 1 and 10. May be repeated.",
)
@click.option("--random", type=click.IntRange(1), metavar="N", help="Draw N points, in place of all combinations.")
@JOBS
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="INT", help="Where the drawing of points starts."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Its folder.  [default: sweeps/RECIPE-TIME]"
)
@click.option("--json", "as_json", is_flag=True, help="At the end all results, as JSON.")
@run_options
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def sweep(
    context: click.Context,
    /,
    grids: tuple[str, ...],
    ranges: tuple[str, ...],
    random: int | None,
    jobs: int | None,
    seed: int,
    out: Path | None,
    as_json: bool,
    quiet: bool,
    recipe: str,
    options: tuple[str, ...],
    **given: Any,
) -> int:
    """Train a recipe at all combinations of values, or at points drawn at random, and compare what comes of it.

    \b
    framework sweep --grid lr=0.1,0.3 --grid batch-size=16,32 recipe.py --epochs 5
    framework sweep --range lr=0.001:1:log --random 20 --jobs 2 recipe.py

    Each is a run of its own, by a process of its own; the processors are divided among them. `seed` may be an axis too:
    --grid seed=0,1,2. Run options, such as --early-stop 5, are for every run. Ctrl-C lets the runs finish their step and
    save; `framework resume SWEEP` goes on. Exit code 1 when a run has failed.
    """
    from framework.cli.recipes import find_recipe
    from framework.training.recipe_file import load_recipe
    from framework.training.sweeping.space import with_seed
    from framework.training.sweeping.sweep import Sweep

    file = load_recipe(find_recipe(recipe, session(context)))
    known = with_seed(file.hyperparameters)
    grid = _once("--grid", [_values(each, known) for each in grids])
    drawn = _once("--range", [_range(each) for each in ranges])
    flags = [name for option in context.command.get_params(context) for name in option.opts]
    varied = {name: values[0] for name, values in grid.items()} | {name: each.low for name, each in drawn.items()}
    # What is wrong with the options that are for every run is told now, not by each of them.
    RecipeCommand(file, {name: varied[name] for name in varied if name in file.hyperparameters}, flags).make_context(
        f"{context.command_path} {recipe}", list(options), obj=session(context)
    )
    planned = Sweep.create(
        file,
        grid=grid,
        ranges=drawn,
        random=random,
        seed=seed,
        jobs=jobs or 1,
        out=out,
        run_options=list(given_words(context, given)),
        recipe_options=options,
        monitor=given.get("monitor"),
    )
    return _train(planned, jobs, quiet=quiet, as_json=as_json)


def resume_sweep(path: Path, options: Sequence[str], quiet: bool) -> int:
    """Go on with a sweep; `--jobs N` may follow it."""
    from framework.training.sweeping.sweep import Sweep

    command = click.Command("resume", params=[click.Option(["-j", "--jobs"], type=click.IntRange(1))])
    chosen = command.make_context("framework resume", list(options))
    return _train(Sweep.open(path), chosen.params["jobs"], quiet=quiet, as_json=False)


def _train(sweep: Sweep, jobs: int | None, *, quiet: bool, as_json: bool) -> int:
    total, done = len(sweep.points), sum(map(sweep.ended, sweep.points))
    bar = None
    if not quiet:
        say(f"{sweep.path}: {total} runs{f', {done} of them done' if done else ''}")
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            bar = tqdm(total=total, initial=done, unit=" run", leave=False, dynamic_ncols=True)

    def report(point: Point, summary: RunSummary) -> None:
        line = f"{point.folder.name}/{total}  {_described(summary)}"
        if bar is not None:
            bar.update()
            bar.write(line, file=sys.stderr)
        elif not quiet:
            say(line)

    try:
        sweep.train(jobs=jobs, report=report, signals=signals())
    except KeyboardInterrupt as error:
        if bar is not None:
            bar.close()
        say(f"interrupted\nTo go on: {sweep.command()}")
        return 128 + int(getattr(error, "signal", 2))
    if bar is not None:
        bar.close()
    summaries = sweep.summaries()
    if as_json:
        print_json([each.to_json() for each in summaries])
    else:
        click.echo(_results(summaries))
        best = summaries[0]
        if best.best is not None and not quiet:
            say(f"best: {shlex.quote(best.name)}")
    failed = [each for each in summaries if each.status == "failed"]
    for each in failed:
        say(f"{each.name} failed: {each.reason.splitlines()[0] if each.reason else 'see its output'}")
    return 1 if failed else 0


def _results(summaries: Sequence[RunSummary]) -> str:
    """A table, a column for each name that varies."""
    names = list(dict.fromkeys(name for each in summaries for name in each.changed))
    metric = next((each.metric for each in summaries if each.metric), "metric")
    header = ["RUN", *names, metric, "AT", "EPOCHS", "TIME", "STATUS"]
    rows = [
        [
            each.name,
            *(short(each.changed.get(name)) for name in names),
            number(each.best),
            str(each.best_epoch or "-"),
            str(each.epochs),
            duration(each.seconds),
            each.status,
        ]
        for each in summaries
    ]
    return table(header, rows, right=header[1:-1])


def _described(summary: RunSummary) -> str:
    values = " ".join(f"{name}={short(value)}" for name, value in summary.changed.items())
    if summary.status == "failed":
        return f"{values}  failed: {summary.reason.splitlines()[0] if summary.reason else ''}"
    return f"{values}  {summary.metric} {number(summary.best)}  {duration(summary.seconds)}"


def _values(text: str, known: dict[str, Hyperparameter]) -> tuple[str, list[Any]]:
    """What --grid says: a name, and its values."""
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals or not values:
        raise UserError(f"--grid takes a name and its values, such as lr=0.1,0.3, not {text!r}.")
    words = [each.strip() for each in values.split(",")]
    return name, [from_text(known[name], each) for each in words] if name in known else list(words)


def _once(option: str, axes: Sequence[tuple[str, Axis]]) -> dict[str, Axis]:
    """What was said by name; UserError for a name that was said twice, of which one would be lost."""
    names = [name for name, _ in axes]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"{option} was given {twice[0]} twice: say all of it at once.")
    return dict(axes)


def _range(text: str) -> tuple[str, Range]:
    """What --range says: a name, and from where to where."""
    from framework.training.sweeping.space import Range

    name, _, rest = text.partition("=")
    low, _, rest = rest.partition(":")
    high, _, kind = rest.partition(":")
    try:
        if kind not in ("", "log"):
            raise ValueError
        return name.strip().removeprefix("--").replace("-", "_"), Range(float(low), float(high), kind == "log")
    except ValueError:
        raise UserError(f"--range takes a name and two ends, such as lr=0.001:1:log, not {text!r}.") from None
