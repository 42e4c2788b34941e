"""Gamma and Dirichlet numbers that follow their concentrations: `_standard_gamma`, `_sample_dirichlet`.

A number x drawn for a concentration a moves with it by -(dF/da) / (dF/dx), F being the distribution's: the implicit
reparameterisation gradient. F has no closed derivative in a, so PyTorch approximates the quotient, to about three
digits, by series near the ends, by Rice's saddle point for large concentrations, and by a ratio of polynomials fitted
to the rest. These are its approximations, for its numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.creation_arguments import check_tensor
from framework.operations.gamma_function import digamma
from framework.operations.gamma_gradient_coefficients import BETA_BETWEEN, GAMMA_BETWEEN
from framework.operations.pairs import undifferentiable
from framework.random import Generator, default_generator

__all__ = ["_dirichlet_grad", "_sample_dirichlet", "_standard_gamma", "_standard_gamma_grad"]


def _by_cases(inputs: tuple[Any, ...], *cases: tuple[Any, Callable[..., Any]]) -> Any:
    """A function of several arrays by cases, the first that holds for an element; in double precision, nan as 0."""
    dtype = inputs[0].dtype
    wide = [np.astype(each, np.float64) for each in np.broadcast_arrays(*inputs)]
    result = np.zeros_like(wide[0], order="C")
    left = np.ones_like(result, bool)
    with np.errstate(all="ignore"):
        for holds, function in cases:
            here = left & holds(*wide)
            parts = [each[here] for each in wide]
            if parts[0].shape[0]:
                result[here] = function(*parts)
            left = left & ~here
    return np.astype(np.where(np.isnan(result), 0.0, result), dtype)


def _gamma_series(a: Any, x: Any) -> Any:
    """By Taylor's series of F, for small x."""
    term, total, slope = np.ones_like(x), 1 / a, 1 / (a * a)
    for step in range(1, 6):
        term = term * (-x / step)
        total = total + term / (a + step)
        slope = slope + term / ((a + step) * (a + step))
    power = np.power(x, a)
    of_cdf = (np.log(x) - digamma.forward(a)) * (power * total) - power * slope
    return -of_cdf / (np.power(x, a - 1) * np.exp(-x))


def _gamma_near_mean(a: Any, x: Any) -> Any:
    one = 1 + 24 * a * (1 + 12 * a)
    other = 1440 * (a * a) + 6 * x * (53 - 120 * x) - 65 * x * x / a + a * (107 + 3600 * x)
    return one * other / (1244160 * (a * a) * (a * a))


def _gamma_saddle(a: Any, x: Any) -> Any:
    root = np.sqrt(8 * a)
    off = np.power(x - a - a * np.log(x / a), -1.5)
    bracket = root / (a - x) + np.where(x < a, -off, off)
    inner = np.log(x / a) * bracket - np.sqrt(2 / a) * (a + x) / ((a - x) * (a - x))
    stirling = 1 + 1 / (12 * a) * (1 + 1 / (24 * a))
    return -stirling * (x * inner) / root


def _cubic(c: Any, v: Any) -> Any:
    return c[0] + v * (c[1] + v * (c[2] + v * c[3]))


def _gamma_between(a: Any, x: Any) -> Any:
    u, v = np.log(x / a), np.log(a)
    at = [low + u * (middle + u * high) for low, middle, high in zip(*GAMMA_BETWEEN, strict=True)]
    return np.exp(_cubic(at[:4], v) / _cubic(at[4:], v))


def _gamma_slope(input: Any, output: Any) -> Any:
    return _by_cases(
        (input, output),
        (lambda a, x: x < np.float32(0.8), _gamma_series),
        (lambda a, x: (a > 8) & (np.float32(0.9) * a <= x) & (x <= np.float32(1.1) * a), _gamma_near_mean),
        (lambda a, x: a > 8, _gamma_saddle),
        (lambda a, x: True, _gamma_between),
    )


def _beta_near_zero(x: Any, a: Any, b: Any) -> Any:
    factor = digamma.forward(a) - digamma.forward(a + b) - np.log(x)
    term, total = np.ones_like(x), (factor + 1 / a) / a
    for step in range(1, 11):
        term = term * ((step - b) * x / step)
        total = total + term / (a + step) * (factor + 1 / (a + step))
    return x * np.power(1 - x, -b) * total


def _beta_by_other(x: Any, a: Any, b: Any) -> Any:
    """By the other concentration, for small x."""
    factor = digamma.forward(a + b) - digamma.forward(b)
    term, product, slope = np.ones_like(x), np.ones_like(x), np.zeros_like(x)
    total = factor / a
    for step in range(1, 9):
        term = term * (-x / step)
        slope = slope * (b - step) + product
        product = product * (b - step)
        total = total + term / (a + step) * (slope + factor * product)
    return -np.power(1 - x, 1 - b) * total


