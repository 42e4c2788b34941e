"""`framework predict`: uses a trained model on the rows of a file."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from framework.cli.session import debug_option, plugin_option, say, session
from framework.errors import UserError, in_words
from framework.training.files import writing

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.prediction import Prediction

__all__ = ["predict"]


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write the predictions: as CSV, or, if its name ends in .npy, as an array of the model's numbers. "
    "[default: the terminal]",
)
@plugin_option
@debug_option
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def predict(context: click.Context, run: Path, file: Path, output: Path | None) -> None:
    """Use the model that RUN trained on each row of FILE: a CSV file with the columns it was trained on, or a .npy file.

    FILE is read, and predictions are written, some rows at a time: it may be larger than memory. `-` is a CSV on standard
    input. RUN may be one of its checkpoints too, such as runs/first/best.
    """
    from framework.training.prediction import predictions

    if output is not None and output.resolve() == file.resolve():
        raise UserError(f"{output} holds the rows to predict; give -o another file.")
    if output is not None and not output.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(output))
    plugins = session(context).plugins()  # whose operations the model may use
    try:
        blocks = predictions(run, str(file))
        if output is None:
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
    except Exception as error:
        hint = _missing_plugins(error, run, plugins, f"{run} {file}")
        if hint:
            raise UserError(f"{in_words(error)}\n{hint}") from error
        raise
    say(f"{rows} predictions written to {output}")


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
