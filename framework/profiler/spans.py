"""`Span`: where time went, as a tree: what was done, how often, how long, and what of that was done inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

__all__ = ["Kind", "Span"]

Kind = Literal["whole", "part", "hook", "label", "section", "line", "operation", "profiling"]
"""What a span is the time of: all that was recorded; a part of training; a plugin's hook; a block that a person named;
a forward or backward pass or an update; a line of a compiled program; an operation that ran by itself; the recording
itself."""


class Span:
    """How often something was done in one place, and how long it took altogether.

    kind, name: what it is. detail: of a line or an operation, the shape and the type of what it makes, such as
    "64×32 float32"; of a hook, the plugin's name. section: of a line or an operation, "forward", "backward", "update".
    operation: PyTorch's name of an operation, a line's function. calls, seconds: all of them together, what was done
    inside included. children: what was done inside.
    """

    __slots__ = ("_inside", "calls", "detail", "kind", "name", "operation", "seconds", "section")

    def __init__(self, kind: Kind, name: str, detail: str = "", section: str = "", operation: str = "") -> None:
        self.kind, self.name, self.detail, self.section = kind, name, detail, section
        self.operation = operation or name
        self.calls = 0
        self.seconds = 0.0
        self._inside: dict[tuple[str, ...], Span] = {}

    def inside(self, kind: Kind, name: str, detail: str = "", section: str = "", operation: str = "") -> Span:
        """The span of something done inside this one; a new one when it is the first time."""
        key = kind, name, detail, section, operation or name
        found = self._inside.get(key)
        if found is None:
            found = self._inside[key] = Span(kind, name, detail, section, operation)
        return found

    def add(self, seconds: float, calls: int = 1) -> None:
        """Counts calls that took so long together."""
        self.calls += calls
        self.seconds += seconds

    def take_in(self, other: Span) -> None:
        """Adds another span of the same thing, and all inside it."""
        self.add(other.seconds, other.calls)
        for each in other.children:
            self.put(each)

    def take_out(self, other: Span) -> None:
        """Undoes `take_in`."""
        self.add(-other.seconds, -other.calls)
        for each in other.children:
            self.take(each)

    def put(self, other: Span) -> Span:
        """Adds what was done inside: the span that holds it now."""
        found = self.inside(other.kind, other.name, other.detail, other.section, other.operation)
        found.take_in(other)
        return found

    def take(self, other: Span) -> None:
        """Undoes `put`."""
        found = self._inside[other.key]
        found.take_out(other)
        if not found.calls:
            del self._inside[other.key]

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from others inside the same span."""
        return self.kind, self.name, self.detail, self.section, self.operation

    @property
    def children(self) -> list[Span]:
        """What was done inside, in the order in which it was first done."""
        return list(self._inside.values())

    @property
    def own_seconds(self) -> float:
        """The time that went to nothing inside."""
        return max(0.0, self.seconds - sum(each.seconds for each in self._inside.values()))

    def walk(self) -> Iterator[tuple[Span, ...]]:
        """This span and all inside it, each as the way to it: this span first, the one meant last."""
        rest: list[tuple[Span, ...]] = [(self,)]
        while rest:
            way = rest.pop()
            yield way
            rest.extend([(*way, each) for each in reversed(way[-1].children)])

    def __repr__(self) -> str:
        return f"<Span {self.kind} {self.name!r}: {self.calls} calls, {self.seconds:.6f} s>"
