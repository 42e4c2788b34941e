"""Gamma numbers, one by one, as PyTorch's CPU kernel draws them.

Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables" (2000).
"""

from __future__ import annotations

import math

import numpy as np

from framework.random._doubles import Doubles

__all__ = ["standard_gamma"]

# PyTorch's constants are of single precision.
_THIRD = np.float32(1) / np.float32(3)
_SQUEEZE = float(np.float32(0.0331))


def standard_gamma(concentration: float, dtype: np.dtype[np.floating], source: Doubles) -> float:
    """A gamma number of scale 1; the concentration is of type `dtype`, and so is what PyTorch computes of it alone."""
    if not concentration > 0:
        return 0.0 if concentration == 0 else math.nan
    scale = 1.0
    a = dtype.type(concentration)
    if a < 1:
        # That of one more, shrunk: it is accepted more often.
        with np.errstate(over="ignore", divide="ignore"):
            scale = math.pow(1 - source.uniform(), dtype.type(1) / a)
        a += dtype.type(1)
    d = float(a - _THIRD)
    c = 1 / math.sqrt(9 * d)
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
