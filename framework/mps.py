"""PyTorch's `torch.mps`, so that code which asks for Apple's GPU runs: there is none here."""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "synchronize"]


def is_available() -> bool:
    """False: tensors live on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Does nothing: there is no generator."""


def empty_cache() -> None:
    """Does nothing: there is no memory of its own."""


def synchronize() -> None:
    """Does nothing: every operation has finished when it returns."""
