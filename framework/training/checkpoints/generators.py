"""Where random generators stand, and how to put them back there: all that training may draw from, or one by itself.

states = generator_states()
…
set_generator_states(states)
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from framework.random import Generator
from framework.random._words import word_reader

__all__ = [
    "generator_kinds",
    "generator_state",
    "generator_states",
    "generators_kept",
    "new_generator",
    "set_generator_state",
    "set_generator_states",
]


def generator_states() -> dict[str, Any]:
    """The states of the framework's default generator, Python's `random` and NumPy's global one, as plain values.

    It is quick: nothing is packed that need not be, since most states are never stored.
    """
    from framework.random import default_generator

    return {
        "framework": default_generator.state_array(),
        "python": random.getstate(),
        "numpy": _numpy.state(),
    }


def set_generator_states(states: Mapping[str, Any]) -> None:
    """Puts the generators back where `generator_states` found them."""
    import numpy as np

    from framework.random import default_generator

    _numpy.forget()
    default_generator.set_state_array(states["framework"])
    version, words, normal = states["python"]
    random.setstate((version, tuple(words), normal))
    np.random.set_state(dict(states["numpy"]))


@contextmanager
def generators_kept() -> Iterator[None]:
    """Puts them back at the end, so that what is done inside does not change the numbers that training draws."""
    states = generator_states()
    try:
        yield
    finally:
        set_generator_states(states)


@functools.cache
def generator_kinds() -> Mapping[type, str]:
    """The classes of generators that are known, and what `new_generator` calls them."""
    import numpy as np

    return {
        Generator: "Generator",
        random.Random: "random.Random",
        np.random.RandomState: "numpy.RandomState",
        np.random.Generator: "numpy.Generator",
    }


def generator_state(generator: Any) -> Any:
    """Where a generator of one of these classes is, as plain values and arrays."""
    if isinstance(generator, Generator):
        return generator.state_array()
    if isinstance(generator, random.Random):
        return generator.getstate()
    if hasattr(generator, "bit_generator"):
        return generator.bit_generator.state
    return generator.get_state(legacy=False)


def set_generator_state(generator: Any, state: Any) -> None:
    """Puts a generator where `generator_state` found one of its class."""
    if isinstance(generator, Generator):
        generator.set_state_array(state)
    elif isinstance(generator, random.Random):
        version, words, normal = state
        generator.setstate((version, tuple(words), normal))
    elif hasattr(generator, "bit_generator"):
        generator.bit_generator.state = state
    else:
        generator.set_state(state)


def new_generator(kind: str, state: Any) -> Any:
    """A generator of that kind, one of `generator_kinds`."""
    import numpy as np

    if kind == "Generator":
        made: Any = Generator()
    elif kind == "random.Random":
        made = random.Random()
    else:
        engine = getattr(np.random, state["bit_generator"])()
        made = np.random.RandomState(engine) if kind == "numpy.RandomState" else np.random.Generator(engine)
    set_generator_state(made, state)
    return made


class _Numpy:
    """Reads NumPy's global generator, which takes 30 µs, only when it may have moved since the last time.

    It has moved if its words or its place in them have. The normal number that it may keep for later can be used up
    without that, but not be made: a state without one, whose words are where they were, is still the state.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._engine: Any = None
        self._words, self._state = b"", {"has_gauss": 1}

    def state(self) -> dict[str, Any]:
        import numpy as np

        numpy_random: Any = np.random  # whose stub lacks the function
        engine = numpy_random.get_bit_generator()
        if engine is not self._engine:
            self.forget()
            self._engine = engine
            self._read = word_reader(engine) if isinstance(engine, np.random.MT19937) else None
        if self._read is None:
            return dict(np.random.get_state(legacy=False))
        words, position = self._read()
        at = words.tobytes() + position.to_bytes(2, "little")
        if self._state["has_gauss"] or at != self._words:
            self._words, self._state = at, dict(np.random.get_state(legacy=False))
        return self._state


_numpy = _Numpy()
