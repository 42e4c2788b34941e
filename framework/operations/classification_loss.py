"""Losses of predicted classes: `cross_entropy` of scores and `nll_loss` of log-probabilities.

Inside, scores are (N, C), or (N, C, S) for S samples in each of N images: the C scores of a sample lie along axis 1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.direct import constant, product
from framework.autograd.operation import operation
from framework.autograd.sums import add_up
from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.blocks import WIDE, whole
from framework.operations.class_targets import check_classes, class_targets, refuse_scores
from framework.operations.loss_reduction import read_reduction, reduced
from framework.operations.small_rows import Small, small
from framework.operations.softmax import log_softmax, row_totals
from framework.operations.softmax_blocks import MANY, exponential_rows, row_largest, row_starts, scaled_rows

__all__ = ["cross_entropy", "nll_loss"]


def _as_rows(scores: Any) -> Any:
    """(N, C, …) as (N, C) or (N, C, S)."""
    shape = scores.shape
    if len(shape) == 2:
        return scores
    return np.reshape(scores, (1, *shape) if len(shape) == 1 else (*shape[:2], math.prod(shape[2:])))


def _are_many(rows: Any) -> bool:
    """Whether rows are done block by block. In double precision the logarithm of a sum could lose digits."""
    if rows.__class__ is not np.ndarray or rows.ndim != 2 or rows.dtype.itemsize != 4:
        return False
    return rows.shape[0] * rows.shape[1] >= 4 * MANY


def _by_sample(values: Any, shape: tuple[int, ...]) -> Any:
    """One value for each sample, in a line, as it meets rows of this shape: (N,) or (N, S)."""
    return values if len(shape) == 2 or not values.ndim else np.reshape(values, (shape[0], shape[2]))


def _places(classes: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The subscripts of each sample's class among rows of this shape."""
    numbers = np.arange(shape[0])
    return (
        (numbers, classes) if len(shape) == 2 else (numbers[:, None], _by_sample(classes, shape), np.arange(shape[2]))
    )


def _samples(shape: tuple[int, ...]) -> int:
    """How many samples a shape (N, C, …) holds."""
    return 1 if len(shape) == 1 else shape[0] * math.prod(shape[2:])


def _sample_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of one loss for each sample."""
    return (*shape[:1], *shape[2:]) if len(shape) > 1 else ()


@operation()
def _pick_class(rows: Any, classes: Any) -> Any:
    """From each sample's row the element of its class, in a line."""
    return _picked(rows, classes)


def _picked(rows: Any, classes: Any) -> Any:
    """From each sample's row the element of its class, in a line."""
    if rows.ndim == 3:
        return np.reshape(rows[_places(classes, rows.shape)], (-1,))
    count, width = rows.shape
    if type(rows) is np.ndarray and count <= 256 and rows.flags.c_contiguous:
        # NumPy's index arrays take three times as long to get ready.
        return rows.take(classes + row_starts(count, width))
    return rows[np.arange(classes.shape[0]), classes]


@operation()
def _place_class(values: Any, classes: Any, shape: tuple[int, ...]) -> Any:
    """Rows of zeros, with each value at its class: the transpose of `_pick_class`."""
    result = np.zeros_like(values, shape=shape)
    result[_places(classes, shape)] = _by_sample(values, shape)
    return result


_pick_class.add_derivative(lambda g, rows_shape, classes: _place_class(g, classes, rows_shape), "rows")
_place_class.add_derivative(lambda g, classes: _pick_class(g, classes), "values")


@operation()
def _cross_entropy_rows_gradient(exponentials: Any, rates: Any, values: Any, classes: Any) -> Any:
    """Each row of `exponentials` times its rate, less its value at its class."""
    if _are_many(exponentials) and exponentials.shape[1] < WIDE:
        result = whole(scaled_rows, exponentials, rates)
    else:
        result = exponentials * rates[:, None]
    result[_places(classes, result.shape)] -= _by_sample(values, result.shape)
    return result


_cross_entropy_rows_gradient.add_derivative(lambda g, rates: g * rates[:, None], "exponentials")
_cross_entropy_rows_gradient.add_derivative(lambda g, exponentials: np.add.reduce(g * exponentials, axis=1), "rates")
_cross_entropy_rows_gradient.add_derivative(lambda g, classes: np.negative(_pick_class(g, classes)), "values")


@operation()
def _cross_entropy_shift(rows: Any) -> Any:
    """What is taken off each row of scores before their exponentials, which cancels out again: it has no derivative."""
    if 0 in rows.shape:
        return np.zeros_like(rows, shape=(rows.shape[0], 1, *rows.shape[2:]))
    return row_largest(rows) if rows.ndim == 2 else np.max(rows, axis=1, keepdims=True)


def _exponentials(input: Any) -> Any:
    rows = _as_rows(input)
    return np.exp(rows - _cross_entropy_shift(rows))


