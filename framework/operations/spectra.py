"""Fourier transforms of real tensors. What lies between is a `Spectrum`: a real and an imaginary tensor side by side.

There are no complex tensors here. A Spectrum knows what filters and spectral layers do (arithmetic, `abs`, `angle`,
`real`, `imag`, indexing, transforming further or back) and says so where more is asked of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import operation
from framework.autograd.size import Size
from framework.autograd.tensor import Tensor, normalize_dim
from framework.operations.arguments import check_tensors
from framework.operations.combining import atan2, hypot
from framework.operations.conversion import to_dtype
from framework.operations.creation import arange, zeros, zeros_like
from framework.operations.joining import cat
from framework.operations.rearranging import flip, roll

__all__ = [
    "Spectrum",
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]


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


class Spectrum:
    """Complex numbers as two real tensors of one shape."""

    __slots__ = ("imag", "real")

    __array_ufunc__ = None

    def __init__(self, real: Tensor, imag: Tensor) -> None:
        self.real = real
        self.imag = imag

    @property
    def shape(self) -> Size:
        """The shape of either part."""
        return self.real.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.real.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.real.size(dim)

    def dim(self) -> int:
        """The number of dimensions."""
        return self.real.ndim

    def abs(self) -> Tensor:
        """The absolute values."""
        return hypot(self.real, self.imag)

    __abs__ = abs

    def angle(self) -> Tensor:
        """The angles, from -π to π."""
        return atan2(self.imag, self.real)

    def conj(self) -> Spectrum:
        """The imaginary parts with the other sign."""
        return Spectrum(self.real, -self.imag)

    def __getitem__(self, index: Any) -> Spectrum:
        return Spectrum(self.real[index], self.imag[index])

    def __neg__(self) -> Spectrum:
        return Spectrum(-self.real, -self.imag)

    def __add__(self, other: Any) -> Spectrum:
        real, imag = _parts(other)
        return Spectrum(self.real + real, self.imag + imag)

    def __sub__(self, other: Any) -> Spectrum:
        real, imag = _parts(other)
        return Spectrum(self.real - real, self.imag - imag)

    def __rsub__(self, other: Any) -> Spectrum:
        return -self + other

    def __mul__(self, other: Any) -> Spectrum:
        if not isinstance(other, (Spectrum, complex)):
            return Spectrum(self.real * other, self.imag * other)
        real, imag = _parts(other)
        return Spectrum(self.real * real - self.imag * imag, self.real * imag + self.imag * real)

    def __truediv__(self, other: Any) -> Spectrum:
        if not isinstance(other, (Spectrum, complex)):
            return Spectrum(self.real / other, self.imag / other)
        real, imag = _parts(other)
        square = real * real + imag * imag
        return self * Spectrum(real / square, -imag / square)

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self) -> str:
        return f"Spectrum(real={self.real!r},\nimag={self.imag!r})"

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"'Spectrum' object has no attribute {name!r}: complex tensors are out of scope. The result of a Fourier "
            "transform has .real, .imag, .abs(), .angle(), .conj(), arithmetic and indexing, and can be transformed back"
        )


def _parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, (Spectrum, complex)):
        return value.real, value.imag
    return value, 0.0


def _spectrum(function: str, input: Any) -> Spectrum:
    """The input as a Spectrum, whole numbers as floating-point ones."""
    if isinstance(input, Spectrum):
        return input
    check_tensors(function, input=input)
    if input.dtype.kind != "f":
        input = input.to(dtypes.get_default_dtype())
    if input.dtype.itemsize == 2:
        raise RuntimeError("Unsupported dtype Half")
    return Spectrum(input, zeros_like(input))


def _real(function: str, input: Any) -> Tensor:
    if isinstance(input, Spectrum):
        raise RuntimeError(f"{function} expects a real input tensor, but got ComplexFloat")
    return _spectrum(function, input).real


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


def _along(function: str, input: Spectrum, n: int | None, dim: int, norm: str | None, inverse: bool) -> Spectrum:
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = normalize_dim(dim, input.ndim)
    n = input.shape[dim] if n is None else n
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    real, imag = _fft(_sized(input.real, n, dim), _sized(input.imag, n, dim), dim, inverse)
    scale = _scale(norm, n, inverse)
    return Spectrum(real, imag) if scale == 1.0 else Spectrum(real * scale, imag * scale)


def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The Fourier transform along a dimension, cut or filled up with zeros to the size `n`."""
    return _along("fft", _spectrum("fft", input), n, dim, norm, False)


def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The inverse of `fft`."""
    return _along("ifft", _spectrum("ifft", input), n, dim, norm, True)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """`fft` of real numbers without the half that follows from the other: n // 2 + 1 numbers."""
    full = _along("rfft", _spectrum("rfft", _real("rfft", input)), n, dim, norm, False)
    return _half(full, normalize_dim(dim, full.ndim))


def _half(full: Spectrum, dim: int) -> Spectrum:
    kept = full.shape[dim] // 2 + 1
    return Spectrum(full.real.narrow(dim, 0, kept), full.imag.narrow(dim, 0, kept))


def _whole(half: Spectrum, n: int, dim: int) -> Spectrum:
    """The spectrum of size n of which this is the first half: the rest mirrors it."""
    kept = n // 2 + 1
    real, imag = _sized(half.real, kept, dim), _sized(half.imag, kept, dim)
    mirrored = n - kept
    if not mirrored:
        return Spectrum(real, imag)
    parts = [each.narrow(dim, 1, mirrored) for each in (real, imag)]
    return Spectrum(cat([real, flip(parts[0], (dim,))], dim), cat([imag, -flip(parts[1], (dim,))], dim))


