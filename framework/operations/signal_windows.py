"""Windows, which fade a signal at both ends: `hann_window` and the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.direct import in_dtype
from framework.autograd.dtypes import from_numpy
from framework.autograd.tensor import Tensor
from framework.operations.bessel import i0
from framework.operations.creation_arguments import (
    default_dtype,
    finish,
    read_device,
    read_dtype,
    read_integer,
    type_name,
)

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]


def _window(
    name: str,
    window_length: Any,
    periodic: Any,
    shape: Callable[[Any, int], Any],
    dtype: Any,
    layout: Any,
    device: Any,
    requires_grad: bool,
) -> Tensor:
    """`shape(places, length)` of the places 0, 1, …; a periodic window is one of a place more, without the last."""
    length = read_integer(name, "window_length", 1, window_length)
    if periodic.__class__ is not bool:
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got (int, {type_name(periodic)}), but expected "
            f"periodic to be bool"
        )
    read_device(device)
    target = read_dtype(name, dtype) or default_dtype()
    if target.kind != "f":
        kind = {"int64": "long int", "uint8": "unsigned char", "int8": "signed char", "int16": "short int"}
        named = kind.get(target.name, from_numpy(target).name.replace("int32", "int"))
        raise RuntimeError(
            f"{name} expects floating point dtypes, got: TensorOptions(dtype={named}, device=cpu, layout=Strided "
            "(default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))"
        )
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    if length < 2:
        return finish(np.ones(length, target), requires_grad)
    count = length + periodic
    places = np.arange(count).astype(target)
    return finish(np.ascontiguousarray(shape(places, count)[:length], target), requires_grad)


def _needs_periodic(name: str, argument: str) -> TypeError:
    return TypeError(
        f"{name}() received an invalid combination of arguments - got (int, {argument}=float): give periodic too"
    )


def _raised_cosine(alpha: float, beta: float) -> Callable[[Any, int], Any]:
    return lambda places, count: np.cos(places * (math.pi * 2 / (count - 1))) * -beta + alpha


def _blackman(places: Any, count: int) -> Any:
    angles = places * (math.pi / (count - 1))
    return np.cos(angles * 4) * 0.08 - np.cos(angles * 2) * 0.5 + 0.42


def _bartlett(places: Any, count: int) -> Any:
    rising = places * (2 / (count - 1))
    return np.where(np.arange(count) <= (count - 1) // 2, rising, rising * -1 + 2)


def _kaiser(beta: float) -> Callable[[Any, int], Any]:
    def shape(places: Any, count: int) -> Any:
        alpha = (count - 1) / 2
        share = (in_dtype(places, np.float64) - alpha) / alpha
        return np.asarray(i0(np.sqrt(np.maximum(1 - share * share, 0)) * beta) / i0(np.array(float(beta))))

    return shape


def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A raised cosine: `0.5 - 0.5 * cos(2 * pi * n / N)`."""
    shape = _raised_cosine(0.5, 0.5)
    return _window("hann_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


def hamming_window(
    window_length: int,
    periodic: bool | None = None,
    alpha: float | None = None,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A raised cosine that does not reach zero: `alpha - beta * cos(2 * pi * n / N)`."""
    if alpha is None:
        alpha = 0.54
    elif periodic is None:
        raise _needs_periodic("hamming_window", "alpha")
    periodic = True if periodic is None else periodic
    shape = _raised_cosine(alpha, beta)
    return _window("hamming_window", window_length, periodic, shape, dtype, layout, device, requires_grad)


def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Blackman's window: a sum of two cosines and a constant."""
    return _window("blackman_window", window_length, periodic, _blackman, dtype, layout, device, requires_grad)


def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A triangle."""
    return _window("bartlett_window", window_length, periodic, _bartlett, dtype, layout, device, requires_grad)


def kaiser_window(
    window_length: int,
    periodic: bool | None = None,
    beta: float | None = None,
    *,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """Kaiser's window, the narrower the larger `beta`."""
    if beta is None:
        beta = 12.0
    elif periodic is None:
        raise _needs_periodic("kaiser_window", "beta")
    periodic = True if periodic is None else periodic
    return _window("kaiser_window", window_length, periodic, _kaiser(beta), dtype, layout, device, requires_grad)
