"""Models and their parts: `Module`, layers, losses, and how their parameters start."""

from framework.coverage import explain_missing_names
from framework.nn import functional, init
from framework.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from framework.nn.container import Sequential
from framework.nn.dropout import Dropout
from framework.nn.flatten import Flatten, Unflatten
from framework.nn.linear import Identity, Linear
from framework.nn.loss import BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from framework.nn.module import Module
from framework.nn.parameter import Buffer, Parameter

__all__ = [
    "BCEWithLogitsLoss",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "Module",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
]

explain_missing_names(__name__)
