"""Lets a thing that a plugin has added be reached by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from framework.errors import UserError, did_you_mean

__all__ = ["FRAMEWORK", "PluginError", "Registry", "UnknownName"]

Thing = TypeVar("Thing")
FRAMEWORK = "framework"
"""The name under which the framework registers its own things; it cannot be left out."""


class PluginError(UserError):
    """A plugin that cannot be used as it is; the message names it."""


class UnknownName(UserError, KeyError):
    """A name that nothing was registered by; `kind` and `name` are what was asked for, in a registry."""

    __str__ = Exception.__str__

    def __init__(self, message: str, kind: str = "", name: str = "") -> None:
        super().__init__(message)
        self.kind, self.name = kind, name


class Registry(Mapping[str, Thing], Generic[Thing]):
    """The things of one kind ("losses", "commands", …) by name; who added each is `source(name)`."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, Thing] = {}
        self._sources: dict[str, str] = {}
        self._contested: dict[str, str] = {}

    def add(self, name: str, thing: Thing, source: str) -> None:
        """Add `thing`, from the plugin `source`; a PluginError when the name is taken."""
        other = self._sources.get(name)
        if other == source:
            raise PluginError(f"Plugin {source!r} registers {name!r} twice among the {self.kind}.")
        if other is not None and FRAMEWORK in (other, source):
            plugin = source if other == FRAMEWORK else other
            raise PluginError(
                f"Plugin {plugin!r} registers {name!r} among the {self.kind}, but the framework has its own {name!r}: "
                f"choose another name. To leave the plugin out: -p no:{plugin}"
            )
        if other is not None:
            raise PluginError(
                f"Plugins {other!r} and {source!r} both register {name!r} among the {self.kind}. "
                f"Leave one out with -p no:{other} or -p no:{source}."
            )
        self._things[name] = thing
        self._sources[name] = source

    def contest(self, name: str, message: str) -> None:
        """Let nobody have a name that two plugins claim: asking for it is a PluginError with that message."""
        self._things.pop(name, None)
        self._contested[name] = message

    def source(self, name: str) -> str:
        """The name of the plugin that added `name`."""
        if name not in self._sources:
            self[name]  # says what there is
        return self._sources[name]

    def __getitem__(self, name: str) -> Thing:
        if name in self._contested:
            raise PluginError(self._contested[name])
        try:
            return self._things[name]
        except KeyError:
            raise UnknownName(
                f"Among the {self.kind} there is no {name!r}.{did_you_mean(name, self._things)}", self.kind, name
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)
