"""PyTorch's `torch.backends.mkldnn`: its switches can be set, and change nothing."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from framework.backends.switches import switched

__all__ = ["flags", "is_available"]

allow_tf32 = True
deterministic = False
enabled = True


def is_available() -> bool:
    """False: only NumPy computes here."""
    return False


def flags(enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True) -> AbstractContextManager[None]:
    """Inside, the switches have these values."""
    values = {"enabled": enabled, "deterministic": deterministic, "allow_tf32": allow_tf32}
    return switched(sys.modules[__name__], values)
