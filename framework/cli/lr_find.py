"""`framework lr-find`: tries growing learning rates on a recipe, and suggests one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Any

import click

from framework.cli.curves import curve
from framework.cli.options import recipe_values
from framework.cli.run_options import RunCommand, added_options, given_words
from framework.cli.session import debug_option, plugin_option, say, session
from framework.plugin.finding import QUIET
from framework.training.files import check_place, writing

if TYPE_CHECKING:
    from framework.training.lr_finding import LRFinding

__all__ = ["lr_find"]


@click.command(cls=RunCommand, options_metavar="[OPTIONS]", context_settings={"allow_interspersed_args": False})
@click.option("--start", type=float, default=1e-7, show_default=True, metavar="RATE", help="The first rate.")
@click.option("--end", type=float, default=10.0, show_default=True, metavar="RATE", help="The last rate.")
@click.option(
    "--steps", type=int, default=100, show_default=True, metavar="N", help="Updates to spread the rates over."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write rates and losses, as .csv or .json."
)
@click.option("--force", is_flag=True, help="Overwrite the file, if there is one.")
@click.option("--seed", type=int, default=0, show_default=True, metavar="INT", help="Where all randomness starts.")
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="FILE", help="Hyperparameters as JSON or TOML, as for train."
)
@click.option("--compile/--no-compile", "compiled", default=True, help="As for train.")
@plugin_option
@debug_option
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def lr_find(
    context: click.Context,
    /,
    start: float,
    end: float,
    steps: int,
    output: Path | None,
    force: bool,
    seed: int,
    config: Path | None,
    compiled: bool,
    recipe: str,
    options: tuple[str, ...],
    **added: Any,
) -> None:
    """Find a learning rate: train for a few updates while the rate grows, and see where the loss falls most steeply.

    The learning rate range test (Smith, 2015). Nothing is kept of the training but what -o writes.
    """
    from framework.training.lr_finding import find_lr
    from framework.training.recipe import build

    if output is not None and output.suffix not in (".csv", ".json"):
        raise click.UsageError(f"-o writes .csv or .json, not {output.name}.", context)
    if output is not None:
        check_place(output, replace=force)
    file, values, _ = recipe_values(context, recipe, options, config)
    built = build(file, seed=seed, **values)
    if built.scheduler is not None:
        say("The recipe's scheduler is left out: the rate is the test's.")
    finding = find_lr(
        built,
        start=start,
        end=end,
        steps=steps,
        plugins=session(context).load(file, *QUIET),
        options=added_options(context, added),
        compile=compiled,
    )
    if output is not None:
        write(finding, output)
    for line in described(finding):
        click.echo(line)
    if finding.suggestion is None:
        return
    if not isinstance(built.hyperparameters.get("lr"), int | float):
        click.echo(
            "The recipe has no hyperparameter lr to give it to; the rates are those of the optimizer's first group."
        )
        return
    run = given_words(context, {**added, "config": config})
    words = ["framework", "train", *run, recipe, *_without_lr(options), "--lr", f"{finding.suggestion:g}"]
    click.echo(f"\n{join(words)}")


def described(finding: LRFinding) -> Iterator[str]:
    """The curve and what it says, in lines."""
    marks = {}
    if finding.suggestion is not None and finding.cautious is not None:
        marks = {"c": max(finding.cautious, finding.rates[0]), "s": finding.suggestion}
    first, best = finding.smoothed[0], min(finding.smoothed)
    how = "then it diverged" if finding.diverged else "it did not diverge"
    yield f"The smoothed loss by learning rate, over {len(finding.rates)} updates; {how}."
    yield ""
    yield curve(finding.rates, finding.smoothed, marks, top=first + (first - best or abs(first)))
    yield ""
    if finding.suggestion is None:
        yield "The loss does not fall at any of these rates: there is none to suggest. Try others with --start and --end,"
        yield "or more updates with --steps."
        return
    yield f"s  it falls most steeply at {finding.suggestion:g}"
    if finding.cautious != finding.suggestion:
        yield f"c  a tenth of the rate at its lowest is {finding.cautious:g}: the cautious choice"


def _without_lr(words: Sequence[str]) -> Iterator[str]:
    """The recipe's options as they were given, but for the rate."""
    skip = False
    for word in words:
        if not skip and word != "--lr" and not word.startswith("--lr="):
            yield word
        skip = word == "--lr"


def write(finding: LRFinding, path: Path) -> None:
    """Write rates and losses for other programs to draw."""
    if path.suffix == ".json":
        names = "rates", "losses", "smoothed", "suggestion", "cautious", "diverged"
        text = json.dumps({name: getattr(finding, name) for name in names}, indent=2) + "\n"
    else:
        rows = io.StringIO()
        writer = csv.writer(rows, lineterminator="\n")
        writer.writerow(("rate", "loss", "smoothed"))
        writer.writerows(zip(finding.rates, finding.losses, finding.smoothed, strict=True))
        text = rows.getvalue()
    with writing(path) as file:
        file.write(text.encode())
