"""Chooses among runs that were summed up, and puts them in order, by anything that is known of them.

    chosen = select_runs(summaries, ["lr>=0.1", "status=finished"])
    best_first = sort_runs(chosen, "best")

A key is a column of the list, a hyperparameter, a metric ("validation/loss", or "loss" for short), or, for a
hyperparameter that has the name of a column, `config.NAME`. A metric is its last value, or its best where it is the
one that the run goes by.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from framework.errors import UserError, did_you_mean
from framework.training.looking.summary import RunSummary, start_of

__all__ = ["keys_of", "select_runs", "sort_runs", "value_of"]

FIELDS = ("name", "status", "recipe", "metric", "best", "best_epoch", "epochs", "steps", "time", "started", "seed")
FILTER = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)")


def select_runs(summaries: Iterable[RunSummary], filters: Iterable[str]) -> list[RunSummary]:
    """Those for which every filter holds; a run that knows nothing of a filter's key is not among them.

    A filter is a key, one of = != < <= > >=, and a value. Text may be a pattern, such as "recipe=lstm*", and is found in
    a path's last part too; a start is compared as far as it is given ("started>=2026-11-28"); a time may have a unit
    ("time>10m"). UserError for what is no filter, and for a key that no run knows.
    """
    everything = list(summaries)
    tests = [_test_of(text, everything) for text in filters]
    return [each for each in everything if all(test(each) for test in tests)]


def sort_runs(summaries: Iterable[RunSummary], key: str) -> list[RunSummary]:
    """By the value of a key, growing, or falling for "-KEY"; "best" has the best first. Those without come last."""
    found = list(summaries)
    falling = key.startswith("-")
    name = _known(key.removeprefix("-"), found)
    values = [(_comparable(name, value_of(each, name), each), each) for each in found]
    having = [(value, each) for value, each in values if value is not None]
    having.sort(key=lambda pair: pair[0], reverse=falling)
    return [each for _, each in having] + [each for value, each in values if value is None]


def value_of(summary: RunSummary, key: str) -> Any:
    """What a key is for a run; None where the run knows nothing of it."""
    if key == "time":
        return summary.seconds
    if key in FIELDS:
        return getattr(summary, key)
    values = summary.hyperparameters
    if _plain(key) in values:
        value = values[_plain(key)]
        return "none" if value is None else value if isinstance(value, bool | int | float) else str(value)
    for name in (key, f"validation/{key}"):
        if name == summary.metric:
            return summary.best
        if isinstance(summary.last.get(name), int | float):
            return summary.last[name]
    return None


def keys_of(summaries: Iterable[RunSummary]) -> set[str]:
    """All keys that one of the runs knows."""
    known = set(FIELDS)
    for each in summaries:
        known.update(each.hyperparameters, each.last, [each.metric] if each.metric else [])
    return known


def _test_of(text: str, summaries: Sequence[RunSummary]) -> Callable[[RunSummary], bool]:
    match = FILTER.fullmatch(text)
    if match is None:
        raise UserError(f"{text!r} is no filter: it is a key, one of = != < <= > >=, and a value, such as 'lr>=0.1'.")
    key, sign, wanted = match.groups()
    key = _known(key, summaries)

    def test(summary: RunSummary) -> bool:
        value = value_of(summary, key)
        return value is not None and _holds(key, value, sign, wanted)

    return test


def _known(key: str, summaries: Sequence[RunSummary]) -> str:
    """The key as `value_of` takes it; UserError where none of the runs knows it, with the nearest that one does."""
    name = key.lower() if key.lower() in FIELDS else {"run": "name", "seconds": "time"}.get(key.lower(), key)
    known = keys_of(summaries)
    if summaries and known.isdisjoint((name, f"validation/{name}", _plain(name))):
        raise UserError(f"No run here knows {key!r}.{did_you_mean(key, known)}")
    return name


def _plain(key: str) -> str:
    """A hyperparameter's name, however it was written."""
    return key.removeprefix("config.").replace("-", "_")


def _holds(key: str, value: Any, sign: str, wanted: str) -> bool:
    equality = sign in ("=", "==", "!=")
    if key == "started":
        value = f"{start_of({'started': value}):%Y-%m-%dT%H:%M:%S}"[: len(wanted)]
        return TESTS[sign](value, wanted.replace(" ", "T"))
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, str):
        if not equality:
            raise UserError(f"{key}{sign}{wanted} cannot be: {key} is text, such as {value!r}, and goes with = and !=.")
        return _alike(value, wanted) == (sign != "!=")
    number = _number(key, wanted)
    if number is None:
        if equality and wanted.lower() in ("none", "true", "false"):
            return sign == "!="
        raise UserError(f"{key}{sign}{wanted} cannot be: {wanted!r} is no number, and {key} is one, such as {value}.")
    return TESTS[sign](value, number)


def _alike(value: str, wanted: str) -> bool:
    """Whether a text is another, or fits it as a pattern; of a path, its last part may."""
    texts = value, value.rstrip("/").rpartition("/")[2]
    return wanted in texts or any(fnmatchcase(text, wanted) for text in texts)


def _number(key: str, text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        match = DURATION.fullmatch(text) if key == "time" else None
        return float(match[1]) * SECONDS[match[2]] if match and match[2] in SECONDS else None


def _comparable(key: str, value: Any, summary: RunSummary) -> Any:
    """What a value is sorted by: numbers before texts, since a hyperparameter may be either; None for no value."""
    if value is None or value != value:
        return None
    if key == "started":
        return start_of({"started": value}).timestamp()
    if key == "best":  # of several metrics, one after the other
        return summary.metric or "", value if summary.lower else -value
    return (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))
