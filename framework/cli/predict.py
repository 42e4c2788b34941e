"""`framework predict`: uses a trained model on the rows of a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from framework.cli.session import debug_option, plugin_option, say, session
from framework.errors import UserError
from framework.training.files import check_place, writing

if TYPE_CHECKING:
    from framework.training.prediction import Prediction

__all__ = ["predict"]

ENDINGS = (".csv", ".npy")


def _delimiter(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    given = "\t" if value == r"\t" else value
    if given is not None and (len(given) != 1 or given in '\r\n"'):
        raise click.BadParameter(f"{value!r} separates no columns: give one character, such as ';' or '\\t'.")
    return given


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the predictions: its name ends in .csv, or in .npy for an array of the model's numbers. "
    "[default: the terminal, as CSV]",
)
@click.option("--force", is_flag=True, help="Overwrite the file, if there is one.")
@click.option(
    "--delimiter",
    metavar="CHAR",
    callback=_delimiter,
    help=r"What separates the columns of FILE, such as ';', or '\t' for a tab.  [default: ,]",
)
@click.option("--keep-columns", is_flag=True, help="Write the columns of FILE, a CSV, before the predictions.")
@plugin_option
@debug_option
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def predict(
    context: click.Context,
    run: Path,
    file: Path,
    output: Path | None,
    force: bool,
    delimiter: str | None,
    keep_columns: bool,
) -> None:
    """Use the model that RUN trained on each row of FILE: a CSV file with the columns it was trained on, or a .npy file.

    FILE is read, and predictions are written, some rows at a time: it may be larger than memory. `-` is a CSV on standard
    input. RUN may be one of its checkpoints too, such as runs/first/best.
    """
    from framework.training.prediction import predictions

    if output is not None and str(output) != "-":
        _check_output(output, file, force, keep_columns)
    plugins = session(context).plugins()
    blocks = predictions(run, str(file), keep_columns=keep_columns, plugins=plugins, delimiter=delimiter)
    if output is None or str(output) == "-":
        with click.open_file("-", "w", encoding="utf-8") as stream:
            _write_csv(blocks, stream)
        return
    with writing(output) as binary:
        if output.suffix == ".npy":
            rows = _write_npy(blocks, binary)
        else:
            text = io.TextIOWrapper(binary, "utf-8", newline="")
            rows = _write_csv(blocks, text)
            text.detach()
    say(f"{rows} {'prediction' if rows == 1 else 'predictions'} written to {output}")


def _check_output(output: Path, file: Path, force: bool, keep_columns: bool) -> None:
    """UserError for a file that is no place for predictions."""
    special = output.exists() and not output.is_file()  # a pipe or a device may be called anything
    if output.suffix not in ENDINGS and not special:
        raise UserError(f"{output}: predictions are written as {' or '.join(ENDINGS)}.")
    if output.suffix == ".npy" and keep_columns:
        raise UserError(f"{output}: an array has no columns to keep; --keep-columns is for .csv.")
    if output.resolve() == file.resolve():
        raise UserError(f"{output} holds the rows to predict; give -o another file.")
    check_place(output, replace=force)


def _write_csv(blocks: Iterable[Prediction], stream: IO[str]) -> int:
    """Write predictions as they come; gives how many there were."""
    writer, count = csv.writer(stream, lineterminator="\n"), 0
    for block in blocks:
        if not count:
            writer.writerow(block.columns)
        writer.writerows(block.rows)
        count += len(block.outputs)
    return count


def _write_npy(blocks: Iterable[Prediction], file: IO[bytes]) -> int:
    """Write the numbers of predictions as one array, whose length is put into its header at last."""
    from numpy.lib import format as npy

    count = 0
    about: dict[str, Any] = {}
    for block in blocks:
        outputs = block.outputs
        if not count:
            about = {"descr": npy.dtype_to_descr(outputs.dtype), "fortran_order": False, "shape": outputs.shape}
            npy.write_array_header_1_0(file, about)
        count += len(outputs)
        file.write(outputs.tobytes())
    file.seek(0)
    npy.write_array_header_1_0(file, about | {"shape": (count, *about["shape"][1:])})
    file.seek(0, 2)
    return count
