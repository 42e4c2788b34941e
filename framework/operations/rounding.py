"""Rounds each element: down, up, toward zero, or to the nearest."""

from __future__ import annotations

from typing import Any

import numpy as np

from framework.autograd.attach import attach
from framework.autograd.direct import zeros
from framework.autograd.errors import no_kernel
from framework.autograd.inplace import inplace
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor

__all__ = ["ceil", "fix", "floor", "frac", "round", "trunc"]


def _nothing(g: Any) -> Any:
    return zeros(g)


def _rounding(ufunc: Any, name: str) -> Any:
    """An operation that rounds; whole numbers stay what they are."""

    def forward(input: Any) -> Any:
        kind = input.dtype.kind
        if kind == "f":
            return ufunc(input)
        if kind == "b":
            raise no_kernel(f"{name}_vml", [input])
        return np.positive(input)

    row = operation(forward, name=name, input=_nothing)
    register(ufunc, row)
    return row


ceil = _rounding(np.ceil, "ceil")
floor = _rounding(np.floor, "floor")
trunc = _rounding(np.trunc, "trunc")
_rint = _rounding(np.rint, "round")


def _decimals(input: Any, decimals: int) -> Any:
    if input.dtype.kind != "f":
        raise no_kernel("round", [input])
    # As PyTorch scales: by the power of ten on the side where it is exact.
    scale = 10.0 ** abs(decimals)
    return np.rint(input * scale) / scale if decimals > 0 else np.rint(input / scale) * scale


def _frac(input: Any) -> Any:
    if input.dtype.kind != "f":
        raise no_kernel("frac", [input])
    return input - np.trunc(input)


_round_decimals = operation(_decimals, name="round_decimals", grad_fn="RoundBackward1", input=_nothing)
frac = operation(_frac, name="frac", input=lambda g: g)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Each element rounded to the nearest, halves to even, with so many decimals."""
    return _round_decimals.function(input, decimals) if decimals else _rint.function(input)


def fix(input: Tensor) -> Tensor:
    """`trunc`, by another name."""
    return trunc.function(input)


register(np.round, lambda a, decimals=0: round(a, decimals=decimals))
register(np.fix, fix)

attach(
    ceil,
    fix,
    floor,
    frac,
    round,
    trunc,
    inplace=[ceil, fix, floor, frac, trunc],
    named={"round_": inplace(round)},
)
