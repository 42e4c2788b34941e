"""All that a plugin author imports.

The promise: until the next major version, each name here stays, with its arguments in their order, and so do the hooks,
their arguments, and when they are called. What a class is promised to do is in its own documentation; Tensor, Module,
Optimizer and whatever else has PyTorch's name does as PyTorch's does. New names, hooks and optional arguments may come in any
version. What is to go warns for a minor version at least, and names what takes its place. All other modules may change.

A plugin says which versions it was written for, `framework-train>=0.1,<1`, and is refused by others.
"""

from __future__ import annotations

from framework.autograd import (
    Function,
    Operation,
    Tensor,
    gradcheck,
    gradgradcheck,
    no_grad,
    operation,
)
from framework.data import Dataset
from framework.data.first import FirstBatches
from framework.errors import UserError, did_you_mean
from framework.nn import Module, Parameter
from framework.optim import Optimizer
from framework.plugin.hookspecs.registries import Loss, MetricLike, Register
from framework.plugin.manager import PluginManager
from framework.plugin.markers import hookimpl
from framework.plugin.registry import UnknownName
from framework.training.decisions import decided
from framework.training.history import History
from framework.training.metrics import Metric
from framework.training.monitor import Monitor
from framework.training.parts import takes_argument
from framework.training.recipe import Recipe
from framework.training.run import Run
from framework.training.trainer import Trainer

__all__ = [
    "Dataset",
    "FirstBatches",
    "Function",
    "History",
    "Loss",
    "Metric",
    "MetricLike",
    "Module",
    "Monitor",
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
    "decided",
    "get_operation",
    "gradcheck",
    "gradgradcheck",
    "hookimpl",
    "no_grad",
    "operation",
    "takes_closure",
    "updated_parameters",
]


def get_operation(name: str) -> Operation:
    """The operation of that name, the framework's or a plugin's; UserError with the nearest name when there is none."""
    from framework.autograd.operation import registry
    from framework.operations.methods import load_all

    load_all()
    if name not in registry:
        raise UnknownName(f"There is no operation {name!r}.{did_you_mean(name, registry)}")
    return registry[name]


def takes_closure(optimizer: object) -> bool:
    """Whether an optimizer's `step` must be given a closure, as LBFGS's: it evaluates the loss as often as it needs."""
    return takes_argument(optimizer)


def updated_parameters(trainer: Trainer) -> list[Tensor]:
    """The parameters that the trainer's optimizer updates, group by group; the model's, where it has no groups."""
    groups = getattr(trainer.optimizer, "param_groups", None)
    return (
        list(trainer.model.parameters()) if groups is None else [each for group in groups for each in group["params"]]
    )
