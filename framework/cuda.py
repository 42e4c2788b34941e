"""PyTorch's `torch.cuda`, so that code which asks whether there is a GPU runs: there is none here."""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "manual_seed_all", "synchronize"]


def is_available() -> bool:
    """False: tensors live on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Does nothing, as in PyTorch without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Does nothing, as in PyTorch without a GPU."""


def empty_cache() -> None:
    """Does nothing, as in PyTorch without a GPU."""


def synchronize(device: object = None) -> None:
    """Does nothing: every operation has finished when it returns."""
