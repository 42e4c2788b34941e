"""`framework report RUN`: all about a run on one page of HTML, which needs no network and no other file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framework.extend import Register, hookimpl

__all__: list[str] = []


@hookimpl
def register_commands(register: Register[Any]) -> None:
    import click

    @click.command()
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Where to write the page.  [default: RUN/report.html]",
    )
    @click.option("--force", is_flag=True, help="Overwrite FILE, if there is one.")
    @click.option(
        "--data/--no-data", default=True, help="Measure the model on its data again, for confusion matrix and ROC."
    )
    @click.argument("run", type=click.Path(path_type=Path))
    def report(run: Path, output: Path | None, force: bool, data: bool) -> None:
        """Write a page about RUN: curves, metrics, configuration, model, confusion matrix, environment, recipe.

        It is one file of HTML that needs nothing else, for a browser, to be sent or kept. RUN may be one of its checkpoints
        too, such as runs/first/best.
        """
        from framework.training import Run
        from framework.training.files import check_place, writing
        from framework_plugins.report.page import page

        opened, at = Run.open_at(run)
        path = output or opened.path / "report.html"
        check_place(path, replace=force or output is None)  # the run's own page is made anew
        html = page(opened, at, measure=data)
        with writing(path) as file:
            file.write(html.encode(errors="backslashreplace"))
        click.echo(f"report of {run} written to {path}", err=True)

    register("report", report)
