"""Fourier transforms of real tensors. What lies between is a `Spectrum`: a real and an imaginary tensor side by side.

There are no complex tensors here. A Spectrum knows what filters and spectral layers do (arithmetic, `abs`, `angle`,
`real`, `imag`, indexing, transforming further or back) and says so where more is asked of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import in_dtype
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors, integer
from framework.operations.creation import zeros, zeros_like
from framework.operations.creation_arguments import default_dtype, finish, read_device, read_dtype, read_integer
from framework.operations.joining import cat
from framework.operations.rearranging import flip, roll
from framework.operations.spectrum import Spectrum

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


Dims = int | Sequence[int] | None
_Kind = Literal["full", "halving", "doubling"]


def _transformed(real: Any, imag: Any, dim: int, inverse: bool) -> list[Any]:
    """Real and imaginary part of the sum over k of z[k] exp(-2πi jk / n), or of +2πi if `inverse`; never scaled."""
    z = real + imag * 1j
    result = np.fft.ifft(z, axis=dim, norm="forward") if inverse else np.fft.fft(z, axis=dim)
    return [np.copy(np.real(result), order="C"), np.copy(np.imag(result), order="C")]


_fft = operation(_transformed, name="fft_c2c", grad_fn="FftC2CBackward0", outputs="list")


@_fft.derivative("real", "imag")
def _(g: Any, dim: int, inverse: bool) -> Any:
    # The transform is a symmetric matrix; the gradient meets its conjugate.
    return tuple(_fft(g[0], g[1], dim, not inverse))


def _spectrum(function: str, input: Any) -> Spectrum:
    """The input as a Spectrum, whole numbers as floating-point ones."""
    if isinstance(input, Spectrum):
        return input
    check_tensors(f"fft_{function}", input=input)
    if input.dtype.kind != "f":
        input = input.to(dtypes.get_default_dtype())
    return Spectrum(input, zeros_like(input))


def _real(function: str, input: Any) -> Spectrum:
    if isinstance(input, Spectrum):
        raise RuntimeError(f"{function} expects a real input tensor, but got ComplexFloat")
    return _spectrum(function, input)


def _sized(tensor: Tensor, n: int, dim: int) -> Tensor:
    """A dimension cut, or filled up with zeros, to the size n."""
    size = tensor.shape[dim]
    if size > n:
        return tensor.narrow(dim, 0, n)
    if size == n:
        return tensor
    filler = [*tensor.shape]
    filler[dim] = n - size
    return cat([tensor, zeros(filler, dtype=tensor.dtype)], dim)


def _scale(norm: str | None, n: int, inverse: bool) -> float:
    if norm not in (None, "backward", "ortho", "forward"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    if norm == "ortho":
        return 1 / math.sqrt(n)
    return 1 / n if (norm == "forward") != inverse else 1.0


def _along(input: Spectrum, n: int, dim: int, norm: str | None, inverse: bool) -> Spectrum:
    """The transform along one dimension, counted from the front, cut or filled up to n points."""
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    real, imag = _fft(_sized(input.real, n, dim), _sized(input.imag, n, dim), dim, inverse)
    scale = _scale(norm, n, inverse)
    return Spectrum(real, imag) if scale == 1.0 else Spectrum(real * scale, imag * scale)


def _half(full: Spectrum, dim: int) -> Spectrum:
    kept = full.shape[dim] // 2 + 1
    return Spectrum(full.real.narrow(dim, 0, kept), full.imag.narrow(dim, 0, kept))


def _whole(half: Spectrum, n: int, dim: int) -> Spectrum:
    """The spectrum of size n of which this is the first half: the rest mirrors it."""
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    kept = n // 2 + 1
    real, imag = _sized(half.real, kept, dim), _sized(half.imag, kept, dim)
    mirrored = n - kept
    if not mirrored:
        return Spectrum(real, imag)
    parts = [each.narrow(dim, 1, mirrored) for each in (real, imag)]
    return Spectrum(cat([real, flip(parts[0], (dim,))], dim), cat([imag, -flip(parts[1], (dim,))], dim))


def _line(function: str, input: Spectrum, n: Any, dim: Any, norm: Any, halved: bool = False) -> tuple[int, int]:
    """The number of points and the dimension of a transform along one, checked; `halved`: of what has the half alone."""
    _check_norm(function, norm)
    _check_precision(input)
    n = None if n is None else integer(n, f"fft_{function}", "n")
    dim = integer(dim, f"fft_{function}", "dim")
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = normalize_dim(dim, input.ndim)
    if n is None:
        n = 2 * (input.shape[dim] - 1) if halved else input.shape[dim]
    return n, dim


def _check_norm(function: str, norm: Any) -> None:
    if not (norm is None or isinstance(norm, str)):
        raise TypeError(f"fft_{function}(): argument 'norm' must be str, not {type(norm).__name__}")


def _check_precision(input: Spectrum) -> None:
    if input.real.dtype.itemsize == 2:
        raise RuntimeError("Unsupported dtype Half")


def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The Fourier transform along a dimension, cut or filled up with zeros to the size `n`."""
    spectrum = _spectrum("fft", input)
    return _along(spectrum, *_line("fft", spectrum, n, dim, norm), norm, False)


