"""Random states of devices other than the CPU, which code for reversible networks asks for: there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["get_device_states", "set_device_states"]


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """The devices of the tensors among the arguments, and the random state of each: tensors live on the CPU."""
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Any], *, device_type: str | None = None) -> None:
    """Puts back what `get_device_states` gave."""
