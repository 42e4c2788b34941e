"""Reads where a Mersenne Twister of NumPy's stands, in a fraction of the time that `bit_generator.state` takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Reader", "place_reader", "word_reader"]

Array = np.ndarray[Any, np.dtype[Any]]
Reader = Callable[[], tuple[Array, int]]

WORDS = 624


def word_reader(engine: Any) -> Reader:
    """A function that gives the 624 words of an MT19937, a copy, and its position in them.

    NumPy copies them one by one, which takes 30 µs. They are read from the memory that NumPy tells the address of, if
    what lies there now is what NumPy says they are.
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

    (words, position), (key, at) = read(), told()
    return read if position == at and np.array_equal(words, key) else told


def place_reader(engine: Any) -> Callable[[], Any]:
    """A function that gives something that is another after every draw from an MT19937, in 0.1 µs.

    That is the position in the words, and the first word, which changes when all are used; or, where the memory cannot
    be read, something new each time.
    """
    memory = _memory(engine)
    words, position = word_reader(engine)()
    if memory is None or memory[WORDS] != position or not np.array_equal(memory[:WORDS], words):
        return object
    view = memory.data

    def look(engine: Any = engine) -> Any:  # which keeps the memory alive
        return view[WORDS], view[0]

    return look


def _memory(engine: Any) -> Array | None:
    """The memory of an MT19937, its words and its position, as far as NumPy tells where that is."""
    try:
        import ctypes

        there: Any = (ctypes.c_uint32 * (WORDS + 1)).from_address(engine.ctypes.state_address)
        return np.frombuffer(there, np.uint32)
    except (ImportError, AttributeError, TypeError, ValueError):
        return None
