"""Classes that share an `__init__` and are each named when Python says that its arguments are wrong."""

from __future__ import annotations

from types import FunctionType
from typing import Any

__all__ = ["OwnInit"]


class OwnInit:
    """Stands first in a private base: each public subclass has the base's `__init__` under a name of its own.

    Python's "Conv2d.__init__() missing 1 required positional argument" then names what was called, as in PyTorch.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        shared: Any = cls.__init__
        if cls.__name__.startswith("_") or not shared.__qualname__.startswith("_"):
            return
        own = FunctionType(
            shared.__code__, shared.__globals__, shared.__name__, shared.__defaults__, shared.__closure__
        )
        own.__kwdefaults__ = shared.__kwdefaults__
        own.__annotations__ = shared.__annotations__
        own.__qualname__ = f"{cls.__qualname__}.__init__"
        cls.__init__ = own  # type: ignore[method-assign]
