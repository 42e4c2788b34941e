"""Classes and functions that a person trusts: files may use them beside what every file may.

Objects of a trusted class can be saved, too. What is added here is called while a file is loaded, with arguments out of the file. That is code that runs: add only
what you know to be harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from framework.serialization.pickle_reading import Call

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "is_trusted", "safe_globals", "trusted"]

_trusted: set[Any] = set()

Given = Iterable[Callable[..., Any] | tuple[Callable[..., Any], str]]


def add_safe_globals(safe_globals: Given) -> None:
    """Trusts classes and functions; a pair of one and a name gives it under that name."""
    _trusted.update(safe_globals)


def get_safe_globals() -> list[Any]:
    """What is trusted at present."""
    return list(_trusted)


def clear_safe_globals() -> None:
    """Trusts nothing any more."""
    _trusted.clear()


class safe_globals:
    """Trusts classes and functions within a `with` block."""

    def __init__(self, safe_globals: Given) -> None:
        self.safe_globals = list(safe_globals)

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exception: object) -> None:
        _trusted.difference_update(self.safe_globals)


def trusted() -> dict[str, Call]:
    """What is trusted, by full name."""
    found = {}
    for each in _trusted:
        if isinstance(each, tuple):
            if len(each) != 2:
                raise ValueError(
                    f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(each)}"
                )
            value, name = each
            if type(name) is not str:
                raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(name)}")
        else:
            value, name = each, f"{each.__module__}.{each.__qualname__}"
        new = _maker(value) if isinstance(value, type) else None
        found[name] = Call(name, value, value, new)
    return found


def is_trusted(kind: type) -> bool:
    """Whether a class is trusted."""
    return any([call.value is kind for call in trusted().values()])


def _maker(kind: type) -> Callable[..., Any]:
    def new(*arguments: Any, **named: Any) -> Any:
        return kind.__new__(kind, *arguments, **named)

    return new
