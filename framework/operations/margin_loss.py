"""Losses of class scores by margins: `multi_margin_loss`, `multilabel_margin_loss`, and their soft relatives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.operation import operation
from framework.autograd.tensor import Tensor
from framework.operations.activation import logsigmoid
from framework.operations.arguments import check_tensors
from framework.operations.choosing import choose
from framework.operations.logistic import logistic
from framework.operations.loss_reduction import fitting, read_reduction, reduced, refuse_gradient, spread
from framework.operations.ranking_loss import reduce_losses

__all__ = ["multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss"]


@operation()
def _soft_margin_loss(input: Any, target: Any, reduction: str) -> Any:
    return reduced(np.log1p(np.exp(np.negative(target) * input)), reduction)


@_soft_margin_loss.derivative("input")
def _(g: Any, input: Any, target: Any, reduction: str) -> Any:
    return np.negative(target) * logistic(np.negative(target) * input) * spread(g, input, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input)), for targets 1 and -1, which are broadcast to the input."""
    reduction = read_reduction(reduction, size_average, reduce)
    check_tensors("soft_margin_loss", input=input, target=target)
    refuse_gradient("soft_margin_loss", "target", target)
    x, y = input._array, target._array
    if y.dtype.kind == "b":
        target.neg()  # which raises PyTorch's error
    if x.dtype.kind != "f":
        found = target.dtype.scalar_name if y.dtype.kind == "f" else "Float"
        raise RuntimeError(f"result type {found} can't be cast to the desired output type {input.dtype.scalar_name}")
    if x.shape != y.shape:
        target = fitting(target, x.shape)
    return _soft_margin_loss.function(input, target.to(input.dtype), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Binary cross-entropy of logits (…, C) with targets of 0 and 1, averaged over the classes."""
    if size_average is not None or reduce is not None:
        reduction = read_reduction(reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    last = input.dim() - 1
    losses = losses.sum(dim=last) / input.size(last)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return reduce_losses(losses, reduction)


# Scores are laid out as a matrix (N, C) inside; a vector or a number is one sample.


def _violations(rows: Any, chosen: Any, margin: float) -> Any:
    """By how much each class fails to be under the chosen one by the margin; 0 for the chosen one."""
    picked = np.add.reduce(choose(chosen, rows, 0.0), axis=1, keepdims=True)
    return np.maximum(rows - picked + margin, 0.0) * np.logical_not(chosen)


def _as_rows(input: Any) -> Any:
    return reshaped(input, (1, -1)) if input.ndim < 2 else input


@operation(residuals=("chosen", "weights"))
def _multi_margin_loss(input: Any, target: Any, p: int, margin: float, weight: Any, reduction: str) -> Any:
    rows = _as_rows(input)
    classes = reshaped(target, (-1,))
    count = rows.shape[1]
    chosen = np.arange(count) == classes[:, None]
    over = _violations(rows, chosen, margin)
    # The loss of a sample is the mean over all classes, the chosen one included.
    weights = np.full_like(rows, 1 / count, shape=(1,)) if weight is None else weight[classes] * (1 / count)
    losses = np.add.reduce(over if p == 1 else over * over, axis=1) * weights
    if reduction == "none":
        losses = reshaped(losses, target.shape)
    return _reduced_samples(losses, reduction), chosen, weights


def _reduced_samples(losses: Any, reduction: str) -> Any:
    return reduced(losses, reduction if losses.size else "sum" if reduction == "mean" else reduction)


def _sample_gradients(g: Any, count: int, reduction: str) -> Any:
    """The gradient of each sample's loss, as a column, or as one number for all."""
    if reduction == "none":
        return reshaped(g, (-1, 1))
    return g / (count or 1) if reduction == "mean" else g


@_multi_margin_loss.derivative("input")
def _(g: Any, input: Any, p: int, margin: float, reduction: str, chosen: Any, weights: Any) -> Any:
    over = _violations(_as_rows(input), chosen, margin)
    slope = (over > 0) * weights[:, None] if p == 1 else over * (2.0 * weights[:, None])
    slope = slope * _sample_gradients(g, chosen.shape[0], reduction)
    return reshaped(slope - np.add.reduce(slope, axis=1, keepdims=True) * chosen, input.shape)


def _check_scores(input: Tensor) -> tuple[int, int]:
    """How many samples and classes there are. RuntimeError for other shapes than (N, C), (C,) and ()."""
    shape = input._array.shape
    if len(shape) > 2 or 0 in shape[-1:]:
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}"
        )
    return (1, (1, *shape)[-1]) if len(shape) < 2 else (shape[0], shape[1])


