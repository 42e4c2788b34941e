"""Normalizes each channel over a batch: `batch_norm`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.direct import constant, in_dtype, product, reshaped, zeros
from framework.autograd.grad_mode import no_grad
from framework.autograd.operation import operation
from framework.autograd.sums import add_up, ones
from framework.autograd.tensor import Tensor, normalize_dim, wrap
from framework.operations.arguments import check_tensors
from framework.operations.blocks import slices
from framework.operations.halves import half
from framework.operations.layer_norm import check_mixture, check_number, check_parameters
from framework.operations.layout import like_images

__all__ = ["batch_norm", "native_batch_norm"]

# Elements are done so many at a time that they stay in the cache from one call to the next.
_BLOCK = 1 << 17

# Below so many elements one after the other, channels are brought to the front, so that their elements lie together;
# up to so many in all it is quicker not to.
_LONG = 64
_SMALL = 1 << 12

# What follows sees its input as (A, C, B): the batch, the channels, and all other dimensions as one.


def _as_channels(x: Any) -> Any:
    shape = x.shape
    return reshaped(x, (shape[0], shape[1], math.prod(shape[2:])))


def _over_channels(values: Any) -> Any:
    """A value for each channel, to meet (A, C, B)."""
    return reshaped(values, (-1, 1))


def _is_one(shape: tuple[int, ...]) -> bool:
    """Whether so little that it is done at once."""
    return math.prod(shape) <= 8 * _BLOCK


def _parts(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Some images, or some channels of one, at a time."""
    batch, channels, size = shape
    whole = slice(None)
    if batch == 1:
        return [(whole, each) for each in slices(channels, size, block=_BLOCK)]
    return [(each, whole) for each in slices(batch, channels * size, block=_BLOCK)]


def _ones(x: Any, count: int) -> Any:
    return ones(count, x.dtype) if x.__class__ is np.ndarray else np.ones_like(x, shape=(count,))


def _sums(x: Any) -> Any:
    """The sum of each channel; a product with ones takes a third of the time of a sum."""
    batch, channels, size = x.shape
    if batch * channels * size <= _SMALL:
        return add_up(x, (0, 2))
    sums = np.dot(reshaped(x, (batch * channels, size)), np.ones_like(x, shape=(size,)))
    return np.add.reduce(reshaped(sums, (batch, channels)), axis=0)


def _products(x: Any, y: Any) -> Any:
    """The sum of each channel of `x * y`."""
    return np.add.reduce(np.vecdot(x, y), axis=0)


def _rates(squares: Any, count: int, eps: float) -> Any:
    mean = squares / constant(count, squares.dtype)
    return np.reciprocal(np.sqrt(mean + constant(eps, mean.dtype)))


def _forward(input: Any, weight: Any, bias: Any, eps: float) -> Any:
    x = _as_channels(input)
    if x.dtype.itemsize == 2:
        x = in_dtype(x, np.float32)
    forward = _forward_columns if x.shape[2] == 1 else _forward_channels
    out, mean, variance, centered, rates = forward(x, weight, bias, eps)
    out = like_images(reshaped(out, input.shape), input)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype), mean, variance, centered, rates


