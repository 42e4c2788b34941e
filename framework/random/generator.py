"""`Generator`: one stream of random numbers, drawn as NumPy arrays in PyTorch's order and rounding."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd.dtypes import c_name
from framework.autograd.grad_mode import mode
from framework.random import _bounds, _counts
from framework.random._bounds import INT64_MAX, INT64_MIN
from framework.random._doubles import Doubles
from framework.random._gamma import standard_gammas
from framework.random._normal import box_muller_double, box_muller_single, each, fma, scalar_pairs
from framework.random._permutation import shuffled, shuffled_one_by_one
from framework.random._sampling import with_replacement, without_replacement
from framework.random._stream import DOUBLE, Stream

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

__all__ = ["Generator"]

Array = np.ndarray[Any, np.dtype[Any]]
Shape = int | Sequence[int]

HALF = np.dtype(np.float16)


def _drawn(draw: Callable[..., Array]) -> Callable[..., Array]:
    """A draw that a trace records, to be made again in every run of the compiled function."""

    code = draw.__code__
    names = code.co_varnames[: code.co_argcount]
    scope: dict[str, Any] = {"mode": mode, "draw": draw}
    # Written out, parameter by parameter, since `*args` and `**named` cost as much as the draw of a few numbers.
    text = _TEXT.format(parameters=", ".join(names), given=", ".join(names[1:]))
    exec(compile(text, "<written by framework.random.generator>", "exec"), scope)
    method: Any = functools.update_wrapper(scope["method"], draw)
    method.__defaults__ = draw.__defaults__
    return method


_TEXT = """
def method({parameters}):
    if mode.before_draw is not None:
        mode.before_draw()
    if mode.trace is None:
        return draw(self, {given})
    return mode.trace.draw(draw, self, ({given},), {{}})
