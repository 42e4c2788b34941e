"""The logistic function 1 / (1 + exp(-x)), exact in its tails, which `sigmoid` and its relatives are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.elementwise import Constant, elementwise

__all__ = ["logistic", "sigmoid"]

_ONE = Constant(1.0)


# Not by tanh, which is little quicker and loses what is left of the logistic function of -20.
def _logistic(x: Any) -> Any:
    # np.reciprocal takes twice as long as np.divide.
    one = _ONE[x.dtype]
    return np.divide(one, np.exp(-x) + one)


sigmoid = operation(
    lambda input: elementwise(_logistic, input),
    name="sigmoid",
    promote="float",
    input=lambda g, out: elementwise(_logistic_gradient, g, out),
)


def _logistic_gradient(g: Any, out: Any) -> Any:
    return g * (out * (_ONE[out.dtype] - out))


def logistic(x: Any) -> Any:
    """`sigmoid` inside a formula: of an array at NumPy's cost alone."""
    return sigmoid(x) if isinstance(x, Tensor) else _logistic(x)
