"""What a plugin author imports, and nothing less: the names are a promise."""

from __future__ import annotations

import framework.extend as extend

NAMES = [
    "Dataset",
    "Function",
    "History",
    "Loss",
    "Metric",
    "MetricLike",
    "Module",
    "Operation",
    "Optimizer",
    "Parameter",
    "PluginManager",
    "Recipe",
    "Register",
    "Run",
    "Tensor",
    "Trainer",
    "UserError",
    "get_operation",
    "gradcheck",
    "gradgradcheck",
    "hookimpl",
    "no_grad",
    "operation",
]


def test_the_names():
    assert extend.__all__ == NAMES
    assert all(hasattr(extend, name) for name in NAMES)
