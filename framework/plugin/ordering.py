"""Puts the implementations of a hook into the order that they declare: `@hookimpl(before="clip")`, `after=["a", "b"]`.

Otherwise pluggy's order is kept: `tryfirst` ones, then those loaded last before those loaded first, then `trylast` ones;
wrappers stand around all others. What is declared weighs more than `tryfirst` and `trylast`. A name that no plugin in use
answers to says nothing about the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pluggy

from framework.plugin.markers import ORDER
from framework.plugin.registry import PluginError

__all__ = ["Implementation", "Ordered", "arrange", "implementations", "in_order", "order_of"]


@dataclass(frozen=True)
class Implementation:
    """Who implements a hook: the plugin, the module or object `part` of it, and `how`: "wrapper", "first", "before clip"."""

    plugin: str
    part: str
    how: str


@dataclass(frozen=True)
class Ordered:
    """An implementation of a hook by the name of its plugin, and the names that it answers to in other declarations."""

    plugin: str
    names: frozenset[str]
    function: Any = field(repr=False)
    wrapper: bool = False


def order_of(function: object) -> Mapping[str, Sequence[str]]:
    """What an implementation declares: `{"before": names, "after": names}`; nothing for most."""
    declared: Mapping[str, Sequence[str]] = getattr(function, ORDER, {})
    return declared


def arrange(caller: pluggy.HookCaller, owners: Mapping[str, str], parts: Mapping[str, object]) -> None:
    """Puts a hook's implementations into the order that some of them declare, if any does; PluginError as `in_order`.

    owners: the plugin of each part, by the part's name, those loaded first at first. parts: the modules and objects.
    """
    found = caller.get_hookimpls()
    if not any(order_of(each.function) for each in found):
        return
    ages = {part: age for age, part in enumerate(owners)}
    modules = {part.__name__: owners[name] for name, part in parts.items() if isinstance(part, ModuleType)}

    def pluggys(each: pluggy.HookImpl) -> tuple[int, ...]:
        age = ages[each.plugin_name]
        return not _wraps(each), each.trylast - each.tryfirst, age if each.trylast else -age

    def ordered(each: pluggy.HookImpl) -> Ordered:
        owner = owners[each.plugin_name]
        # What a plugin has made answers to its name, too: ClipNorm to gradient_clipping.
        home = modules.get(type(parts[each.plugin_name]).__module__, owner)
        return Ordered(owner, frozenset([owner, each.plugin_name, home]), each.function, _wraps(each))

    found.sort(key=pluggys)
    order = in_order(caller.name, [ordered(each) for each in found])
    # pluggy has no call for it; it goes through this list from the end.
    caller._hookimpls[:] = [found[index] for index in reversed(order)]


def implementations(caller: pluggy.HookCaller, owners: Mapping[str, str]) -> list[Implementation]:
    """Who implements a hook, in the order in which they are called."""
    return [
        Implementation(owners[each.plugin_name], each.plugin_name, _how(each))
        for each in reversed(caller.get_hookimpls())
    ]


def _how(implementation: pluggy.HookImpl) -> str:
    marks = {"wrapper": _wraps(implementation), "first": implementation.tryfirst, "last": implementation.trylast}
    sides = [f"{side} {', '.join(names)}" for side, names in order_of(implementation.function).items() if names]
    return ", ".join([*(name for name, marked in marks.items() if marked), *sides])


def _wraps(implementation: pluggy.HookImpl) -> bool:
    return implementation.wrapper or implementation.hookwrapper


def in_order(hook: str, implementations: Sequence[Ordered]) -> list[int]:
    """Which implementation is called first, second, …, as indices into those given, which stand in pluggy's order.

    PluginError for plugins that declare themselves each before the next, in a circle, and for one that wants to be on the
    wrong side of a wrapper.
    """
    later = _later(hook, implementations)
    waiting = {index: sum(index in each for each in later) for index in range(len(later))}
    order: list[int] = []
    while waiting:
        index = next((index for index, others in waiting.items() if not others), None)
        if index is None:
            raise PluginError(_circle(hook, implementations, later, waiting))
        order.append(index)
        del waiting[index]
        for each in later[index]:
            waiting[each] -= 1
    return order


def _later(hook: str, implementations: Sequence[Ordered]) -> list[set[int]]:
    """For each implementation, those that are to be called after it."""
    later: list[set[int]] = [set() for _ in implementations]
    for index, one in enumerate(implementations):
        for side, names in order_of(one.function).items():
            for other, each in enumerate(implementations):
                if other == index or each.names.isdisjoint(names):
                    continue
                first, second = (index, other) if side == "before" else (other, index)
                if implementations[second].wrapper and not implementations[first].wrapper:
                    wrapper, inner = implementations[second], implementations[first]
                    raise PluginError(
                        f"Plugin {one.plugin!r} asks for its {hook} to run {side} that of {each.plugin!r}, but "
                        f"{wrapper.plugin!r} wraps {hook}, and a wrapper runs around all others, "
                        f"{inner.plugin!r} among them."
                    )
                later[first].add(second)
    return later


def _circle(hook: str, implementations: Sequence[Ordered], later: list[set[int]], waiting: Mapping[int, int]) -> str:
    """A message that draws the circle: each plugin runs before the one below it."""
    earlier = {index: next(each for each in waiting if index in later[each]) for index in waiting}
    path = [next(iter(waiting))]
    while earlier[path[-1]] not in path:
        path.append(earlier[path[-1]])
    circle = path[path.index(earlier[path[-1]]) :][::-1]
    plugins = [implementations[index].plugin for index in [*circle, circle[0]]]
    lines = [f"  {plugins[0]}", *(f"  └─ before {plugin}" for plugin in plugins[1:])]
    return (
        f"The plugins that implement {hook} go round in a circle, so none can be called first:\n"
        + "\n".join(lines)
        + f"\nTake a `before` or `after` out of one of them, or leave one out: -p no:{plugins[0]}"
    )
