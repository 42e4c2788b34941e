"""`flame_graph`: a tree of spans as a picture, whose boxes are as wide as what they stand for took long."""

from __future__ import annotations

import zlib
from html import escape
from typing import NamedTuple

from framework.profiler.report import seconds_text
from framework.profiler.spans import Span

__all__ = ["Box", "boxes", "flame_graph"]

WIDTH, MARGIN, ROW, LETTER = 1200.0, 10.0, 19.0, 6.65
"""The picture's width and margin, the height of a row and the width of a letter, in pixels."""

NARROWEST = 0.1
"""Boxes narrower than that are drawn as one."""

HUES = {"forward": 208, "backward": 24, "update": 140, "validation": 178, "profiling": 0, "hook": 276, "part": 46}

STYLE = """
svg { background: #fff; font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
text { fill: #111; pointer-events: none }
.title { fill: #111; font-size: 15px }
.note { fill: #555 }
rect { stroke: #fff; stroke-width: 0.6 }
g { cursor: pointer }
g:hover > rect { stroke: #111; stroke-width: 1.2 }
@media (prefers-color-scheme: dark) {
  svg { background: #16181d }
  .title { fill: #eee }
  .note { fill: #aaa }
  rect { stroke: #16181d }
  g:hover > rect { stroke: #fff }
}
"""


# A box that is clicked takes the whole width, with what is inside it; the topmost one gives all back.
SCRIPT = f"""
const inner = {WIDTH - 2 * MARGIN}, margin = {MARGIN}, letter = {LETTER};
const groups = [...document.querySelectorAll("g")];
function fitting(label, width) {{
  const room = Math.floor((width - 7) / letter);
  return label.length <= room ? label : room >= 3 ? label.slice(0, room - 1) + "\\u2026" : "";
}}
function show(left, right) {{
  for (const group of groups) {{
    const [rect, text] = [group.querySelector("rect"), group.querySelector("text")];
    const start = Math.max(0, (group.dataset.left - left) / (right - left));
    const end = Math.min(1, (group.dataset.right - left) / (right - left));
    const width = Math.max(0, end - start) * inner;
    group.style.display = width > 0 ? "" : "none";
    rect.setAttribute("x", margin + start * inner);
    rect.setAttribute("width", width);
    text.setAttribute("x", margin + start * inner + 4);
    text.textContent = fitting(group.dataset.label, width);
  }}
}}
for (const group of groups)
  group.addEventListener("click", () => show(+group.dataset.left, +group.dataset.right));
"""


class Box(NamedTuple):
    """A span's place: its row, and from where to where it reaches, the whole being from 0 to 1."""

    depth: int
    left: float
    right: float
    label: str
    title: str
    hue: int | None


def boxes(tree: Span) -> list[Box]:
    """The boxes of a tree: side by side inside the one above, the widest first; what is left over is its own time."""
    whole = tree.seconds or 1.0
    found: list[Box] = []
    rest: list[tuple[Span, int, float, float, int | None]] = [(tree, 0, 0.0, 1.0, None)]
    while rest:
        span, depth, left, right, hue = rest.pop()
        hue = _hue(span, hue)
        share = span.seconds / whole
        title = f"{_name(span)}: {seconds_text(span.seconds)}, {share * 100:.1f} % of all, {_calls(span.calls)}"
        found.append(Box(depth, left, right, _name(span), title, hue))
        children = sorted(span.children, key=lambda each: -each.seconds)
        total = sum(each.seconds for each in children)
        # Times within a time may by a hair be longer together than it is.
        scale = (right - left) / max(span.seconds, total) if span.seconds or total else 0.0
        at, few = left, NARROWEST / (WIDTH - 2 * MARGIN)
        for number, each in enumerate(children):
            if each.seconds * scale < few:
                others = children[number:]
                together = sum(other.seconds for other in others)
                if together * scale >= few / 10:
                    label = f"{len(others)} others" if len(others) > 1 else _name(each)
                    calls = _calls(sum(other.calls for other in others))
                    title = f"{label}: {seconds_text(together)}, {together / whole * 100:.1f} % of all, {calls}"
                    found.append(Box(depth + 1, at, at + together * scale, label, title, None))
                break
            rest.append((each, depth + 1, at, at + each.seconds * scale, hue))
            at += each.seconds * scale
    return found


def flame_graph(tree: Span, title: str = "Where the time went") -> str:
    """The picture of a tree, as the text of an SVG file that needs nothing besides; what a box is shows on hover."""
    drawn = boxes(tree)
    rows = 1 + max(box.depth for box in drawn)
    top = 56.0
    height = top + rows * ROW + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" width="100%">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{MARGIN}" y="24">{escape(title)}</text>',
        f'<text class="note" x="{MARGIN}" y="42">A box is as wide as what it stands for took long, all calls together; '
        "below it is what was done inside. Point at a box to read it whole, click it to see what is inside.</text>",
    ]
    lines += [_drawn(box, top) for box in drawn]
    return "\n".join([*lines, f"<script><![CDATA[{SCRIPT}]]></script>", "</svg>", ""])


def _drawn(box: Box, top: float) -> str:
    inner = WIDTH - 2 * MARGIN
    x, width = MARGIN + box.left * inner, (box.right - box.left) * inner
    y = top + box.depth * ROW
    light = 72 + zlib.crc32(box.label.encode()) % 12
    fill = f"hsl({box.hue}, 70%, {light}%)" if box.hue is not None else f"hsl(220, 8%, {light}%)"
    rect = f'<rect x="{x:.3f}" y="{y:.1f}" width="{width:.3f}" height="{ROW - 1:.1f}" rx="1.5" fill="{fill}"/>'
    text = f'<text x="{x + 4:.2f}" y="{y + 13:.1f}">{escape(_fitting(box.label, width))}</text>'
    place = f'data-left="{box.left:.9f}" data-right="{box.right:.9f}" data-label="{escape(box.label)}"'
    return f"<g {place}><title>{escape(box.title)}</title>{rect}{text}</g>"


def _fitting(label: str, width: float) -> str:
    """As much of a label as there is room for."""
    room = int((width - 7) / LETTER)
    if len(label) <= room:
        return label
    return label[: room - 1] + "…" if room >= 3 else ""


def _name(span: Span) -> str:
    if span.kind == "hook":
        return f"{span.name} of {span.detail}"
    return f"{span.name}  {span.detail}" if span.detail else span.name


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _hue(span: Span, outside: int | None) -> int | None:
    for key in (span.name, span.kind):
        if key in HUES:
            return HUES[key]
    return outside
