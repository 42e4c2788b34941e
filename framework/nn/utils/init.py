"""Modules made without drawing their parameters."""

from __future__ import annotations

import inspect
from typing import Any, TypeVar

from framework.nn.module import Module
from framework.random import fork_rng

__all__ = ["skip_init"]

M = TypeVar("M", bound=Module)


def skip_init(module_cls: type[M], *args: Any, **kwargs: Any) -> M:
    """A module whose parameters hold whatever they hold: the random numbers of its initialization are given back."""
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    with fork_rng():
        return module_cls(*args, **kwargs)
