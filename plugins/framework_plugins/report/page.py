"""Puts all that is known of a run on one page."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from framework.extend import Run, UserError
from framework.training import Evaluation, describe_run, evaluate
from framework.training.run import WEIGHTS
from framework_plugins.report.chart import Curve, chart, shown

__all__ = ["page"]

MOST_CLASSES = 50
STYLE = (Path(__file__).parent / "page.css").read_text("utf-8")


def page(run: Run, at: Path | None = None, *, measure: bool = True) -> str:
    """The page, as HTML. To `measure`, the run's recipe is built once more, with its data."""
    about = describe_run(run, at)
    name = Path(about["recipe"]).stem if about["recipe"] else run.path.name
    sections = [
        _section("Curves", _curves(run.records())),
        _section("Metrics", _metrics(about["metrics"])),
        *(_measured(run, at) if measure else ()),
        _section("Configuration", _configuration(about)),
        _section("Model", f"<pre>{escape(about['model'].get('table') or about['model'].get('problem') or '')}</pre>"),
        _section("Environment", _environment(about)),
        _section("Events", _events(run)),
        _section("Recipe", _source(run, about["recipe"])),
    ]
    title = escape(f"{name}: {run.path.resolve().name}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>"
        f"<header><h1>{title}</h1>{_headline(about, run.command())}</header>{''.join(sections)}</main></body></html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def _headline(about: Mapping[str, Any], go_on: str) -> str:
    status, times = about["status"], about["resumed"]
    again = f" <small>resumed {times} times</small>" if times > 1 else " <small>resumed once</small>" * times
    date, _, clock = str(about["started"] or "-").partition("T")
    facts = {
        "Status": f'<span class="status {escape(status)}">{escape(status)}</span>{again}',
        f"Best {_breakable(about['metric'])}" if about["metric"] else "": "-"
        if about["best"] is None
        else f"{shown(about['best'])} <small>epoch {about['best_epoch']}</small>",
        "Epochs": f"{about['epochs']:,}",
        "Steps": f"{about['steps']:,}",
        "Time": "-" if about["seconds"] is None else f"{about['seconds']:,.1f} s",
        "Started": f"{escape(date)} <small>{escape(clock[:5])}</small>",
    }
    cards = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items() if name)
    reason = f'<p class="reason">{escape(about["reason"])}</p>' if about["reason"] and status != "finished" else ""
    more = f"<p>To go on: <code>{escape(go_on)}</code></p>" if status not in ("running", "finished") else ""
    return f'<dl class="cards">{cards}</dl>{reason}{more}'


def _curves(records: Sequence[Mapping[str, Any]]) -> str:
    """A chart for each metric, its sets of data as curves; by steps, what no record of an epoch has."""
    groups: dict[tuple[str, str], list[str]] = {}
    for by in ("epoch", "step"):
        names = dict.fromkeys(name for row in records if by in row for name, value in row.items() if _is_number(value))
        known = {name for group in groups.values() for name in group}
        for name in names:
            if name not in ("epoch", "step", "time") and name not in known:
                groups.setdefault((by, name.partition("/")[2] or name), []).append(name)
    splits = list(dict.fromkeys(name.rpartition("/")[0] for group in groups.values() for name in group))
    charts = []
    for (by, metric), group in groups.items():
        curves, rows = [], [record for record in records if _is_number(record.get(by))]
        for name in group:
            split = name.rpartition("/")[0]
            points = [(row[by], row[name]) for row in rows if name in row]
            ys = [float(y) if _is_number(y) and math.isfinite(y) else None for _, y in points]
            curves.append(Curve(split or name, [x for x, _ in points], ys, splits.index(split), split == "train"))
        charts.append(f"<figure><figcaption>{escape(metric)}</figcaption>{chart(metric, by, curves)}</figure>")
    return f'<div class="charts">{"".join(charts)}</div>' if charts else "<p>Nothing was recorded.</p>"


def _metrics(metrics: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (name, _number(each["last"]), _number(each["best"]), str(each["best_epoch"] or "-"))
        for name, each in metrics.items()
    ]
    return _table(("metric", "last", "best", "at epoch"), rows, numbers=(1, 2, 3)) if rows else ""


