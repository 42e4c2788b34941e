"""Warnings that a process gets once, as PyTorch gives them."""

from __future__ import annotations

import warnings

_given: set[str] = set()


def warn_once(message: str) -> None:
    """Warns the caller's caller, the first time."""
    if message not in _given:
        _given.add(message)
        warnings.warn(message, UserWarning, stacklevel=3)
