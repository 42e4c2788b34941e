"""Reads images at places of one's choice: `grid_sample`, and `affine_grid`, which makes such places."""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.pooling_arguments import ints, refuse_types
from framework.operations.resampling import cubic_weights

__all__ = ["affine_grid", "affine_grid_generator", "grid_sample", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

BILINEAR, NEAREST, BICUBIC = range(3)
ZEROS, BORDER, REFLECTION = range(3)


@operation(name="whole_numbers")
def whole_numbers(input: Any) -> Any:
    """The numbers as int64. A constant: no gradient passes."""
    return np.astype(input, np.int64)


@operation(name="flat_places")
def flat_places(places: Any, channels: int, size: int) -> Any:
    """Places (N, P) in rows of a size, as places (N, C, P) in an array (N, C, size) taken as one row. A constant."""
    batch = places.shape[0]
    return np.reshape(np.arange(batch * channels) * size, (batch, channels, 1)) + places[:, None, :]


@operation(name="take_columns")
def take_columns(input: Any, places: Any) -> Any:
    """The elements at flat places."""
    return np.take(np.reshape(input, (-1,)), places)


@operation(name="add_columns")
def add_columns(values: Any, places: Any, size: int) -> Any:
    """Zeros (N, C, size) with values (N, C, P) added at flat places."""
    batch, channels = values.shape[:2]
    out = np.zeros(batch * channels * size, values.dtype)
    np.add.at(out, np.reshape(places, (-1,)), np.reshape(values, (-1,)))
    return np.reshape(out, (batch, channels, size))


take_columns.add_derivative(lambda g, input_shape, places: add_columns(g, places, input_shape[2]), "input")
add_columns.add_derivative(lambda g, places: take_columns(g, places), "values")


def _in_elements(place: Any, size: int, align_corners: bool) -> Any:
    """A place from -1 to 1 as a number of elements from the first."""
    if align_corners:
        return (place + 1.0) * (0.5 * (size - 1))
    return ((place + 1.0) * size - 1.0) * 0.5


def _reflected(x: Any, size: int, align_corners: bool) -> Any:
    """A place outside mirrored at the borders, as often as it takes."""
    low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
    if not span:
        return x * 0.0
    distance = np.absolute(x - low)
    flips = np.floor(distance / span)
    rest = distance - flips * span
    odd = flips - np.floor(flips * 0.5) * 2.0
    return np.where(odd > 0.5, span - rest, rest) + low


def _bounded(x: Any, size: int, padding: int, align_corners: bool) -> Any:
    """A place, in elements, brought into the image as the padding says."""
    if padding == ZEROS:
        return x
    if padding == REFLECTION:
        x = _reflected(x, size, align_corners)
    return np.minimum(np.maximum(x, 0.0), size - 1.0)


def _taps(
    place: Any, size: int, mode: int, padding: int, align_corners: bool, sloped: bool
) -> tuple[list[Any], list[Any], list[Any]]:
    """The elements along one dimension that a place is read from: numbers, weights, and if `sloped` their slopes."""
    x = _in_elements(place, size, align_corners)
    slope = 0.5 * (size - 1) if align_corners else 0.5 * size
    if mode == BICUBIC:
        first = np.floor(x)
        share = x - first
        numbers = [_bounded(first + step, size, padding, align_corners) for step in range(-1, 3)]
        weights = cubic_weights(share, -0.75)
        if not sloped:
            return *_inside(numbers, weights, size), []
        slopes = [each * slope for each in _cubic_slopes(share, -0.75)]
    else:
        moved = _bounded(x, size, padding, align_corners)
        if padding != ZEROS and sloped:
            slope = _sign_of_slope(x, size, padding, align_corners) * slope
        if mode == NEAREST:
            return *_inside([np.rint(moved)], [moved * 0.0 + 1.0], size), []
        first = np.floor(moved)
        share = moved - first
        numbers, weights = [first, first + 1.0], [1.0 - share, share]
        if not sloped:
            return *_inside(numbers, weights, size), []
        unit = share * 0.0 + slope
        slopes = [np.negative(unit), unit]
    return (*_inside(numbers, weights, size), _inside(numbers, slopes, size)[1])


def _inside(numbers: list[Any], weights: list[Any], size: int) -> tuple[list[Any], list[Any]]:
    """Numbers that exist, with weight 0 for those that did not."""
    found, kept = [], []
    for number, weight in zip(numbers, weights, strict=True):
        exists = np.where((number >= 0.0) & (number <= size - 1.0), weight, weight * 0.0)
        found.append(np.minimum(np.maximum(number, 0.0), size - 1.0))
        kept.append(exists)
    return found, kept


def _cubic_slopes(t: Any, a: float) -> list[Any]:
    """The derivatives of `cubic_weights` by `t`."""

    def near(x: Any) -> Any:
        return ((3 * (a + 2)) * x - 2 * (a + 3)) * x

    def far(x: Any) -> Any:
        return (3 * a * x - 10 * a) * x + 8 * a

    return [far(t + 1.0), near(t), np.negative(near(1.0 - t)), np.negative(far(2.0 - t))]


def _sign_of_slope(x: Any, size: int, padding: int, align_corners: bool) -> Any:
    """How a place brought into the image moves as the place does: 1, -1 where mirrored, 0 where held at the border."""
    sign: Any = x * 0.0 + 1.0
    if padding == REFLECTION:
        low, span = (0.0, size - 1.0) if align_corners else (-0.5, float(size))
        if not span:
            return sign * 0.0
        flips = np.floor(np.absolute(x - low) / span)
        odd = flips - np.floor(flips * 0.5) * 2.0
        sign = np.where(x < low, -1.0 * sign, sign) * (1.0 - 2.0 * odd)
        x = _reflected(x, size, align_corners)
    return np.where((x > 0.0) & (x < size - 1.0), sign, sign * 0.0)


def _all_taps(grid: Any, sizes: tuple[int, ...], mode: int, padding: int, align_corners: bool, sloped: bool) -> Any:
    """The taps along each of the last dimensions, the first of them first; grid is (N, P, dimensions)."""
    count = len(sizes)
    return [
        _taps(grid[:, :, count - 1 - number], size, mode, padding, align_corners, sloped)
        for number, size in enumerate(sizes)
    ]


def _combinations(taps: Any, sizes: tuple[int, ...], channels: int) -> Any:
    """For every combination of taps: which ones, and the flat places in the images."""
    whole = [[whole_numbers(each) for each in numbers] for numbers, _, _ in taps]
    for chosen in itertools.product(*[range(len(each[0])) for each in taps]):
        place: Any = None
        for numbers, number, size in zip(whole, chosen, sizes, strict=True):
            place = numbers[number] if place is None else place * size + numbers[number]
        yield chosen, flat_places(place, channels, math.prod(sizes))


def _product(factors: list[Any]) -> Any:
    total = factors[0]
    for each in factors[1:]:
        total = total * each
    return total


def _sampled(input: Any, grid: Any, mode: int, padding: int, align_corners: bool) -> Any:
    sizes = tuple(input.shape[2:])
    batch, channels = input.shape[:2]
    rows = np.reshape(input, (batch, channels, math.prod(sizes)))
    places = np.reshape(grid, (batch, math.prod(grid.shape[1:-1]), len(sizes)))
    taps = _all_taps(places, sizes, mode, padding, align_corners, False)
    total: Any = None
    line: Any = None
    for chosen, place in _combinations(taps, sizes, channels):
        # PyTorch's order, which shows with half precision: the last dimension first; cubic weights line by line.
        weights = [each[1][number] for each, number in zip(taps, chosen, strict=True)][::-1]
        if mode == BICUBIC:
            term = take_columns(rows, place) * weights[0][:, None, :]
            line = term if chosen[1] == 0 else line + term
            if chosen[1] < 3:
                continue
            term = line * weights[1][:, None, :]
        else:
            term = take_columns(rows, place) * _product(weights)[:, None, :]
        total = term if total is None else total + term
    return np.reshape(total, (batch, channels, *grid.shape[1:-1]))


def _gradients(
    g: Any, input: Any, grid: Any, mode: int, padding: int, align_corners: bool, needs: tuple[bool, bool]
) -> tuple[Any, Any]:
    sizes = tuple(input.shape[2:])
    batch, channels = input.shape[:2]
    size = math.prod(sizes)
    count = math.prod(grid.shape[1:-1])
    rows = np.reshape(input, (batch, channels, size))
    places = np.reshape(grid, (batch, count, len(sizes)))
    g = np.reshape(g, (batch, channels, count))
    taps = _all_taps(places, sizes, mode, padding, align_corners, needs[1])
    to_input: Any = None
    slopes: list[Any] = [None] * len(sizes)
    for chosen, place in _combinations(taps, sizes, channels):
        weights = [each[1][number] for each, number in zip(taps, chosen, strict=True)]
        if needs[0]:
            term = add_columns(g * _product(weights)[:, None, :], place, size)
            to_input = term if to_input is None else to_input + term
        if needs[1] and mode != NEAREST:
            shared = np.sum(g * take_columns(rows, place), axis=1)
            for dim, (each, number) in enumerate(zip(taps, chosen, strict=True)):
                term = shared * _product([*weights[:dim], each[2][number], *weights[dim + 1 :]])
                slopes[dim] = term if slopes[dim] is None else slopes[dim] + term
    to_grid = None
    if needs[1]:
        to_grid = grid * 0.0 if mode == NEAREST else np.reshape(np.stack(slopes[::-1], axis=-1), grid.shape)
    return None if to_input is None else np.reshape(to_input, input.shape), to_grid


def _row(name: str, grad_fn: str) -> Any:
    row = operation(_sampled, name=name, grad_fn=grad_fn)
    row.add_derivative(_gradients, "input", "grid")
    return row


_ROWS = {4: _row("grid_sampler_2d", "GridSampler2DBackward0"), 5: _row("grid_sampler_3d", "GridSampler3DBackward0")}
_KERNELS = {4: "grid_sampler_2d_cpu_kernel_impl", 5: "grid_sampler3d_cpu"}


def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sample` with its modes as numbers, in the order in which `grid_sample` names them."""
    name = "grid_sampler"
    check_tensors(name, input=input, grid=grid)
    if align_corners is not True and align_corners is not False:
        raise TypeError(
            f"{name}(): argument 'align_corners' (position 5) must be bool, not {type(align_corners).__name__}"
        )
    image, places = input._array, grid._array
    shapes = f"input with sizes {list(image.shape)} and grid with sizes {list(places.shape)}"
    if image.shape[:1] != places.shape[:1]:
        raise RuntimeError(f"{name}(): expected grid and input to have same batch size, but got {shapes}")
    if places.shape[-1] != image.ndim - 2:
        raise RuntimeError(
            f"{name}(): expected grid to have size {image.ndim - 2} in last dimension, but got grid with sizes "
            f"{list(places.shape)}"
        )
    for dim in range(2, image.ndim):
        if image.shape[dim] == 0:
            raise RuntimeError(
                f"{name}(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(image.shape)} with dimension {dim} being empty"
            )
    if image.ndim not in (4, 5) or image.ndim != places.ndim:
        raise RuntimeError(
            f"{name}(): expected 4D or 5D input and grid with same number of dimensions, but got {shapes}"
        )
    if image.ndim == 5 and interpolation_mode == BICUBIC:
        raise RuntimeError(f"{name}(): bicubic interpolation only supports 4D input")
    refuse_types(image.dtype, _KERNELS[image.ndim], "efd")
    if image.dtype != places.dtype:
        kinds = [dtypes.from_numpy(each.dtype).scalar_name for each in (image, places)]
        raise RuntimeError(f"expected scalar type {kinds[0]} but found {kinds[1]}")
    return _ROWS[image.ndim].function(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` of images."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` of volumes."""
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


_CHANGED = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The image (N, C, H, W) read at the places of a grid (N, H', W', 2), x before y, each from -1 to 1; or volumes.

    mode: "bilinear", "nearest" or "bicubic". padding_mode, for places outside: "zeros", "border", "reflection".
    align_corners: whether -1 and 1 are the centers of the outermost elements, or their outer edges.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=2)
        align_corners = False
    return grid_sampler(
        input,
        grid,
        ("bilinear", "nearest", "bicubic").index(mode),
        ("zeros", "border", "reflection").index(padding_mode),
        align_corners,
    )


