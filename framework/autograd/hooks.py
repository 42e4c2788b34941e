"""Handles of registered hooks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

_ids = count()


class RemovableHandle:
    """What registering a hook returns: `remove()`, or leaving it as a context manager, takes the hook away."""

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any], first: bool = False) -> None:
        self.id = next(_ids)
        self._hooks = hooks
        others = dict(hooks) if first else {}
        hooks[self.id] = hook
        for key, other in others.items():
            # Put in again, it stands after the new one.
            del hooks[key]
            hooks[key] = other

    def remove(self) -> None:
        """Takes the hook away. Doing so twice is allowed."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
