"""`Recorder`: times what this thread does, and puts it into a tree of spans.

recorder = Recorder()
with recorder.on():
    with recorder.span("part", "a step"):
        step(x, y)
print(recorder.tree.children)

The lines of compiled programs are timed as they really run; operations that run by themselves are, with
`operations=True`, one by one.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from time import perf_counter
from typing import Any

from framework.autograd.observing import Observed, observing
from framework.compiler.timing import TimedStage, timing
from framework.profiler.spans import Kind, Span

__all__ = ["Recorder"]


class _Open:
    """A span that is open, and what ran in it so far."""

    __slots__ = ("recent", "sections", "span", "started")

    def __init__(self, span: Span) -> None:
        self.span = span
        # Of each operation: when it started, its span, the section that it was put in, and what telling of it took.
        self.recent: list[tuple[float, Span, Span, Span]] = []
        self.sections: set[str] = set()
        self.started = perf_counter()

    def section(self, name: str) -> Span:
        """The span of a section in this one, counted when it is first asked for."""
        found = self.span.inside("section", name)
        if name not in self.sections:
            self.sections.add(name)
            found.calls += 1
        return found


class _Within:
    """What `Recorder.span` returns; it may be entered again and again, but not inside itself."""

    def __init__(self, recorder: Recorder, *what: Any) -> None:
        self._recorder, self._what = recorder, what
        self._depth: int | None = None

    def __enter__(self) -> None:
        if self._recorder.listens():
            self._depth = len(self._recorder._open)
            self._recorder._enter(*self._what)

    def __exit__(self, kind: type[BaseException] | None = None, *error: object) -> None:
        depth, self._depth = self._depth, None
        # One that was left open inside, and none when it has been turned off since.
        while depth is not None and len(self._recorder._open) > depth:
            # That an iterator is at its end is no call.
            self._recorder._leave(calls=0 if kind is StopIteration else 1)


class _Lines:
    """The spans of a stage's lines in one place."""

    def __init__(self, place: Span, stage: TimedStage) -> None:
        self.outer: list[tuple[Span, Span]] = []
        self.inner: list[tuple[Span, int]] = []
        loop, loops = place, -1
        for line in stage.lines:
            section = place.inside("section", line.section)
            owner = section if line.loop is None else loop
            span = owner.inside("line", line.text, line.result, line.section, line.operation)
            if line.loop is not None:
                self.inner.append((span, loops))
            else:
                self.outer.append((span, section))
            if line.operation == "for":
                loop, loops = span, loops + 1
        self.sections = list(dict.fromkeys([section for _, section in self.outer]))


