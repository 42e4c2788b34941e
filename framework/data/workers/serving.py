"""What a worker does, in a process or in a thread: it reads what it is told to, and sends what it has read."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from framework.data.reading import Reading

__all__ = ["RESUME", "Ended", "Failure", "Work", "serve"]

RESUME = "resume"
"""Tells a worker to start another pass; it says the same when it has."""


@dataclass(frozen=True)
class Work:
    """What all workers of one iterator have in common."""

    reading: Reading
    base_seed: int
    workers: int
    init: Callable[[int], Any] | None


@dataclass(frozen=True)
class Ended:
    """In the place of a batch: the worker's part of the stream is at its end."""


class Failure:
    """In the place of a batch: an exception, with its traceback as text. Made where it is handled."""

    def __init__(self, where: str) -> None:
        kind, error, trace = sys.exc_info()
        self.kind: Any = kind
        self.where = where
        self.text = "".join(traceback.format_exception(kind, error, trace))

    def as_runtime_error(self) -> Failure:
        """The same in words, of a type that every process knows."""
        self.kind = RuntimeError
        return self

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type, which says where the first arose."""
        text: Any = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            text = _Verbatim(text)
        try:
            error = self.kind(text)
        except Exception:
            # An exception of other arguments.
            error = RuntimeError(text)
        raise error from None


class _Verbatim(str):
    """Shown as it is where its repr is asked for, as a KeyError does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def serve(
    work: Work,
    worker: int,
    where: str,
    receive: Callable[[], Any],
    send: Callable[[tuple[Any, Any]], None],
    errors: type[BaseException] = Exception,
) -> None:
    """Reads until `receive()` gives None. A message is (number, what to read), or RESUME.

    `errors` are sent back; others end the worker.
    """
    failure = read = None
    try:
        if work.init is not None:
            work.init(worker)
        read = work.reading.open()
    except errors:
        failure = Failure(where)
    ended = False
    while (message := receive()) is not None:
        if message == RESUME:
            ended = False
            try:
                read = work.reading.open() if failure is None else read
            except errors:
                failure = Failure(where)
            send((RESUME, None))
        elif not ended:
            number, places = message
            batch = failure or _batch(read, places, work.reading.is_stream, where, errors)
            ended = isinstance(batch, Ended)
            send((number, batch))
            # Not kept until the next is read.
            del batch


def _batch(read: Any, places: Any, is_stream: bool, where: str, errors: type[BaseException]) -> Any:
    try:
        return read(places)
    except errors as error:
        return Ended() if is_stream and isinstance(error, StopIteration) else Failure(where)
