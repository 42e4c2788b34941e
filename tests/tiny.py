"""A recipe that trains in a millisecond, for tests of what surrounds training."""

from __future__ import annotations

from typing import Any

import framework
from framework import nn, optim
from framework.training.recipe import Recipe


def tiny(**changes: Any) -> Recipe:
    """A straight line through eight points: two batches an epoch, two epochs."""
    x = framework.arange(8.0).reshape(8, 1) / 8
    y = 2 * x + 1
    parts: dict[str, Any] = {
        "model": nn.Linear(1, 1),
        "loss": nn.MSELoss(),
        "train": [(x[:4], y[:4]), (x[4:], y[4:])],
        "validate": [(x, y)],
        "epochs": 2,
        **changes,
    }
    if "optimizer" not in parts:
        parts["optimizer"] = optim.SGD(parts["model"].parameters(), lr=0.1)
    return Recipe(**parts)
