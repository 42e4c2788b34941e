"""Reads metrics.jsonl, a run's record of every epoch, while the run may still be writing it.

A last line that is not whole (the run writes it now, or was killed as it did) is left out. Of a long file, one metric of
all epochs is found without reading the rest as JSON: a thousand runs are listed by it in a second or two.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from framework.errors import UserError

__all__ = ["Records"]


class Records:
    """The whole lines of a file, read once; none where there is no file. Iterating gives them as dicts, null as None."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        self._data = data[: data.rfind(b"\n") + 1]

    @cached_property
    def lines(self) -> list[bytes]:
        """Each record as it stands in the file."""
        return self._data.split(b"\n")[:-1]

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """A record; UserError where the line is none."""
        try:
            record = json.loads(self.lines[index])
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            number = range(len(self.lines))[index] + 1
            raise UserError(f"{self.path} is damaged: line {number} is no JSON object.")
        return record

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.__getitem__, range(len(self)))

    def column(self, name: str) -> list[float]:
        """A metric in all records; nan where it is null, missing, or no number."""
        found = self._found(name)
        return [_number(record.get(name)) for record in self] if found is None else found

    def _found(self, name: str) -> list[float] | None:
        """The same by search in the text; None where that would not be certain to find what JSON means.

        It is certain when no object is within another and no text has an escape: a quoted name with a colon behind it
        is a key then, and a line that has it once has it as its own.
        """
        data, count = self._data, len(self)
        if data.count(b"{") != count or b"\\" in data:
            return None
        key = re.escape(json.dumps(name, ensure_ascii=False).encode())
        found = re.findall(key + rb": ([^,}\n]+)[^\n]*\n", data)
        if len(found) != count:
            return None
        try:
            return [math.nan if text == b"null" else float(text) for text in found]
        except ValueError:
            return None


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number that no float can hold
        return math.nan
