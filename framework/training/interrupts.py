"""Ctrl-C waits for the end of a step: parameters are never left half updated."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While `on`, a Ctrl-C that comes in the midst of a step is raised at its end; a second one is raised at once.

    Where somebody else handles SIGINT, or outside the main thread, all stays as it was.
    """

    def __init__(self) -> None:
        self._in_step = self._came = False

    @contextmanager
    def on(self) -> Iterator[None]:
        """Inside, steps are not interrupted."""
        ours = threading.current_thread() is threading.main_thread() and (
            signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if ours:
            signal.signal(signal.SIGINT, self._handle)
        try:
            yield
        finally:
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)

    def step_starts(self) -> None:
        """From here on an interrupt waits; one that came in a step that was left early does not."""
        if self._came:
            self.step_ends()
        self._in_step = True

    def step_ends(self) -> None:
        """Raises the interrupt that came in the meantime."""
        self._in_step = False
        if self._came:
            self._came = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: Any) -> None:
        if not self._in_step or self._came:
            raise KeyboardInterrupt
        self._came = True
