"""Runs that were never trained, for tests of what looks at them: the files that a run leaves, written at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_run(
    path: Path, *, records: list[dict[str, Any]] = [], values: dict[str, Any] | None = None, **info: Any
) -> Path:  # fmt: skip
    """A run's folder; `values` are the hyperparameters that were given, `info` what run.json says beside the usual."""
    path.mkdir(parents=True, exist_ok=True)
    usual = {"status": "finished", "reason": "all epochs done", "recipe": "/home/me/line.py", "seed": 0}
    times = {"started": "2026-11-28T10:00:00+00:00", "ended": "2026-11-28T10:00:02+00:00", "seconds": 2.0}
    given = values or {}
    config = {
        "seed": info.get("seed", 0),
        "hyperparameters": {"lr": 0.1, "epochs": 2, **given},
        "origins": {"lr": "default", "epochs": "default"} | dict.fromkeys(given, "command line"),
        "model_arguments": {},
        "inputs": ["x"],
        "classes": None,
        "loss": "MSELoss",
    }
    (path / "run.json").write_text(json.dumps({**usual, **times, **info}))
    (path / "config.json").write_text(json.dumps(config))
    (path / "metrics.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    return path


def epochs(**columns: list[Any]) -> list[dict[str, Any]]:
    """Records, one an epoch: `epochs(loss=[2, 1])` are two with a "validation/loss"."""
    rows = zip(*columns.values(), strict=True)
    return [
        {"epoch": number, "step": 10 * number, "train/loss": 9.0 - number}
        | {f"validation/{name}": value for name, value in zip(columns, row, strict=True)}
        | {"time": number / 2}
        for number, row in enumerate(rows, 1)
    ]