def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real numbers of which this is the `rfft`; `n` says how many, an even number if left out."""
    spectrum = _spectrum("irfft", input)
    dim = normalize_dim(dim, spectrum.ndim)
    n = 2 * (spectrum.shape[dim] - 1) if n is None else n
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return _along("irfft", _whole(spectrum, n, dim), n, dim, norm, True).real


def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real transform of a signal whose second half mirrors its first."""
    spectrum = _spectrum("hfft", input)
    dim = normalize_dim(dim, spectrum.ndim)
    n = 2 * (spectrum.shape[dim] - 1) if n is None else n
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return _along("hfft", _whole(spectrum, n, dim), n, dim, norm, False).real


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Spectrum:
    """The inverse of `hfft`."""
    full = _along("ihfft", _spectrum("ihfft", _real("ihfft", input)), n, dim, norm, True)
    return _half(full, normalize_dim(dim, full.ndim))


def _axes(shape: Sequence[int], s: Sequence[int] | None, dim: Sequence[int] | None) -> list[tuple[int, int]]:
    """The dimensions to transform, counted from the front, each with its size."""
    ndim = len(shape)
    if dim is None:
        dim = range(ndim) if s is None else range(ndim - len(s), ndim)
    found = [normalize_dim(each, ndim) for each in dim]
    if len(set(found)) < len(found):
        raise RuntimeError("FFT dims must be unique")
    if s is not None and len(s) != len(found):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    return [(each, shape[each] if s is None or s[number] == -1 else s[number]) for number, each in enumerate(found)]


def _several(function: str, inverse: bool) -> Callable[..., Spectrum]:
    def transform(
        input: Any, s: Sequence[int] | None = None, dim: Sequence[int] | None = None, norm: str | None = None
    ) -> Spectrum:
        spectrum = _spectrum(function, input)
        for axis, size in _axes(spectrum.shape, s, dim):
            spectrum = _along(function, spectrum, size, axis, norm, inverse)
        return spectrum

    transform.__name__ = transform.__qualname__ = function
    return transform


fftn, ifftn = _several("fftn", False), _several("ifftn", True)
fftn.__doc__ = "`fft` along several dimensions, all by default."
ifftn.__doc__ = "The inverse of `fftn`."


def rfftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Sequence[int] | None = None, norm: str | None = None
) -> Spectrum:
    """`fftn` of real numbers, the last of the dimensions halved."""
    *others, (last, size) = _axes(input.shape, s, dim)
    spectrum = rfft(input, size, last, norm)
    for axis, count in others:
        spectrum = _along("rfftn", spectrum, count, axis, norm, False)
    return spectrum


def irfftn(
    input: Any, s: Sequence[int] | None = None, dim: Sequence[int] | None = None, norm: str | None = None
) -> Tensor:
    """The real numbers of which this is the `rfftn`."""
    spectrum = _spectrum("irfftn", input)
    *others, (last, size) = _axes(spectrum.shape, s, dim)
    if s is None or s[-1] == -1:
        size = 2 * (spectrum.shape[last] - 1)
    for axis, count in others:
        spectrum = _along("irfftn", spectrum, count, axis, norm, True)
    return irfft(spectrum, size, last, norm)


def fft2(input: Any, s: Any = None, dim: Sequence[int] = (-2, -1), norm: str | None = None) -> Spectrum:
    """`fftn` along the last two dimensions."""
    return fftn(input, s, dim, norm)


def ifft2(input: Any, s: Any = None, dim: Sequence[int] = (-2, -1), norm: str | None = None) -> Spectrum:
    """`ifftn` along the last two dimensions."""
    return ifftn(input, s, dim, norm)


def rfft2(input: Tensor, s: Any = None, dim: Sequence[int] = (-2, -1), norm: str | None = None) -> Spectrum:
    """`rfftn` along the last two dimensions."""
    return rfftn(input, s, dim, norm)


def irfft2(input: Any, s: Any = None, dim: Sequence[int] = (-2, -1), norm: str | None = None) -> Tensor:
    """`irfftn` along the last two dimensions."""
    return irfftn(input, s, dim, norm)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies of `fft`, in cycles per unit of the sample spacing `d`."""
    places = roll(arange(-(n // 2), (n + 1) // 2), (n + 1) // 2)
    return _frequencies(places, n, d, dtype, requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The frequencies of `rfft`, in cycles per unit of the sample spacing `d`."""
    return _frequencies(arange(n // 2 + 1), n, d, dtype, requires_grad)


def _frequencies(places: Tensor, n: int, d: float, dtype: Any, requires_grad: bool) -> Tensor:
    found = to_dtype(places, dtypes.as_numpy(dtype or dtypes.get_default_dtype())) * (1.0 / (n * d))
    return found.requires_grad_(requires_grad)


def _shifted(name: str, steps: Callable[[int], int]) -> Callable[..., Any]:
    def shift(input: Any, dim: Any = None) -> Any:
        if isinstance(input, Spectrum):
            return Spectrum(shift(input.real, dim), shift(input.imag, dim))
        check_tensors(name, input=input)
        dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
        dims = [normalize_dim(each, input.ndim) for each in dims]
        return roll(input, [steps(input.shape[each]) for each in dims], dims) if dims else input

    shift.__name__ = shift.__qualname__ = name
    return shift


fftshift, ifftshift = _shifted("fftshift", lambda n: n // 2), _shifted("ifftshift", lambda n: (n + 1) // 2)
fftshift.__doc__ = "Puts the frequency 0 in the middle of the dimensions."
ifftshift.__doc__ = "The inverse of `fftshift`."
