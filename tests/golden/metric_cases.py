"""Predictions and targets whose metrics are in metrics.json, for the tests and for make_metrics.py alike.

Made of small whole numbers, so that they are the same with any NumPy; many scores are equal.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CASES = {
    "two classes": ((40,), (40,), 2),
    "two logits": ((40, 2), (40,), 2),
    "four classes": ((60, 4), (60,), 4),
    "segmentation": ((9, 3, 2, 3), (9, 2, 3), 3),
    "seven classes": ((80, 7), (80,), 7),
    "labels": ((30, 3), (30, 3), 2),
    "values": ((25,), (25,), 0),
    "several values": ((25, 3), (25, 3), 0),
}
"""Shapes of prediction and target, and how many classes there are; 0 for values."""


def arrays(case: str) -> tuple[Any, Any]:
    """Prediction and target; in the segmentation, some targets are ignored."""
    shape, target_shape, classes = CASES[case]
    target = _whole(target_shape, 17, 97) % classes if classes else _whole(target_shape, 17, 97) / 8
    scores = (_whole(shape, 31, 101) - 50) / 8
    scores = np.round(scores) if case == "four classes" else scores
    if case == "segmentation":
        target = np.where(_whole(target_shape, 7, 11) < 3, -100, target)
    if not classes:
        scores = target + scores / 4
    return scores.astype(np.float32), target if classes else target.astype(np.float32)


def _whole(shape: tuple[int, ...], factor: int, modulus: int) -> Any:
    """Whole numbers that look mixed."""
    place = np.arange(np.prod(shape)).reshape(shape)
    return (place * place * factor + place * 13 + place // 7) % modulus
