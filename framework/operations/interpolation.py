"""Images at another size: `interpolate` in all modes, and its older names `upsample…`."""

from __future__ import annotations

import operator
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from framework.operations.pooling_arguments import refuse_types
from framework.operations.resampling import Line, resample, resample_back

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# For each mode and number of dimensions: PyTorch's name of the function, of the node, of the kernel, and our kind of line.
_MODES: dict[tuple[str, int], tuple[str, str, str, str]] = {}
for _count in (1, 2, 3):
    _kernel = "upsample_nearest2d_channels_last" if _count == 2 else "compute_indices_weights_nearest"
    _MODES["nearest", _count] = (f"upsample_nearest{_count}d", f"UpsampleNearest{_count}D", _kernel, "nearest")
    _MODES["nearest-exact", _count] = (
        f"_upsample_nearest_exact{_count}d",
        f"UpsampleNearestExact{_count}D",
        _kernel,
        "nearest-exact",
    )
_MODES["linear", 1] = ("upsample_linear1d", "UpsampleLinear1D", "compute_indices_weights_linear", "linear")
_MODES["bilinear", 2] = ("upsample_bilinear2d", "UpsampleBilinear2D", "upsample_bilinear2d_channels_last", "linear")
_MODES["trilinear", 3] = ("upsample_trilinear3d", "UpsampleTrilinear3D", "compute_indices_weights_linear", "linear")
_MODES["bicubic", 2] = ("upsample_bicubic2d", "UpsampleBicubic2D", "compute_indices_weights_cubic", "cubic")
_MODES["bilinear antialias", 2] = (
    "_upsample_bilinear2d_aa",
    "UpsampleBilinear2DAa",
    "compute_index_ranges_weights",
    "linear-antialias",
)
_MODES["bicubic antialias", 2] = (
    "_upsample_bicubic2d_aa",
    "UpsampleBicubic2DAa",
    "compute_index_ranges_weights",
    "cubic-antialias",
)
_MODES["lanczos antialias", 2] = (
    "_upsample_lanczos2d_aa",
    "UpsampleLanczos2DAa",
    "compute_index_ranges_weights",
    "lanczos-antialias",
)


def _row(name: str, grad_fn: str) -> Any:
    row = operation(resample.forward, name=name.strip("_"), grad_fn=f"{grad_fn}Backward0")
    row.add_derivative(lambda g, lines: resample_back(g, lines), "input")
    return row


_ROWS = {key: _row(name, grad_fn) for key, (name, grad_fn, _, _) in _MODES.items()}


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) or (isinstance(value, Tensor) and value.dtype.kind != "f")


def _given_size(input: Tensor, size: Any, count: int) -> list[Any]:
    if not isinstance(size, (list, tuple)):
        return [size] * count
    if len(size) != count:
        raise ValueError(
            "Input and output must have the same number of spatial dimensions, but got "
            f"input with spatial dimensions of {list(input.shape[2:])} and output size of {size}. "
            "Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "output size in (o1, o2, ...,oK) format."
        )
    if not all([_is_integer(each) for each in size]):
        raise TypeError(
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or "
            f"Tuple[int, int, int], but got size with types {[type(each) for each in size]}"
        )
    return list(size)


