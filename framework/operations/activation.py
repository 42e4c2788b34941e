"""Smooth activations of layers: `silu`, `mish`, `elu`, `celu`, `selu`, `softplus`, `logsigmoid`, and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.direct import constant
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.activation_call import activate, name_in_place, number
from framework.operations.elementwise import Constant, at_least, at_most, elementwise
from framework.operations.logistic import logistic

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "logsigmoid",
    "mish",
    "selu",
    "selu_",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]

_ZERO, _ONE, _TWO, _TWENTY = Constant(0.0), Constant(1.0), Constant(2.0), Constant(20.0)

# Of the self-normalizing networks of Klambauer et al.: they keep the mean 0 and the variance 1.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def _log_logistic(input: Any) -> Any:
    # log(1 / (1 + exp(-x))) without overflow.
    zero = _ZERO[input.dtype]
    # order="C", as in PyTorch, whatever the input's.
    return np.subtract(at_most(input, zero), np.log1p(np.exp(np.negative(np.absolute(input)))), order="C")


@operation(name="logsigmoid", grad_fn="LogSigmoidBackward0")
def _logsigmoid(input: Any) -> Any:
    return elementwise(_log_logistic, input)


_logsigmoid.add_derivative(lambda g, input: elementwise(_log_logistic_gradient, g, input), "input")


def _log_logistic_gradient(g: Any, input: Any) -> Any:
    return g * logistic(-input)


def _swish(input: Any) -> Any:
    return input / (np.exp(-input) + _ONE[input.dtype])


@operation(name="silu")
def _silu(input: Any) -> Any:
    return elementwise(_swish, input)


_silu.add_derivative(lambda g, input: elementwise(_swish_gradient, g, input), "input")


def _swish_gradient(g: Any, input: Any) -> Any:
    share = logistic(input)
    return g * (share * (input * (_ONE[input.dtype] - share) + _ONE[input.dtype]))


def _mish_share(input: Any) -> Any:
    """tanh(softplus(x)): with e = exp(x) it is n / (n + 2), where n = e² + 2 e. Past 20 it is 1 to all digits."""
    exponential = np.exp(at_most(input, _TWENTY[input.dtype]))
    two = _TWO[input.dtype]
    numerator = (exponential + two) * exponential
    return numerator / (numerator + two)


@operation(name="mish")
def _mish(input: Any) -> Any:
    return elementwise(_times_mish_share, input)


def _times_mish_share(input: Any) -> Any:
    return _mish_share(input) * input


_mish.add_derivative(lambda g, input: elementwise(_mish_gradient, g, input), "input")


def _mish_gradient(g: Any, input: Any) -> Any:
    share = _mish_share(input)
    return g * (share + input * logistic(input) * (_ONE[input.dtype] - share * share))


def _soft(input: Any, beta: float, threshold: float) -> Any:
    x = input if beta == 1 else input * beta
    zero = _ZERO[input.dtype]
    straight = at_least(x, zero) if threshold >= 0 else np.where(x > threshold, x, zero)
    curved = np.log1p(np.exp(np.negative(np.absolute(x)))) * (x <= threshold) + straight
    return curved if beta == 1 else curved / constant(beta, input.dtype)


@operation(name="softplus")
def _softplus(input: Any, beta: float, threshold: float) -> Any:
    return elementwise(_soft, input, beta, threshold)


_softplus.add_derivative(
    lambda g, input, beta, threshold: elementwise(_soft_gradient, g, input, beta, threshold), "input"
)


def _soft_gradient(g: Any, input: Any, beta: float, threshold: float) -> Any:
    x = input * beta
    return g * np.maximum(logistic(x), x > threshold)


# alpha * (exp(steepness * x) - 1) where x is negative, x elsewhere, all times scale.
def _elu_values(input: Any, alpha: float, scale: float, steepness: float) -> Any:
    zero = _ZERO[input.dtype]
    negative, positive = at_most(input, zero), at_least(input, zero)
    if steepness != 1:
        negative = negative * steepness
    curved = np.expm1(negative)
    if alpha * scale != 1:
        curved = curved * (alpha * scale)
    return curved + (positive if scale == 1 else positive * scale)


def _elu_gradient(g: Any, input: Any, alpha: float, scale: float, steepness: float) -> Any:
    # fmin, not minimum: PyTorch's slope at nan is that of the positive side. Its second derivative at 0 is 0.
    zero = _ZERO[input.dtype]
    steepest = alpha * scale * steepness
    slope = np.exp(np.fmin(zero, input) * steepness)
    if steepest == scale:
        return g * (slope if scale == 1 else slope * scale)
    return g * (slope * steepest + np.logical_not(input <= zero) * constant(scale - steepest, input.dtype))


def _elu_row(name: str) -> Any:
    row = operation(
        lambda input, alpha, scale, steepness: elementwise(_elu_values, input, alpha, scale, steepness), name=name
    )
    row.add_derivative(
        lambda g, input, alpha, scale, steepness: elementwise(_elu_gradient, g, input, alpha, scale, steepness), "input"
    )
    name_in_place(row, f"{name.title()}Backward1")
    return row


_elu, _celu = _elu_row("elu"), _elu_row("celu")


def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of `sigmoid`, without overflow."""
    return activate(_logsigmoid, "log_sigmoid", "log_sigmoid_cpu", False, input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """`input * sigmoid(input)`."""
    return activate(_silu, "silu", "silu_cpu", inplace, input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """`input * tanh(softplus(input))`."""
    return activate(_mish, "mish", "mish_cpu", inplace, input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """`log(1 + exp(beta * input)) / beta`; the input itself where `beta * input` is over `threshold`."""
    return activate(
        _softplus,
        "softplus",
        "softplus_cpu",
        False,
        input,
        number(beta, "softplus", "beta"),
        number(threshold, "softplus", "threshold", 3),
    )


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `alpha * (exp(input) - 1)`."""
    return activate(_elu, "elu", "elu_cpu", inplace, input, number(alpha, "elu", "alpha"), 1.0, 1.0)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, else `alpha * (exp(input / alpha) - 1)`. RuntimeError for an alpha of zero."""
    alpha = number(alpha, "celu", "alpha")
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return activate(_celu, "celu", "elu_cpu", inplace, input, alpha, 1.0, 1.0 / alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`scale * elu(input, alpha)` with the constants of self-normalizing networks."""
    return activate(_elu, "selu", "elu_cpu", inplace, input, _SELU_ALPHA, _SELU_SCALE, 1.0)


def softsign(input: Tensor) -> Tensor:
    """`input / (1 + |input|)`."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """`input - tanh(input)`."""
    return input - input.tanh()


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu`, written into the tensor."""
    return elu(input, alpha, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu`, written into the tensor."""
    return celu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    """`selu`, written into the tensor."""
    return selu(input, True)