@operation(name="affine_grid_generator")
def _affine(theta: Any, sizes: tuple[int, ...], align_corners: bool) -> Any:
    base = np.asarray(_base(sizes, align_corners).astype(theta.dtype), like=theta)
    found = np.matmul(base, np.swapaxes(theta, 1, 2))
    return np.reshape(found, (theta.shape[0], *sizes, len(sizes)))


def _base(sizes: tuple[int, ...], align_corners: bool) -> Any:
    """The places of the untransformed grid, a row for each: x, y, (z,) 1."""
    lines = []
    for size in sizes:
        line = np.linspace(-1, 1, size) if size > 1 else np.zeros(size)
        lines.append(line if align_corners else line * ((size - 1) / max(size, 1)))
    axes = [np.reshape(each, (-1,)) for each in reversed(np.meshgrid(*lines, indexing="ij"))]
    return np.stack([*axes, np.ones(math.prod(sizes))], axis=-1)


@operation(name="affine_grid_back")
def _affine_back(g: Any, sizes: tuple[int, ...], align_corners: bool) -> Any:
    """The gradient of the matrices."""
    base = np.asarray(_base(sizes, align_corners).astype(g.dtype), like=g)
    flat = np.reshape(g, (g.shape[0], math.prod(sizes), len(sizes)))
    return np.matmul(np.swapaxes(flat, 1, 2), base)


