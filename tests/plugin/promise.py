"""Writes tests/plugin/promise.txt: the names and signatures that plugins may rely on.

python -m tests.plugin.promise
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import framework.extend as extend
from framework.plugin.checks import SPECS

FILE = Path(__file__).with_suffix(".txt")

METHODS = {
    "Metric": ["reset", "update", "compute", "describe", "state_dict", "load_state_dict"],
    "Monitor": ["better", "check", "value"],
    "Operation": ["derivative"],
    "PluginManager": ["load", "register", "unregister"],
    "Run": ["event", "events", "load_model", "open", "open_at", "records", "weights"],
    "Trainer": ["fit", "log", "request_checkpoint"],
}
"""What plugins may call of the framework's own classes; Tensor, Module and the like are PyTorch's."""

MADE_BY_PLUGINS = {"FirstBatches", "Metric", "Monitor", "PluginManager", "Recipe", "Trainer"}


def text() -> str:
    """A line for each name of framework.extend, each promised method, and each hook."""
    return "\n".join([*_names(), *_hooks()]) + "\n"


def _names() -> Iterator[str]:
    for name in extend.__all__:
        thing = getattr(extend, name)
        if inspect.isfunction(thing):
            yield f"{name}{_signature(thing)}"
        elif name in MADE_BY_PLUGINS:
            yield f"class {name}{_signature(thing)}"
        else:
            yield name if not isinstance(thing, str) else f"{name}: {thing}"
        for method in METHODS.get(name, ()):
            yield f"    {method}{_signature(getattr(thing, method))}"


def _hooks() -> Iterator[str]:
    for name, spec in sorted(SPECS.items()):
        yield f"{spec.kind} {name}{_signature(spec.function)}"


def _signature(function: Callable[..., object]) -> str:
    return re.sub(r" at 0x\w+", "", str(inspect.signature(function)))


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
