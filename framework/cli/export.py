"""`framework export`: a run's weights in a file that others can load."""

from __future__ import annotations

from pathlib import Path

import click

from framework.cli.session import debug_option, plugin_option, say

__all__ = ["export"]


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write them; its ending is .safetensors, .npz, or .pt for PyTorch.  [default: RUN.safetensors]",
)
@click.option("--force", is_flag=True, help="Overwrite the file, if there is one.")
@plugin_option
@debug_option
@click.argument("run", type=click.Path(path_type=Path))
def export(run: Path, output: Path | None, force: bool) -> None:
    """Write the weights that RUN trained, by the names of the model's state_dict.

    RUN may be one of its checkpoints too, such as runs/first/best. PyTorch loads a .pt by torch.load(FILE), this package
    each of them by framework.load(FILE).
    """
    from framework.training.exporting import export as exported

    path = exported(run, output, replace=force)
    say(f"weights of {run} written to {path}")
