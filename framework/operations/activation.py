"""Activations of layers: `silu`, `elu`, `leaky_relu`, `softplus`, `logsigmoid`."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.inplace import inplace as inplace_form
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.gates import gate

__all__ = ["elu", "leaky_relu", "logsigmoid", "silu", "softplus"]


def _sigmoid(x: Any) -> Any:
    return np.tanh(x * 0.5) * 0.5 + 0.5


def _check(function: str, kernel: str, input: Any) -> None:
    check_tensors(function, input=input)
    if input._array.dtype.kind != "f":
        kind = dtypes.from_numpy(input._array.dtype).scalar_name
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind}'")


@operation(name="logsigmoid", grad_fn="LogSigmoidBackward0")
def _logsigmoid(input: Any) -> Any:
    # log(1 / (1 + exp(-x))) without overflow.
    return np.minimum(input, 0.0) - np.log1p(np.exp(np.negative(np.absolute(input))))


_logsigmoid.derivative("input")(lambda g, input: g * _sigmoid(np.negative(input)))


@operation(name="silu")
def _silu(input: Any) -> Any:
    return input * _sigmoid(input)


@_silu.derivative("input")
def _(g: Any, input: Any) -> Any:
    share = _sigmoid(input)
    return g * share * (input * (1.0 - share) + 1.0)


@operation(name="softplus")
def _softplus(input: Any, beta: float, threshold: float) -> Any:
    x = input * beta
    curved = np.maximum(x, 0.0) + np.log1p(np.exp(np.negative(np.absolute(x))))
    return np.where(x > threshold, input, curved * (1.0 / beta))


@_softplus.derivative("input")
def _(g: Any, input: Any, beta: float, threshold: float) -> Any:
    x = input * beta
    return np.where(x > threshold, g, g * _sigmoid(x))


@operation(name="leaky_relu")
def _leaky_relu(input: Any, negative_slope: float) -> Any:
    return np.where(input > 0, input, input * negative_slope)


_leaky_gate = gate("leaky_relu_backward", lambda g, input, negative_slope: np.where(input > 0, g, g * negative_slope))
_leaky_relu.add_derivative(lambda g, input, negative_slope: _leaky_gate(g, input, negative_slope), "input")


@operation(name="elu")
def _elu(input: Any, alpha: float) -> Any:
    return np.where(input > 0, input, np.expm1(np.minimum(input, 0.0)) * alpha)


@_elu.derivative("input")
def _(g: Any, input: Any, alpha: float) -> Any:
    return np.where(input > 0, g, g * (np.exp(np.minimum(input, 0.0)) * alpha))


def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of `sigmoid`, without overflow."""
    _check("log_sigmoid", "log_sigmoid_cpu", input)
    return _logsigmoid.function(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """`log(1 + exp(beta * input)) / beta`; the input itself where `beta * input` is over `threshold`."""
    _check("softplus", "softplus_cpu", input)
    return _softplus.function(input, beta, threshold)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """`input * sigmoid(input)`."""
    _check("silu", "silu_cpu", input)
    return _written(input, _silu, (), inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `negative_slope` times it."""
    _check("leaky_relu", "leaky_relu_cpu", input)
    return _written(input, _leaky_relu, (negative_slope,), inplace)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `alpha * (exp(input) - 1)`."""
    _check("elu", "elu_cpu", input)
    return _written(input, _elu, (alpha,), inplace)


def _written(input: Tensor, row: Any, arguments: tuple[Any, ...], inplace: bool) -> Tensor:
    form = inplace_form(row) if inplace else row.function
    return form(input, *arguments)
