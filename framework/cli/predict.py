"""`framework predict`: uses a trained model on the rows of a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from framework.cli.session import debug_option, plugin_option, say, session
from framework.errors import UserError

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
    """Use the model that RUN trained on each row of FILE, a CSV file with the columns it was trained on."""
    from framework.training.prediction import predict_csv

    if output is not None and output.resolve() == file.resolve():
        raise UserError(f"{output} holds the rows to predict; give -o another file.")
    session(context).plugins()  # whose operations the model may use
    prediction = predict_csv(run, file)
    with click.open_file(str(output or "-"), "w", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(prediction.columns)
        writer.writerows(prediction.rows)
    if output is not None:
        say(f"{len(prediction.rows)} predictions written to {output}")