def _forward_columns(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
    """For one element a channel and image: centered is (A, C)."""
    x = reshaped(x, x.shape[:2])
    count = x.shape[0] or 1
    each = _ones(x, x.shape[0])
    mean = product(each, x) / constant(count, x.dtype)
    centered = np.subtract(x, mean, order="C")
    out = centered * centered
    squares = product(each, out)
    rates = _rates(squares, count, eps)
    np.multiply(centered, rates if weight is None else rates * weight, out=out)
    if bias is not None:
        np.add(out, bias, out=out)
    return out, mean, squares / constant(count, squares.dtype), centered, rates


def _forward_channels(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
    """For several elements a channel and image: centered is as `_folded` has it."""
    shape = x.shape
    x = _folded(x)
    count = x.shape[0] * x.shape[2] or 1
    mean = _sums(x) / constant(count, x.dtype)
    means = _over_channels(mean)
    if _is_one(x.shape):
        centered = np.subtract(x, means, order="C")
        squares = _products(centered, centered)
    else:
        centered = np.empty_like(x, order="C")
        squares = zeros(mean)
        for part in _parts(x.shape):
            some = np.subtract(x[part], means[part[1]], out=centered[part])
            squares[part[1]] += _products(some, some)
    rates = _rates(squares, count, eps)
    scales = _over_channels(rates if weight is None else rates * weight)
    shifts = None if bias is None else _over_channels(bias)
    if _is_one(x.shape):
        out = centered * scales
        if shifts is not None:
            np.add(out, shifts, out=out)
    else:
        out = np.empty_like(centered)
        for part in _parts(x.shape):
            values = np.multiply(centered[part], scales[part[1]], out=out[part])
            if shifts is not None:
                np.add(values, shifts[part[1]], out=values)
    return (
        np.copy(_unfolded(out, shape), order="C") if shape != x.shape else out,
        mean,
        squares / constant(count, squares.dtype),
        centered,
        rates,
    )


def _over_batch(x: Any) -> Any:
    """The mean of each channel, kept as (1, C, 1)."""
    return np.add.reduce(x, axis=(0, 2), keepdims=True) / (x.shape[0] * x.shape[2] or 1)


def _folded(x: Any) -> Any:
    """(A, C, B) as (A, C) if B is 1, and as (1, C, A·B) if B is short and the whole is not small."""
    batch, channels, size = x.shape
    if size == 1:
        return reshaped(x, (batch, channels))
    if size >= _LONG or batch * channels * size <= _SMALL:
        return x
    return reshaped(np.moveaxis(x, 1, 0), (1, channels, batch * size))


def _unfolded(x: Any, shape: tuple[int, ...]) -> Any:
    """What `_folded` made of an array of this shape, as it was."""
    batch, channels, size = shape
    if size == 1 or size >= _LONG or batch * channels * size <= _SMALL:
        return reshaped(x, shape)
    return np.moveaxis(reshaped(x, (channels, batch, size)), 0, 1)


def _centered_of(input: Any) -> Any:
    x = _as_channels(input)
    return _folded(x - _over_batch(x))


def _rates_of(input: Any, eps: float) -> Any:
    x = _as_channels(input)
    centered = x - _over_batch(x)
    rates = 1.0 / np.sqrt(_over_batch(centered * centered) + eps)
    return reshaped(rates, (rates.shape[1],))


@operation(outputs="list", grad_fn="NativeBatchNormBackwardBackward0")
def batch_norm_gradients(g: Any, centered: Any, rates: Any, weight: Any) -> list[Any]:
    """The gradients of input (A, C, B), weight and bias from that of the result."""
    batch, channels, size = g.shape
    count = batch * size or 1
    scale = rates if weight is None else rates * weight
    if size == 1:
        columns = reshaped(g, (batch, channels))
        each = _ones(g, batch)
        number = constant(count, rates.dtype)
        work = columns * centered
        along, total = product(each, work) * rates, product(each, columns)
        np.multiply(centered, along * rates / number, out=work)
        work += total / number
        np.subtract(columns, work, out=work)
        work *= scale
        return [reshaped(work, g.shape), along, total]
    folded = _folded(g)
    along, total = _products(folded, centered) * rates, _sums(folded)
    number = constant(count, rates.dtype)
    first, second = _over_channels(scale * rates * along / number), _over_channels(scale * total / number)
    scale = _over_channels(scale)
    if _is_one(folded.shape):
        work = centered * first
        np.add(work, second, out=work)
        out = np.multiply(folded, scale, order="C")
        np.subtract(out, work, out=out)
        return [_unfolded(out, g.shape), along, total]
    out = np.empty_like(centered)
    for part in _parts(folded.shape):
        channels = part[1]
        work = centered[part] * first[channels]
        np.add(work, second[channels], out=work)
        result = np.multiply(folded[part], scale[channels], out=out[part])
        np.subtract(result, work, out=result)
    return [_unfolded(out, g.shape), along, total]


@batch_norm_gradients.derivative("g", "centered", "rates", "weight")
def _(incoming: Any, g: Any, centered: Any, rates: Any, weight: Any) -> tuple[Any, ...]:
    rate = reshaped(rates, (1, -1, 1))
    deviations = _unfolded(centered, g.shape)
    values = deviations * rate
    scaled = g if weight is None else g * reshaped(weight, (1, -1, 1))
    turned = incoming[0] * rate
    along, turned_along = _over_batch(scaled * values), _over_batch(turned * values)
    of_scaled = turned - _over_batch(turned) - values * turned_along
    inner = scaled - _over_batch(scaled) - values * along
    by_weight, by_bias = reshaped(incoming[1], (1, -1, 1)), reshaped(incoming[2], (1, -1, 1))
    of_values = g * by_weight - (turned * along + scaled * turned_along)
    of_rates = np.add.reduce(incoming[0] * inner + of_values * deviations, axis=(0, 2))
    of_g = of_scaled if weight is None else of_scaled * reshaped(weight, (1, -1, 1))
    of_weight = None if weight is None else np.add.reduce(of_scaled * g, axis=(0, 2))
    return of_g + values * by_weight + by_bias, _folded(of_values * rate), of_rates, of_weight


_batch_norm = operation(
    _forward,
    name="batch_norm",
    grad_fn="NativeBatchNormBackward0",
    residuals={"mean": None, "variance": None, "centered": _centered_of, "rates": _rates_of},
    outputs=3,
)


@_batch_norm.derivative("input", "weight", "bias")
def _(g: Any, input_shape: Any, weight: Any, centered: Any, rates: Any, needs: Any) -> tuple[Any, ...]:
    found = batch_norm_gradients(_as_channels(g), centered, rates, weight)
    return (
        reshaped(found[0], input_shape),
        found[1] if needs[1] else None,
        found[2] if needs[2] else None,
    )


def _channel_factor(parameter: Any, ndim: int) -> Any:
    return reshaped(parameter, (-1,) + (1,) * (ndim - 2))


def _with_given(input: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Any:
    """Normalized by given statistics: one factor and one shift for each channel."""
    factor = 1.0 / np.sqrt(variance + eps)
    if weight is not None:
        factor = factor * weight
    shift = np.negative(mean) * factor
    if bias is not None:
        shift = shift + bias
    x = in_dtype(input, np.float32) if input.dtype.itemsize == 2 else input
    out = np.multiply(x, _channel_factor(factor, input.ndim), order="C")
    out += _channel_factor(shift, input.ndim)
    out = like_images(out, input)
    return out if input.dtype.itemsize > 2 else half(out, input.dtype)


_batch_norm_with = operation(_with_given, name="batch_norm_with", grad_fn="NativeBatchNormBackward0")


@_batch_norm_with.derivative("input")
def _(g: Any, weight: Any, variance: Any, eps: float) -> Any:
    factor = 1.0 / np.sqrt(variance + eps)
    if weight is not None:
        factor = factor * weight
    return g * _channel_factor(factor, g.ndim)


@_batch_norm_with.derivative("weight")
def _(g: Any, input: Any, mean: Any, variance: Any, eps: float) -> Any:
    x = _as_channels(input)
    centered = x - reshaped(mean, (-1, 1))
    return np.add.reduce(_as_channels(g) * centered, axis=(0, 2)) * (1.0 / np.sqrt(variance + eps))


_batch_norm_with.add_derivative(lambda g: np.add.reduce(_as_channels(g), axis=(0, 2)), "bias")


def _update(running: Tensor | None, found: Tensor, momentum: float) -> None:
    """Moves a running statistic towards the batch's."""
    if running is not None:
        running.mul_(1.0 - momentum).add_(
            (found if found.dtype == running.dtype else found.to(running.dtype)) * momentum
        )


def _check(input: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool) -> None:
    x = input._array
    channels = x.shape[1] if x.ndim > 1 else 0
    for name, each in (("running_mean", running_mean), ("running_var", running_var)):
        if each is None and not training:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, each in named.items():
        if each is not None and each._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {each._array.size}")
    if x.ndim < 2:
        normalize_dim(1, x.ndim)
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"batch_norm\" not implemented for '{dtypes.from_numpy(x.dtype).scalar_name}'")
    check_mixture(x, weight if weight is not None else running_mean, bias if bias is not None else running_var)
    for name, each in (("running_mean", running_mean), ("running_var", running_var)):
        if each is not None and each._requires_grad:
            raise RuntimeError(
                f"The function 'native_batch_norm' is not differentiable with respect to argument '{name}'. This input "
                "cannot have requires_grad True."
            )


def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
) -> Tensor:
    """Each channel (dimension 1) brought to mean 0 and variance 1, times `weight`, plus `bias`.

    In training by the batch's own statistics, of which the running ones, if given, take over the part `momentum`
    (the variance as an estimate without bias); else by the running ones.
    """
    check_tensors("batch_norm", input=input)
    named = {"weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var}
    check_parameters("batch_norm", 2, **named)
    check_number("batch_norm", "momentum", 7, momentum)
    check_number("batch_norm", "eps", 8, eps)
    return _normalize(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


def _normalize(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, ...]:
    """The result, and in training the statistics of the batch."""
    if 0 in input._array.shape:
        out = input.clone()
        if weight is not None:
            out = out * weight[0]
        return (out if bias is None else out + bias[0],)
    _check(input, weight, bias, running_mean, running_var, training)
    if not training:
        return (_batch_norm_with.function(input, weight, bias, running_mean, running_var, eps),)
    out, mean, variance = _batch_norm.function(input, weight, bias, eps)
    if running_mean is not None or running_var is not None:
        shape = input._array.shape
        count = shape[0] * math.prod(shape[2:])
        with no_grad():
            _update(running_mean, mean, momentum)
            _update(running_var, variance * (count / (count - 1) if count > 1 else math.nan), momentum)
    return out, mean, variance


def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm` with the means and inverse deviations of the batch, which are empty where it does not use them."""
    out, *found = _normalize(input, weight, bias, running_mean, running_var, training, momentum, eps)
    if not found:
        empty = np.empty(0, out._array.dtype)
        return out, wrap(empty), wrap(empty.copy())
    return out, found[0], (found[1] + eps).rsqrt()