def _over_samples(losses: Any, weights: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """The samples' losses reduced, by their weights if they have any."""
    if weights is None:
        return np.reshape(losses, _sample_shape(shape)) if reduction == "none" else reduced(losses, reduction)
    # A sample that is left out costs 0, whatever its scores: 0 times inf would be nan.
    losses = np.where(weights == 0, 0.0 * weights, losses * weights)
    if reduction == "none":
        return np.reshape(losses, _sample_shape(shape))
    total = add_up(losses)
    if reduction == "sum":
        return total
    with np.errstate(invalid="ignore"):
        return total / add_up(weights)


def _few_reduced(few: Small, losses: Any, weights: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """`_over_samples` of a few."""
    if weights is not None or reduction == "none":
        return _over_samples(losses, weights, shape, reduction)
    total = product(losses, few.samples)
    return total if reduction == "sum" else total / constant(losses.shape[0], losses.dtype)


def _sample_gradients(g: Any, weights: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """The gradient of each sample's loss; a number where it is the same for all."""
    if reduction == "none":
        g = np.reshape(g, (_samples(shape),))
        return g if weights is None else g * weights
    if weights is None:
        return g / (_samples(shape) or math.nan) if reduction == "mean" else g
    if reduction == "mean":
        with np.errstate(invalid="ignore", divide="ignore"):
            # Where all are left out their weights sum to 0; the gradients are 0 nevertheless.
            return np.where(weights == 0, weights, weights * (g / add_up(weights)))
    return weights * g


def _count(shape: tuple[int, ...]) -> int:
    """How many classes scores of this shape have."""
    return shape[0] if len(shape) == 1 else shape[1]


def _cross_entropy(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    classes, weights = class_targets(target, weight, ignore_index, _count(input.shape), input.dtype)
    rows = _as_rows(input)
    few = small(rows, 1)
    if few is not None:
        scores = few.shifted(rows)
        exponentials = np.exp(scores)
        totals = product(exponentials, few.ones)
        losses = np.log(totals) - few.picked(scores, classes)
        return _few_reduced(few, losses, weights, input.shape, reduction), classes, weights, exponentials, totals
    if _are_many(rows):
        exponentials, totals, logs = whole(exponential_rows, rows)
        losses = np.astype(logs - _picked(rows, classes), rows.dtype)
        return _over_samples(losses, weights, input.shape, reduction), classes, weights, exponentials, totals
    scores = rows - _cross_entropy_shift.forward(rows)
    found = _picked(scores, classes)
    exponentials = np.exp(scores, out=scores)
    if rows.ndim == 2:
        totals = row_totals(exponentials)
        losses = np.log(totals) - found
    else:
        totals = np.add.reduce(exponentials, axis=1)
        losses = np.reshape(np.log(totals), (-1,)) - found
    return _over_samples(losses, weights, input.shape, reduction), classes, weights, exponentials, totals


# The formulas ask for `target` so that a write to it is noticed: `classes` may share its memory.
def _cross_entropy_gradient(
    g: Any, input_shape: Any, target: Any, reduction: str, classes: Any, weights: Any, exponentials: Any, totals: Any
) -> Any:
    values = _sample_gradients(g, weights, input_shape, reduction)
    rates = _by_sample(values, exponentials.shape) / totals
    return np.reshape(_cross_entropy_rows_gradient(exponentials, rates, values, classes), input_shape)


def _nll_loss(input: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
    classes, weights = class_targets(target, weight, ignore_index, _count(input.shape), input.dtype)
    losses = np.negative(_picked(_as_rows(input), classes))
    return _over_samples(losses, weights, input.shape, reduction), classes, weights


def _nll_loss_gradient(g: Any, input_shape: Any, target: Any, reduction: str, classes: Any, weights: Any) -> Any:
    values = np.negative(_sample_gradients(g, weights, input_shape, reduction))
    values = np.broadcast_to(values, (_samples(input_shape),))
    shape = (*(1,) * (2 - len(input_shape)), *input_shape[:2], *[math.prod(input_shape[2:])] * (len(input_shape) > 2))
    return np.reshape(_place_class(values, classes, shape), input_shape)


def _cross_entropy_row(grad_fn: str) -> Any:
    return operation(
        _cross_entropy,
        grad_fn=grad_fn,
        residuals={
            "classes": None,
            "weights": None,
            "exponentials": _exponentials,
            "totals": lambda input: np.add.reduce(_exponentials(input), axis=1),
        },
        input=_cross_entropy_gradient,
    )


def _nll_loss_row(grad_fn: str) -> Any:
    return operation(_nll_loss, grad_fn=grad_fn, residuals=("classes", "weights"), input=_nll_loss_gradient)


# By the name that the node has in PyTorch.
_CROSS_ENTROPY = {
    name: _cross_entropy_row(name) for name in ("NllLossBackward0", "NllLoss2DBackward0", "ViewBackward0")
}
_NLL_LOSS = {name: _nll_loss_row(name) for name in _CROSS_ENTROPY}


def _node_name(ndim: int, reduction: str) -> str:
    if ndim <= 2:
        return "NllLossBackward0"
    return "ViewBackward0" if reduction == "none" and ndim != 4 else "NllLoss2DBackward0"


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood: `input` holds log-probabilities (N, C, …), `target` class indices (N, …).

    `weight` is one number for each class; samples whose target is `ignore_index` are left out. IndexError for a class
    out of bounds, ValueError or RuntimeError where shapes or types do not agree.
    """
    if reduction != "mean" or size_average is not None or reduce is not None:
        reduction = read_reduction(reduction, size_average, reduce)
    if input.__class__ is not Tensor or target.__class__ is not Tensor:
        check_tensors("nll_loss_nd", input=input, target=target)
    if weight is not None:
        check_tensors("nll_loss_nd", input=input, target=target, weight=weight)
    check_classes(input, target, weight, "nll_loss_out_frame")
    row = _NLL_LOSS[_node_name(input._array.ndim, reduction)]
    return row.function(input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of scores (N, C, …) with class indices (N, …), or with probabilities of the scores' shape.

    `weight` is one number for each class; samples whose target is `ignore_index` are left out. `label_smoothing` mixes
    that part of a uniform distribution into the targets. Errors as `nll_loss`.
    """
    if reduction != "mean" or size_average is not None or reduce is not None:
        reduction = read_reduction(reduction, size_average, reduce)
    if input.__class__ is not Tensor or target.__class__ is not Tensor:
        check_tensors("cross_entropy_loss", input=input, target=target)
    if weight is not None:
        check_tensors("cross_entropy_loss", input=input, target=target, weight=weight)
    x = input._array
    if x.shape == target._array.shape:
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    check_classes(input, target, weight, "log_softmax")
    if label_smoothing > 0:
        return _smoothed(input, target, weight, ignore_index, reduction, label_smoothing)
    row = _CROSS_ENTROPY[_node_name(x.ndim, reduction)]
    return row.function(input, target, weight, ignore_index, reduction)


def _check_smoothing(label_smoothing: float) -> None:
    if label_smoothing > 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")


def _smoothed(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    """In part the loss of the target class, in part that of every class."""
    _check_smoothing(smoothing)
    dim = 0 if input.dim() == 1 else 1
    scores = log_softmax(input, dim)
    hard = nll_loss(scores, target, weight, ignore_index=ignore_index, reduction=reduction)
    if weight is not None:
        scores = scores * weight.view(*[-1 if axis == dim else 1 for axis in range(input.dim())])
    left_out = target.reshape(scores.sum(dim).shape) == ignore_index
    soft = (-scores.sum(dim)).masked_fill(left_out, 0.0)
    if reduction == "sum":
        soft = soft.sum()
    elif reduction == "mean" and weight is None:
        soft = soft.sum() / (target.numel() - left_out.sum())
    elif reduction == "mean" and weight is not None:
        kept = target.masked_fill(left_out, 0).reshape(-1)
        soft = soft.sum() / weight[kept].masked_fill(left_out.reshape(-1), 0.0).sum()
    return hard * (1 - smoothing) + soft * (smoothing / input.size(dim))


def _soft_cross_entropy(input: Any, target: Any, weight: Any, reduction: str) -> Any:
    losses = np.negative(np.add.reduce(_log_rows(input) * _weighted(_as_rows(target), weight), axis=1))
    losses = np.reshape(losses, (-1,))
    return _over_samples(losses, None, input.shape, reduction)


def _log_rows(input: Any) -> Any:
    rows = _as_rows(input)
    scores = rows - _cross_entropy_shift(rows)
    return scores - np.log(np.add.reduce(np.exp(scores), axis=1, keepdims=True))


def _weighted(rows: Any, weight: Any) -> Any:
    if weight is None:
        return rows
    return rows * (weight if rows.ndim == 2 else weight[:, None])


def _sample_column(g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    values = _sample_gradients(g, None, shape, reduction)
    if reduction != "none":
        return values
    return values[:, None] if len(shape) < 3 else np.reshape(values, (shape[0], 1, math.prod(shape[2:])))


def _soft_input_gradient(g: Any, input: Any, target: Any, weight: Any, reduction: str) -> Any:
    targets = _weighted(_as_rows(target), weight)
    rows = np.exp(_log_rows(input)) * np.add.reduce(targets, axis=1, keepdims=True) - targets
    return np.reshape(rows * _sample_column(g, input.shape, reduction), input.shape)


def _soft_target_gradient(g: Any, input: Any, weight: Any, reduction: str) -> Any:
    rows = np.negative(_weighted(_log_rows(input), weight))
    return np.reshape(rows * _sample_column(g, input.shape, reduction), input.shape)


_SOFT = {
    reduction: operation(
        _soft_cross_entropy,
        grad_fn=grad_fn,
        promote="common",
        input=_soft_input_gradient,
        target=_soft_target_gradient,
    )
    for reduction, grad_fn in (("mean", "DivBackward1"), ("sum", "NegBackward0"), ("none", "NegBackward0"))
}


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.scalar_name}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if input._array.dtype.kind != "f":
        refuse_scores(input, "log_softmax")
    _check_smoothing(smoothing)
    count = _count(input._array.shape)
    if weight is not None and weight._array.shape != (count,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {count} classes or no classes but got "
            f"weight tensor of shape: {list(weight._array.shape)}"
        )
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / count
    return _SOFT[reduction](input, target, weight, reduction)
