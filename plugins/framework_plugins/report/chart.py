"""Draws curves as inline SVG: axes with round numbers, a legend, and each point's value where one points at it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Curve", "chart", "shown"]

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 28, 34
POINTS = 300
"""Of a longer curve only so many points are drawn: in each stretch its lowest and its highest."""
SPAN = 50
"""Positive values that differ by more than this factor get a logarithmic axis."""


@dataclass(frozen=True)
class Curve:
    """Points, in the order of x; None where there is no number. `colour` is a number from 0 on."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float | None]
    colour: int
    dashed: bool = False


def chart(title: str, x_name: str, curves: Sequence[Curve], *, unit: bool = False) -> str:
    """An SVG element; with `unit`, both axes go from 0 to 1, in a square. Empty where no curve has a number."""
    numbers = [y for curve in curves for y in curve.ys if y is not None]
    places = [x for curve in curves for x in curve.xs]
    if not numbers:
        return ""
    low, high = (0.0, 1.0) if unit else (min(numbers), max(numbers))
    log = not unit and low > 0 and high / low > SPAN
    if log:
        low, high = math.log10(low), math.log10(high)
    ticks = _ticks(low, high, log, about=7 if unit else 4)
    low, high = min(low, ticks[0]), max(high, ticks[-1])
    left, right = (0.0, 1.0) if unit else (min(places), max(places))
    if left == right:  # in the middle
        left, right = left - 1, right + 1
    height = WIDTH - LEFT - RIGHT + TOP + BOTTOM if unit else HEIGHT

    def across(x: float) -> float:
        return LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        y = math.log10(y) if log else y
        return height - BOTTOM - (y - low) / ((high - low) or 1) * (height - TOP - BOTTOM)

    label = escape(f"{title} by {x_name}: " + ", ".join(curve.name for curve in curves), quote=True)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">']
    for tick in ticks:
        at = 10.0**tick if log else tick
        y = down(at)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{shown(at)}</text>')
    floor = height - BOTTOM
    for tick in [min(places)] if len({*places}) == 1 else _x_ticks(left, right, whole=not unit):
        x = across(tick)
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{floor}" y2="{floor + 3}"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 15}" text-anchor="middle">{shown(tick)}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{height - 4}" text-anchor="middle">{escape(x_name)}</text>'
    )
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>')
    place = float(LEFT)
    for curve in curves:
        parts += _drawn(curve, x_name, across, down)
        parts.append(
            f'<path class="c{curve.colour % 6}{" dashed" if curve.dashed else ""}" d="M{place:.0f} 14h18"/>'
            f'<text x="{place + 23:.0f}" y="18">{escape(curve.name)}</text>'
        )
        place += 36 + 6.2 * len(curve.name)
    return "".join([*parts, "</svg>"])


def shown(value: float) -> str:
    """A number in few characters."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.3g}".replace("-", "−")
    return f"{value:.4f}".rstrip("0").rstrip(".").replace("-", "−") or "0"


def _drawn(curve: Curve, x_name: str, across: object, down: object) -> Iterator[str]:
    """The line, in pieces where numbers are missing, and what is told of each point."""
    x_of, y_of = across, down
    assert callable(x_of) and callable(y_of)
    points = list(_thinned(curve))
    path, pen = [], "M"
    for x, y in points:
        if y is None:
            pen = "M"
            continue
        path.append(f"{pen}{x_of(x):.1f} {y_of(y):.1f}")
        pen = "L"
    style = f"c{curve.colour % 6}{' dashed' if curve.dashed else ''}"
    yield f'<path class="{style}" d="{"".join(path)}"/>'
    size = 2.5 if len(points) <= 20 else 0
    for x, y in points:
        if y is not None:
            text = escape(f"{curve.name}, {x_name} {shown(x)}: {shown(y)}")
            centre = f'cx="{x_of(x):.1f}" cy="{y_of(y):.1f}"'
            if size:
                yield f'<circle class="dot c{curve.colour % 6}" r="{size}" {centre}/>'
            yield f'<circle class="touch" r="6" {centre}><title>{text}</title></circle>'


def _thinned(curve: Curve) -> Iterator[tuple[float, float | None]]:
    points = list(zip(curve.xs, curve.ys, strict=True))
    if len(points) <= POINTS:
        yield from points
        return
    stretch = 2 * len(points) / POINTS
    for number in range(POINTS // 2):
        part = points[round(number * stretch) : round((number + 1) * stretch)]
        known = sorted((y, x) for x, y in part if y is not None)
        ends = sorted({known[0][::-1], known[-1][::-1]}) if known else [(part[0][0], None)]
        yield from ends


def _x_ticks(left: float, right: float, whole: bool) -> list[float]:
    """Up to ten round numbers from `left` to `right`, and `left` itself where there is room for it."""
    ticks = _ticks(left, right, False, whole, about=7)
    step = ticks[1] - ticks[0]
    ticks = [tick for tick in ticks if left <= tick <= right]
    return [left, *ticks] if ticks[0] - left > 0.6 * step else ticks


def _ticks(low: float, high: float, log: bool, whole: bool = False, about: int = 4) -> list[float]:
    """One more than `about` round numbers or so, from below `low` to above `high`; of a logarithmic axis, powers of ten."""
    if log:
        return [float(power) for power in range(math.floor(low), math.ceil(high) + 1)]
    if high <= low:
        margin = abs(low) / 10 or 1.0
        return [low] if whole else [low - margin, low, low + margin]
    rough = (high - low) / about
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    step = max(step, 1.0) if whole else step
    first = math.floor(low / step + 1e-9)
    return [round(number * step, 12) for number in range(first, math.ceil(high / step - 1e-9) + 1)]
