"""PyTorch's `torch.backends.cudnn`: its switches can be set, and change nothing."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from framework.backends.switches import switched

__all__ = ["flags", "is_acceptable", "is_available", "version"]

allow_tf32 = True
benchmark = False
benchmark_limit = 10
deterministic = False
enabled = True


def is_available() -> bool:
    """False: only NumPy computes here."""
    return False


def is_acceptable(tensor: object) -> bool:
    """False: only NumPy computes here."""
    return False


def version() -> None:
    """None: it is not here."""


def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
) -> AbstractContextManager[None]:
    """Inside, the switches have these values."""
    values = {
        "enabled": enabled,
        "benchmark": benchmark,
        "benchmark_limit": benchmark_limit,
        "deterministic": deterministic,
        "allow_tf32": allow_tf32,
    }
    return switched(sys.modules[__name__], values)
