"""`framework train`: trains a recipe, with its hyperparameters as options."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import click

from framework.cli.options import recipe_values
from framework.cli.run_options import RunCommand, added_options, fit, run_options, signals
from framework.cli.session import session
from framework.plugin.finding import QUIET
from framework.training.hyperparameters import flag

__all__ = ["train"]

SEEDS = -(2**63), 2**64 - 1


def _in_range(context: click.Context, _: click.Parameter, seed: int | None) -> int | None:
    low, high = SEEDS
    if seed is not None and not low <= seed <= high:
        raise click.UsageError(f"--seed must lie between {low} and {high}, not {seed}.", context)
    return seed


class TrainCommand(RunCommand):
    """Run options, the recipe, and what follows it; one that stands too early is told its place."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if any(error.option_name in _options(word) for word in words):
                early = f"{error.option_name} is a recipe option; it stands after the recipe."
                raise click.UsageError(early, ctx) from None
            raise


def _options(recipe: str) -> set[str]:
    """The options of what may be a recipe, read without running it."""
    from framework.training.shipped import shipped_recipes

    path = shipped_recipes().get(recipe, Path(recipe))
    try:
        tree = ast.parse(path.read_text("utf-8"))
    except (OSError, ValueError, SyntaxError):
        return set()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "recipe"]
    names = [each.arg for function in functions for each in function.args.kwonlyargs]
    return {flag(name) for name in names} | {flag(name).replace("--", "--no-", 1) for name in names}


@click.command(
    cls=TrainCommand,
    options_metavar="[RUN OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option(
    "--seed",
    type=int,
    metavar="INT",
    callback=_in_range,
    help="Where all randomness starts.  [default: 0, or that of --config]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The run's folder, which must not exist yet.  [default: runs/RECIPE-TIME]",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Hyperparameters as JSON or TOML; the config.json of a run repeats it.",
)
@run_options
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def train(
    context: click.Context,
    /,
    seed: int | None,
    out: Path | None,
    config: Path | None,
    loggers: tuple[str, ...],
    compiled: bool | None,
    on_nan: str | None,
    quiet: bool,
    recipe: str,
    options: tuple[str, ...],
    **added: Any,
) -> None:
    """Train a recipe: a file of Python, or the name of one that `framework recipes` lists.

    Its hyperparameters are options that follow it; `framework train RECIPE --help` lists them.
    """
    from framework.cli.config import read_seed

    file, values, origins = recipe_values(context, recipe, options, config)
    if seed is None:
        seed = read_seed(config) if config else 0

    from framework.training.monitor import Monitor
    from framework.training.recipe import build
    from framework.training.run import Run
    from framework.training.trainer import Trainer

    quieted = QUIET if quiet else ()
    plugins = session(context).load(file, *quieted)
    built = build(file, seed=seed, **values)
    how: dict[str, Any] = {"options": added_options(context, added), "loggers": loggers, "on_nan": on_nan or "stop"}
    compiled = compiled is not False
    # What cannot be trained takes no folder.
    trainer = Trainer(built, plugins=plugins, compile=compiled, signals=signals(), **how)
    if isinstance(monitor := how["options"].get("monitor"), str):
        Monitor(monitor).check(trainer)
    writes = plugins.call("should_write") is not False
    if writes and not trainer.trial:
        trainer.run = Run.create(
            built, out=out, plugins=plugins, command=sys.argv, origins=origins, compiled=compiled, **how
        )
    fit(trainer)
