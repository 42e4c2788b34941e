"""Ctrl-C waits for the end of a step: parameters are never left half updated, and what was done can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["Aborted", "Interrupted", "Interrupts", "in_words"]


class Interrupted(KeyboardInterrupt):
    """A signal has ended training, at a moment when its state was whole; `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(in_words(number))
        self.signal = number


class Aborted(KeyboardInterrupt):
    """A second signal has ended training at once, wherever it was; `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{in_words(number)} while an interrupt was waiting")
        self.signal = number


class Interrupts:
    """While `on`, a signal is noted, and raised as Interrupted by the next `check`; a second one is raised at once, as Aborted.

    Where somebody else handles a signal, or outside the main thread, all stays as it was. When one has come,
    `pause()` is called, and `noted(signal)` if it is set, from within the handler. While `deferred`, it has only `arrived`,
    until somebody calls `take`: of processes that train together, all have to stop at the same step.
    """

    def __init__(self, signals: Sequence[int], pause: Callable[[], None]) -> None:
        self.came: int | None = None
        self.arrived: int | None = None
        self.deferred = False
        self.noted: Callable[[int], None] | None = None
        self._signals, self._pause = signals, pause

    @contextmanager
    def on(self) -> Iterator[None]:
        """Inside, signals wait."""
        self.came = self.arrived = None
        before = {}
        if threading.current_thread() is threading.main_thread():
            usual = signal.default_int_handler, signal.SIG_DFL
            before = {each: handler for each in self._signals if (handler := signal.getsignal(each)) in usual}
        for each in before:
            signal.signal(each, self._handle)
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def check(self) -> None:
        """Raises Interrupted if a signal has come."""
        if self.came is not None:
            raise Interrupted(self.came)

    def take(self, number: int) -> None:
        """As if the signal had come now."""
        self.came = number
        self._pause()

    def _handle(self, number: int, frame: Any) -> None:
        if self.arrived is not None:
            raise Aborted(number)
        self.arrived = number
        if not self.deferred:
            self.take(number)
        if self.noted is not None:
            self.noted(number)


def in_words(number: int) -> str:
    """The signal as a person knows it."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