def _check_types(input: Tensor, target: Tensor, kernel: str) -> None:
    if input._array.dtype.kind != "f" or input._array.dtype.itemsize == 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
    if target._array.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.scalar_name}")


def _refuse_classes(classes: Any, count: int) -> None:
    if not ((classes >= 0) & (classes < count)).all():
        raise RuntimeError("target out of range")


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much the score of the target class fails to be over the others' by `margin`, summed over those, over C.

    `input` is (N, C), `target` class indices (N,); `p` (1 or 2) is the power to raise it to, `weight` one number for
    each class. ValueError or RuntimeError for other shapes, types, and classes.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    check_tensors("multi_margin_loss", input=input, target=target)
    if weight is not None:
        refuse_gradient("multi_margin_loss", "weight", weight)
    samples, count = _check_scores(input)
    t = target._array
    if t.ndim > 1 or math.prod(t.shape) != samples:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{samples}], but got {list(t.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight._array.shape != (count,):
        raise RuntimeError(f"inconsistent weight size, expected {count} but got {list(weight.shape)}")
    _check_types(input, target, "multi_margin_loss_cpu_kernel")
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}")
    decide(_refuse_classes, t, count)
    return _multi_margin_loss(input, target, p, margin, weight, reduction)


def _pairs(rows: Any) -> Any:
    """1 less what each class [n, t] is over each other [n, :, j], where that is positive."""
    return np.maximum(rows[:, None, :] - rows[:, :, None] + 1.0, 0.0)


@operation(residuals=("pairs",))
def _multilabel_margin_loss(input: Any, target: Any, reduction: str) -> Any:
    rows, labels = _as_rows(input), _as_rows(target)
    count = rows.shape[1]
    named = np.logical_not(np.logical_or.accumulate(labels < 0, axis=1))
    times = np.count_nonzero((labels[:, :, None] == np.arange(count)) & named[:, :, None], axis=1)
    # How often the pair of a target class t and another class j counts.
    pairs = in_dtype(times[:, :, None] * (times[:, None, :] == 0), rows.dtype) * (1 / count)
    losses = np.add.reduce(_pairs(rows) * pairs, axis=(1, 2))
    if reduction == "none":
        losses = reshaped(losses, input.shape[:-1])
    return _reduced_samples(losses, reduction), pairs


@_multilabel_margin_loss.derivative("input")
def _(g: Any, input: Any, reduction: str, pairs: Any) -> Any:
    slope = (_pairs(_as_rows(input)) > 0) * pairs
    rows = np.add.reduce(slope, axis=1) - np.add.reduce(slope, axis=2)
    return reshaped(rows * _sample_gradients(g, pairs.shape[0], reduction), input.shape)


def _refuse_labels(labels: Any, count: int) -> None:
    if not ((labels >= -1) & (labels < count)).all():
        raise RuntimeError("argument #2 'target' is out of range")


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much the scores of the target classes fail to be over all others' by 1, summed over the pairs, over C.

    `input` is (N, C); each row of `target`, of the same shape, names classes up to the first -1.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    check_tensors("multilabel_margin_loss", input=input, target=target)
    _, count = _check_scores(input)
    x, t = input._array, target._array
    if t.shape != x.shape and (x.ndim or t.shape != (1,)):
        raise RuntimeError(f"inconsistent target size: {list(t.shape)} for input of size: {list(x.shape)}")
    decide(_refuse_labels, t, count)
    _check_types(input, target, "multilabel_margin_loss_forward_out_frame")
    return _multilabel_margin_loss(input, target, reduction)
