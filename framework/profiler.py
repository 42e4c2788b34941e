"""PyTorch's `torch.profiler` for code that mentions it: labels do nothing, and there is no profile."""

from __future__ import annotations

from typing import Any

from framework.autograd.grad_mode import Bracket

__all__ = ["profile", "record_function"]


class profile:
    """Refused: Python's own profiler sees everything that runs here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "torch.profiler.profile is not available: every operation is a Python call, so Python's own profiler shows "
            "them all. Run `python -m cProfile -s cumulative script.py`, or leave the profiler out"
        )


class record_function(Bracket):
    """Names a block for the profiler; nothing happens."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args

    def _copy(self) -> Any:
        return record_function(self.name, self.args)

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing to end."""
