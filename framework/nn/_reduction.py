"""How losses are reduced, under the names that public losses take from PyTorch's inside."""

from __future__ import annotations

from framework.operations.loss_reduction import read_reduction

__all__ = ["get_enum", "legacy_get_enum", "legacy_get_string"]

_NUMBERS = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """The number of a reduction: 0 for none, 1 for mean, 2 for sum. ValueError for an unknown one."""
    return _NUMBERS[read_reduction(reduction)]


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The reduction that PyTorch's two older arguments mean."""
    if emit_warning:
        return read_reduction("mean", size_average is not False, reduce)
    return "none" if reduce is False else "sum" if size_average is False else "mean"


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """The number of the reduction that PyTorch's two older arguments mean."""
    return _NUMBERS[legacy_get_string(size_average, reduce, emit_warning)]
