"""Gamma numbers, one by one, as PyTorch's CPU kernel draws them.

Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables" (2000).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.random._doubles import Doubles

__all__ = ["standard_gammas"]

# PyTorch's constants are of single precision.
_THIRD = np.float32(1) / np.float32(3)
_SQUEEZE = float(np.float32(0.0331))


def standard_gammas(concentrations: Any, source: Doubles) -> list[float]:
    """A gamma number of scale 1 for each concentration, computed in the precision of their type as far as PyTorch does.

    That of a concentration below 1 is that of one more, shrunk: it is accepted more often.
    """
    flat = np.ravel(concentrations)
    with np.errstate(all="ignore"):
        d = np.where(flat < 1, flat + 1, flat) - _THIRD
        inverse = np.where(flat < 1, 1 / flat, 0)
        c = 1 / np.sqrt(9 * d.astype(np.float64))
    uniform = source.uniform
    drawn = []
    for power, each_d, each_c, each in zip(inverse.tolist(), d.tolist(), c.tolist(), flat.tolist(), strict=True):
        if not each > 0:
            drawn.append(0.0 if each == 0 else math.nan)
            continue
        scale = math.pow(1 - uniform(), power) if power else 1.0
        drawn.append(_drawn(scale, each_d, each_c, source))
    return drawn


def _drawn(scale: float, d: float, c: float, source: Doubles) -> float:
    while True:
        x = source.normal()
        y = 1 + c * x
        if y <= 0:
            continue
        v = y * y * y
        u = 1 - source.uniform()
        squared = x * x
        if u < 1 - _SQUEEZE * squared * squared or math.log(u) < 0.5 * squared + d * (1 - v + math.log(v)):
            return scale * d * v
