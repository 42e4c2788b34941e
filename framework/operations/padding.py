"""Pads a tensor at the ends of its last dimensions: `pad` in all modes, `constant_pad_nd`."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.direct import taken, transposed, zeros
from framework.autograd.grad_mode import mode as present
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor
from framework.operations.pooling_arguments import ints, refuse_types
from framework.operations.windows import memory_order

__all__ = ["constant_pad_nd", "pad"]

FULL = slice(None)


@lru_cache(maxsize=256)
def _inside(shape: tuple[int, ...], padding: tuple[int, ...]) -> tuple[tuple[int, ...], Any, Any]:
    """The padded shape, where the input lies in it, and which part of the input: `padding` may cut off."""
    sizes = list(shape)
    there: list[Any] = [FULL] * len(sizes)
    here: list[Any] = [FULL] * len(sizes)
    for number in range(len(padding) // 2):
        before, after = padding[2 * number], padding[2 * number + 1]
        dim = len(sizes) - 1 - number
        size = sizes[dim]
        sizes[dim] = size + before + after
        there[dim] = slice(max(before, 0), sizes[dim] - max(after, 0))
        here[dim] = slice(max(-before, 0), size - max(-after, 0))
    return tuple(sizes), tuple(there), tuple(here)


@operation(name="constant_pad_nd")
def _constant(input: Any, padding: Any, value: Any) -> Any:
    shape, there, here = _inside(input.shape, padding)
    if max(padding, default=0) <= 0:
        return np.copy(input[here], order="K")
    if memory_order(input) == "C":
        out = (
            np.full_like(input, value, shape=shape, order="C")
            if value
            else np.zeros_like(input, shape=shape, order="C")
        )
    else:
        out = _blank(input, shape)
        out[...] = value
    out[there] = input[here]
    return out


_constant.add_derivative(lambda g, padding: _constant(g, tuple([-each for each in padding]), 0), "input")


def _places(mode: str, size: int, before: int, after: int) -> Any:
    """Which element of a dimension stands at each place of the padded one."""
    at = np.arange(-before, size + after)
    if mode == "replicate":
        return np.clip(at, 0, size - 1)
    if mode == "circular":
        # What negative padding cuts off does not come round again.
        start = max(-before, 0)
        return start + (at - start) % max(size - start - max(-after, 0), 1)
    last = size - 1
    return np.absolute(last - np.absolute(last - at))


@lru_cache(maxsize=256)
def _sources(mode: str, size: int, before: int, after: int) -> tuple[Any, list[tuple[int, int]]]:
    """The places, and the pairs of (place in the padding, element) that are no part of the input itself."""
    places = _places(mode, size, before, after)
    outside = [at for at in range(len(places)) if not before <= at < before + size]
    return places, [(at, int(places[at])) for at in outside]


def _sides(padding: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """The dimensions that are padded, counted from the end, with what comes before and after."""
    sides = [(-1 - number, padding[2 * number], padding[2 * number + 1]) for number in range(len(padding) // 2)]
    return [side for side in sides if side[1] or side[2]]


def _at(dim: int, start: int, stop: int) -> tuple[Any, ...]:
    return (..., slice(start, stop), *(FULL,) * (-1 - dim))


# Up to so many elements, all are taken at once from where they stand.
_FEW = 2048


@lru_cache(maxsize=256)
def _flat(mode: str, sizes: tuple[int, ...], padding: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Where each element comes from, the last dimensions counted as one; and, to go back, the places in the order of
    where they come from, and where in that order each element's begin."""
    places: Any = np.zeros((), np.int64)
    for number, size in enumerate(sizes):
        at = len(sizes) - 1 - number
        places = np.add.outer(places * size, _places(mode, size, padding[2 * at], padding[2 * at + 1]))
    places = places.reshape(-1)
    order = places.argsort(kind="stable")
    return places, order, places[order].searchsorted(np.arange(math.prod(sizes)))


def _taken_at_once(x: Any, shape: tuple[int, ...], padding: tuple[int, ...]) -> bool:
    """Whether `_flat` serves: for few elements, of which padding cuts none off."""
    whole = type(x) is np.ndarray and x.size <= _FEW and x.flags.c_contiguous
    return whole and min(padding) >= 0 and 0 not in shape and 0 not in x.shape


