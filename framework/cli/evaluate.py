"""`framework evaluate`: loss and metrics of a trained model, on the data of its run or on other data."""

from __future__ import annotations

from pathlib import Path

import click

from framework.cli.options import RecipeCommand
from framework.cli.printing import print_json
from framework.cli.session import debug_option, plugin_option, say, session

__all__ = ["evaluate"]


@click.command(
    options_metavar="[OPTIONS]",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--split", "splits", multiple=True, metavar="NAME", help="A set of data, such as train. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="The numbers as JSON.")
@plugin_option
@debug_option
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[RECIPE OPTIONS]")
@click.pass_context
def evaluate(
    context: click.Context, run: Path, splits: tuple[str, ...], as_json: bool, options: tuple[str, ...]
) -> None:
    """Measure the model that RUN trained: loss and metrics on its validation data, or on other data.

    Recipe options that follow RUN take the place of the run's: `framework evaluate RUN --data new.csv`. RUN may be one of
    its checkpoints too, such as runs/first/best.
    """
    from framework.plugin.finding import QUIET
    from framework.training.evaluation import evaluate as evaluated
    from framework.training.run import Run

    state = session(context)
    opened, _ = Run.open_at(run)
    state.given = list(dict.fromkeys([*opened.info.get("given", ()), *state.given]))
    state.load_given()
    file = opened.recipe_file()
    late = [each for each in context.command.get_params(context) if each.name in ("splits", "as_json")]
    command = RecipeCommand(
        file, opened.config["hyperparameters"], late=[each for each in late if isinstance(each, click.Option)]
    )
    chosen = command.make_context(f"{context.command_path} {run}", list(options), obj=state)
    values, origins = command.values(chosen)
    overrides = {name: value for name, value in values.items() if origins[name] == "command line"}
    after = command.late_values(chosen)
    result = evaluated(
        run,
        overrides,
        splits=[*splits, *after.get("splits", ())] or None,
        plugins=state.load(file, *QUIET),
        report=say,
    )
    if as_json or after.get("as_json"):
        print_json({name: {"samples": result.samples[name], **numbers} for name, numbers in result.metrics.items()})
    else:
        click.echo(str(result))
