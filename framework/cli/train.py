"""`framework train`: trains a recipe, with its hyperparameters as options."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from framework.cli.options import RecipeCommand
from framework.cli.session import debug_option, plugin_option, session

__all__ = ["train"]


@click.command(
    options_metavar="[RUN OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--seed", type=int, default=0, show_default=True, help="Where all randomness starts.")
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
@click.option(
    "--log",
    "loggers",
    multiple=True,
    metavar="NAME",
    help="Also log with a logger that a plugin adds. May be repeated.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
@plugin_option
@debug_option
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def train(
    context: click.Context,
    seed: int,
    out: Path | None,
    config: Path | None,
    loggers: tuple[str, ...],
    quiet: bool,
    recipe: str,
    options: tuple[str, ...],
) -> None:
    """Train a recipe: a file of Python, or the name of one that `framework recipes` lists.

    Its hyperparameters are options that follow it; `framework train RECIPE --help` lists them.
    """
    from framework.cli.config import read_config
    from framework.cli.recipes import find_recipe
    from framework.training.recipe import build, load_recipe

    file = load_recipe(find_recipe(recipe, session(context)))
    defaults = read_config(config, file) if config else {}
    run_options = [name for option in context.command.params for name in option.opts]
    command = RecipeCommand(file, defaults, run_options)
    name = f"{context.command_path} {recipe}"
    chosen = command.make_context(name, list(options), obj=session(context))
    values, origins = command.values(chosen)

    from framework.training.run import Run
    from framework.training.trainer import Trainer

    quieted = ("no:progress", "no:console") if quiet else ()
    plugins = session(context).load(file, *quieted)
    built = build(file, seed=seed, **values)
    run = Run.create(built, out=out, plugins=plugins, command=sys.argv, origins=origins)
    Trainer(built, plugins=plugins, run=run, loggers=loggers).fit()
