"""Activations that draw random numbers, from the default generator: `rrelu` and `gumbel_softmax`."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, wrap
from framework.operations.activation_call import activate, name_in_place, number
from framework.operations.arguments import check_tensors
from framework.operations.creation import zeros_like
from framework.operations.elementwise import elementwise
from framework.operations.gates import gate
from framework.operations.piecewise import leak, leaky_gradient
from framework.operations.softmax import softmax
from framework.random import default_generator

__all__ = ["gumbel_softmax", "rrelu", "rrelu_"]


@operation(residuals=("noise",), grad_fn="RreluWithNoiseBackward0")
def _rrelu_with_noise(input: Any, lower: float, upper: float) -> Any:
    """Each element that is not positive is scaled by a number of its own, drawn in the order of the elements."""
    leaking = input <= 0
    noise = np.ones_like(input)
    drawn = default_generator.uniform((int(np.count_nonzero(leaking)),), np.float64)
    noise[leaking] = drawn * (upper - lower) + lower
    # order="C", as in PyTorch, whatever the input's.
    return np.multiply(input, noise, order="C"), noise


_noise_gate = gate("rrelu_with_noise_backward", lambda g, input, noise: g * noise)
_rrelu_with_noise.add_derivative(lambda g, input, noise: _noise_gate(g, input, noise), "input")


@operation(grad_fn="RreluWithNoiseBackward0")
def _rrelu_mean(input: Any, slope: float) -> Any:
    return np.positive(elementwise(leak, input, slope), order="C")


_rrelu_mean.add_derivative(lambda g, input, slope: leaky_gradient(g, input, slope), "input")


for _row in (_rrelu_with_noise, _rrelu_mean):
    name_in_place(_row, "RreluWithNoiseBackward1")


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """The input where it is positive, else a random share of it between `lower` and `upper`; their mean if not training.

    RuntimeError where `lower` is over `upper`.
    """
    check_tensors("rrelu_" if inplace else "rrelu", input=input)
    lower, upper = number(lower, "rrelu", "lower"), number(upper, "rrelu", "upper", 3)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return activate(_rrelu_mean, "rrelu", "leaky_relu_cpu", inplace, input, (lower + upper) / 2)
    kernel = "rrelu_with_noise_out_cpu"
    if input._array.dtype.itemsize == 2 and input.dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Half'")
    return activate(_rrelu_with_noise, "rrelu", kernel, inplace, input, lower, upper)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """`rrelu`, written into the tensor."""
    return rrelu(input, lower, upper, training, True)


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A random sample of classes along `dim`: softmax of the logits with Gumbel noise, the softer the higher `tau`.

    `hard` gives ones and zeros, with the soft sample's gradient. `eps` has no effect.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    check_tensors("empty_like", input=logits)
    noise = -wrap(np.empty_like(logits._array, order="C")).exponential_().log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = soft.max(dim, keepdim=True)[1]
    return zeros_like(logits).scatter_(dim, chosen, 1.0) - soft.detach() + soft
