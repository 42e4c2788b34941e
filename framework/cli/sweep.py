"""`framework sweep`: trains a recipe at many values of its hyperparameters, some runs at a time, and compares them."""

from __future__ import annotations

import contextlib
import csv
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framework.cli.options import RecipeCommand, from_text
from framework.cli.printing import print_json, width
from framework.cli.run_options import given_words, quiet_option, run_options, signals
from framework.cli.session import say, session
from framework.cli.sweep_text import best_of, counted, described, endings, results, to_json
from framework.cli.train import TrainCommand
from framework.errors import UserError
from framework.training.hyperparameters import flag

if TYPE_CHECKING:
    from framework.training.looking.summary import RunSummary
    from framework.training.recipe import Hyperparameter
    from framework.training.recipe_file import RecipeFile
    from framework.training.sweeping.space import Range
    from framework.training.sweeping.sweep import Point, Sweep

__all__ = ["resume_sweep", "sweep"]

Axis = TypeVar("Axis")
GRID = "Values to try; one with a comma in quotes: --grid 'name=\"a,b\",c'. May be repeated."
JSON = click.option("--json", "as_json", is_flag=True, help="At the end all results, as JSON.")


@click.command(
    cls=TrainCommand,
    options_metavar="[OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--grid", "grids", multiple=True, metavar="NAME=A,B,…", help=GRID)
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="NAME=LOW:HIGH[:log]",
    help="Numbers to draw from, with --random; :log for as many between 0.1 and 1 as between 1 and 10. May be repeated.",
)
@click.option(
    "--random", type=click.IntRange(1), metavar="N", help="Draw N different points, in place of all combinations."
)
@click.option("-j", "--jobs", type=click.IntRange(1), metavar="N", help="Runs at a time.  [default: 1]")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="INT", help="Where the drawing of points starts."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Its folder.  [default: sweeps/RECIPE-TIME]"
)
@JSON
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
    save; `framework resume SWEEP` goes on. Exit code 1 when a run has failed or is unfinished.
    """
    from framework.cli.recipes import find_recipe
    from framework.training.recipe_file import load_recipe
    from framework.training.sweeping.space import points, with_seed
    from framework.training.sweeping.sweep import Sweep

    file = load_recipe(find_recipe(recipe, session(context)))
    known = with_seed(file.hyperparameters)
    grid = _once("--grid", [_values(each, known) for each in grids])
    drawn = _once("--range", [_range(each) for each in ranges])
    _check_options(context, file, options, points(file.hyperparameters, grid, drawn, random, seed)[0])
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


@click.command(
    options_metavar="[OPTIONS]",
    help="Go on with the sweep: runs that have ended stay as they are, those begun are resumed, the others are started.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), metavar="N", help="Runs at a time.  [default: as the sweep was started]"
)
@click.option("--retry-failed", is_flag=True, help="Try the runs that have failed again, too.")
@JSON
@quiet_option
@click.pass_obj
def resume_sweep(sweep: Sweep, jobs: int | None, retry_failed: bool, as_json: bool, quiet: bool) -> int:
    return _train(sweep, jobs, retry_failed=retry_failed, quiet=quiet, as_json=as_json)


def _train(sweep: Sweep, jobs: int | None, *, quiet: bool, as_json: bool, retry_failed: bool = False) -> int:
    total, counts = len(sweep.points), sweep.counts()
    done = counts["done"] + (0 if retry_failed else counts["failed"])
    bar = None
    if not quiet:
        say(f"{sweep.path}: {counted(total)}{f', {done} of them done' if done else ''}")
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            bar = tqdm(total=total, initial=done, unit=" run", leave=False, dynamic_ncols=True)

    def tell(line: str) -> None:
        if bar is not None:
            bar.write(line, file=sys.stderr)
        elif not quiet:
            say(line)

    def report(point: Point, summary: RunSummary) -> None:
        if bar is not None:
            bar.update(sweep.state(point) != "left")
        tell(f"{point.folder.name}/{total}  {described(summary)}")

    try:
        sweep.train(jobs=jobs, retry_failed=retry_failed, report=report, tell=tell, signals=signals(), noted=_noted)
    except KeyboardInterrupt as error:
        if bar is not None:
            bar.close()
        say(f"interrupted, with {sweep.counts()['left']} of {counted(total)} left\nTo go on: {sweep.command()}")
        return 128 + int(getattr(error, "signal", 2))
    if bar is not None:
        bar.close()
    summaries = sweep.summaries()
    if as_json:
        print_json(to_json(sweep, summaries))
    else:
        click.echo(results(sweep, summaries, width()))
        best = best_of(sweep, summaries)
        if best is not None and not quiet:
            say(f"best: {shlex.quote(best.name)}")
    for line in endings(sweep, summaries):
        say(line)
    return 0 if sweep.counts()["done"] == total else 1


def _check_options(context: click.Context, file: RecipeFile, options: Sequence[str], point: Mapping[str, Any]) -> None:
    """What is wrong with the options that are for every run is told now, not by each of them."""
    flags = [name for option in context.command.get_params(context) for name in option.opts]
    command = RecipeCommand(file, {name: point[name] for name in point if name in file.hyperparameters}, flags)
    place = f"{context.command_path} {file.path}"
    _, origins = command.values(command.make_context(place, list(options), obj=session(context)))
    for name in point:
        if origins.get(name) == "command line":
            raise UserError(f"{name} is swept over, and cannot be given for every run too: leave out {flag(name)}.")


def _noted(number: int) -> None:
    from framework.training.interrupts import in_words

    # A handler may not write to a stream that is being written to.
    what = "the runs finish their batch and save. A second one stops them at once."
    with contextlib.suppress(OSError):
        os.write(2, f"\n{in_words(number)}: {what}\n".encode())


def _values(text: str, known: dict[str, Hyperparameter]) -> tuple[str, list[Any]]:
    """What --grid says: a name, and its values."""
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    if not equals or not values:
        raise UserError(f"--grid takes a name and its values, such as lr=0.1,0.3, not {text!r}.")
    try:
        (row,) = csv.reader([values], skipinitialspace=True, strict=True)
    except csv.Error:
        raise UserError(f"--grid {text}: a value in quotes ends with a quote, and a comma stands after it.") from None
    words = [each.strip() for each in row]
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