def _beta_near_mean(x: Any, a: Any, b: Any) -> Any:
    total, square = a + b, b * b
    polynomial = 47 * x * square * square + a * (
        (43 + 20 * (16 + 27 * b) * x) * square * b
        + a
        * (
            3 * (59 + 180 * b - 90 * x) * square
            + a * ((453 + 1620 * b * (1 - x) - 455 * x) * b + a * (8 * (1 - x) * (135 * b - 11)))
        )
    )
    above = (1 + 12 * a) * (1 + 12 * b) / (total * total)
    return above / (1 - x) * polynomial / (12960 * a * a * a * b * b * (1 + 12 * total))


def _stirling(a: Any) -> Any:
    return 1 + 1 / (12 * a) + 1 / (288 * a * a)


def _beta_saddle(x: Any, a: Any, b: Any) -> Any:
    total = a + b
    off = a * (x - 1) + b * x
    first = 2 * (a * a) * (x - 1) + a * b * (x - 1) - x * (b * b)
    first = first / (np.sqrt(2 * a / b) * np.power(total, 1.5) * off * off)
    share = np.log(a / (total * x))
    last = np.power(b * np.log(b / (total * (1 - x))) + a * share, -1.5)
    bracket = np.sqrt(8 * a * b / total) / off + np.where(x < a / total, last, -last)
    scale = -x / np.sqrt(2 * a * b / total) * (_stirling(a) * _stirling(b) / _stirling(total))
    return scale * (first + 0.5 * share * bracket)


def _is_near_mean(x: Any, a: Any, b: Any) -> Any:
    total = a + b
    spread = 0.1 * np.sqrt(a * b / (total + 1)) / total
    return (a / total - spread <= x) & (x <= a / total + spread)


def _beta_between(x: Any, a: Any, b: Any) -> Any:
    total = a + b
    u = np.log(x)
    v = np.log(a) - u
    w = np.log(total) - v
    powers = [u**i * v**j for i in range(3) for j in range(3)]
    above, below = [sum(_cubic(c, w) * each for c, each in zip(fit, powers, strict=True)) for fit in BETA_BETWEEN]
    return above / below * (x * (digamma.forward(total) - digamma.forward(a)) / b)


def _dirichlet_slope(x: Any, alpha: Any, total: Any) -> Any:
    """That of the share x of one concentration of a total, over 1 - x."""
    return _by_cases(
        (x, alpha, total - alpha),
        (lambda x, a, b: (x <= 0.5) & ((a + b) * x * (1 - x) < 2.5), _beta_near_zero),
        (
            lambda x, a, b: (x >= 0.5) & ((a + b) * x * (1 - x) < 0.75),
            lambda x, a, b: -_beta_by_other(1 - x, b, a),
        ),
        (lambda x, a, b: (a > 6) & (b > 6) & _is_near_mean(x, a, b), _beta_near_mean),
        (lambda x, a, b: (a > 6) & (b > 6), _beta_saddle),
        (lambda x, a, b: True, _beta_between),
    )


_standard_gamma_grad = operation(
    _gamma_slope,
    name="_standard_gamma_grad",
    input=undifferentiable("_standard_gamma_grad"),
    output=undifferentiable("_standard_gamma_grad"),
)
_dirichlet_grad = operation(
    _dirichlet_slope,
    name="_dirichlet_grad",
    x=undifferentiable("_dirichlet_grad"),
    alpha=undifferentiable("_dirichlet_grad"),
    total=undifferentiable("_dirichlet_grad"),
)
_GAMMA = operation(
    lambda input, values: values,
    name="_standard_gamma",
    input=lambda g, input, out: g * _standard_gamma_grad(input, out),
)


def _dirichlet_formula(g: Any, input: Any, out: Any) -> Any:
    total = np.broadcast_to(np.sum(input, axis=-1, keepdims=True), input.shape)
    return _dirichlet_grad(out, input, total) * (g - np.sum(out * g, axis=-1, keepdims=True))


_DIRICHLET = operation(
    lambda input, values: values,
    name="_sample_dirichlet",
    grad_fn="_DirichletBackward",
    input=_dirichlet_formula,
)


def _source(name: str, kernel: str, input: Any, generator: Any) -> Generator:
    check_tensor(name, "input", 1, input)
    if input._array.dtype.kind != "f" or input._array.dtype.itemsize == 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {type(generator).__name__}")
    return generator


def _standard_gamma(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma numbers of scale 1, of the concentration that each element gives, which they are differentiable by."""
    source = _source("_standard_gamma", "gamma_cpu", input, generator)
    return _GAMMA.function(input, source.standard_gamma(input._array))


def _sample_dirichlet(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Shares along the last dimension, of the concentrations that the elements give, differentiable by them."""
    array = input._array if isinstance(input, Tensor) else input
    source = _source("_sample_dirichlet", "dirichlet", input, generator)
    drawn = source.standard_gamma(np.astype(array, np.float64))
    shares = np.astype(drawn / np.sum(drawn, axis=-1, keepdims=True), array.dtype)
    limits = np.finfo(array.dtype)
    return _DIRICHLET.function(input, np.clip(shares, limits.tiny, 1 - limits.epsneg))