"""


class Generator(Stream):
    """A stream of random numbers: `manual_seed(s)` starts the one that PyTorch's CPU generator has for s.

    Each call takes its numbers from the stream in one piece, whatever other threads do. Which thread comes first
    is open, so for reproducible numbers give each thread a generator of its own.

    `shape` is an int or a sequence of ints, and numbers fill it in row-major order; `dtype` is one of NumPy's or ours.
    """

    __slots__ = ()

    @_drawn
    def uniform(self, shape: Shape, dtype: DTypeLike, low: float = 0.0, high: float = 1.0) -> Array:
        """Uniform in [low, high)."""
        dtype = np.dtype(dtype)
        standard = low == 0.0 and high == 1.0
        if standard:
            if dtype.kind != "f":
                _bounds.floating(dtype, "check_uniform_bounds")
        else:
            _bounds.uniform_bounds(low, high, dtype)
        shape, count = _sized(shape)
        values = self._standard_uniform(count, dtype)
        if standard and dtype.itemsize > 2:
            return values.reshape(shape)
        return _scaled(values, dtype, low, high).reshape(shape)

    @_drawn
    def normal(
        self,
        shape: Shape,
        dtype: DTypeLike,
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> Array:
        """Normal with this mean and standard deviation.

        PyTorch fills contiguous tensors of 16 numbers or more by another kernel than all others, with other numbers:
        say `contiguous=False` when the numbers go to a tensor that is not contiguous.
        """
        if not std >= 0.0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
        dtype = np.dtype(dtype)
        shape, count = _sized(shape)
        if not count:
            return np.empty(shape, dtype)
        _bounds.floating(dtype, "normal_kernel_cpu")
        with np.errstate(over="ignore", invalid="ignore"):  # std may be infinite
            if count >= 16 and contiguous:
                return self._normals_by_16(count, dtype, mean, std).reshape(shape)
            return _cast(fma(self._normals_one_by_one(count), std, mean), dtype).reshape(shape)

    @_drawn
    def normal_like(self, mean: Array | float, std: Array | float) -> Array:
        """Normal with a mean and a standard deviation for each element, or one float for either.

        The type is that of `mean` if it is an array, else that of `std`.
        """
        typed = mean if isinstance(mean, np.ndarray) else np.asarray(std)
        if isinstance(std, np.ndarray):
            if not np.all(std >= 0):
                raise RuntimeError("normal expects all elements of std >= 0.0")
            values = self.normal(_broadcast(np.shape(mean), std.shape), typed.dtype)
            np.multiply(values, _operand(std, values), out=values, casting="same_kind")
        else:
            values = self.normal(np.shape(mean), typed.dtype, 0.0, std)
        if not isinstance(mean, np.ndarray):
            mean = np.asarray(mean, typed.dtype)
        return np.add(values, _operand(mean, values), out=values, casting="same_kind")

    @_drawn
    def exponential(self, rate: float, shape: Shape, dtype: DTypeLike) -> Array:
        """Exponential with mean 1 / rate."""
        if not rate > 0.0:
            raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise RuntimeError(
                "Exponential distribution is a continuous probability distribution. "
                f"dtype must be a floating point but you specified {_bounds.named(dtype)}"
            )
        shape, count = _sized(shape)
        u = self._standard_uniform(count, DOUBLE)
        np.negative(u, out=u)
        # NumPy's log1p may be off in the last bit of a double, which float32 shows once in 1e9 values.
        logs = each(math.log1p, u) if dtype == DOUBLE else np.log1p(u, out=u)
        logs *= -1.0 / rate
        return _cast(logs, dtype).reshape(shape)

    @_drawn
    def cauchy(self, median: float, sigma: float, shape: Shape, dtype: DTypeLike) -> Array:
        """Cauchy around `median` with half width `sigma`."""
        if not sigma > 0.0:
            raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise RuntimeError(
                "Cauchy distribution is a continuous probability distribution. "
                f"dtype must be a floating point but you specified {c_name(dtype)}"
            )
        shape, count = _sized(shape)
        u = self._standard_uniform(count, DOUBLE)
        return _cast(fma(each(math.tan, math.pi * (u - 0.5)), sigma, median), dtype).reshape(shape)

    @_drawn
    def log_normal(self, mean: float, std: float, shape: Shape, dtype: DTypeLike) -> Array:
        """The exponential of normals with this mean and standard deviation."""
        if not std > 0.0:
            raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
        dtype = np.dtype(dtype)
        shape, count = _sized(shape)
        if count:
            _bounds.floating(dtype, "log_normal_cpu")
        normals = fma(self._normals_one_by_one(count), std, mean)
        return _cast(each(_exp, normals), dtype).reshape(shape)

    @_drawn
    def integers(self, low: int, high: int | None, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Integers in [low, high), also as floating-point numbers; `high=None` goes up to the largest of `dtype`."""
        dtype = np.dtype(dtype)
        if dtype.char == "l" and low.__class__ is high.__class__ is int and INT64_MIN <= low < high <= INT64_MAX:
            span = high - low
        else:
            low, span = _bounds.integer_range(low, high, dtype)
        shape, count = _sized(shape)
        words = _modulo(self._bits(count, 64 if span >= 1 << 28 else 32), span)
        values = words.view(np.int64) if words.itemsize == 8 else words.astype(np.int64)
        if low:
            values += low
        return values.astype(dtype, copy=False).reshape(shape)

    @_drawn
    def random_full(self, shape: Shape, dtype: DTypeLike = np.int64) -> Array:
        """Integers from 0 to the largest of `dtype` (for floating types, of those without gaps)."""
        dtype = np.dtype(dtype)
        if dtype.kind == "u" and dtype.itemsize > 1:
            raise NotImplementedError(f"\"random_kernel_cpu\" not implemented for '{_bounds.named(dtype)}'")
        _, span = _bounds.integer_range(0, None, dtype)
        shape, count = _sized(shape)
        bits = 64 if dtype.itemsize == 8 else 32
        return _modulo(self._bits(count, bits), span).astype(dtype).reshape(shape)

    @_drawn
    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """The integers 0 to n - 1 in random order."""
        dtype = np.dtype(dtype)
        if dtype.char != "l" or not 0 <= n < 1 << 20:
            _bounds.permutation_length(n, dtype)
        if n <= 64:
            return np.array(shuffled_one_by_one(n, self._bits(max(n - 1, 0), 32).tolist()), dtype)
        target = np.arange(n)
        if n > 1:
            words = self._bits(n - 1, 32).astype(np.uint32, copy=False)
            words %= np.arange(n, 1, -1, dtype=np.uint32)
            target[:-1] += words
        return shuffled(target).astype(dtype, copy=False)

    @_drawn
    def bernoulli(self, p: float, shape: Shape) -> Array:
        """True with probability `p`, as PyTorch's `bernoulli_(p)` and dropout draw it."""
        if not 0.0 <= p <= 1.0:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        shape, count = _sized(shape)
        # u < p for u = k / 2**53, without making u.
        return (self._bits(count, 53) < math.ceil(p * 2.0**53)).reshape(shape)

    @_drawn
    def bernoulli_array(self, p: Array) -> Array:
        """True with probability `p[i]` at i, as PyTorch's `bernoulli(p)` and `bernoulli_(p)` of a tensor draw it."""
        if not p.size:
            return np.empty(p.shape, bool)
        _bounds.floating(p.dtype, "bernoulli_tensor_cpu_p_")
        # The place of an extreme takes a quarter of the time of the extreme; that of a nan is both.
        if not (p.item(p.argmin()) >= 0 and p.item(p.argmax()) <= 1):
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false. "
                "Each element of the tensor is a probability, from 0 to 1"
            )
        return (self._standard_uniform(p.size, p.dtype) < p.ravel()).reshape(p.shape)

    @_drawn
    def geometric(self, p: float, shape: Shape, dtype: DTypeLike) -> Array:
        """How many trials of success probability `p` it takes to succeed: 1, 2, …."""
        if not 0.0 < p < 1.0:
            raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
        dtype = np.dtype(dtype)
        shape, count = _sized(shape)
        if count and (dtype.kind == "b" or (dtype.kind == "u" and dtype.itemsize > 1)):
            raise NotImplementedError(f"\"geometric_cpu\" not implemented for '{_bounds.named(dtype)}'")
        # Once in 2**53 draws u is 0, which math.log refuses.
        u = np.maximum(self._standard_uniform(count, DOUBLE), 2.0**-54)
        return _cast(np.ceil(each(math.log, u) / math.log1p(-p)), dtype).reshape(shape)

    @_drawn
    def poisson(self, rate: Array) -> Array:
        """How many events happen, for each element's mean."""
        _bounds.floating(rate.dtype, "poisson_cpu")
        if not np.all(~(rate < 0)):
            raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
        rates = rate.ravel().tolist()
        return self._one_by_one(lambda source: [_counts.poisson(each, source.uniform) for each in rates], rate)

    @_drawn
    def binomial(self, count: Array, p: Array) -> Array:
        """How many trials succeed, for each element's number of them and its probability."""
        count, p = np.broadcast_arrays(count, p)
        pairs = list(zip(count.ravel().tolist(), p.ravel().tolist(), strict=True))
        return self._one_by_one(lambda source: [_counts.binomial(*each, source.uniform) for each in pairs], count)

    @_drawn
    def standard_gamma(self, concentration: Array) -> Array:
        """Gamma of scale 1, for each element's concentration: none smaller than the least normal number of the type."""
        _bounds.floating(concentration.dtype, "gamma_cpu")
        drawn = self._one_by_one(lambda source: standard_gammas(concentration, source), concentration)
        return np.fmax(drawn, np.finfo(concentration.dtype).tiny)

    def _one_by_one(self, draw: Callable[[Doubles], list[float]], like: Array) -> Array:
        """Numbers of the type and shape of `like`, made of doubles of the stream, which goes on after the last used."""
        with self._lock:
            state = self.state_array()
            source = Doubles(lambda: self._standard_uniform(2 * like.size + 16, DOUBLE).tolist(), self._normal)
            values = draw(source)
            self.set_state_array(state)
            self._standard_uniform(source.used, DOUBLE)
            self._normal = source.kept
        return _cast(np.array(values, np.float64), like.dtype).reshape(like.shape)

    @_drawn
    def multinomial(self, p: Array, num_samples: int, replacement: bool = False) -> Array:
        """`num_samples` indices (int64) from each row of weights `p` (1-D or 2-D), each as likely as its weight."""
        if p.ndim not in (1, 2):
            raise RuntimeError("prob_dist must be 1 or 2 dim")
        if p.dtype.kind != "f":
            raise RuntimeError(
                f"multinomial only supports floating-point dtypes for input, got: {_bounds.named(p.dtype)}"
            )
        if num_samples <= 0:
            raise RuntimeError("cannot sample n_sample <= 0 samples")
        if not replacement and num_samples > p.shape[-1]:
            raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        if p.shape[-1] > 1 << 24:
            raise RuntimeError("number of categories cannot exceed 2^24")
        shape = (*p.shape[:-1], num_samples)
        if math.prod(shape) == 0:
            return np.empty(shape, np.int64)
        if replacement and num_samples > 1:
            return with_replacement(p, lambda: self._standard_uniform(math.prod(shape), DOUBLE).reshape(shape))
        return without_replacement(p, num_samples, lambda: self.exponential(1.0, p.shape, p.dtype))

    def _normals_by_16(self, count: int, dtype: np.dtype[Any], mean: float, std: float) -> Array:
        """By PyTorch's kernel for contiguous memory: pairs of uniforms 8 apart, in blocks of 16.

        When 16 does not divide the count, 16 fresh uniforms make the last 16 numbers, over some already made.
        """
        whole = count - count % 16
        # For half precision PyTorch does not draw what the last block would replace.
        drawn = whole if dtype == HALF else count
        transform = box_muller_double if dtype == DOUBLE else box_muller_single
        if whole == count:
            return _cast(transform(self._standard_uniform(count, dtype), mean, std), dtype)
        u = self._standard_uniform(drawn + 16, dtype)
        normals = transform(np.concatenate((u[:whole], u[-16:])), mean, std)
        return _cast(np.concatenate((normals[: count - 16], normals[-16:])), dtype)

    def _normals_one_by_one(self, count: int) -> Array:
        """By PyTorch's kernel for all other memory: two standard normals from two uniforms, one kept for later."""
        with self._lock:
            kept = [] if self._normal is None or not count else [self._normal]
            missing = count - len(kept)
            pairs = scalar_pairs(self._standard_uniform(missing + missing % 2, DOUBLE))
            if count:
                self._normal = pairs.pop() if missing % 2 else None
            return np.array(kept + pairs, np.float64)