_affine.add_derivative(lambda g, sizes, align_corners: _affine_back(g, sizes, align_corners), "theta")
_affine_back.add_derivative(lambda g, sizes, align_corners: _affine(g, sizes, align_corners), "g")


def affine_grid_generator(theta: Tensor, size: Any, align_corners: bool) -> Tensor:
    """`affine_grid` without its checks."""
    check_tensors("affine_grid_generator", theta=theta)
    sizes = ints(size, "affine_grid_generator", "size", 2)
    if sizes[0] != theta._array.shape[0]:
        found = list(theta._array.shape)
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{sizes[0]}, {found[2]}] but got: "
            f"[{found[0]}, {found[2]}]."
        )
    return _affine.function(theta, sizes[2:], align_corners)


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The places (N, H, W, 2) at which `grid_sample` reads an image of a size (N, C, H, W) transformed by theta (N, 2, 3).

    For volumes, theta is (N, 3, 4) and the size has five numbers.
    """
    if align_corners is None:
        warnings.warn(_CHANGED, stacklevel=2)
        align_corners = False
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    count = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2] != count or theta.shape[-1] != count + 1:
        raise ValueError(
            f"Expected a batch of {count}D affine matrices of shape Nx{count}x{count + 1} for size {size}. Got "
            f"{theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is "
            "not an intended use case of affine_grid. See the documentation of affine_grid for details.",
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return affine_grid_generator(theta, size, align_corners)
