"""Reads and sets where a Mersenne Twister of NumPy's stands, in a fraction of the time that NumPy takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Reader", "Writer", "place_reader", "word_reader", "word_writer"]

Array = np.ndarray[Any, np.dtype[Any]]
Reader = Callable[[], tuple[Array, int]]
Writer = Callable[[Array, int], None]

WORDS = 624


def word_reader(engine: Any) -> Reader:
    """A function that gives the 624 words of an MT19937, a copy, and its position in them.

    NumPy copies them one by one, which takes 30 µs.
    """

    def told() -> tuple[Array, int]:
        state = engine.state["state"]
        return state["key"], state["pos"]

    memory = _memory(engine)
    if memory is None:
        return told

    def read(engine: Any = engine) -> tuple[Array, int]:  # which keeps the memory alive
        words = memory.copy()
        return words[:WORDS], int(words[WORDS])

    return read


def word_writer(engine: Any) -> Writer | None:
    """A function that puts an MT19937 at a position in 624 words, for which NumPy takes 50 µs; None where it cannot be."""
    memory = _memory(engine)
    if memory is None:
        return None

    def write(words: Array, position: int, engine: Any = engine) -> None:
        memory[:WORDS] = words
        memory[WORDS] = position

    return write


def place_reader(engine: Any) -> Callable[[], Any]:
    """A function that gives something that is another after every draw from an MT19937, in 0.1 µs.

    That is the position in the words, and the first word, which changes when all are used; or, where the memory cannot
    be read, something new each time.
    """
    memory = _memory(engine)
    if memory is None:
        return object
    view = memory.data

    def look(engine: Any = engine) -> Any:
        return view[WORDS], view[0]

    return look


def _memory(engine: Any) -> Array | None:
    """The memory of an MT19937, its words and its position: where NumPy tells that it is, if it holds what NumPy says."""
    try:
        import ctypes

        there: Any = (ctypes.c_uint32 * (WORDS + 1)).from_address(engine.ctypes.state_address)
        memory = np.frombuffer(there, np.uint32)
    except (ImportError, AttributeError, TypeError, ValueError):
        return None
    state = engine.state["state"]
    same = memory[WORDS] == state["pos"] and np.array_equal(memory[:WORDS], state["key"])
    return memory if same else None