def _sized(shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple, and its number of elements."""
    if isinstance(shape, int):
        return (shape,), shape
    sizes = shape if shape.__class__ is tuple else tuple(shape)
    return sizes, math.prod(sizes)


def _scaled(values: Array, dtype: np.dtype[Any], low: float, high: float) -> Array:
    """Standard uniforms moved to [low, high), by one fused multiply-add each."""
    if dtype == DOUBLE:
        values = fma(values, high - low, low)
    else:
        start = float(np.float32(low))
        width = float(np.float32(high) - np.float32(low))
        if start == 0.0:
            values *= np.float32(width)
        else:
            wide = values.astype(np.float64)
            wide *= width
            wide += start
            values[...] = wide
    values = values.astype(dtype, copy=False)
    # Rounding may reach the upper bound, which is not in the range.
    values[values == dtype.type(high)] = low
    return values


def _cast(values: Array, dtype: np.dtype[Any]) -> Array:
    """To `dtype`, half precision by way of float32, as PyTorch converts."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == HALF:
            values = values.astype(np.float32)
        return values.astype(dtype, copy=False)


def _modulo(words: Array, span: int) -> Array:
    """`words % span` in place; NumPy has a fast division by a scalar, not a fast remainder."""
    if words.itemsize == 8 and words.size < 100 and span < 1 << 64:
        words %= np.array(span, np.uint64)
    elif span < 1 << 64:
        quotient = words // span
        quotient *= span
        words -= quotient
    return words


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _operand(array: Array, values: Array) -> Array:
    """An operand that does not widen the arithmetic beyond what PyTorch's rules make of it."""
    if array.dtype.kind != "f" or (array.ndim == 0 and values.ndim > 0):
        return array.astype(values.dtype)
    return array


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(a, b)
    except ValueError as error:
        from framework.autograd.errors import broadcast_error

        raise (broadcast_error([a, b]) or error) from None
