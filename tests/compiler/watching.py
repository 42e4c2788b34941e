"""What the tests of guards and of the watch share."""

from __future__ import annotations

from typing import Any

import framework
from framework import nn
from framework.compiler.watch import Watch


def watched(function: Any, *args: Any, **kwargs: Any) -> Watch:
    watch = Watch()
    with watch:
        function(*args, **kwargs)
    return watch


def holds(watch: Watch) -> bool:
    """What the expression says, which has to be what the explanation says."""
    text, names = watch.expression()
    try:
        found = eval(text, names)
    except Exception:
        found = False
    assert type(found) is bool
    assert found == (watch.explain() is None), watch.explain()
    return found


def unchanged(function: Any, *args: Any, **kwargs: Any) -> Watch:
    """Watches a run that must change nothing, and whose guards must hold afterwards."""
    watch = watched(function, *args, **kwargs)
    assert watch.changed() == [], watch.changed()
    assert holds(watch)
    return watch


class Thing:
    """An object of the user's."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    """An object without a dict."""

    __slots__ = ("empty", "value")

    def __init__(self, value: Any) -> None:
        self.value = value


def framework_function(source: str, module: str = "framework.inner", **names: Any) -> Any:
    """A function of the framework's, for what the framework has no example of yet."""
    space = {"__name__": module, **names}
    exec(compile(source, "<text>", "exec"), space)
    return space["function"]


class Net(nn.Module):
    """A module of the user's."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Sequential(nn.Linear(3, 1), nn.Identity())
        self.register_buffer("mean", framework.zeros(2))
        self.tau = 0.5

    def forward(self, x: Any) -> Any:
        return self.last(self.drop(self.first(x - self.mean))) * self.tau
