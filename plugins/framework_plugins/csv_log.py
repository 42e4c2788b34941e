"""Keeps the records of a run as a table too: `metrics.csv`, for spreadsheets (`--log csv`).

A name that comes later makes a column more, and the file is written anew. A run that is resumed cuts off what was written
after its checkpoint, as in `metrics.jsonl`.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framework.extend import Register, Run, Trainer, hookimpl

FILE = "metrics.csv"


class CSVLog:
    """Writes a row for each record."""

    def __init__(self, run: Run | None) -> None:
        self.path = None if run is None else run.path / FILE
        self.columns: list[str] = []
        self.rows = 0

    @hookimpl(tryfirst=True)
    def train_start(self, trainer: Trainer) -> None:
        if self.path is not None and not trainer.resumed:
            self.path.unlink(missing_ok=True)  # of a run that was killed before its first checkpoint

    @hookimpl
    def log(self, record: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        cells = {name: _cell(value) for name, value in record.items()}
        new = [name for name in cells if name not in self.columns]
        if new:
            rows = list(self._read(self.rows))
            self.columns += new
            self._write([*rows, cells])
        else:
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                csv.DictWriter(file, self.columns, lineterminator="\n").writerow(cells)
        self.rows += 1

    @hookimpl
    def save_state(self) -> Mapping[str, Any] | None:
        return None if self.path is None else {"rows": self.rows, "columns": self.columns}

    @hookimpl
    def load_state(self, state: Mapping[str, Any]) -> None:
        rows = list(self._read(state["rows"]))
        self.rows, self.columns = len(rows), list(state["columns"])
        if self.path is not None and (rows or self.path.exists()):
            self._write([{name: row.get(name, "") for name in self.columns} for row in rows])

    def _read(self, rows: int) -> Iterator[dict[str, str]]:
        """The first rows of the file."""
        if self.path is None or not self.path.exists():
            return
        with open(self.path, encoding="utf-8", newline="") as file:
            for _, row in zip(range(rows), csv.DictReader(file), strict=False):
                yield row

    def _write(self, rows: list[dict[str, Any]]) -> None:
        assert self.path is not None
        half = Path(f"{self.path}.tmp")
        with open(half, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(half, self.path)


@hookimpl
def register_loggers(register: Register[Any]) -> None:
    register("csv", CSVLog)


def _cell(value: Any) -> Any:
    """A value as a cell: nothing for what is no number, as in `metrics.jsonl`; a table as JSON."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
