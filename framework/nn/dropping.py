"""Dropout as functions: what a layer drops, with the layer's arguments."""

from __future__ import annotations

from framework import operations
from framework.autograd import Tensor
from framework.operations.channel_dropout import check_probability

__all__ = ["alpha_dropout", "dropout", "feature_alpha_dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zeroes each element with probability `p` and scales the rest by 1 / (1 - p).

    Raises ValueError for a probability outside 0 to 1.
    """
    check_probability(p)
    return operations.dropout_(input, p, training) if inplace else operations.dropout(input, p, training)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout that keeps the mean and the variance of what `selu` gives. ValueError as `dropout`."""
    check_probability(p)
    return operations.alpha_dropout_(input, p, training) if inplace else operations.alpha_dropout(input, p, training)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of an input (N, C, …)."""
    check_probability(p)
    if inplace:
        return operations.feature_alpha_dropout_(input, p, training)
    return operations.feature_alpha_dropout(input, p, training)
