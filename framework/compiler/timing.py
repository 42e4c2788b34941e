"""`timing`: how long the lines of compiled programs take, as they really run.

with timing(watcher):
    step(x, y)

While it is on, every program of the process runs a text that looks at the clock between its lines; results are the
same to the bit. Outside, programs are what they were, and nothing is paid.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from time import perf_counter
from types import CodeType, FunctionType
from typing import Protocol
from weakref import WeakSet

from framework.compiler.writing.timed import Line, TimedStage, TimedText

__all__ = ["Line", "TimedStage", "Watcher", "preparing", "timing"]


class Watcher(Protocol):
    """Who is told of times."""

    def stage_ended(
        self, stage: TimedStage, times: tuple[float, ...], inside: tuple[float, ...], blocks: tuple[int, ...]
    ) -> None:
        """A stage of a program ran, in whatever thread.

        times: the clock before its first line, and after each line that stands in no loop. inside: the seconds of each
        line in a loop, all blocks together. blocks: how many each loop had.
        """

    def preparing(self, what: str) -> AbstractContextManager[object]:
        """What to do "tracing" or "checking" in: a function runs as it is written, beside its program."""


class Timeable:
    """The functions of a program in all its instances: they can be given a text that looks at the clock, and their own.

    `compiled(text)` makes code of the text of functions.
    """

    def __init__(self, source: str, compiled: Callable[[str], CodeType]) -> None:
        self._source, self._compiled = source, compiled
        self._functions: WeakSet[FunctionType] = WeakSet()
        self._own: dict[str, CodeType] = {}
        _all.add(self)

    @cached_property
    def text(self) -> TimedText:
        """The text that looks at the clock."""
        return TimedText(self._source)

    @cached_property
    def _timed(self) -> dict[str, CodeType]:
        made = self._compiled(self.text.text).co_consts
        return {each.co_name: each for each in made if isinstance(each, CodeType)}

    def add(self, functions: Sequence[FunctionType]) -> None:
        """Takes in the functions of a new instance."""
        self._functions.update(functions)
        self._own = {each.__name__: each.__code__ for each in functions}
        if _watcher is not None:
            self._start(_watcher, functions)

    def start(self, watcher: Watcher) -> None:
        """Has all functions look at the clock, and tell of it."""
        self._start(watcher, list(self._functions))

    def _start(self, watcher: Watcher, functions: Sequence[FunctionType]) -> None:
        text = self.text
        told = {text.ended(stage): partial(watcher.stage_ended, stage) for stage in text.stages}
        for each in functions:
            each.__globals__.update(told, **{text.clock: perf_counter})
            each.__code__ = self._timed[each.__name__]

    def stop(self) -> None:
        """Gives all functions their own text again; one that is in the midst of a run tells nobody any more."""
        untold = dict.fromkeys(map(self.text.ended, self.text.stages), _ignore)
        for each in list(self._functions):
            each.__globals__.update(untold)
            each.__code__ = self._own[each.__name__]


def _ignore(*times: object) -> None:
    """Who is told when nobody is."""


_all: WeakSet[Timeable] = WeakSet()
_watcher: Watcher | None = None


@contextlib.contextmanager
def timing(watcher: Watcher) -> Iterator[None]:
    """Has `watcher` told of every run of a program. RuntimeError where another is told already."""
    global _watcher
    if _watcher is not None:
        raise RuntimeError("Programs are being timed already: one profiler at a time")
    _watcher = watcher
    try:
        for each in list(_all):
            each.start(watcher)
        yield
    finally:
        _watcher = None
        for each in list(_all):
            each.stop()


def preparing(what: str) -> AbstractContextManager[object]:
    """What a function is traced in, or checked against its program."""
    return contextlib.nullcontext() if _watcher is None else _watcher.preparing(what)