def _given_scales(input: Tensor, scale_factor: Any, count: int) -> list[Any]:
    if not isinstance(scale_factor, (list, tuple)):
        return [scale_factor] * count
    if len(scale_factor) != count:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but "
            f"got input with spatial dimensions of {list(input.shape[2:])} and "
            f"scale_factor of shape {scale_factor}. "
            "Please provide input tensor in (N, C, d1, d2, ...,dK) format and "
            "scale_factor in (s1, s2, ...,sK) format."
        )
    return list(scale_factor)


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """A batch of signals, images or volumes at another `size`, or `scale_factor` times as large.

    mode: "nearest", "nearest-exact", "linear" (3-D input), "bilinear" or "bicubic" (4-D), "trilinear" (5-D), "area".
    align_corners: whether the corner elements keep their places. antialias: a wider filter where the size shrinks.
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the "
                "interpolating modes: linear | bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    count = input.dim() - 2
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    sizes = scales = None
    if size is not None:
        sizes = _given_size(input, size, count)
    elif scale_factor is not None:
        scales = _given_scales(input, scale_factor, count)
    else:
        raise ValueError("either size or scale_factor should be defined")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if scales is not None and (recompute_scale_factor or mode == "area"):
        sizes = [int(input.size(dim + 2) * scale) for dim, scale in enumerate(scales)]
        scales = None
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and count == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    if mode == "area" and count in (1, 2, 3):
        pool = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[count - 1]
        return pool(input, sizes)
    if mode == "lanczos" and count == 2 and align_corners:
        raise ValueError("Lanczos mode does not support align_corners=True")
    key = (f"{mode} antialias" if antialias else mode, count)
    if key not in _MODES:
        raise _no_such_mode(mode, count + 2)
    return _interpolated(input, key, sizes, scales, align_corners)


def _no_such_mode(mode: str, ndim: int) -> NotImplementedError | ValueError:
    needed = {"linear": 3, "bilinear": 4, "trilinear": 5}
    if mode in needed and ndim in (3, 4, 5):
        return NotImplementedError(f"Got {ndim}D input, but {mode} mode needs {needed[mode]}D input")
    if mode == "lanczos" and ndim == 4:
        return ValueError("Lanczos mode requires antialias=True")
    return NotImplementedError(
        "Input Error: Only 3D, 4D and 5D input Tensors supported"
        f" (got {ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"
        f" (got {mode})"
    )


def _interpolated(input: Tensor, key: Any, sizes: Any, scales: Any, align_corners: Any) -> Tensor:
    name, _, kernel, kind = _MODES[key]
    array = input._array
    interpolating = not kind.startswith("nearest")
    try:
        if interpolating and align_corners is not True and align_corners is not False:
            raise TypeError
        if sizes is None:
            factors: Any = tuple([float(scale + 0) for scale in scales])
            outs = tuple([int(size * scale) for size, scale in zip(array.shape[2:], factors, strict=True)])
        else:
            factors = None
            outs = tuple([operator.index(each.item() if isinstance(each, Tensor) else each) for each in sizes])
    except TypeError:
        types = ["Tensor", _kind(sizes), *([_kind(align_corners)] if interpolating else []), _kind(scales)]
        raise TypeError(
            f"{name}() received an invalid combination of arguments - got ({', '.join(types)}), but expected one of:"
        ) from None
    if array.shape[2:] == outs and 0 not in array.shape[1:] and factors is None and not interpolating:
        lines: tuple[Line, ...] = ()
    else:
        lines = _lines(array.shape, outs, factors, kind, bool(align_corners))
    refuse_types(array.dtype, kernel, _TYPES.get(kind if key[1] == 2 or not interpolating else "", "efd"))
    return _ROWS[key].function(input, lines)


# Which types of number are resampled, by NumPy's short names.
_TYPES = {
    "nearest": "efdB",
    "nearest-exact": "efdB",
    "linear": "efdB",
    "cubic": "efdB",
    "linear-antialias": "fdB",
    "cubic-antialias": "fdB",
    "lanczos-antialias": "fdB",
}


def _kind(value: Any) -> str:
    return type(value).__name__


@lru_cache(maxsize=256)
def _lines(
    shape: tuple[int, ...], outs: tuple[int, ...], factors: tuple[float, ...] | None, kind: str, align_corners: bool
) -> tuple[Line, ...]:
    sizes = shape[2:]
    count = len(sizes)
    if min(*sizes, *outs) <= 0:
        axes = ("D", "H", "W")[3 - count :]
        given = ", ".join([f"{axis}: {size}" for axis, size in zip(axes, sizes, strict=True)])
        wanted = ", ".join([f"{axis}: {out}" for axis, out in zip(axes, outs, strict=True)])
        between = " and" if count == 1 else ""
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({given}){between} output ({wanted})"
        )
    if 0 in shape[1:]:
        raise RuntimeError(f"Non-empty {count + 2}D data tensor expected but got a tensor with sizes {list(shape)}")
    found = []
    for number, (size, out) in enumerate(zip(sizes, outs, strict=True)):
        if align_corners:
            scale = (size - 1) / (out - 1) if out > 1 else 0.0
        elif factors is not None and factors[number] > 0:
            scale = 1.0 / factors[number]
            if kind == "nearest" and count == 2 and sum(outs) <= 128 and out in (size, 2 * size):
                # PyTorch's kernel for small images does not look at the factor here.
                scale = size / out
        else:
            scale = size / out
        found.append(Line(kind, number - count, size, out, scale, align_corners))
    return tuple(found)


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate` by its older name."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode="nearest", by its older name."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode="bilinear" and align_corners=True, by its older name."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)
