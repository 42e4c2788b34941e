"""Activations that gate: `gelu`, each element by a normal distribution, and `glu`, one half of them by the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.approximating import filled
from framework.operations.arguments import check_tensors
from framework.operations.elementwise import Constant
from framework.operations.error_function import ERF, erf
from framework.operations.halves import half
from framework.operations.logistic import logistic

__all__ = ["gelu", "glu"]

_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_LOG2_E = 1 / math.log(2)
# -2 * artanh(erf(x / sqrt(2))) / x in powers of x², as an exponent of 2.
_ODDS = tuple(-2 * _LOG2_E * each * _ROOT_HALF ** (2 * power + 1) for power, each in enumerate(ERF))
# The hyperbolic approximation: tanh(x * (_SLOPE + _BEND * x²)).
_SLOPE = math.sqrt(2 / math.pi)
_BEND = _SLOPE * 0.044715

# The kernels' numbers as arrays: each of their many steps would take longer over a Python number.
_HALF, _ONE, _ROOT = Constant(0.5), Constant(1.0), Constant(_ROOT_HALF)
_TOP, *_LOWER = [Constant(each) for each in _ODDS[::-1]]
_FALL, _PEAK = Constant(-0.5 * _LOG2_E), Constant(_DENSITY)
_TANH_SLOPE, _TANH_BEND, _TANH_CURVE = Constant(_SLOPE), Constant(_BEND), Constant(3 * _BEND)


def _gelu_into(x: Any, out: Any, share: Any) -> None:
    dtype = x.dtype
    one, half = _ONE[dtype], _HALF[dtype]
    if dtype.itemsize == 4:
        # (1 + erf(x / sqrt(2))) / 2 is 1 / (1 + exp(-2 * artanh(erf(x / sqrt(2))))), which has no 1 + -0.999… in it;
        # exp2 takes half the time of exp.
        np.multiply(x, x, out=out)
        np.multiply(out, _TOP[dtype], out=share)
        for each in _LOWER:
            np.add(share, each[dtype], out=share)
            np.multiply(share, out if each is not _LOWER[-1] else x, out=share)
        np.exp2(share, out=share)
        np.add(share, one, out=share)
        np.divide(one, share, out=share)
    else:
        np.multiply(x, _ROOT[dtype], out=out)
        np.multiply(erf.forward(out), half, out=share)
        np.add(share, half, out=share)
    np.multiply(x, share, out=out)


def _gelu_gradient_into(g: Any, x: Any, share: Any, out: Any) -> None:
    dtype = x.dtype
    np.multiply(x, x, out=out)
    np.multiply(out, _FALL[dtype], out=out)
    np.exp2(out, out=out)
    np.multiply(out, _PEAK[dtype], out=out)
    np.multiply(out, x, out=out)
    np.add(out, share, out=out)
    np.multiply(out, g, out=out)


def _tanh_gelu_into(x: Any, out: Any, bent: Any) -> None:
    dtype = x.dtype
    half = _HALF[dtype]
    np.multiply(x, x, out=bent)
    np.multiply(bent, _TANH_BEND[dtype], out=bent)
    np.add(bent, _TANH_SLOPE[dtype], out=bent)
    np.multiply(bent, x, out=bent)
    np.tanh(bent, out=bent)
    np.multiply(bent, half, out=out)
    np.add(out, half, out=out)
    np.multiply(out, x, out=out)


def _tanh_gelu_gradient_into(g: Any, x: Any, bent: Any, out: Any) -> None:
    dtype = x.dtype
    one, half = _ONE[dtype], _HALF[dtype]
    np.multiply(x, x, out=out)
    np.multiply(out, _TANH_CURVE[dtype], out=out)
    np.add(out, _TANH_SLOPE[dtype], out=out)
    np.multiply(out, x, out=out)
    rest = np.multiply(bent, bent, out=np.empty_like(bent))
    np.subtract(one, rest, out=rest)
    np.multiply(out, rest, out=out)
    np.add(out, bent, out=out)
    np.add(out, one, out=out)
    np.multiply(out, half, out=out)
    np.multiply(out, g, out=out)


def _share_of(input: Any) -> Any:
    return erf(input * _ROOT_HALF) * 0.5 + 0.5


def _bent_of(input: Any) -> Any:
    return np.tanh(input * (input * input * _BEND + _SLOPE))


@operation(residuals={"share": _share_of})
def _gelu(input: Any) -> Any:
    out, share = filled(_gelu_into, 2, input)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype), share


@operation(residuals={"bent": _bent_of}, grad_fn="GeluBackward0")
def _tanh_gelu(input: Any) -> Any:
    out, bent = filled(_tanh_gelu_into, 2, input)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype), bent


@operation(grad_fn="GeluBackwardBackward0")
def gelu_gradient(g: Any, input: Any, share: Any) -> Any:
    """`g * (share + input * density)`, the density that of the normal distribution at `input`."""
    return filled(_gelu_gradient_into, 1, g, input, share)[0]


@operation(grad_fn="GeluBackwardBackward0")
def tanh_gelu_gradient(g: Any, input: Any, bent: Any) -> Any:
    """`g` times the slope of the approximation, whose hyperbolic tangent is `bent`."""
    return filled(_tanh_gelu_gradient_into, 1, g, input, bent)[0]


def _density(x: Any) -> Any:
    return np.exp(x * x * -0.5) * _DENSITY


_gelu.add_derivative(lambda g, input, share: gelu_gradient(g, input, share), "input")
_tanh_gelu.add_derivative(lambda g, input, bent: tanh_gelu_gradient(g, input, bent), "input")
gelu_gradient.add_derivative(lambda incoming, input, share: incoming * (share + input * _density(input)), "g")
gelu_gradient.add_derivative(lambda incoming, g, input: incoming * g * (1.0 - input * input) * _density(input), "input")
gelu_gradient.add_derivative(lambda incoming, g: incoming * g, "share")


@tanh_gelu_gradient.derivative("g", "input", "bent")
def _(incoming: Any, g: Any, input: Any, bent: Any) -> tuple[Any, Any, Any]:
    square = input * input
    slope = square * (3 * _BEND) + _SLOPE
    rest = (1.0 - bent * bent) * 0.5
    both = incoming * g
    return (
        incoming * (bent * 0.5 + 0.5 + input * slope * rest),
        both * rest * (slope + square * (6 * _BEND)),
        both * (0.5 - input * slope * bent),
    )


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """`input` times the share of a normal distribution below it; `approximate="tanh"` for a quicker, close formula."""
    try:
        kind = input._array.dtype.kind
    except AttributeError:
        check_tensors("gelu", input=input)
        raise
    if kind != "f":
        name = dtypes.from_numpy(input._array.dtype).scalar_name
        raise NotImplementedError(f"\"GeluKernelImpl\" not implemented for '{name}'")
    if approximate == "none":
        return _gelu.function(input)
    if approximate == "tanh":
        return _tanh_gelu.function(input)
    if not isinstance(approximate, str):
        raise TypeError(f"gelu(): argument 'approximate' must be str, not {type(approximate).__name__}")
    raise RuntimeError("approximate argument must be either none or tanh.")


def _halves(dim: int, size: int) -> tuple[Any, Any]:
    """The subscripts of both halves along a dimension."""
    before = (slice(None),) * dim
    return (*before, slice(0, size)), (*before, slice(size, 2 * size))


@operation()
def _glu(input: Any, dim: int) -> Any:
    first, second = _halves(dim, input.shape[dim] // 2)
    if input.dtype.itemsize == 2:
        return half(_glu.forward(np.astype(input, np.float32), dim), input.dtype)
    return input[first] * logistic(input[second])


@_glu.derivative("input")
def _(g: Any, input: Any, dim: int) -> Any:
    first, second = _halves(dim, input.shape[dim] // 2)
    share = logistic(input[second])
    by_first = g * share
    return np.concatenate((by_first, by_first * input[first] * (1.0 - share)), axis=dim)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half along `dim` times the sigmoid of the second. RuntimeError for a dimension of odd size."""
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    array = input._array
    if not isinstance(dim, (int, np.integer)) or isinstance(dim, bool):
        raise TypeError(f"glu(): argument 'dim' (position 2) must be int, not {type(dim).__name__}")
    dim = normalize_dim(dim, array.ndim)
    if array.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {array.shape[dim]}")
    if array.dtype.kind != "f":
        raise NotImplementedError(f"\"glu_cpu\" not implemented for '{dtypes.from_numpy(array.dtype).scalar_name}'")
    return _glu.function(input, dim)
