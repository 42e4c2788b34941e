"""Draws a curve as plain text, over a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["curve"]

WIDTH, HEIGHT, MARGIN = 66, 14, 10


def curve(xs: Sequence[float], ys: Sequence[float], marks: Mapping[str, float], top: float) -> str:
    """The points of a curve in 80 columns, y cut off at `top`; `marks` are letters and the x that each stands under."""
    low, high = min(ys), min(max(ys), top)
    left, right = math.log10(xs[0]), math.log10(xs[-1])

    def column(x: float) -> int:
        return round((math.log10(x) - left) / ((right - left) or 1) * (WIDTH - 1))

    def row(y: float) -> int:
        return round((high - min(y, high)) / ((high - low) or 1) * (HEIGHT - 1))

    lines = [[" "] * WIDTH for _ in range(HEIGHT)]
    for x, y in zip(xs, ys, strict=True):
        lines[row(y)][column(x)] = "*"
    labels = {0: f"{high:.3g}", HEIGHT - 1: f"{low:.3g}"}
    drawn = [f"{labels.get(number, ''):>{MARGIN}} |{''.join(line).rstrip()}" for number, line in enumerate(lines)]
    axis, names = ["-"] * WIDTH, [" "] * (WIDTH + MARGIN)
    for power in range(math.ceil(left - 1e-9), math.floor(right + 1e-9) + 1):
        at = column(10.0**power)
        axis[at] = "+"
        names[at : at + 5] = f"1e{power}".ljust(5)
    under = [" "] * WIDTH
    for letter, x in marks.items():
        under[column(x)] = letter
    blank = " " * (MARGIN + 1)
    return "\n".join(
        _stripped([*drawn, f"{blank}+{''.join(axis)}", f"{blank} {''.join(under)}", f"{blank} {''.join(names)}"])
    )


def _stripped(lines: Sequence[str]) -> Iterator[str]:
    return (line.rstrip() for line in lines)
