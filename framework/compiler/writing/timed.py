"""`TimedText`: a program's text with a look at the clock between its lines, so that each line's time is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FUNCTION = re.compile(r"def (\w+)\(")
_NOTED = re.compile(r"(.*?)\s*(?:  # (.+))?")
_CALLED = re.compile(r"(?:\w+ = )?(?:(\w+)\(|(?:\w+)\[.*\](?P<set> = )?)")


@dataclass(frozen=True)
class Line:
    """A line of a program, once a run of its stage; one inside a loop, whose number is `loop`, once a block.

    section: "forward", "backward" or "update". result: the shape and the type of what it makes, "" where nothing is
    told. operation: the name of the function called, "getitem" or "setitem" for brackets, "for" for a loop's own work.
    """

    section: str
    text: str
    result: str
    operation: str
    loop: int | None = None


@dataclass(frozen=True, eq=False)
class TimedStage:
    """A function of a program: its name and its lines, in the order in which they stand."""

    name: str
    lines: tuple[Line, ...]


class TimedText:
    """The functions of a program that look at the clock: `text` is their Python, `stages` what the times are of.

    Each ends in a call of `ended_NAME(times, inside, blocks)`: the clock before the first line and after each that
    stands in no loop, the seconds of those in loops, and how many blocks each loop went through.
    """

    def __init__(self, source: str) -> None:
        self._mark = _unused(source)
        self.clock = f"{self._mark}clock"
        self.stages: list[TimedStage] = []
        lines: list[str] = []
        for name, head, body in _functions(source):
            lines += [head, *self._function(name, body), ""]
        self.text = "\n".join(lines)

    def ended(self, stage: TimedStage) -> str:
        """The name of the function that is told of a run."""
        return f"{self._mark}ended_{stage.name}"

    def _function(self, name: str, body: list[str]) -> Iterator[str]:
        mark, clock = self._mark, f"{self._mark}clock()"
        *written, end = body
        lines = list(_lines(written))
        self.stages.append(TimedStage(name, tuple([line for _, line in lines])))
        loops = [number for number, (_, line) in enumerate(lines) if line.operation == "for"]
        inside = [number for number, (_, line) in enumerate(lines) if line.loop is not None]
        for number in (*loops, *inside):
            yield f"    {mark}in{number} = 0"
        yield f"    {mark}0 = {clock}"
        looks = 1
        for number, (text, line) in enumerate(lines):
            if line.loop is not None:
                yield f"        {mark}now = {clock}"
                yield text
                yield f"        {mark}in{number} += {clock} - {mark}now"
            else:
                yield text
            if line.operation == "for":
                yield f"        {mark}in{number} += 1"
            if number + 1 == len(lines) or lines[number + 1][1].loop is None:
                yield f"    {mark}{looks} = {clock}"
                looks += 1
        given = [range(looks), [f"in{each}" for each in inside], [f"in{each}" for each in loops]]
        told = ["(" + "".join(f"{mark}{each}, " for each in part) + ")" for part in given]
        yield f"    {mark}ended_{name}({', '.join(told)})"
        yield end


def _lines(body: list[str]) -> Iterator[tuple[str, Line]]:
    """The lines of a function as they are written, each with what is known of it."""
    section, loop, number = "", None, 0
    for written in body:
        text = written.strip()
        if text.startswith("# "):
            section = text.removeprefix("# ")
            continue
        if not written.startswith("        "):
            loop = None
        yield written, _line(section, text, loop)
        if text.startswith("for "):
            loop = number
        number += 1


def _functions(source: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, first line and body of each function of a program."""
    lines = source.splitlines()
    for number, line in enumerate(lines):
        head = _FUNCTION.match(line)
        if head:
            yield head[1], line, list(_until_blank(lines[number + 1 :]))


def _until_blank(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line:
            return
        yield line


def _line(section: str, written: str, loop: int | None) -> Line:
    noted = _NOTED.fullmatch(written)
    assert noted is not None
    text, result = noted[1], noted[2] or ""
    called = _CALLED.match(text)
    if text.startswith("for "):
        operation = "for"
    else:
        operation = "" if called is None else called[1] or ("setitem" if called["set"] else "getitem")
    return Line(section, text, result, operation, loop)


def _unused(source: str) -> str:
    """The start of names that a text has none of."""
    mark = "at_"
    while re.search(rf"\b{mark}", source):
        mark = f"_{mark}"
    return mark
