"""What is known of a run, or of a recipe, as text: a few sections of facts and tables."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framework.cli.printing import clock, duration, number, short, width
from framework.cli.tables import table

__all__ = ["recipe_text", "run_text"]


def run_text(about: Mapping[str, Any]) -> str:
    """What `describe_run` says: how it went, its metrics, configuration, checkpoints and model."""
    sections = [_head(about), _metrics(about), _configuration(about), _checkpoints(about), _model(about["model"])]
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section)))


def recipe_text(about: Mapping[str, Any]) -> str:
    """What `describe_recipe` says: what it is, its hyperparameters and its model."""
    rows = [(each["name"], _value(each["value"]), _type(each), _origin(each)) for each in about["configuration"]]
    first = about["about"].partition("\n")[0]
    sections = [
        [_shown(Path(about["recipe"])), *(_wrapped("  ", first) if first else [])],
        [table(("HYPERPARAMETER", "VALUE", "TYPE", "FROM"), rows)] if rows else [],
        list(_model(about["model"])),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _head(about: Mapping[str, Any]) -> Iterator[str]:
    """How the run went, and what it ran on."""
    reason = f": {about['reason']}" if about["reason"] else ""
    yield f"{about['name']}  {about['status']}{reason}"
    again = f", resumed {about['resumed']} times" if about["resumed"] > 1 else ", resumed once" * about["resumed"]
    done = f"{_count(about['epochs'], 'epoch')}, {_count(about['steps'], 'step')}, {duration(about['seconds'])}{again}"
    git, versions = about["git"], about["versions"]
    facts = {
        "started": f"{clock(about['started'], seconds=True)}; {done}",
        "at": _at(about["checkpoint"]),
        "command": shlex.join(["framework", *about["command"][1:]]) if about["command"] else None,
        "folder": about["directory"],
        "recipe": about["recipe"],
        "git": f"{git['commit'][:10]}{' and changes' if git['dirty'] else ''}" if git else None,
        "versions": ", ".join(
            f"{title} {versions[name]}"
            for name, title in (("framework", "framework"), ("numpy", "NumPy"), ("python", "Python"))
            if name in versions
        ) + (f", {versions['threads']} threads".replace(" 1 threads", " 1 thread") if "threads" in versions else ""),
        "options": " ".join(f"{name}={short(value)}" for name, value in about["options"].items()),
        "plugins": ", ".join(_added(about)),
    }  # fmt: skip
    if about["status"] not in ("running", "finished"):
        facts["go on"] = f"framework resume {shlex.quote(about['name'])}"
    for name, value in facts.items():
        if value:
            yield from _wrapped(f"{name:9}", str(value))
    for path, known in about["data"].items():
        yield from _wrapped("data     ", f"{path} ({known['size'] or 0:,} bytes)")


def _at(checkpoint: Mapping[str, Any] | None) -> str | None:
    """Which checkpoint was asked for, and what was measured then."""
    if checkpoint is None:
        return None
    metrics = ", ".join(f"{name} {number(value)}" for name, value in checkpoint["metrics"].items())
    return f"{checkpoint['name']}, epoch {checkpoint['epoch']}, {checkpoint['why']}: {metrics}".removesuffix(": ")


def _added(about: Mapping[str, Any]) -> Iterator[str]:
    """The plugins that are not the package's own."""
    for plugin in about["plugins"]:
        if plugin["origin"] not in ("first-party", "registered"):
            yield f"{plugin['name']} {plugin['version'] or ''}".strip() + f" ({plugin['origin']})"


def _metrics(about: Mapping[str, Any]) -> Iterator[str]:
    if not about["metrics"]:
        return
    rows = [
        (name, number(each["last"]), number(each["best"]), str(each["best_epoch"] or "-"))
        for name, each in about["metrics"].items()
    ]
    yield table(("METRIC", "LAST", "BEST", "AT"), rows, right={"LAST", "BEST", "AT"})


def _configuration(about: Mapping[str, Any]) -> Iterator[str]:
    rows = [(each["name"], _value(each["value"]), each["origin"]) for each in about["configuration"]]
    yield table(("HYPERPARAMETER", "VALUE", "FROM"), rows)


def _checkpoints(about: Mapping[str, Any]) -> Iterator[str]:
    if not about["checkpoints"]:
        return
    rows = [
        (each["name"], str(each["epoch"] or "-"), each["why"] or "-", " ".join(each["links"]))
        for each in about["checkpoints"]
    ]
    yield table(("CHECKPOINT", "EPOCH", "WRITTEN FOR", "LINKS"), rows, right={"EPOCH"})


def _model(model: Mapping[str, Any]) -> Iterator[str]:
    """The table of the model, and what it lacks."""
    if "table" in model:
        yield model["table"]
    if model["problem"]:
        lacks = "Without output shapes" if "table" in model else "There is no table of the model"
        yield from _wrapped("", f"{lacks}: {model['problem']}")


def _value(value: Any) -> str:
    """A value as one would type it; a path as it is from here."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return _shown(Path(value)) if isinstance(value, str) and value.startswith("/") else str(value)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _type(each: Mapping[str, Any]) -> str:
    if each.get("choices"):
        return "|".join(map(str, each["choices"]))
    return str(each.get("type", "-"))


def _origin(each: Mapping[str, Any]) -> str:
    """Where a value came from, and what it would be otherwise."""
    if each["origin"] == "default" or "default" not in each:
        return str(each["origin"])
    otherwise = "required" if each["required"] else f"default {_value(each['default'])}"
    return f"{each['origin']} ({otherwise})"


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}" if many == 1 else f"{many:,} {noun}s"


def _wrapped(first: str, text: str) -> list[str]:
    """A text, its further lines under its first word, where the terminal is too narrow for it."""
    most = width()
    if most is None:
        return [first + text]
    blank = " " * len(first)
    return textwrap.wrap(
        text, most, initial_indent=first, subsequent_indent=blank, break_long_words=False, break_on_hyphens=False
    )
