"""Tells what is wrong with a plugin's hooks before any is called: misspelled names, unknown arguments, lost marks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from framework.errors import did_you_mean, nearest
from framework.plugin.hookspecs import observers, participants, registries
from framework.plugin.markers import PROJECT

__all__ = ["IMPLEMENTATION", "SPECS", "Spec", "has_hooks", "marked", "parts_of", "problems"]

SPECIFICATION, IMPLEMENTATION = f"{PROJECT}_spec", f"{PROJECT}_impl"
"""The attributes by which pluggy marks functions."""


@dataclass(frozen=True)
class Spec:
    """One hook's specification; `kind` is "registry", "participant" or "observer"."""

    name: str
    kind: str
    arguments: tuple[str, ...]
    function: Callable[..., object]


def _specs() -> dict[str, Spec]:
    kinds = {"registry": registries, "participant": participants, "observer": observers}
    return {
        name: Spec(name, kind, tuple(inspect.signature(function).parameters), function)
        for kind, module in kinds.items()
        for name, function in vars(module).items()
        if hasattr(function, SPECIFICATION)
    }


SPECS: dict[str, Spec] = _specs()


def marked(plugin: object) -> Iterator[tuple[str, Callable[..., object], dict[str, Any]]]:
    """The hook implementations of a module or object: name of the hook, function, what `@hookimpl(...)` was given."""
    for attribute in dir(plugin):
        if attribute.startswith("__") or isinstance(getattr(type(plugin), attribute, None), property):
            continue  # a property may compute something, or raise
        function = getattr(plugin, attribute, None)
        options = getattr(function, IMPLEMENTATION, None) if inspect.isroutine(function) else None
        if callable(function) and isinstance(options, dict):
            yield options.get("specname") or attribute, function, options


def parts_of(name: str, plugin: object) -> Iterator[tuple[str, object]]:
    """A plugin's objects with hooks: itself, and for a module the objects at its top level that have hook methods."""
    yield name, plugin
    if isinstance(plugin, ModuleType):
        seen: list[object] = []
        kinds = {kind for kind in set(map(type, vars(plugin).values())) if _has_hook_methods(kind)}
        for attribute, value in vars(plugin).items():
            if type(value) in kinds and not any(value is other for other in seen):
                seen.append(value)
                yield f"{name}.{attribute}", value


def has_hooks(plugin: object) -> bool:
    """Whether there is any hook implementation in a module or object, or in the objects at a module's top level."""
    return any(True for _, part in parts_of("", plugin) for _ in marked(part))


def _has_hook_methods(cls: type) -> bool:
    """Whether a class has hook implementations; its objects are not touched."""
    functions = [value for base in cls.__mro__ for value in vars(base).values() if inspect.isfunction(value)]
    return any(hasattr(function, IMPLEMENTATION) for function in functions)


def problems(plugin: object, *, allow_unmarked: bool = False) -> list[str]:
    """Everything that is wrong with a plugin's hooks, a sentence each; empty when it is fine."""
    found: list[str] = []
    for name, function, options in marked(plugin):
        spec = SPECS.get(name)
        if spec is not None:
            found += _argument_problems(spec, function)
            if spec.kind != "participant" and (options["wrapper"] or options["hookwrapper"]):
                found.append(f"{name} is marked as a wrapper, which only participants can be.")
        elif not options["optionalhook"]:
            found.append(f"there is no hook {name!r}.{did_you_mean(name, SPECS)}")
    if not allow_unmarked:
        found += [f"{name} is not marked with @hookimpl, so it would never be called." for name in _unmarked(plugin)]
    return found


def _argument_problems(spec: Spec, function: Callable[..., object]) -> Iterator[str]:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            yield f"{spec.name} takes {parameter}, but a hook's arguments are plain ones, each named."
        elif parameter.name not in spec.arguments:
            near = nearest(parameter.name, spec.arguments)
            hint = f"Did you mean {near!r}?" if near else f"It has: {', '.join(spec.arguments)}."
            yield f"the hook {spec.name!r} has no argument {parameter.name!r}. {hint}"


def _unmarked(plugin: object) -> list[str]:
    """Functions of the plugin's own that are named as a hook is, but do not carry the mark."""
    module = plugin.__name__ if isinstance(plugin, ModuleType) else None
    functions = {
        name: function
        for name in SPECS
        if inspect.isroutine(function := getattr(plugin, name, None)) and not hasattr(function, IMPLEMENTATION)
    }
    return [name for name, function in functions.items() if module is None or function.__module__ == module]
