"""`Spectrum`: complex numbers as a real and an imaginary tensor side by side, which Fourier transforms give and take."""

from __future__ import annotations

from typing import Any, NoReturn

from framework.autograd.size import Size
from framework.autograd.tensor import Tensor
from framework.operations.combining import atan2, hypot

__all__ = ["Spectrum"]


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
