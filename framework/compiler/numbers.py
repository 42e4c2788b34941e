"""Hands a program the optimizers' scalars of a run: a changed learning rate is written where the program reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from framework.compiler.tracing.instructions import Number
from framework.compiler.tracing.met import Source
from framework.compiler.writing.program import Program


class Renewal:
    """The scalars of one source as the program has them: `last[0]`, and `renew(found)` for others."""

    def __init__(self, source: Source, program: Program) -> None:
        self.source = source
        self.last = [dict(source.found)]
        self._targets = [
            (program.names[name], scalar)
            for name, scalar in program.numbers.items()
            if source in _sources(scalar.number)
        ]

    def renew(self, found: dict[str, Any]) -> bool:
        """Takes over new scalars; False where one that is no number is another: that needs another program."""
        source = self.source
        if found.keys() != source.found.keys():
            return False
        for key, before in source.found.items():
            now = found[key]
            if key in source.numbers:
                if now.__class__ not in (int, float):
                    return False
            elif now is not before and (now.__class__ is not before.__class__ or now != before):
                return False
        for key, number in source.numbers.items():
            number.value = found[key]
        for array, scalar in self._targets:
            array[...] = evaluated(scalar.number)
        self.last[0] = found
        return True


def evaluated(number: Any) -> Any:
    """What a number is now."""
    if not isinstance(number, Number):
        return number
    if number.function is not None:
        number.value = number.function(*map(evaluated, number.operands))
    return number.value


def _sources(number: Any) -> Iterator[Source]:
    if isinstance(number, Number):
        if number.source is not None:
            yield number.source
        for each in number.operands:
            yield from _sources(each)
