"""`framework show`: a recipe's model and hyperparameters, or the NumPy program that its training step runs as."""

from __future__ import annotations

import warnings

import click

from framework.cli.options import RecipeCommand
from framework.cli.session import debug_option, plugin_option, session
from framework.plugin.finding import QUIET

__all__ = ["show"]


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--source", is_flag=True, help="The training step as the NumPy program that it runs as.")
@plugin_option
@debug_option
@click.argument("recipe")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def show(context: click.Context, source: bool, recipe: str, options: tuple[str, ...]) -> None:
    """Show a recipe's model and hyperparameters; with --source, its training step as NumPy.

    RECIPE is a file of Python, or the name of one that `framework recipes` lists. --source may stand behind it too.
    """
    from framework.cli.recipes import find_recipe
    from framework.training.recipe import build, load_recipe
    from framework.training.showing import described, step_source

    file = load_recipe(find_recipe(recipe, session(context)))
    rest = list(options)
    if "source" not in file.hyperparameters and "--source" in rest:
        rest.remove("--source")
        source = True
    command = RecipeCommand(file, {}, ["--source"])
    values, _ = command.values(command.make_context(f"{context.command_path} {recipe}", rest, obj=session(context)))
    built = build(file, **values)
    if not source:
        click.echo(described(built))
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the error says the same
        text = step_source(built, session(context).load(file, *QUIET))
    click.echo(text, nl=False)
