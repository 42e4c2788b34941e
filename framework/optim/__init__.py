"""Optimizers: what changes a model's parameters by their gradients."""

from framework.optim.adadelta import Adadelta
from framework.optim.adafactor import Adafactor
from framework.optim.adagrad import Adagrad
from framework.optim.adam import Adam
from framework.optim.adamax import Adamax
from framework.optim.adamw import AdamW
from framework.optim.asgd import ASGD
from framework.optim.hooks import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from framework.optim.lbfgs import LBFGS
from framework.optim.muon import Muon
from framework.optim.nadam import NAdam
from framework.optim.optimizer import Optimizer
from framework.optim.radam import RAdam
from framework.optim.rmsprop import RMSprop
from framework.optim.rprop import Rprop
from framework.optim.sgd import SGD
from framework.optim.swapping import swap_in_optimizer_params_and_state

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "swap_in_optimizer_params_and_state",
]
