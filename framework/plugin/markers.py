"""The two marks that pluggy looks for: `hookspec` on a specification, `hookimpl` on a plugin's implementation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, overload

import pluggy

if TYPE_CHECKING:
    from framework.plugin.implementations import Implementation

__all__ = ["ORDER", "PROJECT", "hookimpl", "hookspec"]

PROJECT = "framework"
ORDER = f"{PROJECT}_order"
"""The attribute with the plugins that an implementation is to be called before and after."""

hookspec = pluggy.HookspecMarker(PROJECT)
_mark = pluggy.HookimplMarker(PROJECT)

Function = TypeVar("Function", bound="Implementation")


@overload
def hookimpl(
    function: Function,
    /,
    *,
    specname: str | None = None,
    wrapper: bool = False,
    tryfirst: bool = False,
    trylast: bool = False,
    before: str | Sequence[str] = (),
    after: str | Sequence[str] = (),
    optionalhook: bool = False,
    hookwrapper: bool = False,
) -> Function: ...


@overload
def hookimpl(
    *,
    specname: str | None = None,
    wrapper: bool = False,
    tryfirst: bool = False,
    trylast: bool = False,
    before: str | Sequence[str] = (),
    after: str | Sequence[str] = (),
    optionalhook: bool = False,
    hookwrapper: bool = False,
) -> Callable[[Function], Function]: ...


def hookimpl(
    function: Any = None, /, *, before: str | Sequence[str] = (), after: str | Sequence[str] = (), **options: Any
) -> Any:
    """Marks a function or method as the implementation of the hook of its name, or of the one that `specname` names.

    tryfirst, trylast: it is called before, or after, the others.
    before, after: names of plugins: it is called before, or after, theirs. This weighs more than `tryfirst` and `trylast`.
    wrapper: it is a generator that yields once, where the others are called, and returns what the yield gave.
    optionalhook: it is no error when there is no such hook, as in another version of the framework.
    """
    if function is None:
        return lambda each: hookimpl(each, before=before, after=after, **options)
    order = {"before": _names(before), "after": _names(after)}
    if any(order.values()):
        setattr(function, ORDER, order)
    return _mark(function, **options)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
