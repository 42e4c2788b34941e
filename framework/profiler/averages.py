"""What `torch.profiler` hands out: events, their averages by name, and the table that they print as."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from framework.profiler.spans import Span

__all__ = ["EventList", "FunctionEvent", "FunctionEventAvg", "averages", "event_name"]

T = TypeVar("T")

WIDTH = 12
"""A column's width, but the name's."""


class Interval(NamedTuple):
    """From when to when, in microseconds."""

    start: float
    end: float

    def elapsed_us(self) -> float:
        return self.end - self.start


class _Times:
    """The times of an event, in microseconds, and as text. There is no device but the CPU."""

    key: str
    count: int
    cpu_time_total: float
    self_cpu_time_total: float
    input_shapes: Any = ""
    node_id = -1
    is_async = is_remote = is_legacy = is_user_annotation = False
    flops = 0
    overload_name = ""
    use_device = None
    cpu_memory_usage = self_cpu_memory_usage = device_memory_usage = self_device_memory_usage = 0
    device_time = device_time_total = self_device_time_total = 0.0
    cuda_time = 0.0

    @property
    def cpu_time(self) -> float:
        """The mean of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        return time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return time_text(self.self_cpu_time_total)


class FunctionEventAvg(_Times):
    """All events of one name."""

    def __init__(self, key: str, shapes: Any = "") -> None:
        self.key = key
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.input_shapes = shapes
        self.stack: list[str] = []

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage=0 cuda_memory_usage=0>"
        )


class FunctionEvent(_Times):
    """One call of an operation, one run of a program's stage, or one labelled block. Times start with the profile."""

    count = 1

    def __init__(self, name: str, start: float, seconds: float, thread: int) -> None:
        self.name = self.key = name
        self.thread = thread
        self.time_range = Interval(start * 1e6, (start + seconds) * 1e6)
        self.cpu_time_total = self.self_cpu_time_total = seconds * 1e6

    def __repr__(self) -> str:
        start, end = self.time_range
        return f"<FunctionEvent name={self.name} cpu_time={self.cpu_time_str} start_us={start:.3f} end_us={end:.3f}>"


class EventList(list[T]):
    """Events, or averages of events. `str()` of it is the table."""

    def __str__(self) -> str:
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """All of them together."""
        return sum(each.self_cpu_time_total for each in self)  # type: ignore[attr-defined]

    def total_average(self) -> FunctionEventAvg:
        """All of them as one."""
        total = FunctionEventAvg("Total")
        for each in self:
            _add(total, each)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int | None = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The events in columns, as PyTorch prints them; the shares are of all, also where `row_limit` leaves some out.

        sort_by: an attribute such as "cpu_time_total", "self_cpu_time_total", "cpu_time" or "count", the largest first.
        time_unit: "s", "ms" or "us" for all, rather than what suits each.
        """
        events: list[Any] = list(self)
        if not events:
            return ""
        if sort_by is not None:
            attribute = sort_by.replace("cuda", "device").replace("xpu", "device").replace("privateuse1", "device")
            events.sort(key=lambda each: getattr(each, attribute), reverse=True)
        widths = [_least(max(len(each.key) for each in events) + 4, max_name_column_width), *[WIDTH] * 6]
        titles = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"]
        if any(each.input_shapes for each in events):
            titles.append("Input Shapes")
            widths.append(_least(max(len(str(each.input_shapes)) for each in events) + 4, max_shapes_column_width))
        line = "".join("-" * width + "  " for width in widths)
        total = self.self_cpu_time_total
        lines = []
        if header is not None:
            lines += ["=" * (len(line) - 2), header]
        if top_level_events_only:
            lines += ["=" * (len(line) - 2), "This report only display top-level ops statistics"]
        lines += [line, _row(titles, widths), line]
        for each in events[: row_limit if row_limit >= 0 else None]:
            name = each.key
            if max_name_column_width is not None and len(name) >= max_name_column_width - 3:
                name = name[: max_name_column_width - 3] + "..."
            cells = [
                name,
                _share(each.self_cpu_time_total, total),
                time_text(each.self_cpu_time_total, time_unit),
                _share(each.cpu_time_total, total),
                time_text(each.cpu_time_total, time_unit),
                time_text(each.cpu_time, time_unit),
                str(each.count),
            ]
            if len(widths) > len(cells):
                cells.append(str(each.input_shapes)[: widths[-1]])
            lines.append(_row(cells, widths))
        return "\n".join([*lines, line, f"Self CPU time total: {time_text(total, time_unit)}", ""])


def time_text(microseconds: float, unit: str | None = None) -> str:
    """A time as PyTorch writes it."""
    unit = unit or ("s" if microseconds >= 1e6 else "ms" if microseconds >= 1e3 else "us")
    return f"{microseconds / {'s': 1e6, 'ms': 1e3, 'us': 1.0}[unit]:.3f}{unit}"


def _share(part: float, total: float) -> str:
    return f"{part * 100 / total:.2f}%" if total else "NaN"


def _least(width: int, limit: int | None) -> int:
    return width if limit is None else min(width, limit)


def _row(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "".join(f"{cell:>{width}}  " for cell, width in zip(cells, widths, strict=True))


def _add(total: FunctionEventAvg, each: Any) -> None:
    total.count += each.count
    total.cpu_time_total += each.cpu_time_total
    total.self_cpu_time_total += each.self_cpu_time_total


def event_name(span: Span) -> str | None:
    """What PyTorch calls a span; None for one that is no event of its own."""
    if span.kind == "operation":
        return span.operation
    if span.kind == "line":
        return f"compiled::{span.operation}"
    if span.kind == "part":
        return f"compiled::{span.name}"
    return span.name if span.kind in ("label", "hook") else None


def averages(tree: Span, by_shapes: bool) -> EventList[FunctionEventAvg]:
    """The average of all events of a name, in the order in which they first came; the recording itself is left out."""
    found: dict[tuple[str, str], FunctionEventAvg] = {}
    seconds: dict[Span, float] = {}
    own: dict[Span, float] = {}
    for *outside, span in tree.walk():
        if span.kind == "profiling":
            for each in outside:
                seconds[each] -= span.seconds
        seconds[span] = own[span] = span.seconds
    for *outside, span in tree.walk():
        if event_name(span) is not None:
            own[span] = own[span] + seconds[span] - span.seconds
            around = next((each for each in reversed(outside) if event_name(each) is not None), tree)
            own[around] -= seconds[span]
    for *_, span in tree.walk():
        name = event_name(span)
        if name is not None:
            shapes = span.detail if by_shapes and span.kind == "operation" else ""
            event = found.setdefault((name, shapes), FunctionEventAvg(name, shapes))
            event.count += span.calls
            event.cpu_time_total += seconds[span] * 1e6
            event.self_cpu_time_total += max(0.0, own[span]) * 1e6
    return EventList(found.values())
