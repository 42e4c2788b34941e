"""How variables vary together: `cov` and `corrcoef`. Each row of a matrix is a variable, each column an observation."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from framework.autograd import dtypes
from framework.autograd.attach import attach
from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped, transposed
from framework.autograd.grad_mode import mode
from framework.autograd.operation import operation
from framework.autograd.protocol import register
from framework.autograd.tensor import Tensor, wrap
from framework.operations.creation_arguments import type_name
from framework.operations.inspection import promote_types
from framework.operations.reducing import check_tensor

__all__ = ["corrcoef", "cov"]


def _centered(rows: Any, share: Any) -> Any:
    """Variables less their means; `share` is the weight of each observation, of a sum of 1."""
    if share is None:
        return rows - np.add.reduce(rows, axis=1, keepdims=True) / rows.shape[1]
    return rows - np.matmul(rows, share[:, None])


def _products(a: Any, b: Any) -> Any:
    return np.matmul(a, transposed(b, (1, 0)))


def _matrix(input: Any) -> Any:
    return reshaped(input, (1, -1)) if input.ndim < 2 else input


@operation(name="cov", grad_fn="SqueezeBackward0")
def _cov(input: Any, weights: Any, norm: float) -> Any:
    """weights: of the observations, or None; norm: what their products' sums are divided by."""
    rows = _matrix(input)
    share = None if weights is None else weights / np.add.reduce(weights, axis=None)
    centered = _centered(rows, share)
    found = _products(centered, centered if weights is None else centered * weights) / norm
    return found if found.shape[0] != 1 else reshaped(found, ())


@_cov.derivative("input")
def _(g: Any, input: Any, weights: Any, norm: float) -> Any:
    rows = _matrix(input)
    g = reshaped(g, (rows.shape[0], rows.shape[0])) / norm
    share = None if weights is None else weights / np.add.reduce(weights, axis=None)
    slope = np.matmul(g + transposed(g, (1, 0)), _centered(rows, share))
    if weights is not None:
        slope = slope * weights
    # The weighted rows of what is centered sum to 0, and so do those of the slope: the means add nothing.
    return reshaped(slope, input.shape)


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariance matrix of the rows; of one row its variance.

    fweights: how often each observation was made. aweights: how much each counts.
    """
    check_tensor(input, "cov")
    if isinstance(correction, bool) or not isinstance(correction, (int, np.integer)):
        raise TypeError(f"cov(): argument 'correction' must be int, not {type_name(correction)}")
    for name, each in (("fweights", fweights), ("aweights", aweights)):
        if not (each is None or isinstance(each, Tensor)):
            raise TypeError(f"cov(): argument '{name}' must be Tensor, not {type_name(each)}")
    correction = int(correction)
    array = input._array
    if array.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {array.ndim} dimensions"
        )
    if array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    observations = array.shape[-1] if array.ndim else 1
    weights, total, squares = _weights(observations, fweights, aweights)
    if observations and weights is not None and total == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    norm = total - correction if aweights is None or not correction else total - correction * squares / total
    if norm <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
            stacklevel=2,
        )
        norm = 0
    if aweights is not None:
        input = input.to(promote_types(input.dtype, aweights.dtype))
    elif array.dtype.kind != "f":
        input = input.to(dtypes.get_default_dtype())
    if aweights is not None and mode.recording and aweights.requires_grad:
        return _step_by_step(input, aweights, fweights, correction)
    dtype = input._array.dtype
    held = None if weights is None else wrap(in_dtype(weights, dtype))
    return _cov.function(input, held, norm)


def _step_by_step(input: Tensor, aweights: Any, fweights: Any, correction: int) -> Tensor:
    """The covariance whose gradient by the weights is wanted too."""
    rows = input.reshape(1, -1) if input.ndim < 2 else input
    weights = aweights if fweights is None else aweights * fweights
    total = weights.sum()
    centered = rows - (rows * weights).sum(1, keepdim=True) / total
    norm = total - correction * (weights * aweights).sum() / total
    found: Tensor = (centered.matmul((centered * weights).t()) / norm).squeeze()
    return found


def _weights(count: int, fweights: Any, aweights: Any) -> tuple[Any, float, float]:
    """The weights of the observations, their sum, and the sum of them times `aweights`."""
    found = None
    for name, each, kinds, kind in (
        ("fweights", fweights, "iub", "integral"),
        ("aweights", aweights, "f", "floating point"),
    ):
        if each is None:
            continue
        array = each._array
        if array.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {array.ndim} dimensions"
            )
        if array.dtype.kind not in kinds:
            raise RuntimeError(
                f"cov(): expected {name} to have {kind} dtype but got {name} with {each.dtype.scalar_name} dtype"
            )
        if array.size != count:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input but got "
                f"{array.size} != {count}"
            )
        if array.size and decide(_some_negative, array):
            raise RuntimeError(f"cov(): {name} cannot be negative")
        array = reshaped(array, (count,))
        found = array if found is None else found * array
    if found is None:
        return None, float(count), float(count)
    total = decide(_total, found)
    return found, total, total if aweights is None else decide(_total, found * reshaped(aweights._array, (count,)))


def _some_negative(array: Any) -> bool:
    return bool(array.min() < 0)


def _total(array: Any) -> float:
    return float(array.sum())


def corrcoef(input: Tensor) -> Tensor:
    """The correlation of every two rows, between -1 and 1."""
    check_tensor(input, "corrcoef")
    if input._array.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    found = cov(input)
    if not found._array.ndim:
        return found / found
    deviations = found.diagonal().sqrt()
    return (found / deviations[:, None] / deviations[None, :]).clamp(-1, 1)


def _np_cov(
    m: Any,
    y: None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Tensor:
    if y is not None:
        raise TypeError("np.cov of two Tensors has no counterpart: stack them")
    correction = ddof if ddof is not None else 0 if bias else 1
    return cov(m if rowvar or m.ndim < 2 else m.T, correction=correction, fweights=fweights, aweights=aweights)


register(np.cov, _np_cov)
register(np.corrcoef, lambda x, y=None, rowvar=True: corrcoef(x if rowvar or x.ndim < 2 else x.T))

attach(corrcoef, cov)
