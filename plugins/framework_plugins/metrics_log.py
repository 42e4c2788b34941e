"""Keeps every record of a run in its directory: `metrics.jsonl`, one JSON object a line, NaN and infinity as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from framework.extend import Trainer, hookimpl

FILE = "metrics.jsonl"


@hookimpl
def log(trainer: Trainer, record: Mapping[str, Any]) -> None:
    if trainer.run is None:
        return
    line = json.dumps({name: _plain(value) for name, value in record.items()}, allow_nan=False, ensure_ascii=False)
    with open(trainer.run.path / FILE, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def _plain(value: Any) -> Any:
    """A number of NumPy's or a tensor of one element as Python's own."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
