"""Optimizers: what changes a model's parameters by their gradients."""

from framework.coverage import explain_missing_names
from framework.optim.hooks import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from framework.optim.optimizer import Optimizer
from framework.optim.sgd import SGD

__all__ = [
    "SGD",
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

explain_missing_names(__name__)
