"""Reads metrics.jsonl, a run's record of every epoch, while the run may still be writing it.

What a plugin logs between, such as every hundredth step, stands there too: `Records(path).epochs()` leaves it out.
A last line that is not whole (the run writes it now, or was killed as it did) is left out; any other that is no JSON
object, too, with a warning. Of a long file, one metric of all epochs is found without reading the rest as JSON: a thousand
runs are listed by it in a second or two.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

from framework.errors import named

__all__ = ["Records"]


MOST = 5
"""Damaged lines that a warning names."""


class Records:
    """The sound lines of a file, read once; none where there is no file. Iterating gives them as dicts, null as None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        self._data = data[: data.rfind(b"\n") + 1]
        self._numbers: Sequence[int] = range(1, self._data.count(b"\n") + 1)
        if not self._looks_sound():
            self._leave_out_damaged()

    def _looks_sound(self) -> bool:
        """Whether all lines have what those of records have at their ends: what is cut off or overwritten has not."""
        lines = self._data.count(b"\n")
        heads, tails = (b"\n" + self._data).count(b'\n{"'), self._data.count(b"}\n")
        return heads == tails == lines and self._data.isascii() and b"\0" not in self._data

    def _leave_out_damaged(self) -> None:
        sound = [index for index, line in enumerate(self.lines) if _record(line) is not None]
        damaged = sorted({*range(len(self))}.difference(sound))
        if damaged:
            what = "line {} is no JSON object; it is" if len(damaged) == 1 else "lines {} are no JSON objects; they are"
            rest = [f"{len(damaged) - MOST} more"] if len(damaged) > MOST else []
            numbers = named([*(str(self._numbers[index]) for index in damaged[:MOST]), *rest])
            warnings.warn(f"{self.path} is damaged: {what.format(numbers)} left out.", stacklevel=3)
            self._keep(sound)

    def _keep(self, kept: Sequence[int]) -> None:
        self.lines = [self.lines[index] for index in kept]
        self._numbers = [self._numbers[index] for index in kept]
        self._data = b"".join(line + b"\n" for line in self.lines)

    @cached_property
    def lines(self) -> list[bytes]:
        """Each record as it stands in the file."""
        return self._data.split(b"\n")[:-1]

    def epochs(self) -> Records:
        """Those of epochs alone, which have "epoch"."""
        if self.plain and (b"\n" + self._data).count(b'\n{"epoch":') == len(self):
            return self
        kept = [index for index in range(len(self)) if self._is_epoch(index)]
        if len(kept) == len(self):
            return self
        those = copy(self)
        those.__dict__.pop("plain", None)
        those._keep(kept)
        return those

    def _is_epoch(self, index: int) -> bool:
        line = self.lines[index]
        if b'"epoch":' in line and self.plain:
            return True
        return (b'"epoch"' in line or b"\\" in line) and "epoch" in self[index]

    @cached_property
    def plain(self) -> bool:
        """Whether no object is within another and no text has an escape: a quoted name with a colon behind it is a key."""
        return self._data.count(b"{") == len(self) and b"\\" not in self._data

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """A record; one that is damaged between its ends has nothing."""
        return _record(self.lines[index]) or {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        found = [_record(line) for line in self.lines]
        if None in found:
            self._leave_out_damaged()
        return (each for each in found if each is not None)

    def sample(self) -> dict[str, Any]:
        """Every name that a record has, with a value of it that is not null, as far as there is one.

        Where the first two and the last have the same names, and all have as many, they are taken to be all there are.
        """
        if not len(self):
            return {}
        few = self[0], self[min(1, len(self) - 1)], self[-1]
        same = few[0].keys() == few[1].keys() == few[2].keys()
        alike = same and self.plain and self._data.count(b":") == len(self) * len(few[0])
        return reduce(_merged, few if alike else self)

    def column(self, name: str) -> list[float]:
        """A metric in all records; nan where it is null, missing, or no number."""
        found = self._found(name)
        return [_number(record.get(name)) for record in self] if found is None else found

    def _found(self, name: str) -> list[float] | None:
        """The same by search in the text; None where that would not be certain to find what JSON means."""
        if not self.plain:
            return None
        found = re.findall(re.escape(_key(name)) + rb" ([^,}\n]+)[^\n]*\n", self._data)
        if len(found) != len(self):
            return None
        try:
            return [math.nan if text == b"null" else float(text) for text in found]
        except ValueError:
            return None


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _key(name: str) -> bytes:
    """A name as it stands in a line."""
    return json.dumps(name, ensure_ascii=False).encode() + b":"


def _merged(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The names of both, with the other's values where it has some."""
    return one | {name: value for name, value in other.items() if value is not None or name not in one}


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number that no float can hold
        return math.nan
