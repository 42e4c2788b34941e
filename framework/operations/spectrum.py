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

    @property
    def device(self) -> Any:
        """The device of either part."""
        return self.real.device

    def numel(self) -> int:
        """How many numbers there are."""
        return self.real.numel()

    def __len__(self) -> int:
        return len(self.real)

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

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What operations of tensors make of a Spectrum, where they know anything: `torch.abs(torch.fft.rfft(x))`."""
        first, *rest = args
        method = _CALLED.get(func.name)
        if method is None:
            return cls.__getattr__(first, func.name)
        return getattr(first, method)(*(rest if method in _WITH_ANOTHER else ()))

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

    def view(self, *shape: Any) -> Spectrum:
        """The same numbers in another shape."""
        return self._each("reshape", *shape)

    def sum(self, *args: Any, **kwargs: Any) -> Spectrum:
        """The sum, over the dimensions given."""
        return self._each("sum", *args, **kwargs)

    def mean(self, *args: Any, **kwargs: Any) -> Spectrum:
        """The mean, over the dimensions given."""
        return self._each("mean", *args, **kwargs)

    def _each(self, method: str, *args: Any, **kwargs: Any) -> Spectrum:
        """Both parts after a method that treats the numbers one by one, or moves them."""
        return Spectrum(getattr(self.real, method)(*args, **kwargs), getattr(self.imag, method)(*args, **kwargs))

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"'Spectrum' object has no attribute {name!r}: complex tensors are out of scope. The result of a Fourier "
            "transform has .real, .imag, .abs(), .angle(), .conj(), arithmetic, indexing, .sum(), .mean() and the methods "
            "that change its shape, and can be transformed back"
        )


# Operations of tensors that have the same meaning for a Spectrum, and its methods for them.
_CALLED = {
    "abs": "abs",
    "add": "__add__",
    "angle": "angle",
    "div": "__truediv__",
    "mul": "__mul__",
    "neg": "__neg__",
    "sub": "__sub__",
}
_WITH_ANOTHER = {"__add__", "__mul__", "__sub__", "__truediv__"}

_MOVED = (
    "clone", "contiguous", "detach", "expand", "flatten", "flip", "movedim", "permute", "repeat", "reshape", "roll",
    "squeeze", "to", "transpose", "unflatten", "unsqueeze",
)  # fmt: skip


def _moving(name: str) -> Any:
    def method(self: Spectrum, *args: Any, **kwargs: Any) -> Spectrum:
        return self._each(name, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"Spectrum.{name}"
    method.__doc__ = f"`Tensor.{name}` of both parts."
    return method


for _name in _MOVED:
    setattr(Spectrum, _name, _moving(_name))


def _parts(value: Any) -> tuple[Any, Any]:
    if isinstance(value, (Spectrum, complex)):
        return value.real, value.imag
    return value, 0.0