def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The inverse of `fft`."""
    spectrum = _spectrum("ifft", input)
    return _along(spectrum, *_line("ifft", spectrum, n, dim, norm), norm, True)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """`fft` of real numbers without the half that follows from the other: n // 2 + 1 numbers."""
    spectrum = _real("rfft", input)
    n, dim = _line("rfft", spectrum, n, dim, norm)
    return _half(_along(spectrum, n, dim, norm, False), dim)


def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real numbers of which this is the `rfft`; `n` says how many, an even number if left out."""
    spectrum = _spectrum("irfft", input)
    n, dim = _line("irfft", spectrum, n, dim, norm, True)
    return _along(_whole(spectrum, n, dim), n, dim, norm, True).real


def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real transform of a signal whose second half mirrors its first."""
    spectrum = _spectrum("hfft", input)
    n, dim = _line("hfft", spectrum, n, dim, norm, True)
    return _along(_whole(spectrum, n, dim), n, dim, norm, False).real


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The inverse of `hfft`."""
    spectrum = _real("ihfft", input)
    n, dim = _line("ihfft", spectrum, n, dim, norm)
    return _half(_along(spectrum, n, dim, norm, True), dim)


def _axes(function: str, input: Spectrum, s: Any, dim: Any, norm: Any, kind: _Kind) -> list[tuple[int, int]]:
    """The dimensions to transform, counted from the front, each with its size."""
    _check_norm(function, norm)
    shape, ndim = input.shape, input.ndim
    s, dim = _integers(function, "s", s), _integers(function, "dim", dim)
    if dim is None:
        if s is not None and len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dim = range(ndim) if s is None else range(ndim - len(s), ndim)
    elif dim and not ndim:
        raise IndexError(f"Dimension specified as {dim[0]} but tensor has no dimensions")
    found = [normalize_dim(each, ndim) for each in dim]
    if len(set(found)) < len(found):
        raise RuntimeError("FFT dims must be unique")
    if s is not None and len(s) != len(found):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    sizes = [shape[each] if s is None or s[number] == -1 else s[number] for number, each in enumerate(found)]
    for each in sizes:
        if each < 1:
            raise RuntimeError(f"Invalid number of data points ({each}) specified")
    if kind != "full" and not found:
        raise RuntimeError(f"{function.replace('2', 'n')} must transform at least one axis")
    if kind == "doubling" and (s is None or s[-1] == -1):
        sizes[-1] = 2 * (shape[found[-1]] - 1)
    _check_precision(input)
    _scale(norm, 1, False)
    return list(zip(found, sizes, strict=True))


def _integers(function: str, argument: str, given: Any) -> tuple[int, ...] | None:
    if given is None:
        return None
    if isinstance(given, str):
        raise TypeError(f"fft_{function}(): argument '{argument}' must be tuple of ints, not str")
    given = given if isinstance(given, (tuple, list)) else (given,)
    return tuple([integer(each, f"fft_{function}", argument) for each in given])


def _given(function: str, dim: Any, default: Dims) -> Any:
    if dim is None and default is not None:
        raise TypeError(f"fft_{function}(): argument 'dim' (position 3) must be tuple of ints, not NoneType")
    return dim


def _several(function: str, inverse: bool, default: Dims = None) -> Callable[..., Spectrum]:
    def transform(input: Any, s: Dims = None, dim: Dims = default, norm: str | None = None) -> Spectrum:
        spectrum = _spectrum(function, input)
        for axis, size in _axes(function, spectrum, s, _given(function, dim, default), norm, "full"):
            spectrum = _along(spectrum, size, axis, norm, inverse)
        return spectrum

    return _named(transform, function)


def _halving(function: str, inverse: bool, default: Dims = None) -> Callable[..., Spectrum]:
    """A transform of real numbers of whose last dimension only the half is kept."""

    def transform(input: Tensor, s: Dims = None, dim: Dims = default, norm: str | None = None) -> Spectrum:
        spectrum = _real(function, input)
        *others, (last, size) = _axes(function, spectrum, s, _given(function, dim, default), norm, "halving")
        spectrum = _half(_along(spectrum, size, last, norm, inverse), last)
        for axis, count in others:
            spectrum = _along(spectrum, count, axis, norm, inverse)
        return spectrum

    return _named(transform, function)


def _doubling(function: str, inverse: bool, default: Dims = None) -> Callable[..., Tensor]:
    """A transform to real numbers from what has only half of its last dimension."""

    def transform(input: Any, s: Dims = None, dim: Dims = default, norm: str | None = None) -> Tensor:
        spectrum = _spectrum(function, input)
        *others, (last, size) = _axes(function, spectrum, s, _given(function, dim, default), norm, "doubling")
        for axis, count in others:
            spectrum = _along(spectrum, count, axis, norm, inverse)
        return _along(_whole(spectrum, size, last), size, last, norm, inverse).real

    return _named(transform, function)


def _named(transform: Callable[..., Any], function: str) -> Callable[..., Any]:
    transform.__name__ = transform.__qualname__ = function
    return transform


_LAST_TWO = (-2, -1)
fftn, ifftn, fft2, ifft2 = (
    _several("fftn", False),
    _several("ifftn", True),
    _several("fft2", False, _LAST_TWO),
    _several("ifft2", True, _LAST_TWO),
)
rfftn, ihfftn, rfft2, ihfft2 = (
    _halving("rfftn", False),
    _halving("ihfftn", True),
    _halving("rfft2", False, _LAST_TWO),
    _halving("ihfft2", True, _LAST_TWO),
)
irfftn, hfftn, irfft2, hfft2 = (
    _doubling("irfftn", True),
    _doubling("hfftn", False),
    _doubling("irfft2", True, _LAST_TWO),
    _doubling("hfft2", False, _LAST_TWO),
)
fftn.__doc__ = "`fft` along several dimensions, all by default."
ifftn.__doc__ = "The inverse of `fftn`."
rfftn.__doc__ = "`fftn` of real numbers, the last of the dimensions halved."
irfftn.__doc__ = "The real numbers of which this is the `rfftn`."
hfftn.__doc__ = "The real transform of a signal the second half of whose last dimension mirrors the first."
ihfftn.__doc__ = "The inverse of `hfftn`."
for _two, _all in ((fft2, fftn), (ifft2, ifftn), (rfft2, rfftn), (irfft2, irfftn), (hfft2, hfftn), (ihfft2, ihfftn)):
    _two.__doc__ = f"`{_all.__name__}` along the last two dimensions."


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of `fft`, in cycles per unit of the sample spacing `d`."""
    n = read_integer("fft_fftfreq", "n", 1, n)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    places = (np.arange(n) + n // 2) % n - n // 2 if n else np.arange(0)
    return _frequencies("fftfreq", places, n * d, dtype, device, requires_grad, out)


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Tensor | None = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """The frequencies of `rfft`, in cycles per unit of the sample spacing `d`."""
    n = read_integer("fft_rfftfreq", "n", 1, n)
    return _frequencies("rfftfreq", np.arange(int(n / 2) + 1), n * d, dtype, device, requires_grad, out)


def _frequencies(
    name: str, places: Any, length: float, dtype: Any, device: Any, requires_grad: bool, out: Tensor | None
) -> Tensor:
    read_device(device)
    target = read_dtype(f"fft_{name}", dtype) or (default_dtype() if out is None else out._array.dtype)
    if target.kind != "f":
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    wide: Any = np.float64 if target.itemsize == 8 else np.float32
    with np.errstate(invalid="ignore", divide="ignore"):
        found = in_dtype(places, wide) * wide(np.float64(1.0) / length)
    return finish(in_dtype(found, target), requires_grad, out)


def _shifted(name: str, steps: Callable[[int], int]) -> Callable[..., Any]:
    def shift(input: Any, dim: Any = None) -> Any:
        if isinstance(input, Spectrum):
            return Spectrum(shift(input.real, dim), shift(input.imag, dim))
        check_tensors(f"fft_{name}", input=input)
        dims = tuple(range(input.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
        if not dims:
            raise RuntimeError("`shifts` required")
        if not input.ndim:
            raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
        dims = tuple([normalize_dim(each, input.ndim) for each in dims])
        return roll(input, tuple([steps(input.shape[each]) for each in dims]), dims)

    shift.__name__ = shift.__qualname__ = name
    return shift


fftshift, ifftshift = _shifted("fftshift", lambda n: n // 2), _shifted("ifftshift", lambda n: (n + 1) // 2)
fftshift.__doc__ = "Puts the frequency 0 in the middle of the dimensions."
ifftshift.__doc__ = "The inverse of `fftshift`."
