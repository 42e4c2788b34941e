"""Compares two trainings to the bit: weights, optimizer, generators, plugins, records; times aside.

difference = Comparison()
difference.go(one, other, "state")
difference.places      # where they differ, and how: ["state.optimizer.0.momentum_buffer: 3 of 40 numbers …"]
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError
from framework.training.checkpoints.files import newest_valid
from framework.training.files import read_arrays, read_json

__all__ = ["Comparison", "compare_runs", "differences", "records_of"]

TIMES = {"seconds", "time", "bytes"}
"""What differs between two runs of one recipe, and the length of the file with the times."""

TIMED = ("history", "within", "plugins")
"""The parts of a state that have times in them; all else may call its own numbers so."""

RECORDS, WEIGHTS = "metrics.jsonl", "weights.npz"


class Comparison:
    """What was found while trees were gone through: how many arrays there are, and where the trees differ."""

    def __init__(self) -> None:
        self.arrays = 0
        self.largest = 0.0
        """The largest difference between two floating point numbers in arrays."""
        self.places: list[str] = []

    def go(self, one: Any, other: Any, place: str, but: Iterable[str] = TIMES) -> None:
        """Compare two trees, bits of arrays and their order in memory included, leaving out names in `but`."""
        if isinstance(one, Tensor) and isinstance(other, Tensor):
            one, other = one.detach().numpy(), other.detach().numpy()
        if type(one) is not type(other):
            self._differs(place, f"{_shown(one)} and {_shown(other)}")
        elif isinstance(one, np.ndarray):
            self._go_arrays(one, other, place)
        elif isinstance(one, Mapping):
            for name in dict.fromkeys([*one, *other]):
                if name in but:
                    continue
                if name in one and name in other:
                    self.go(one[name], other[name], f"{place}.{name}" if place else str(name), but)
                else:
                    self._differs(f"{place}.{name}", f"only the {'first' if name in one else 'second'} has it")
        elif isinstance(one, list | tuple):
            if len(one) != len(other):
                self._differs(place, f"{len(one)} and {len(other)} long")
            for number, (left, right) in enumerate(zip(one, other, strict=False)):
                self.go(left, right, f"{place}[{number}]", but)
        elif repr(one) != repr(other) if isinstance(one, float) else one != other:
            self._differs(place, f"{_shown(one)} and {_shown(other)}")

    def _go_arrays(self, one: np.ndarray, other: np.ndarray, place: str) -> None:
        self.arrays += 1
        if one.shape != other.shape or one.dtype != other.dtype:
            self._differs(place, f"{one.dtype}{list(one.shape)} and {other.dtype}{list(other.shape)}")
        elif one.tobytes() != other.tobytes():
            different = ~((one == other) | (one != one) & (other != other))
            text = f"{np.count_nonzero(different)} of {one.size} values differ"
            if one.dtype.kind == "f":
                with np.errstate(invalid="ignore", over="ignore"):
                    apart = np.abs(one[different].astype(float) - other[different].astype(float))
                most = float(apart.max(initial=0.0))
                self.largest = max(self.largest, math.inf if math.isnan(most) else most)
                text += f", by up to {most:.2g}"
            self._differs(place, text)
        elif one.strides != other.strides and one.size > 1:
            self._differs(place, f"the order in memory: strides {one.strides} and {other.strides}")

    def _differs(self, place: str, how: str) -> None:
        self.places.append(f"{place}: {how}")


def differences(one: Any, other: Any, place: str = "state") -> list[str]:
    """Where two trees differ, bits of arrays and their order in memory included, times aside."""
    found = Comparison()
    found.go(one, other, place)
    return found.places


def compare_runs(one: Path, other: Path) -> tuple[Comparison, int, list[str]]:
    """Compare what two runs came to; gives how many records the first has, and where records differ, too."""
    found = Comparison()
    weights, state, info = _end_of(one)
    weights_too, state_too, info_too = _end_of(other)
    found.go(info, info_too, "run.json")
    found.go(weights, weights_too, "weights", but=())
    for name in sorted({**state, **state_too}, key=_order):
        times = TIMES if name in TIMED else ()
        if name not in TIMES:
            found.go(_readable(name, state.get(name)), _readable(name, state_too.get(name)), name, but=times)
    found.go(read_arrays(one / WEIGHTS), read_arrays(other / WEIGHTS), WEIGHTS, but=())

    records, records_too = records_of(one), records_of(other)
    places = []
    for number, (record, same) in enumerate(zip(records, records_too, strict=False), 1):
        each = Comparison()
        each.go(record, same, f"{RECORDS}, line {number}")
        places += each.places[:1]
    if len(records) != len(records_too):
        places.append(f"{RECORDS}: {len(records)} and {len(records_too)} lines")
    return found, len(records), places


def records_of(run: Path) -> list[dict[str, Any]]:
    """The records in a run's metrics.jsonl, times aside; none without the file."""
    file = run / RECORDS
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]


def _end_of(run: Path) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Weights and state of a run's last checkpoint, and how the run ended."""
    problems: list[str] = []
    checkpoint = newest_valid(run, problems.append)
    if checkpoint is None or problems:
        raise UserError(f"{run} has no sound checkpoint of its end. {' '.join(problems)}")
    info = read_json(run / "run.json")
    return checkpoint.weights, checkpoint.state, {name: info[name] for name in ("status", "reason")}


def _order(name: str) -> int:
    """What is nearest to a cause is named first."""
    first = ["epoch", "step", "batch", "own", "generators", "optimizer", "scheduler", "model", "extra"]
    return first.index(name) if name in first else len(first)


def _readable(name: str, part: Any) -> Any:
    """An optimizer's state without the dict around it, so that places read as in PyTorch: optimizer.state.0.exp_avg."""
    if name == "optimizer" and isinstance(part, Mapping) and isinstance(part.get("state"), Mapping):
        return {**part["state"], "groups": part["groups"]}
    return part


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