def _padded_sizes(shape: tuple[int, ...], padding: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions before those that may be padded, and these."""
    kept = len(shape) - len(padding) // 2
    return shape[:kept], shape[kept:]


@operation(name="copy_pad")
def copy_pad(input: Any, padding: Any, mode: str) -> Any:
    """The input with elements of its own around it."""
    if min(padding) < 0:
        x = input
        for dim, before, after in _sides(padding):
            x = taken(x, np.asarray(_sources(mode, x.shape[dim], before, after)[0], like=x), dim)
        return np.copy(x, order="C")
    shape, there, _ = _inside(input.shape, padding)
    if _taken_at_once(input, shape, padding):
        kept, sizes = _padded_sizes(input.shape, padding)
        return input.reshape(*kept, -1).take(_flat(mode, sizes, padding)[0], -1).reshape(shape)
    out = np.empty_like(input, shape=shape, order="C") if mode == "circular" else _blank(input, shape)
    out[there] = input
    for dim, before, after in _sides(padding):
        # Later dimensions are whole rows by then: what is in the padding already is copied with them.
        for at, source in _sources(mode, input.shape[dim], before, after)[1]:
            out[_at(dim, at, at + 1)] = out[_at(dim, before + source, before + source + 1)]
    return out


def _blank(input: Any, shape: tuple[int, ...]) -> Any:
    """A new array of a shape, laid out in memory as the input is."""
    if memory_order(input) == "C":
        return np.empty_like(input, shape=shape, order="C")
    turned = np.empty_like(input, shape=(shape[0], shape[2], shape[3], shape[1]), order="C")
    return transposed(turned, (0, 3, 1, 2))


def _returned(g: Any, shape: tuple[int, ...], padding: tuple[int, ...], mode: str) -> Any:
    """The reverse of `copy_pad`: what stands for an element adds to its gradient."""
    if _taken_at_once(g, shape, padding):
        kept, sizes = _padded_sizes(shape, padding)
        _, order, starts = _flat(mode, sizes, padding)
        return np.add.reduceat(g.reshape(*kept, -1).take(order, -1), starts, -1).reshape(shape)
    traced = g.__class__ is np.ndarray and type(g) is not np.ndarray
    if traced and present.trace is not None and math.prod(g.shape) <= _FEW:
        # A program calls this as it is: its sums would round otherwise.
        return present.trace.call(_returned, (g, shape, padding, mode), {})
    for dim, before, after in reversed(_sides(padding)):
        size = shape[dim]
        low, high = max(before, 0), g.shape[dim] - max(after, 0)
        out = np.zeros_like(g, shape=(*g.shape[: g.ndim + dim], size, *g.shape[g.ndim + dim + 1 :]), order="C")
        out[_at(dim, max(-before, 0), size - max(-after, 0))] = g[_at(dim, low, high)]
        for at, source in _sources(mode, size, before, after)[1]:
            out[_at(dim, source, source + 1)] += g[_at(dim, at, at + 1)]
        g = out
    return g if _sides(padding) else np.copy(g)


copy_pad_back = operation(_returned, name="copy_pad_back", g=lambda g, padding, mode: copy_pad(g, padding, mode))
copy_pad.add_derivative(lambda g, input_shape, padding, mode: copy_pad_back(g, input_shape, padding, mode), "input")


@operation(name="tied_pad_back")
def tied_pad_back(g: Any, input: Any, padding: Any, mode: str) -> Any:
    """`copy_pad_back`, with a graph that leads to the input too, as PyTorch's does."""
    return _returned(g, input.shape, padding, mode)


tied_pad_back.add_derivative(lambda g: zeros(g), "input")
tied_pad_back.add_derivative(lambda g, padding, mode: copy_pad(g, padding, mode), "g")


def _copied(name: str, grad_fn: str) -> Any:
    row = operation(copy_pad.forward, name=name, grad_fn=grad_fn)
    row.add_derivative(lambda g, input, padding, mode: tied_pad_back(g, input, padding, mode), "input")
    return row


_ROWS = {
    **{("reflect", n): _copied(f"reflection_pad{n}d", f"ReflectionPad{n}DBackward0") for n in (1, 2, 3)},
    **{("replicate", n): _copied(f"replication_pad{n}d", f"ReplicationPad{n}DBackward0") for n in (1, 2, 3)},
}
_circular = operation(copy_pad.forward, name="circular_pad", grad_fn="CopySlices")
_circular.add_derivative(lambda g, input_shape, padding, mode: copy_pad_back(g, input_shape, padding, mode), "input")


def constant_pad_nd(input: Tensor, pad: Any, value: Any = 0) -> Tensor:
    """The tensor with `value` around it: `pad` gives how many before and after, from the last dimension on."""
    name = "constant_pad_nd"
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    padding = _pairs(pad, name)
    ndim = input._array.ndim
    if len(padding) % 2:
        raise RuntimeError(f"Length of pad must be even but instead it equals {len(padding)}")
    if len(padding) > 2 * ndim:
        raise RuntimeError(
            "Length of pad should be no more than twice the number of dimensions of the input. Pad length is "
            f"{len(padding)}while the input has {ndim}dimensions."
        )
    return _constant_padded(input, padding, _number(value, name, "Number", 3))


def _pairs(given: Any, name: str) -> tuple[int, ...]:
    if type(given) is int:
        raise TypeError(f"{name}(): argument 'pad' (position 2) must be tuple of ints, not int")
    return ints(given, name, "pad", 2)


def _number(value: Any, name: str, kind: str, position: int) -> Any:
    if isinstance(value, Tensor):
        value = value.item()
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"{name}(): argument 'value' (position {position}) must be {kind}, not {type(value).__name__}")
    return value


