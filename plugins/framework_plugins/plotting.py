"""`framework plot RUN…`: the curves of runs as one picture, or how a classifier did; needs matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framework.extend import Register, Run, UserError, did_you_mean, hookimpl

INSIDE = 8
"""A legend of more lines stands beside the picture, and has a line for each run."""
COUNTED = 20
"""The confusion matrix of more classes has colours alone."""
NAMED = 30
"""And of more than these not every class is named."""
LINE = 0.17
"""Of a legend beside the picture, in inches."""


@hookimpl
def register_commands(register: Register[Any]) -> None:
    import click

    @click.command()
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Where to write the picture: .png, .svg or .pdf.  [default: loss.png, roc.png or confusion.png, here]",
    )
    @click.option("--force", is_flag=True, help="Overwrite the file, if there is one.")
    @click.option(
        "-m",
        "--metric",
        "metrics",
        multiple=True,
        metavar="NAME",
        help="What to draw, such as accuracy or validation/loss.  [default: loss] May be repeated.",
    )
    @click.option(
        "--x",
        type=click.Choice(["epoch", "step", "time"]),
        help="What to draw it by.  [default: epoch, or step for what is recorded between epochs]",
    )
    @click.option("--log-y", is_flag=True, help="A logarithmic axis.")
    @click.option("--roc", is_flag=True, help="The ROC curve on validation data, of classifiers of two classes.")
    @click.option("--confusion", is_flag=True, help="The confusion matrix on validation data, of one classifier.")
    @click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN…")
    def plot(
        runs: tuple[Path, ...],
        output: Path | None,
        force: bool,
        metrics: tuple[str, ...],
        x: str | None,
        log_y: bool,
        roc: bool,
        confusion: bool,
    ) -> None:
        """Draw what runs recorded, all on one picture: a colour for each run, training dashed, validation solid."""
        from framework.training.files import check_place, writing

        if roc and confusion:
            raise UserError("--roc and --confusion are two pictures: ask for one of them.")
        name = "roc" if roc else "confusion" if confusion else metrics[0].replace("/", "-") if metrics else "loss"
        path = output or Path(f"{name}.png")
        check_place(path, replace=force)
        figure = figure_of(runs, metrics or ("loss",), x=x, log_y=log_y, roc=roc, confusion=confusion)
        try:
            with writing(path) as file:
                figure.savefig(file, format=path.suffix[1:] or "png", dpi=150)
        except ValueError as error:  # an ending that it does not know
            raise UserError(f"{path}: {error}") from error
        click.echo(f"picture written to {path}", err=True)

    register("plot", plot)


def figure_of(
    runs: Sequence[Path],
    metrics: Sequence[str] = ("loss",),
    *,
    x: str | None = None,
    log_y: bool = False,
    roc: bool = False,
    confusion: bool = False,
) -> Any:
    """The picture, a matplotlib Figure that no window shows. UserError where there is nothing to draw."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "Pictures need matplotlib, which is not installed: pip install 'framework-train[plot]'"
        ) from error
    names = _names(runs)
    if confusion:
        if len(runs) > 1:
            raise UserError("--confusion draws one run: name one.")
        return _confusion(Figure(figsize=(6.4, 5.6), layout="constrained"), runs[0])
    if roc:
        return _roc(Figure(figsize=(6, 6), layout="constrained"), runs, names)
    figure = Figure(figsize=(6.4, max(4.2, 3.2 * len(metrics))), layout="constrained")
    records = [Run.open_at(run)[0].records() for run in runs]
    axes = figure.subplots(len(metrics), 1, squeeze=False)[:, 0]
    for axis, metric in zip(axes, metrics, strict=True):
        by = x or _by(metric, records)
        _curves(axis, metric, names, records, by)
        if log_y:
            axis.set_yscale("log")
        axis.xaxis.get_major_locator().set_params(integer=by != "time", nbins=12)
        axis.set_xlabel(by if by != "time" else "time (s)")
        axis.set_ylabel(metric)
    _legend(figure, names)
    return figure


def _by(metric: str, records: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """What a metric is drawn by: steps, if no record of an epoch has it."""
    having = [row for rows in records for row in rows if any(_is(name, metric) for name in row)]
    return "epoch" if not having or any("epoch" in row for row in having) else "step"


def _is(name: str, metric: str) -> bool:
    """Whether a name in a record is a metric's, of any set of data."""
    return name == metric or name.endswith(f"/{metric}")


def _curves(
    axis: Any, metric: str, names: Sequence[str], records: Sequence[Sequence[Mapping[str, Any]]], x: str
) -> None:
    """A metric of all runs; each set of data that has it is a line."""
    known = {name for rows in records for row in rows for name in row}
    wanted = [name for name in known if _is(name, metric)]
    if not wanted:
        raise UserError(f"No run has recorded a metric {metric!r}.{did_you_mean(metric, known)}")
    for number, (name, rows) in enumerate(zip(names, records, strict=True)):
        splits = [each for each in dict.fromkeys(key for row in rows for key in row) if each in wanted]
        for split in splits:
            points = [(row[x], _number(row[split])) for row in rows if split in row and x in row]
            if not points:
                continue
            style = "--" if split.startswith("train/") else "-" if splits.index(split) < 2 else ":"
            label = f"{name} {split}" if len(names) > 1 else split
            axis.plot(
                *zip(*points, strict=True),
                style,
                color=_colour(number, len(names)),
                label=label,
                marker="o" if len(points) < 3 else None,
            )
    if not axis.get_lines():
        raise UserError(f"What has recorded {metric!r} has recorded no {x!r} with it: draw it by --x step.")


def _roc(figure: Any, runs: Sequence[Path], names: Sequence[str]) -> Any:
    from framework.training import evaluate

    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], ":", color="gray", label="chance")
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        found = evaluate(run, keep=True)
        curves = {split: roc for split in found.predictions if (roc := found.roc(split)) is not None}
        if not curves:
            raise UserError(
                f"{run} has no ROC curve: that is for classifiers of two classes, with validation data of both."
            )
        for split, (false, true, area) in curves.items():
            axis.plot(false, true, color=_colour(number, len(runs)), label=f"{name} {split}, area {area:.4f}")
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axis.set(xlabel="false positive rate", ylabel="true positive rate", xticks=ticks, yticks=ticks, aspect="equal")
    if len(axis.get_lines()) > INSIDE:
        _beside(figure, axis.get_lines())
    else:
        axis.legend(fontsize="small")
    return figure


