"""Prints the records of a run as a table, one row an epoch (`--log table`), in place of the lines of `console`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from numbers import Real
from typing import Any

from framework.extend import Register, Run, hookimpl

WIDTH = 9
"""Of a column of numbers, at least."""


class ConsoleTable:
    """Writes a row an epoch to stdout, and the header anew when its columns change."""

    prints_epochs = True

    def __init__(self, run: Run | None = None) -> None:
        self.columns: list[str] = []

    @hookimpl
    def log(self, record: Mapping[str, Any]) -> None:
        if "epoch" not in record:
            return
        cells = {name: _number(value) for name, value in record.items() if isinstance(value, Real)}
        if list(cells) != self.columns:
            self.columns = list(cells)
            self._print("  ".join(f"{name:>{_width(name)}}" for name in cells))
        self._print("  ".join(f"{cell:>{_width(name)}}" for name, cell in cells.items()))

    def _print(self, line: str) -> None:
        from tqdm import tqdm

        if sys.stdout is not None:
            tqdm.write(line, file=sys.stdout)  # above a progress bar, if one is shown
            sys.stdout.flush()


@hookimpl
def register_loggers(register: Register[Any]) -> None:
    register("table", ConsoleTable)


def _width(name: str) -> int:
    return max(len(name), WIDTH)


def _number(value: Any) -> str:
    return f"{value:.4f}" if not isinstance(value, int) and 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"
