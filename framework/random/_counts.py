"""Poisson's and binomial numbers, one by one, as PyTorch's CPU kernels draw them.

Each takes as many uniforms of the stream as its rejections need. Sources: W. Hörmann, "The transformed rejection method
for generating Poisson random variables" (1993) and "The generation of binomial random variates" (1993).
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["binomial", "poisson"]

Uniform = Callable[[], float]


def poisson(rate: float, uniform: Uniform) -> float:
    """How many events of that mean happen."""
    if not rate >= 10:
        return 0.0 if rate == 0 else _poisson_by_product(rate, uniform)
    root = math.sqrt(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    sure = 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= sure:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * math.log(rate) - math.lgamma(k + 1):
            return float(k)


def _poisson_by_product(rate: float, uniform: Uniform) -> float:
    end = math.exp(-rate)
    count, product = 0, 1.0
    while True:
        product *= uniform()
        if not product > end:
            return float(count)
        count += 1


def binomial(count: float, p: float, uniform: Uniform) -> float:
    """How many of `count` trials of success probability `p` succeed."""
    if count <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return count
    if p != p or count != count:
        return math.nan
    if p > 0.5:
        return count - binomial_of_half(count, 1 - p, uniform)
    return binomial_of_half(count, p, uniform)


def binomial_of_half(count: float, p: float, uniform: Uniform) -> float:
    """The same for p up to one half."""
    return _by_rejection(count, p, uniform) if count * p >= 10 else _by_waiting(count, p, uniform)


def _by_waiting(count: float, p: float, uniform: Uniform) -> float:
    """Adds up the waits for a success while they fit."""
    total, found = 0.0, 0
    log_failure = math.log1p(-p)
    while True:
        u = uniform()
        total += math.ceil(math.log(u) / log_failure) if u > 0 else math.inf
        if total > count:
            return float(found)
        found += 1


def _by_rejection(count: float, p: float, uniform: Uniform) -> float:
    deviation = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = count * p + 0.5
    sure = 0.92 - 4.2 / b
    odds = p / (1 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    middle = math.floor((count + 1) * p)
    while True:
        u = uniform() - 0.5
        v = uniform()
        us = 0.5 - abs(u)
        k = math.floor((2 * a / us + b) * u + c)
        if k < 0 or k > count:
            continue
        if us >= 0.07 and v <= sure:
            return float(k)
        v = math.log(v * alpha / (a / (us * us) + b))
        bound = (
            (middle + 0.5) * math.log((middle + 1) / (odds * (count - middle + 1)))
            + (count + 1) * math.log((count - middle + 1) / (count - k + 1))
            + (k + 0.5) * math.log(odds * (count - k + 1) / (k + 1))
            + _stirling_tail(middle)
            + _stirling_tail(count - middle)
            - _stirling_tail(k)
            - _stirling_tail(count - k)
        )
        if v <= bound:
            return float(k)


def _stirling_tail(k: float) -> float:
    """What Stirling's formula for log(k!) lacks."""
    after = k + 1
    if k <= 9:
        return math.lgamma(after) - (k + 0.5) * math.log(after) + after - math.log(2 * math.pi) / 2
    square = after * after
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / after
