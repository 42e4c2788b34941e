"""`Guards`: conditions on plain Python values, as one expression that is cheap enough to be asked at every step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from framework.compiler.watch.expected import Members, Names, Place, Value


class Guard(NamedTuple):
    """One condition: what is expected at a place."""

    place: Place
    expected: Value

    def holds(self) -> bool:
        """Whether it is true now."""
        return self.expected.holds(self.place.read())

    def words(self) -> list[str]:
        """What is wrong now: "model.tau is 0.9, was 0.5", "the list history has 3 items, had 2"."""
        return list(self.expected.words(self.place, self.place.read()))


class Guards:
    """Conditions that all have to be true."""

    def __init__(self, guards: Iterable[Guard]) -> None:
        self._guards = list(guards)

    def __len__(self) -> int:
        return len(self._guards)

    def __iter__(self) -> Iterator[Guard]:
        return iter(self._guards)

    def expression(self, prefix: str = "_") -> tuple[str, dict[str, Any]]:
        """One Python expression, and the names it needs; a change makes it false, or makes it raise."""
        names = Names(prefix)
        found = [each.expected.condition(each.place, names) for each in self._guards]
        members = [each.expected for each in self._guards if isinstance(each.expected, Members)]
        empty = [each.value for each in members if not each.copy]
        full = [each for each in members if each.copy]
        if empty:
            found.append(f"not any({names.of(empty, 'h')})")
        if full:
            # All at once, in C: entries that are the same object are equal. Of two tensors that aren't the same,
            # with several elements, `==` is neither true nor false, and this raises.
            live, kept = [each.value for each in full], [each.copy for each in full]
            found.append(f"{names.of(live, 'h')} == {names.of(kept, 'h')}")
        return " and ".join(dict.fromkeys(filter(None, found))) or "True", names.space

    def explain(self) -> str | None:
        """The first condition that is not true now, in words; None if all are."""
        return next((text for each in self._guards if not each.holds() for text in each.words()), None)
