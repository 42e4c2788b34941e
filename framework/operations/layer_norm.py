"""Normalizes over the last dimensions: `layer_norm`, and `rms_norm`, which does not center."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.tensor import Tensor, wrap
from framework.operations.arguments import check_tensors
from framework.operations.row_norm import row_norm

__all__ = ["layer_norm", "native_layer_norm", "rms_norm"]

_layer_norm = row_norm("layer_norm", "NativeLayerNormBackward0")
_rms_norm = row_norm("rms_norm", "MulBackward0")
_half_rms_norm = row_norm("rms_norm", "ToCopyBackward0")
_strided_rms_norm = row_norm("rms_norm", "CloneBackward0")


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """Each of the last dimensions' arrays brought to mean 0 and variance 1, times `weight`, plus `bias`.

    RuntimeError where shapes or types do not agree.
    """
    try:
        x = input._array
        dtype = x.dtype
        usual = (
            normalized_shape.__class__ is tuple
            and len(normalized_shape) == 1
            and normalized_shape[0].__class__ is int
            and x.shape[-1:] == normalized_shape
            and dtype.kind == "f"
            and eps.__class__ is float
            and (weight is None or (weight._array.dtype is dtype and weight._array.shape == normalized_shape))
            and (bias is None or (bias._array.dtype is dtype and bias._array.shape == normalized_shape))
        )
    except AttributeError:
        usual = False
    if not usual:
        normalized_shape = _check(input, normalized_shape, weight, bias, eps)
        x = input._array
    form = (math.prod(x.shape[: x.ndim - len(normalized_shape)]), 1, math.prod(normalized_shape), 1)
    return _layer_norm.function(input, weight, bias, form, eps, True)


def check_mixture(input: Any, weight: Tensor | None, bias: Tensor | None) -> None:
    """Raises PyTorch's errors for parameters of another type than the input: those of halves may be float32."""
    given = [each._array.dtype for each in (weight, bias) if each is not None]
    if not given or given[0] == input.dtype:
        return
    if any([each != np.float32 for each in given]):
        raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
    if input.dtype != np.float16:
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def check_kernel(input: Any, weight: Tensor | None, bias: Tensor | None, kernel: str) -> None:
    """Raises PyTorch's errors for types that a kernel does not take."""
    if input.dtype.kind != "f":
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtypes.from_numpy(input.dtype).scalar_name}'")
    given = [each._array.dtype for each in (weight, bias) if each is not None]
    if given and given[0] == input.dtype != given[-1]:
        wanted, found = (dtypes.from_numpy(each).scalar_name for each in given)
        raise RuntimeError(f"expected scalar type {wanted} but found {found}")


def check_parameters(name: str, first: int, **parameters: Any) -> None:
    """Raises PyTorch's TypeError where a weight or bias is no Tensor; `first` is the position of the first."""
    for position, (label, each) in enumerate(parameters.items(), first):
        if each is not None and not isinstance(each, Tensor):
            raise TypeError(
                f"{name}(): argument '{label}' (position {position}) must be Tensor, not {type(each).__name__}"
            )


def check_number(name: str, label: str, position: int, value: Any) -> None:
    """Raises PyTorch's TypeError for what is no number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{name}(): argument '{label}' (position {position}) must be float, not {type(value).__name__}")


def _check_arguments(
    name: str, input: Any, normalized_shape: Any, parameters: dict[str, Any], eps: Any
) -> tuple[int, ...]:
    check_tensors(name, input=input)
    argument = f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints"
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(f"{argument}, not {type(normalized_shape).__name__}")
    for position, each in enumerate(normalized_shape):
        if not isinstance(each, (int, np.integer)) or isinstance(each, bool):
            raise TypeError(f"{argument}, but found element of type {type(each).__name__} at pos {position}")
    check_parameters(name, 3, **parameters)
    if eps is not None or name == "layer_norm":
        check_number(name, "eps", 3 + len(parameters), eps)
    return tuple(normalized_shape)


def _check_shapes(input: Tensor, shape: tuple[int, ...], parameters: dict[str, Any], between: str) -> None:
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for label, each in parameters.items():
        if each is not None and each._array.shape != shape:
            raise RuntimeError(
                f"Expected {label} to be of same shape as normalized_shape, but got {label} of shape "
                f"{list(each._array.shape)} and normalized_shape = {list(shape)}"
            )
    found = input._array.shape
    if len(found) < len(shape) or found[len(found) - len(shape) :] != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*{between}{', '.join(map(str, shape))}], "
            f"but got input of size{list(found)}"
        )


def _check(input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: Any) -> tuple[int, ...]:
    parameters = {"weight": weight, "bias": bias}
    shape = _check_arguments("layer_norm", input, normalized_shape, parameters, eps)
    check_mixture(input._array, weight, bias)
    _check_shapes(input, shape, parameters, ", ")
    check_kernel(input._array, weight, bias, "LayerNormKernelImpl")
    return shape


def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm` with the means and the inverse deviations that it used."""
    out = layer_norm(input, normalized_shape, weight, bias, eps)
    axes = tuple(range(-len(normalized_shape), 0))
    rows = input._array if input._array.dtype.itemsize > 2 else np.astype(input._array, np.float32)
    width = math.prod(normalized_shape) or 1
    mean = np.add.reduce(rows, axis=axes, keepdims=True) / width
    centered = rows - mean
    rate = 1.0 / np.sqrt(np.add.reduce(centered * centered, axis=axes, keepdims=True) / width + eps)
    # Halves whose parameters are float32 have statistics of float32.
    dtype = (input if weight is None else weight)._array.dtype
    return out, wrap(np.astype(mean, dtype, copy=False)), wrap(np.astype(rate, dtype, copy=False))


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """Each of the last dimensions' arrays divided by the root of its mean square, times `weight`.

    `eps` is added to the mean square; by default it is the smallest step of the input's type. Errors as `layer_norm`.
    """
    shape = _check_arguments("rms_norm", input, normalized_shape, {"weight": weight}, eps)
    if not input._array.ndim and shape:
        raise ValueError("Input tensor must have at least 1 dimensions, but got 0")
    _check_shapes(input, shape, {"weight": weight}, "")
    x = input._array
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"rms_norm\" not implemented for '{input.dtype.scalar_name}'")
    form = (math.prod(x.shape[: x.ndim - len(shape)]), 1, math.prod(shape), 1)
    if eps is None:
        eps = float(np.finfo(np.float32 if x.dtype.itemsize == 2 else x.dtype).eps)
    if weight is not None and weight._array.dtype != x.dtype:
        _warn_of_types(x.dtype, weight._array.dtype)
        found = _rms_norm.function(input.float() if x.dtype.itemsize == 2 else input, None, None, form, eps, False)
        return (found * weight).to(input.dtype)
    row = _half_rms_norm if x.dtype.itemsize == 2 else _rms_norm if x.flags.c_contiguous else _strided_rms_norm
    return row.function(input, weight, None, form, eps, False)


def _warn_of_types(*types: np.dtype[Any]) -> None:
    """Says once that types differ."""
    if _WARNED:
        return
    _WARNED.append(True)
    names = [dtypes.c_name(each) for each in types]
    warnings.warn(
        f"Mismatch dtype between input and weight: input dtype = {names[0]}, weight dtype = {names[1]}, Cannot "
        "dispatch to fused implementation.",
        UserWarning,
        stacklevel=3,
    )


_WARNED: list[bool] = []
