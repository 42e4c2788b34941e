"""Windows of signals, symmetric unless said otherwise: `signal.windows`.

With `sym=False` a window is one of a place more, without the last, so that it can be repeated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from framework.autograd import dtypes
from framework.autograd.tensor import Tensor
from framework.operations.bessel import i0
from framework.operations.creation import empty, linspace, ones
from framework.operations.joining import stack
from framework.operations.pointwise import abs, cos, exp, sin, sqrt

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _options(name: str, M: int, dtype: Any, layout: Any, device: Any, requires_grad: bool) -> dict[str, Any]:
    """What every window takes, checked, for `linspace`."""
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if not (layout is None or str(layout) == "torch.strided"):
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return {"dtype": dtype, "device": device, "requires_grad": requires_grad}


def _short(M: int, options: dict[str, Any]) -> Tensor:
    """The window of no place or of one."""
    made: Tensor = ones((1,), **options) if M else empty((0,), **options)
    return made


def _places(M: int, start: float, step: float, options: dict[str, Any]) -> Tensor:
    """start, start + step, …: a number for each place."""
    return linspace(start, start + (M - 1) * step, M, **options)


def _steps(M: int, sym: bool) -> int:
    """How many steps lie between the first place and the last, or the one that repeats the first."""
    return M - 1 if sym else M


def bartlett(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A triangle."""
    options = _options("bartlett", M, dtype, layout, device, requires_grad)
    if M in (0, 1):
        return _short(M, options)
    return 1 - abs.function(_places(M, -1, 2 / _steps(M, sym), options))


def blackman(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Blackman's window: a sum of two cosines and a constant."""
    options = _options("blackman", M, dtype, layout, device, requires_grad)
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, **options)


def cosine(
    M: int,
    *,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The half of a wave, from half a place before the first to half a place after the last."""
    options = _options("cosine", M, dtype, layout, device, requires_grad)
    if M == 0:
        return _short(M, options)
    step = math.pi / (_steps(M, sym or M == 1) + 1)
    return sin.function(_places(M, 0.5 * step, step, options))


def exponential(
    M: int,
    *,
    center: float | None = None,
    tau: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`exp(-|n - center| / tau)`. ValueError for a symmetric one with a center of its own."""
    options = _options("exponential", M, dtype, layout, device, requires_grad)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    if M == 0:
        return _short(M, options)
    if center is None:
        center = _steps(M, sym or M == 1) / 2
    return exp.function(-abs.function(_places(M, -center / tau, 1 / tau, options)))


def gaussian(
    M: int,
    *,
    std: float = 1.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A normal distribution's bell of deviation `std`, 1 at its middle."""
    options = _options("gaussian", M, dtype, layout, device, requires_grad)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    if M == 0:
        return _short(M, options)
    step = 1 / (std * math.sqrt(2))
    places = _places(M, -_steps(M, sym or M == 1) / 2 * step, step, options)
    return exp.function(-(places * places))


def kaiser(
    M: int,
    *,
    beta: float = 12.0,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Kaiser's window, the narrower the larger `beta`."""
    options = _options("kaiser", M, dtype, layout, device, requires_grad)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    if M in (0, 1):
        return _short(M, options)
    step = 2.0 * beta / _steps(M, sym)
    # Rounding must not lead past the edge, where the root is nan.
    places = linspace(-beta, min(beta, -beta + (M - 1) * step), M, **options)
    edge = places.new_tensor(float(beta))
    return i0.function(sqrt.function(edge * edge - places * places)) / i0.function(edge)


def general_cosine(
    M: int,
    *,
    a: Iterable[float],
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A sum of cosines, `a[0] - a[1] * cos(2πn / N) + a[2] * cos(4πn / N) - …`."""
    options = _options("general_cosine", M, dtype, layout, device, requires_grad)
    if M in (0, 1):
        return _short(M, options)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    places = _places(M, 0, 2 * math.pi / _steps(M, sym), options)
    waves = [cos.function(places * order) * (-weight if order % 2 else weight) for order, weight in enumerate(a)]
    return stack(waves).sum(0)


def general_hamming(
    M: int,
    *,
    alpha: float = 0.54,
    sym: bool = True,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A raised cosine: `alpha - (1 - alpha) * cos(2πn / N)`."""
    return general_cosine(
        M,
        a=[alpha, 1.0 - alpha],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def _sum_of_cosines(name: str, doc: str, a: list[float]) -> Any:
    def window(
        M: int,
        *,
        sym: bool = True,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        return general_cosine(M, a=a, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = doc
    return window


hamming = _sum_of_cosines("hamming", "A raised cosine that does not reach zero.", [0.54, 0.46])
hann = _sum_of_cosines("hann", "A raised cosine: `0.5 - 0.5 * cos(2πn / N)`.", [0.5, 0.5])
nuttall = _sum_of_cosines(
    "nuttall", "Nuttall's window: a sum of three cosines and a constant.", [0.3635819, 0.4891775, 0.1365995, 0.0106411]
)
