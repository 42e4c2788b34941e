"""`framework reproduce`: runs a batch again whose loss or gradients were not finite."""

from __future__ import annotations

from pathlib import Path

import click

from framework.cli.session import debug_option, plugin_option, say, session
from framework.plugin.finding import QUIET

__all__ = ["reproduce"]


@click.command()
@plugin_option
@debug_option
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def reproduce(context: click.Context, file: Path) -> int:
    """Run a batch again that gave nan or infinity, and say where that came from.

    FILE is the nonfinite-step-….npz that a run left in its folder. It holds the batch, the model as it was before the
    step, the random generators and the recipe. Exits with 1 when nan or infinity is seen again, with 0 when not.
    """
    from framework.training.nonfinite import reproducing

    diagnosis = reproducing.reproduce(
        file,
        plugins=lambda recipe: session(context).load(recipe, *QUIET),
        report=lambda message: say(f"warning: {message}"),
    )
    click.echo(diagnosis.text)
    if diagnosis.found:
        return 1
    different = reproducing.differences(file)
    click.echo(
        "It is not seen again here. "
        + (
            f"What differs: {'; '.join(different)}."
            if different
            else "Nothing differs that is known: the batch "
            "may depend on what the file does not hold, such as plain attributes of the model."
        )
    )
    return 0
