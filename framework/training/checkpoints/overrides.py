"""What an override on resume changes of an optimizer and its schedule, whose state comes from a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["apply_overrides", "settings"]

RATES = ("lr", "initial_lr")
"""Options that a schedule changes: a new value changes them in proportion."""

Settings = Mapping[str, Any]


def settings(optimizer: Any, scheduler: Any) -> dict[str, Any]:
    """The options of an optimizer's groups and the plain settings of a schedule, as the recipe built them."""
    groups = [
        {name: value for name, value in group.items() if _is_plain(value)}
        for group in getattr(optimizer, "param_groups", ())
    ]
    attributes = getattr(scheduler, "__dict__", {})
    plain = {name: value for name, value in attributes.items() if _is_plain(value) and not name.startswith("_")}
    return {"groups": groups, "scheduler": plain}


def apply_overrides(optimizer: Any, scheduler: Any, before: Settings, now: Settings) -> None:
    """Change a restored optimizer and schedule by what differs between how they were built before and now."""
    if before == now:
        return
    groups = getattr(optimizer, "param_groups", ())
    for group, was, new in zip(groups, before["groups"], now["groups"], strict=False):
        for name, value in new.items():
            if was.get(name) != value:
                group[name] = _moved(group.get(name), was.get(name), value) if name in RATES else value
    for name, value in now["scheduler"].items():
        if before["scheduler"].get(name) != value:
            setattr(scheduler, name, value)
    if hasattr(scheduler, "_last_lr"):
        scheduler._last_lr = [group["lr"] for group in groups]


def _moved(present: Any, was: Any, value: Any) -> Any:
    """A rate that a schedule has moved keeps its proportion to what it started from."""
    if present == was or not was or not isinstance(present, int | float):
        return value
    return present * (value / was)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
