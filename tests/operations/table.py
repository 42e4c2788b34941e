"""The one table that drives the checks of all operations, gathered from the `rows_<family>.py` beside it."""

from __future__ import annotations

import importlib
from pathlib import Path

from framework.operations.methods import load_all
from tests.operations.sampling import Row

# The registry is held against this table.
load_all()

ROWS: list[Row] = [
    row
    for path in sorted(Path(__file__).parent.glob("rows_*.py"))
    for row in importlib.import_module(f"tests.operations.{path.stem}").ROWS
]
