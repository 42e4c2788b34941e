"""Compares two runs: what was done differently, and what came of it.

comparison = compare(Run.open("runs/a"), Run.open("runs/b"))
comparison.differences[0]  # Difference(kind="hyperparameter", name="lr", a=0.1, b=0.3)
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from framework.training.looking.describing import metrics_of
from framework.training.looking.facts import facts_of
from framework.training.looking.summary import status_of
from framework.training.run import Run

__all__ = ["ABSENT", "Comparison", "Difference", "compare"]


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
"""What stands for the value of a run that has none."""

HOW = ("compiled", "on_nan", "loggers")
WHAT = ("loss", "model_arguments", "inputs", "classes")


class Difference(NamedTuple):
    """One thing that differs.

    `kind` is "status", "recipe", "hyperparameter", "seed", "option", "plugin", "version", "git" or "data".
    """

    kind: str
    name: str
    a: Any
    b: Any

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it, without the value that a run has not."""
        return {name: value for name, value in self._asdict().items() if value is not ABSENT}


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    differences: what was done differently, and how it ended. source: a unified diff of the recipes, and of the files beside them, as
        they were; "" where they are equal, or are other recipes altogether.
    metrics: name -> "last", "best" and "best_epoch" of each as [of a, of b], None where a run has none.
    differs: whether anything does, the time it took aside.
    """

    a: str
    b: str
    differences: list[Difference]
    source: str
    metrics: dict[str, dict[str, list[Any]]]

    @property
    def differs(self) -> bool:
        return bool(self.differences or self.source or not self.same_metrics)

    @property
    def same_metrics(self) -> bool:
        """Whether all metrics are equal, to the last bit."""
        return all(_same(*pair) for each in self.metrics.values() for pair in each.values())

    def to_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        differences = [each.to_json() for each in self.differences]
        return {**asdict(self), "differences": differences, "differs": self.differs}


def compare(a: Run, b: Run, at: tuple[Path | None, Path | None] = (None, None)) -> Comparison:
    """Two runs; `at` are checkpoints of theirs whose metrics stand for the last ones."""
    measured = [_measured(run, where) for run, where in zip((a, b), at, strict=True)]
    metrics = {
        name: {what: [each.get(name, {}).get(what) for each in measured] for what in ("last", "best", "best_epoch")}
        for name in dict.fromkeys([*measured[0], *measured[1]])
    }
    names = str(at[0] or a.path), str(at[1] or b.path)
    return Comparison(*names, differences=list(_differences(a, b)), source=_source(a, b), metrics=metrics)


def _differences(a: Run, b: Run) -> Iterator[Difference]:
    one, other = facts_of(a), facts_of(b)
    yield from _pairs("status", {"status": status_of(a)}, {"status": status_of(b)})
    yield from _pairs("recipe", {"file": _file(a)}, {"file": _file(b)})
    yield from _pairs("hyperparameter", a.config["hyperparameters"], b.config["hyperparameters"])
    yield from _pairs("recipe", _some(a.config, WHAT), _some(b.config, WHAT))
    yield from _pairs("seed", _some(a.info, ("seed",)), _some(b.info, ("seed",)))
    yield from _pairs("option", one["options"] | _some(a.info, HOW), other["options"] | _some(b.info, HOW))
    yield from _pairs("plugin", _plugins(one), _plugins(other))
    yield from _pairs("version", one["versions"], other["versions"])
    yield from _pairs("git", _git(one), _git(other))
    yield from _data(_prints(one), _prints(other))


def _pairs(kind: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*a, *b]):
        one, other = a.get(name, ABSENT), b.get(name, ABSENT)
        if not _same(one, other):
            yield Difference(kind, name, one, other)


def _data(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[Difference]:
    """Files of other content, and those that one run alone has read; the same content elsewhere is no difference."""
    for path in dict.fromkeys([*one, *other]):
        here, there = one.get(path, ABSENT), other.get(path, ABSENT)
        elsewhere = (there is ABSENT and here in other.values()) or (here is ABSENT and there in one.values())
        if here != there and not elsewhere:
            yield Difference("data", path, here, there)


def _prints(facts: Mapping[str, Any]) -> dict[str, str]:
    """What each data file is known by, in short."""
    return {
        path: each["sha256"][:12] if each["sha256"] else f"{each['size']} bytes of {each['modified']}"
        for path, each in facts["data"].items()
    }


def _plugins(facts: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["version"] or "loaded" for each in facts["plugins"]}


def _git(facts: Mapping[str, Any]) -> dict[str, str]:
    git = facts["git"]
    return {"commit": f"{git['commit'][:10]}{' and changes' if git['dirty'] else ''}"} if git else {}


def _source(a: Run, b: Run) -> str:
    if _file(a) != _file(b):
        return ""
    texts = [
        {path.name: path.read_text("utf-8", "replace") for path in sorted(run.path.glob("*.py"))} for run in (a, b)
    ]
    lines: list[str] = []
    for name in sorted(texts[0].keys() | texts[1].keys()):
        one, other = (text.get(name, "").splitlines() for text in texts)
        lines += difflib.unified_diff(one, other, str(a.path / name), str(b.path / name), lineterm="")
    return "\n".join(lines)


def _measured(run: Run, at: Path | None) -> dict[str, dict[str, Any]]:
    found = metrics_of(run)
    if at is None:
        return found
    then = next((each.metrics for each in run.checkpoints() if each.path.name == at.resolve().name), {})
    return {name: {**each, "last": then.get(name)} for name, each in found.items()}


def _file(run: Run) -> str | None:
    return Path(run.info["recipe"]).name if run.info["recipe"] else None


def _some(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    return type(a) is type(b) and bool(a == b)
