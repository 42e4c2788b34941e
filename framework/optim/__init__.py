"""Optimizers: what changes a model's parameters by their gradients, and schedules of their rates."""

from typing import TYPE_CHECKING, Any

from framework import coverage
from framework.optim.hooks import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from framework.optim.optimizer import Optimizer
from framework.optim.sgd import SGD

if TYPE_CHECKING:
    from framework.optim import lr_scheduler, swa_utils

__all__ = [
    "SGD",
    "Optimizer",
    "lr_scheduler",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "swa_utils",
]

missing = coverage.getter("optim")


def __getattr__(name: str) -> Any:
    # Most runs use neither, and swa_utils needs layers.
    if name not in ("lr_scheduler", "swa_utils"):
        missing(name)
    from importlib import import_module

    return import_module(f"framework.optim.{name}")