class Recorder:
    """Times what runs in the thread in which it is on. `tree` is what it found so far.

    operations: whether operations that run by themselves are timed one by one. shapes: whether these are told apart by
    the shapes of what they are given, not by what they make. listen: called with the name, the start and the seconds of
    each span, stage and operation as it ends. `looks` and `spans` count what it did that is in the times found.
    """

    current: Recorder | None = None
    """The one that is on, for `record_function`."""

    def __init__(
        self,
        name: str = "all",
        operations: bool = False,
        listen: Callable[[str, float, float], None] | None = None,
        shapes: bool = False,
    ) -> None:
        self.tree = Span("whole", name)
        self.looks = self.spans = 0
        self._operations, self._listen, self._shapes = operations, listen, shapes
        self._open: list[_Open] = []
        self._lines: dict[tuple[Span, TimedStage], _Lines] = {}
        self._thread = 0

    @contextlib.contextmanager
    def on(self) -> Iterator[Recorder]:
        """Times what runs inside. RuntimeError where another recorder is on."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(timing(self))
            if self._operations:
                stack.enter_context(self.operations())
            Recorder.current, self._thread = self, get_ident()
            self._open = [_Open(self.tree)]
            try:
                yield self
            finally:
                while self._open:
                    self._leave()
                Recorder.current = None

    def operations(self) -> contextlib.AbstractContextManager[None]:
        """Times the operations that run inside, one by one."""
        return observing(self._operation_ended)

    def span(self, kind: Kind, name: str, detail: str = "") -> contextlib.AbstractContextManager[None]:
        """Times what runs inside as one span; in another thread, or when it is off, it does nothing."""
        return _Within(self, kind, name, detail)

    def _enter(self, kind: Kind, name: str, detail: str) -> None:
        self.spans += 1
        self._open.append(_Open(self._open[-1].span.inside(kind, name, detail)))

    def _leave(self, calls: int = 1) -> None:
        seconds = perf_counter() - self._open[-1].started
        closed = self._open.pop()
        closed.span.add(seconds, calls)
        if self._listen is not None and self._open:
            self._listen(closed.span.name, closed.started, seconds)

    def listens(self) -> bool:
        """Whether it is on, and this its thread."""
        return bool(self._open) and get_ident() == self._thread

    def seconds_within(self) -> float:
        """An estimate of what looking at the clock, and opening and closing spans, added to the times found."""
        look, span = _costs()
        return self.looks * look + self.spans * span

    # What the compiler and the engine tell

    def preparing(self, what: str) -> contextlib.AbstractContextManager[None]:
        """A function is traced, or checked against its program."""
        return self.span("part", what)

    def stage_ended(
        self, stage: TimedStage, times: tuple[float, ...], inside: tuple[float, ...], blocks: tuple[int, ...]
    ) -> None:
        """A stage of a program ran."""
        if not self.listens():
            return
        place = self._open[-1].span
        found = self._lines.get((place, stage))
        if found is None:
            found = self._lines[place, stage] = _Lines(place, stage)
        before = times[0]
        for (span, section), after in zip(found.outer, times[1:], strict=True):
            span.calls += 1
            span.seconds += after - before
            section.seconds += after - before
            before = after
        for (span, loop), seconds in zip(found.inner, inside, strict=True):
            span.add(seconds, blocks[loop])
            self.looks += 2 * blocks[loop]
        for section in found.sections:
            section.calls += 1
        self.looks += len(times)
        if self._listen is not None:
            self._listen(f"compiled::{stage.name}", times[0], before - times[0])
        place.inside("profiling", "profiling").add(perf_counter() - before)

    def _operation_ended(self, observed: Observed) -> None:
        """An operation ran, or a node's backward: what ran inside it was told before."""
        if not self.listens():
            return
        now = self._open[-1]
        place = now.span
        section = place if place.kind == "section" else now.section(observed.phase)
        form = (
            str([list(each.shape) for each in observed.inputs if each is not None])
            if self._shapes
            else _form(observed.outputs)
        )
        torch_name = f"aten::{observed.name}" if observed.node is None else observed.node.name()
        span = Span("operation", observed.name, form, section.name, torch_name)
        span.add(observed.seconds)
        while now.recent and now.recent[-1][0] >= observed.started:
            _, part, its_section, telling = now.recent.pop()
            its_section.take(part)
            place.take(telling)
            if its_section is not place:
                its_section.seconds -= part.seconds
            span.put(part)
            span.put(telling)
        section.put(span)
        if section is not place:
            section.seconds += observed.seconds
        if self._listen is not None:
            self._listen(span.operation, observed.started, observed.seconds)
        telling = Span("profiling", "profiling")
        now.recent.append((observed.started, span, section, telling))
        telling.add(perf_counter() - observed.started - observed.seconds)
        place.put(telling)


@functools.cache
def _costs() -> tuple[float, float]:
    """The seconds that a look at the clock takes, and a span: the best of some tries."""
    times = 1000
    look = span = math.inf
    trial = Recorder()
    trial._open, trial._thread = [_Open(trial.tree)], get_ident()
    for _ in range(5):
        start = perf_counter()
        for _ in range(times):
            perf_counter()
        middle = perf_counter()
        for _ in range(times):
            with trial.span("part", "nothing"):
                pass
        look, span = min(look, middle - start), min(span, perf_counter() - middle)
    return look / times, span / times


def _form(outputs: Sequence[Any]) -> str:
    """The shape and the type of the first thing that was made."""
    for each in outputs:
        if each is not None:
            return _form_text(each.shape, each.dtype)
    return ""


@functools.lru_cache(1024)
def _form_text(shape: tuple[int, ...], dtype: Any) -> str:
    """As programs' lines tell it: `64×32 float32`."""
    return f"{'×'.join(map(str, shape)) or '0-d'} {getattr(dtype, 'name', dtype)}"
