"""PyTorch's `torch.accelerator`: there is none."""

from __future__ import annotations

from typing import Any

__all__ = ["current_accelerator", "device_count", "is_available", "synchronize"]


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None."""


def synchronize(device: Any = None) -> None:
    """Does nothing: every operation has finished when it returns."""
