"""Orthogonal polynomials of a degree `n` for each element: Chebyshev's, Hermite's, Laguerre's, Legendre's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype
from framework.autograd.operation import operation
from framework.operations.choosing import choose
from framework.operations.pairs import refuse, with_numbers

__all__ = [
    "chebyshev_polynomial_t",
    "chebyshev_polynomial_u",
    "chebyshev_polynomial_v",
    "chebyshev_polynomial_w",
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
    "shifted_chebyshev_polynomial_t",
    "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v",
    "shifted_chebyshev_polynomial_w",
]


def _climbed(n: Any, first: Any, following: Callable[[int, Any, Any], Any]) -> Any:
    """The polynomial of degree n from those of degrees 0 and 1: `following(k, p, q)` has degree k + 1 if q has k."""
    before, current = np.ones_like(first), first
    result = np.where(n == 0, before, first)
    degree = 1
    while True:
        # What is nan stays nan, whatever the degree: so an endless degree ends too.
        going = (n > degree) & (current == current)
        if not n[going].shape[0]:
            return np.where(n > degree, current, result)
        before, current = current, following(degree, before, current)
        degree += 1
        result = np.where(n == degree, current, result)


def _half_wave(over: Callable[[Any], Any], n: Any, angle: Any, limit: Any) -> Any:
    share = over(angle * 0.5)
    zero = share == 0
    return np.where(zero, limit, over((n + 0.5) * angle) / choose(zero, 1, share))


def _sign(n: Any) -> Any:
    return 1 - 2 * np.remainder(n, 2)


def _wave_t(n: Any, y: Any, angle: Any) -> Any:
    return np.cos(n * angle)


def _wave_u(n: Any, y: Any, angle: Any) -> Any:
    sine = np.sin(angle)
    zero = sine == 0
    wave = np.sin((n + 1) * angle) / choose(zero, 1, sine)
    return np.where(zero, (n + 1) * np.cos((n + 1) * angle) / choose(zero, y, 1), wave)


def _wave_v(n: Any, y: Any, angle: Any) -> Any:
    return _half_wave(np.cos, n, angle, (2 * n + 1) * _sign(n))


def _wave_w(n: Any, y: Any, angle: Any) -> Any:
    return _half_wave(np.sin, n, angle, 2 * n + 1)


# For each kind: the polynomial of degree 1, the values at 1 and at -1, the wave between, and from which degree on it is
# taken, of the plain and of the shifted polynomials.
_CHEBYSHEV: dict[str, tuple[Any, Any, Any, Any, int, int]] = {
    "t": (lambda y: y, lambda n: np.ones_like(n), _sign, _wave_t, 6, 6),
    "u": (lambda y: y + y, lambda n: n + 1, lambda n: (n + 1) * _sign(n), _wave_u, 8, 6),
    "v": (lambda y: y + y - 1, lambda n: np.ones_like(n), lambda n: (2 * n + 1) * _sign(n), _wave_v, 8, 6),
    "w": (lambda y: y + y + 1, lambda n: 2 * n + 1, _sign, _wave_w, 8, 4),
}


def _chebyshev(kind: str, shifted: bool) -> Callable[[Any, Any], Any]:
    first, right, left, wave, plain_from, shifted_from = _CHEBYSHEV[kind]

    def values(x: Any, n: Any) -> Any:
        y = x + x - 1 if shifted else x
        degree = in_dtype(n, x.dtype)
        waving = (n > (shifted_from if shifted else plain_from)) & (np.absolute(y) < 1)
        ends = np.absolute(y) == 1
        twice = y + y
        climbed = _climbed(choose(waving | ends, 0, n), first(y), lambda k, p, q: twice * q - p)
        angle = np.arccos(np.clip(y, -1, 1))
        result = np.where(waving, wave(degree, choose(waving, y, 1), angle), climbed)
        return np.where(ends, np.where(y > 0, right(degree), left(degree)), result)

    return values


def _hermite(step: int) -> Callable[[Any, Any], Any]:
    def values(x: Any, n: Any) -> Any:
        scaled = x * step
        value = _climbed(n, scaled, lambda k, p, q: scaled * q - (step * k) * p)
        return choose(n > (512 if x.dtype.itemsize == 8 else 128), math.nan, value)

    return values


def _laguerre(x: Any, n: Any) -> Any:
    value = _climbed(n, 1 - x, lambda k, p, q: ((2 * k + (1 - x)) * q - k * p) / (k + 1))
    return choose(x == 0, 1, value)


def _legendre(x: Any, n: Any) -> Any:
    value = _climbed(n, x, lambda k, p, q: ((2 * k + 1) * x * q - k * p) / (k + 1))
    return np.where(np.absolute(x) == 1, choose(x > 0, 1, _sign(n)), value)


def _polynomial(name: str, values: Callable[[Any, Any], Any], doc: str) -> Any:
    def forward(x: Any, n: Any) -> Any:
        if x.dtype.itemsize == 2:
            refuse(name, x, n)
        x, n = np.broadcast_arrays(x, in_dtype(n, np.int64))
        return np.astype(choose(n < 0, 0, values(x, np.maximum(n, 0))), x.dtype, copy=False)

    row = operation(forward, name=f"special_{name}", promote="float", promoted=["x", "n"])
    return with_numbers(row, f"special_{name}", doc, ("x", "n"))


chebyshev_polynomial_t = _polynomial(
    "chebyshev_polynomial_t", _chebyshev("t", False), "Chebyshev's polynomial of the first kind."
)
chebyshev_polynomial_u = _polynomial(
    "chebyshev_polynomial_u", _chebyshev("u", False), "Chebyshev's polynomial of the second kind."
)
chebyshev_polynomial_v = _polynomial(
    "chebyshev_polynomial_v", _chebyshev("v", False), "Chebyshev's polynomial of the third kind."
)
chebyshev_polynomial_w = _polynomial(
    "chebyshev_polynomial_w", _chebyshev("w", False), "Chebyshev's polynomial of the fourth kind."
)
shifted_chebyshev_polynomial_t = _polynomial(
    "shifted_chebyshev_polynomial_t", _chebyshev("t", True), "Chebyshev's polynomial of the first kind of `2 * x - 1`."
)
shifted_chebyshev_polynomial_u = _polynomial(
    "shifted_chebyshev_polynomial_u", _chebyshev("u", True), "Chebyshev's polynomial of the second kind of `2 * x - 1`."
)
shifted_chebyshev_polynomial_v = _polynomial(
    "shifted_chebyshev_polynomial_v", _chebyshev("v", True), "Chebyshev's polynomial of the third kind of `2 * x - 1`."
)
shifted_chebyshev_polynomial_w = _polynomial(
    "shifted_chebyshev_polynomial_w", _chebyshev("w", True), "Chebyshev's polynomial of the fourth kind of `2 * x - 1`."
)
hermite_polynomial_h = _polynomial("hermite_polynomial_h", _hermite(2), "Hermite's polynomial, as physicists have it.")
hermite_polynomial_he = _polynomial("hermite_polynomial_he", _hermite(1), "Hermite's polynomial, of probability.")
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l", _laguerre, "Laguerre's polynomial.")
legendre_polynomial_p = _polynomial("legendre_polynomial_p", _legendre, "Legendre's polynomial.")
