"""The regularised incomplete gamma functions: `gammainc` (the lower) and `gammaincc` (the upper)."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.direct import in_dtype, zeros
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.approximating import BLOCK, ratio
from framework.operations.coefficients import LGAMMA_ABOUT_ONE, LOG1P_REST
from framework.operations.gamma_function import lgamma, stirling
from framework.operations.pairs import of_tensors, refuse, undifferentiable

__all__ = ["gammainc", "gammaincc", "igamma", "igammac"]

_DEPTH = 40
"""An integrand is followed until it has fallen to exp(-40) of its largest."""

_NODES = 64


@functools.cache
def _nodes() -> tuple[Any, Any]:
    """Gauss' and Legendre's nodes and weights from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, weights / 2


def _log1p_rest(x: Any) -> Any:
    """log1p(x) - x, without cancellation near zero."""
    return np.where((x >= -0.5) & (x <= 1), -x * x * ratio(np.clip(x, -0.5, 1) + 0.5, LOG1P_REST), np.log1p(x) - x)


def _density(a: Any, x: Any) -> Any:
    """x**a * exp(-x) / gamma(a)."""
    large = np.maximum(a, 10)
    share = (x - a) / a
    exponent = np.where(x < a * 0.5, np.log(x / a) - share, _log1p_rest(share))
    by_stirling = np.exp(a * exponent - stirling(large)) * np.sqrt(a / (2 * math.pi))
    return np.where(a >= 10, by_stirling, np.exp(a * np.log(x) - x - lgamma.forward(a)))


def _by_series(a: Any, x: Any) -> tuple[Any, Any]:
    """Both functions for x up to a, or up to 1, by the series of the lower."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    for step in range(1, 80):
        term = term * (x / (a + step))
        total += term
    lower = _density(a, x) / a * total
    # Where the upper one is small for a near zero: the difference of x**a / gamma(a + 1) and 1, and the alternating rest.
    near = np.minimum(x, 1)
    term = np.ones_like(x)
    rest = zeros(x)
    for step in range(1, 20):
        term = term * (near / -step)
        rest += term / (a + step)
    small = np.minimum(a, 0.5)
    log_gamma = np.where(a < 0.5, small * ratio(small + 0.5, LGAMMA_ABOUT_ONE), lgamma.forward(a + 1))
    power = a * np.log(x) - log_gamma
    upper = -np.expm1(power) - np.exp(power) * a * rest
    return lower, np.where((x <= 1) & (a <= 1), upper, 1 - lower)


def _integral(a: Any, slope: Any, sign: int, end: Any) -> Any:
    """The integral of (1 + sign * t)**(a - 1) * exp(-sign * slope * t) from 0 to `end`."""
    nodes, weights = (np.asarray(each, like=end) for each in _nodes())
    t = end[:, None] * nodes
    exponent = np.log1p(t * sign)
    exponent *= a[:, None] - 1
    t *= slope[:, None] * sign
    exponent -= t
    return np.vecdot(np.exp(exponent), weights) * end


def _by_lower_integral(a: Any, x: Any) -> tuple[Any, Any]:
    """Both for x below a > 20: x**a * exp(-x) times the integral of exp(x * t) * (1 - t)**(a - 1) from 0 to 1."""
    fall = a - 1 - x
    end = np.minimum(1, (np.sqrt(fall * fall + 2 * _DEPTH * (a - 1)) - fall) / (a - 1))
    lower = _density(a, x) * _integral(a, x, -1, end)
    return lower, 1 - lower


def _by_upper_integral(a: Any, x: Any) -> tuple[Any, Any]:
    """Both for x from a on: x**a * exp(-x) times the integral of exp(-x * t) * (1 + t)**(a - 1) from 0."""
    bend = np.maximum(a - 1, 0)
    fall = x - bend
    square = bend / 2 + fall
    root = np.sqrt((fall - _DEPTH) ** 2 + 4 * _DEPTH * square)
    end = np.where(fall > _DEPTH, 2 * _DEPTH / (fall - _DEPTH + root), (_DEPTH - fall + root) / (2 * square))
    upper = _density(a, x) * _integral(a, x, 1, end)
    return 1 - upper, upper


def _in_parts(values: Any, a: Any, x: Any, which: int, length: int) -> Any:
    """One of both functions, for some elements at a time, so that what lies between stays in the cache."""
    parts = [slice(start, start + length) for start in range(0, a.shape[0], length)]
    return np.concatenate([values(a[part], x[part])[which] for part in parts])


def _incomplete(name: str, which: int) -> Any:
    def forward(input: Any, other: Any) -> Any:
        a, x = np.broadcast_arrays(in_dtype(input, np.float64), in_dtype(other, np.float64))
        result = np.full_like(a, math.nan, order="C" if 0 in a.strides else "K")
        regular = (a > 0) & (x > 0) & (a < math.inf) & (x < math.inf)
        series = (x <= 1) | ((a <= 20) & (x <= a)) | (x < a * 0.3)
        for where, values, length in (
            (regular & series, _by_series, BLOCK),
            (regular & ~series & (x < a), _by_lower_integral, BLOCK // _NODES),
            (regular & ~series & (x >= a), _by_upper_integral, BLOCK // _NODES),
        ):
            if a[where].shape[0]:
                result[where] = _in_parts(values, a[where], x[where], which, length)
        zero, one = (0.0, 1.0) if which == 0 else (1.0, 0.0)
        result = np.where(~(a < 0) & (a < math.inf) & (x == math.inf), one, result)
        result = np.where((a != a) & (x == math.inf), one, result)
        result = np.where((a == math.inf) & ~(x < 0) & ~(x == math.inf), zero, result)
        result = np.where(~(a <= 0) & (x == 0), zero, result)
        result = np.where((a == 0) & (x > 0), one, result)
        return in_dtype(result, input.dtype)

    return forward


def _slope(g: Any, input: Any, other: Any) -> Any:
    return g * np.exp((input - 1) * np.log(other) - other - lgamma(input))


igamma_row = operation(
    _incomplete("igamma", 0),
    name="igamma",
    promote="float",
    input=undifferentiable("igamma: input"),
    other=_slope,
)
igammac_row = operation(
    _incomplete("igammac", 1),
    name="igammac",
    promote="float",
    input=undifferentiable("igammac: input"),
    other=lambda g, input, other: -_slope(g, input, other),
)
_LOWER = "The lower incomplete gamma function of order `input` at `other`, over the gamma function."
_UPPER = "The upper incomplete gamma function of order `input` at `other`, over the gamma function."


def _function(row: Any, name: str, kernel: str, doc: str) -> Any:
    call = of_tensors(row, name, doc)

    def function(*args: Any, **named: Any) -> Tensor:
        arrays = [each._array for each in (*args, *named.values()) if isinstance(each, Tensor)]
        if len(arrays) == 2:
            common = dtypes.result_dtype(arrays)
            if common.kind != "f":
                refuse(kernel, *[np.empty_like(each, common) for each in arrays])
        result: Tensor = call(*args, **named)
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


igamma = _function(igamma_row, "igamma", "igamma", _LOWER)
igammac = _function(igammac_row, "igammac", "igammac", _UPPER)
gammainc = _function(igamma_row, "special_gammainc", "igamma", _LOWER)
gammaincc = _function(igammac_row, "special_gammaincc", "igammac", _UPPER)

attach(igamma, igammac, named={"igamma_": inplace(igamma), "igammac_": inplace(igammac)})