def _measured(run: Run, at: Path | None) -> list[str]:
    """Confusion matrix and ROC curve of each validation set, by the newest checkpoint until there are weights; or why not."""
    newest = run.path / "last"
    if at is None and not (run.path / WEIGHTS).is_file():
        if not newest.exists():
            return [_note("Not measured: the run has neither trained weights nor a checkpoint.")]
        at = newest
    try:
        found = evaluate(at or run.path, keep=True)
    except Exception as error:  # any: the recipe is a person's own code, and its data may be gone
        text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        return [_note(f"Not measured again: {text}")]
    parts = [_note(f"Measured by the newest checkpoint, {newest.resolve().name}.")] if at == newest else []
    for split in found.predictions:
        matrix = found.confusion(split)
        if matrix is not None:
            parts.append(_section(f"Confusion matrix, {escape(split)}", _confusion(matrix.tolist(), found)))
        roc = found.roc(split)
        if roc is not None:
            false, true, area = roc
            curves = [
                Curve(f"area {area:.4f}", false.tolist(), true.tolist(), 1),
                Curve("chance", [0, 1], [0, 1], 5, True),
            ]
            drawn = chart("true positive rate", "false positive rate", curves, unit=True)
            parts.append(
                _section(
                    f"ROC, {escape(split)}",
                    f'<figure class="square"><figcaption>true positive rate</figcaption>{drawn}</figure>',
                )
            )
    return parts


def _note(text: str) -> str:
    return _section("On its data", f'<p class="note">{escape(text)}</p>')


def _confusion(matrix: Sequence[Sequence[int]], found: Evaluation) -> str:
    if len(matrix) > MOST_CLASSES:
        return (
            f'<p class="note">Left out: it has {len(matrix)} classes, and the page shows up to {MOST_CLASSES}. '
            "<code>framework plot --confusion</code> draws it.</p>"
        )
    names = found.classes if found.classes and len(found.classes) == len(matrix) else list(map(str, range(len(matrix))))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for name, counts in zip(names, matrix, strict=True):
        total = sum(counts)
        shares = [count / (total or 1) for count in counts]
        cells = "".join(
            f'<td style="--share:{60 * share:.0f}%">{count}<small>{share:.0%}</small></td>'
            if count
            else '<td class="none">0</td>'
            for count, share in zip(counts, shares, strict=True)
        )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}<td class="total">{total}</td></tr>')
    return (
        '<p class="note">Rows: what it is; columns: what it was taken for, and the share of the row.</p><div class="scroll"><table class="heat">'
        f'<thead><tr><td></td>{head}<th scope="col">all</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _configuration(about: Mapping[str, Any]) -> str:
    rows = [(each["name"], _text(each["value"]), each["origin"]) for each in about["configuration"]]
    rows += [(f"--{name.replace('_', '-')}", _text(value), "run option") for name, value in about["options"].items()]
    return _table(("name", "value", "from"), rows)


def _environment(about: Mapping[str, Any]) -> str:
    versions = about["versions"] or {}
    rows = [(name, _text(value)) for name, value in versions.items() if value is not None]
    if about["command"]:
        rows.insert(0, ("command", shlex.join(["framework", *about["command"][1:]])))
    if about["git"]:
        rows.append(("git", about["git"]["commit"] + (", with changes" if about["git"]["dirty"] else "")))
    rows += [
        (f"data {Path(path).name}", str(mark.get("sha256", ""))[:16]) for path, mark in (about["data"] or {}).items()
    ]
    others = [each for each in about["plugins"] or () if each.get("origin") not in ("first-party", "registered")]
    rows += [
        ("plugin", " ".join(str(each[key]) for key in ("name", "version", "origin") if each.get(key)))
        for each in others
    ]
    return _table(("", ""), rows)


def _events(run: Run) -> str:
    rows = []
    for event in run.events():
        name, time = str(event.pop("event", "")), str(event.pop("time", ""))
        event.pop("recipe_diff", None)
        event.pop("command", None)
        details = ", ".join(f"{key} {_text(value)}" for key, value in event.items() if value not in (None, "", {}, []))
        rows.append((time.replace("T", " ")[:19], name, details))
    return _table(("time", "event", ""), rows[-100:]) if rows else ""


def _source(run: Run, recipe: str | None) -> str:
    path = run.path / Path(recipe).name if recipe else None
    if path is None or not path.is_file():
        return ""
    return f"<details><summary>{escape(path.name)}</summary><pre>{escape(path.read_text('utf-8', 'replace'))}</pre></details>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    kinds = ['class="number"' if index in numbers else "" for index in range(len(header))]
    head = "".join(f'<th scope="col" {kind}>{escape(name)}</th>' for name, kind in zip(header, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td {kind}>{_breakable(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _breakable(text: str) -> str:
    """A text that may go on in another line behind each slash."""
    return escape(text).replace("/", "/<wbr>")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Any) -> str:
    return shown(value) if _is_number(value) else "-"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
