"""`framework predict`: uses a trained model on the rows of a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framework.cli.session import debug_option, plugin_option, say, session
from framework.errors import UserError, in_words

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager

__all__ = ["predict"]


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the predictions.  [default: the terminal]",
)
@plugin_option
@debug_option
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def predict(context: click.Context, run: Path, file: Path, output: Path | None) -> None:
    """Use the model that RUN trained on each row of FILE, a CSV file with the columns it was trained on.

    RUN may be one of its checkpoints too, such as runs/first/best.
    """
    from framework.training.prediction import predict_csv

    if output is not None and output.resolve() == file.resolve():
        raise UserError(f"{output} holds the rows to predict; give -o another file.")
    plugins = session(context).plugins()  # whose operations the model may use
    try:
        prediction = predict_csv(run, file)
    except Exception as error:
        hint = _missing_plugins(error, run, plugins, f"{run} {file}")
        if hint:
            raise UserError(f"{in_words(error)}\n{hint}") from error
        raise
    with click.open_file(str(output or "-"), "w", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(prediction.columns)
        writer.writerows(prediction.rows)
    if output is not None:
        say(f"{len(prediction.rows)} predictions written to {output}")


def _missing_plugins(error: Exception, run: Path, plugins: PluginManager, arguments: str) -> str:
    """If a plugin that the run was trained with is missing: which one, and the call that has it."""
    from framework.training.rebuild import missing_plugins
    from framework.training.run import RUN, Run

    if not (run / RUN).is_file():
        return ""
    missing = missing_plugins(error, Run.open(run).info, [plugin.name for plugin in plugins.plugins])
    if not missing:
        return ""
    names = ", ".join(_described(plugin) for plugin in missing)
    text = f"The run was trained with plugins that are not loaded now: {names}."
    given = [plugin["origin"] for plugin in missing if plugin["origin"].startswith("-p ")]
    return f"{text} Try: framework predict {' '.join(given)} {arguments}" if given else text


def _described(plugin: dict[str, str | None]) -> str:
    release = f" ({plugin['distribution']} {plugin['version']})" if plugin["distribution"] else ""
    return f"{plugin['name']}{release}"