def _confusion(figure: Any, run: Path) -> Any:
    from framework.training import evaluate

    found = evaluate(run, keep=True)
    matrices = {split: matrix for split in found.predictions if (matrix := found.confusion(split)) is not None}
    if not matrices:
        raise UserError(
            f"{run} has no confusion matrix: its model does not choose among classes, or it has no validation data."
        )
    for axis, (split, matrix) in zip(
        figure.subplots(1, len(matrices), squeeze=False)[0], matrices.items(), strict=True
    ):
        _matrix(axis, matrix, found.classes)
        axis.set(title=split, xlabel="taken for", ylabel="is")
    return figure


def _matrix(axis: Any, matrix: Any, classes: Sequence[str] | None) -> None:
    """A square a cell, as dark as its share of the row; both as numbers where there is room."""
    size = len(matrix)
    names = classes if classes and len(classes) == size else list(map(str, range(size)))
    shares = matrix / matrix.sum(1, keepdims=True).clip(1)
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    named = range(0, size, math.ceil(size / NAMED))
    shown = [names[each] for each in named]
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if sum(map(len, shown)) > 50 else {}
    small = "x-small" if len(shown) > COUNTED else "medium"
    axis.set_xticks(named, shown, fontsize=small, **turned)
    axis.set_yticks(named, shown, fontsize=small)
    if size > COUNTED:
        axis.figure.colorbar(image, ax=axis, label="share of the row", shrink=0.8)
        return
    for (row, column), count in zip(np.ndindex(size, size), matrix.flat, strict=True):
        share = shares[row, column]
        text = f"{count}\n{share:.0%}" if count and size <= 12 else str(count)
        colour = "white" if share > 0.5 else "black" if count else "gray"
        axis.text(column, row, text, ha="center", va="center", color=colour, fontsize=12 if size <= 5 else 8)


def _names(runs: Sequence[Path]) -> list[str]:
    """What to call runs: what was changed for each, where that tells them apart, else their folders."""
    from framework.training import RunSummary

    summaries = [RunSummary.of(Run.open_at(run)[0]) for run in runs]
    folders = [run.name for run in runs] if len({run.name for run in runs}) == len(runs) else [str(run) for run in runs]
    differing = {
        name
        for each in summaries
        for name in each.changed
        if len({str(other.changed.get(name)) for other in summaries}) > 1
    }
    return [
        f"{folder} ({', '.join(f'{name}={each.changed[name]}' for name in each.changed if name in differing)})"
        if any(name in differing for name in each.changed)
        else folder
        for folder, each in zip(folders, summaries, strict=True)
    ]


def _colour(number: int, of: int) -> Any:
    """One of ten that are told apart well; of more runs, one along a scale."""
    if of <= 10:
        return f"C{number}"
    from matplotlib import colormaps

    return colormaps["turbo"](number / (of - 1))


def _legend(figure: Any, names: Sequence[str]) -> None:
    """What each line is, in the picture; of many, which colour is which run, and what dashes mean, once beside it."""
    from matplotlib.lines import Line2D

    if len(names) == 1 or max(len(axis.get_lines()) for axis in figure.axes) <= INSIDE:
        for axis in figure.axes:
            axis.legend(fontsize="small")
        return
    lines = [line for axis in figure.axes for line in axis.get_lines()]
    kinds = {line.get_linestyle(): line.get_label().rpartition(" ")[2].rpartition("/")[0] for line in lines}
    kinds = {style: split for style, split in kinds.items() if split}
    handles = [Line2D([], [], color=_colour(number, len(names)), label=name) for number, name in enumerate(names)]
    handles += [Line2D([], [], color="gray", linestyle=style, label=split) for style, split in kinds.items()]
    _beside(figure, handles)


def _beside(figure: Any, handles: Sequence[Any]) -> None:
    """A legend right of the picture, which grows by its width."""
    width, height = figure.get_size_inches()
    columns = math.ceil(len(handles) / (height // LINE))
    longest = max(len(each.get_label()) for each in handles)
    figure.set_size_inches(width + columns * (0.6 + 0.06 * longest), height)
    figure.legend(handles=handles, fontsize="x-small", loc="outside right upper", ncols=columns)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
