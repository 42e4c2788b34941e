"""`framework show`: all that is known of a run, or of a recipe before it trains; a training step as NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framework.cli.description import recipe_text, run_text
from framework.cli.options import RecipeCommand
from framework.cli.printing import print_json, width
from framework.cli.session import debug_option, plugin_option, session
from framework.errors import UserError
from framework.plugin.finding import QUIET

if TYPE_CHECKING:
    from framework.training.recipe import Recipe
    from framework.training.run import Run

__all__ = ["show"]


@click.command(context_settings={"allow_interspersed_args": False})
@click.option("--source", is_flag=True, help="The training step as the NumPy program that it runs as.")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@plugin_option
@debug_option
@click.argument("what", metavar="RUN|RECIPE|SWEEP")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def show(context: click.Context, source: bool, as_json: bool, what: str, options: tuple[str, ...]) -> None:
    """Show a run, a sweep, or a recipe before it trains; with --source, its training step as NumPy.

    RUN is a run's folder, or one of its checkpoints, such as runs/first/best: how it went, its metrics, its
    configuration and where each value came from, its checkpoints and its model. RECIPE is a file of Python, or the name
    of one that `framework recipes` lists: its hyperparameters and its model. SWEEP is a sweep's folder: its runs, the
    best first, and what is left to do. --source and --json may stand behind it too.
    """
    from framework.training.looking.describing import describe_recipe, describe_run
    from framework.training.sweeping.sweep import SWEEP

    flags = {"--source": source, "--json": as_json}
    if Path(what, SWEEP).is_file():
        _check_only(flags, "--json", what, options)
        _show_sweep(Path(what), flags["--json"])
        return
    found = _run_at(what)
    if found is not None:
        rest = [word for word in options if not _taken(flags, word)]
        if rest:
            raise click.UsageError(f"{what} is a run, and takes no options of a recipe, such as {rest[0]}.")
        run, at = found
        if flags["--source"]:
            _print_source(context, _built_again(run))
            return
        session(context).plugins()  # whose operations and layers the model may use
        _print(describe_run(run, at), run_text, flags["--json"])
        return
    recipe, origins = _built(context, what, options, flags)
    if flags["--source"]:
        _print_source(context, recipe)
    else:
        _print(describe_recipe(recipe, origins), recipe_text, flags["--json"])


def _check_only(flags: dict[str, bool], allowed: str, what: str, options: Sequence[str]) -> None:
    """UsageError for anything but one flag, before or behind a sweep."""
    wrong = [word for word in options if not _taken(flags, word)]
    wrong += [flag for flag, given in flags.items() if given and flag != allowed]
    if wrong:
        raise click.UsageError(f"{what} is a sweep, of which {wrong[0]} cannot be asked; of one of its runs it can.")


def _show_sweep(path: Path, as_json: bool) -> None:
    from framework.cli.sweep_text import sweep_json, sweep_text
    from framework.training.sweeping.sweep import Sweep

    sweep = Sweep.open(path)
    if as_json:
        print_json(sweep_json(sweep))
    else:
        click.echo(sweep_text(sweep, width()))


def _run_at(what: str) -> tuple[Run, Path | None] | None:
    """The run that is meant, and the checkpoint of it; None where it is a recipe. UserError for a run that is none."""
    path = Path(what)
    if not path.is_dir():
        beside = path.parent / f"{path.name}.py"
        if len(path.parts) == 1 or path.suffix or beside.is_file() or not path.parent.is_dir():
            return None
    from framework.training.run import Run

    return Run.open_at(path)


def _taken(flags: dict[str, bool], word: str) -> bool:
    """Whether a word behind the recipe is one of this command's flags, which it sets then."""
    if word in flags:
        flags[word] = True
    return word in flags


def _built(
    context: click.Context, what: str, options: Sequence[str], flags: dict[str, bool]
) -> tuple[Recipe, dict[str, str]]:
    """The recipe with the values that follow it, and where each value came from."""
    from framework.cli.recipes import find_recipe
    from framework.training.recipe import build, load_recipe

    file = load_recipe(find_recipe(what, session(context)))
    own = {flag for flag in flags if flag.removeprefix("--") in file.hyperparameters}
    rest = [word for word in options if word in own or not _taken(flags, word)]
    command = RecipeCommand(file, {}, list(flags))
    values, origins = command.values(command.make_context(f"{context.command_path} {what}", rest, obj=session(context)))
    return build(file, **values), origins


def _built_again(run: Run) -> Recipe:
    """The recipe of a run, from its copy, with the run's values and seed."""
    from framework.training.recipe import build

    if run.info["recipe"] is None:
        raise UserError(f"{run.path} has no recipe file, so its training step cannot be made again.")
    return build(run.recipe_file(), seed=run.info["seed"], **run.config["hyperparameters"])


def _print_source(context: click.Context, recipe: Recipe) -> None:
    from framework.training.looking.step_source import step_source

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the error says the same
        text = step_source(recipe, session(context).load(recipe.file, *QUIET))
    click.echo(text, nl=False)


def _print(about: dict[str, Any], text: Callable[[Mapping[str, Any]], str], as_json: bool) -> None:
    if as_json:
        about["model"].pop("table", None)  # its layers are there
        print_json(about)
    else:
        click.echo(text(about))