def _constant_padded(input: Tensor, padding: tuple[int, ...], value: Any) -> Tensor:
    array = input._array
    for number in range(len(padding) // 2):
        size = array.shape[array.ndim - 1 - number]
        before, after = min(padding[2 * number], 0), min(padding[2 * number + 1], 0)
        if size + before + after < 0:
            raise RuntimeError("narrow(): length must be non-negative.")
    if array.dtype.kind in "iu" and value:
        limits = np.iinfo(array.dtype)
        if not limits.min <= value <= limits.max:
            raise RuntimeError(f"value cannot be converted to type {array.dtype.name}_t without overflow")
        value = int(value)
    return _constant.function(input, padding, value)


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """The tensor padded: `pad` gives how many elements before and after, from the last dimension on; negative ones cut.

    mode: "constant" (`value`), "reflect", "replicate" or "circular" (of the last one, two or three dimensions).
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"pad(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    padding = _pairs(pad, "pad")
    if not isinstance(mode, str):
        raise TypeError(f"pad(): argument 'mode' (position 3) must be str, not {type(mode).__name__}")
    if value is not None:
        value = _number(value, "pad", "float", 4)
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    ndim = input._array.ndim
    if len(padding) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(padding) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(padding)} and input of dimension {ndim}"
        )
    if mode == "constant":
        return _constant_padded(input, padding, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    count = len(padding) // 2
    if count not in (1, 2, 3) or ndim not in (count + 1, count + 2):
        raise NotImplementedError(_UNSUPPORTED.format(len(padding), ndim))
    if mode == "circular":
        _check_circular(input._array.shape, padding)
        return _circular.function(input, padding, mode)
    _check_copied(mode, input._array, padding, count)
    return _ROWS[mode, count].function(input, padding, mode)


_UNSUPPORTED = (
    "Padding size {} is not supported for {}D input tensor.\n"
    "Supported combinations for non-constant padding:\n"
    "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
    "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
    "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
)


def _check_circular(shape: tuple[int, ...], padding: tuple[int, ...]) -> None:
    for number in range(len(padding) // 2):
        before, after = padding[2 * number], padding[2 * number + 1]
        size = shape[-1 - number]
        if before > size or after > size:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if before + after + size < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")


_AXES = ("W", "H", "D")


def _check_copied(mode: str, array: Any, padding: tuple[int, ...], count: int) -> None:
    shape, ndim = array.shape, array.ndim
    inner = shape[1:] if ndim == count + 2 else shape
    if 0 in inner:
        raise RuntimeError(
            f"Expected {count + 1}D or {count + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    outs = []
    for number in range(count):
        before, after = padding[2 * number], padding[2 * number + 1]
        dim = ndim - 1 - number
        if mode == "reflect" and (before >= shape[dim] or after >= shape[dim]):
            raise RuntimeError(
                f"Argument #{4 + 2 * number}: Padding size should be less than the corresponding input dimension, but "
                f"got: padding ({before}, {after}) at dimension {dim} of input {list(shape)}"
            )
        outs.append(shape[dim] + before + after)
    if max(outs) < 1:
        axes = [*zip(_AXES, shape[::-1], outs, strict=False)][::-1]
        given = ", ".join([f"{axis}: {size}" for axis, size, _ in axes[-2:]])
        given = "".join([f"{axis}: {size} " for axis, size, _ in axes[:-2]]) + given
        computed = " ".join([f"{axis}: {out}" for axis, _, out in axes])
        raise RuntimeError(f"input ({given}) is too small. Calculated output {computed}")
    if min(outs) < 0:
        if mode == "reflect" and count == 2:
            raise RuntimeError("numel: integer multiplication overflow")
        wanted = [*shape[: ndim - count], *reversed(outs)]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(outs)}: {wanted}")
    name = {"reflect": "reflection", "replicate": "replication"}[mode]
    refuse_types(array.dtype, f"{name}_pad{count}d", "efdbBhilq")


_NUMPY_MODES = {"reflect": "reflect", "edge": "replicate", "wrap": "circular"}


def _np_pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Tensor:
    """`np.pad`: any dimensions, one constant for all sides."""
    sides = np.broadcast_to(np.asarray(pad_width), (array._array.ndim, 2))
    padding = tuple(sides[::-1].reshape(-1).tolist())
    if mode == "constant":
        return _constant_padded(array, padding, _number(constant_values, "pad", "float", 4))
    if mode not in _NUMPY_MODES:
        raise TypeError(f"np.pad of a Tensor knows the modes constant, {', '.join(_NUMPY_MODES)}, not {mode!r}")
    for size, side in zip(array._array.shape, sides.tolist(), strict=True):
        if max(side) > (size - 1 if mode == "reflect" else size) and mode != "edge":
            raise ValueError(
                f"np.pad of a Tensor goes round once: {max(side)} is too much for a dimension of size {size}"
            )
    return copy_pad.function(array, padding, _NUMPY_MODES[mode])


register(np.pad, _np_pad)
