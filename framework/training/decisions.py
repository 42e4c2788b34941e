"""What a classifier's outputs say: the class that is decided for, and whether they are logits or probabilities.

Of several classes, each with an output in dimension 1, the largest wins. Of two, or of a label that is there or not, a
single output decides: a logit above 0, a probability above a half.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["decided", "gives_probabilities"]

PROBABILITIES = {"BCELoss", "binary_cross_entropy", "bce"}
"""Losses whose model returns probabilities; other classifiers return logits."""


def gives_probabilities(loss: Any) -> bool:
    """Whether the model returns probabilities, by its loss or the name of that."""
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return name in PROBABILITIES


def decided(
    outputs: np.ndarray, *, several: bool, probabilities: bool = False, threshold: float | None = None
) -> np.ndarray:
    """The number of the class of each sample: (N, C, d1, …) gives (N, d1, …) where `several` classes have an output each.

    Else each output is a decision of its own, 0 or 1: whether it is above `threshold`, by default what is even chance.
    """
    if several:
        classes: np.ndarray = outputs.argmax(1)
        return classes
    if threshold is None:
        threshold = 0.5 if probabilities else 0.0
    return (outputs > threshold).astype(np.int64)
