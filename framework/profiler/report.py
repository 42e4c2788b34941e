"""Tables of where time went: by parts of training, and by operations or lines of programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from framework.profiler.recorder import Recorder
from framework.profiler.spans import Span

__all__ = ["Row", "by_operation", "by_part", "overhead", "seconds_text", "shares", "table_text"]

FINITE_CHECK = "finite check"
CHECK = "refuse_nonfinite"
"""What the names of the functions start with that check a step's numbers for nan and infinity."""

PREPARING = {"tracing", "checking"}
STEP, UPDATE = "step", "update"
"""The parts whose insides are told apart."""

VALIDATION, LOOP = "validation", "the loop: metrics and the rest"


@dataclass
class Row:
    """A line of a table: what it is, how often, how long altogether; `detail` is the shape of what an operation makes."""

    name: str
    calls: int = 0
    seconds: float = 0.0
    section: str = ""
    detail: str = ""


def by_part(tree: Span) -> list[Row]:
    """What the whole time went to, the most first: every moment is in one row."""
    rows: dict[str, Row] = {}
    rest = [(tree, "", False)]
    while rest:
        span, label, settled = rest.pop()
        before = label
        if not settled:
            label, settled = _label(span, label)
        row = rows.setdefault(label, Row(label))
        row.calls += span.calls if label != before else 0
        row.seconds += span.own_seconds
        rest.extend([(each, label, settled) for each in span.children])
    return _sorted(rows.values())


def _label(span: Span, outside: str) -> tuple[str, bool]:
    """The row that a span's own time belongs to, and whether all that is inside it does too."""
    if span.kind == "hook":
        if span.detail == "framework":  # its own hooks are what a plugin's may wrap
            return (VALIDATION, True) if span.name == "validate" else (outside, False)
        return f"hook {span.name} of {span.detail}", True
    if span.kind == "profiling":
        return "profiling itself", True
    if span.kind == "part":
        if span.name in PREPARING:
            return "tracing and checking", True
        return ("around the operations", False) if span.name == STEP else (span.name, span.name != UPDATE)
    if span.kind == "whole":
        return LOOP, False
    if span.kind == "section":  # what runs in the loop itself belongs to neither pass
        return (outside if outside == LOOP else span.name), False
    if span.kind == "label":
        return span.name, False
    checks = span.kind == "line" and span.operation.startswith(CHECK)
    return FINITE_CHECK if checks else outside, checks


def by_operation(tree: Span) -> list[Row]:
    """The time of each operation that ran, and of each line of a program, the most first, wherever it ran."""
    rows: dict[tuple[str, str, str], Row] = {}
    for *_, span in tree.walk():
        if span.kind in ("line", "operation"):
            name = f"{span.name.rstrip(':')}: the loop itself" if span.operation == "for" else span.name
            row = rows.setdefault((span.section, name, span.detail), Row(name, 0, 0.0, span.section, span.detail))
            row.calls += span.calls
            row.seconds += span.own_seconds
    return _sorted(rows.values())


def _sorted(rows: Iterable[Row]) -> list[Row]:
    found = [row for row in rows if row.calls or row.seconds]
    return sorted(found, key=lambda row: -row.seconds)


def table_text(rows: Sequence[Row], heading: str, limit: int | None = None, detailed: bool = False) -> str:
    """Rows as a table, the last of them together as one beyond `limit`; the shares add up to 100 %."""
    shown = list(rows)
    if limit is not None and len(rows) > limit:
        others = rows[limit:]
        rest = Row(f"{len(others)} others", sum(row.calls for row in others), sum(row.seconds for row in others))
        shown = [*rows[:limit], rest]
    percents = shares([row.seconds for row in shown])
    head = ["calls", "total", "mean", "share", *(["section", "result"] if detailed else []), heading]
    cells = [head]
    for row, percent in zip(shown, percents, strict=True):
        mean = row.seconds / row.calls if row.calls else 0.0
        numbers = [f"{row.calls:,}", seconds_text(row.seconds), seconds_text(mean), f"{percent:.1f} %"]
        cells.append([*numbers, *([row.section, row.detail] if detailed else []), row.name])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for line in cells:
        numbers = [each.rjust(width) for each, width in zip(line[:4], widths[:4], strict=True)]
        words = [each.ljust(width) for each, width in zip(line[4:], widths[4:], strict=True)]
        lines.append("  ".join([*numbers, *words]).rstrip())
    return "\n".join(lines) + "\n"


def shares(numbers: Sequence[float]) -> list[float]:
    """Percentages of the sum, in tenths, that add up to 100: what rounding leaves goes to those it took most from."""
    total = sum(numbers)
    if not total:
        return [0.0] * len(numbers)
    exact = [each / total * 1000 for each in numbers]
    tenths = [int(each) for each in exact]
    by_loss = sorted(range(len(exact)), key=lambda number: tenths[number] - exact[number])
    for number in by_loss[: 1000 - sum(tenths)]:
        tenths[number] += 1
    return [each / 10 for each in tenths]


def seconds_text(seconds: float) -> str:
    """A time with three digits and its unit: `1.23 s`, `45.6 ms`, `789 µs`."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def _three_digits(number: float) -> str:
    return f"{number:.2f}" if number < 9.995 else f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def overhead(recorder: Recorder) -> str:
    """What the recording took itself: what was measured apart, and an estimate of what is within the other times."""
    apart = sum(span.seconds for *_, span in recorder.tree.walk() if span.kind == "profiling")
    within = recorder.seconds_within()
    whole = recorder.tree.seconds or 1.0
    return (
        f"Profiling itself took about {seconds_text(apart + within)}, {(apart + within) / whole * 100:.1f} % of all: "
        f"{seconds_text(apart)} in a row of its own, and {seconds_text(within)}, an estimate, within the other times.\n"
    )
