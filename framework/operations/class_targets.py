"""Checks and reads the targets of a classification loss: class indices, some of them to be left out."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from framework.autograd.decisions import decide
from framework.autograd.direct import in_dtype, reshaped
from framework.autograd.tensor import Tensor
from framework.operations.choosing import choose
from framework.operations.loss_reduction import refuse_gradient

__all__ = ["check_classes", "class_targets", "refuse_scores"]


_INT64 = np.dtype(np.int64)


def check_classes(input: Tensor, target: Tensor, weight: Tensor | None, kernel: str) -> None:
    """Raises what PyTorch raises where scores (N, C, …), indices (N, …) and class weights (C,) don't agree."""
    x, t = input._array, target._array
    if x.dtype.kind != "f" and kernel == "log_softmax":
        refuse_scores(input, kernel)
    if x.ndim != 2 or t.ndim != 1 or x.shape[0] != t.shape[0]:
        _check_shapes(x.shape, t.shape)
    if t.dtype is not _INT64 and t.dtype != np.int64 and t.dtype != np.uint8:
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.scalar_name}")
    if t.dtype == np.uint8 and x.ndim > 2:
        raise RuntimeError("expected scalar type Long but found Byte")
    if x.dtype.kind != "f":
        refuse_scores(input, kernel)
    if weight is None:
        return
    refuse_gradient("nll_loss_forward", "weight", weight)
    count = x.shape[0] if x.ndim == 1 else x.shape[1]
    if weight._array.shape != (count,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but got weight tensor of "
            f"shape: {list(weight._array.shape)}"
        )
    if weight._array.dtype != x.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}")


def refuse_scores(input: Tensor, kernel: str) -> NoReturn:
    """Raises PyTorch's error for scores that are no floating-point numbers."""
    if kernel == "log_softmax":
        kernel = f"log_softmax_{'lastdim_' if input.dim() < 3 else ''}kernel_impl"
    raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")


def _check_shapes(scores: tuple[int, ...], classes: tuple[int, ...]) -> None:
    ndim = len(scores)
    if not ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if ndim == 1:
        if len(classes) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if classes not in ((), (1,)):
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {classes[0]}")
        return
    if not classes or scores[0] != classes[0]:
        raise ValueError(
            f"Expected input batch_size ({scores[0]}) to match target batch_size ({classes[0] if classes else 0})."
        )
    if ndim == 2 and len(classes) > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if ndim == 4:
        if len(classes) != 3:
            raise RuntimeError(
                f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(classes)}"
            )
        if scores[2:] != classes[1:]:
            raise RuntimeError(f"size mismatch (got input: {list(scores)} , target: {list(classes)}")
    elif scores[2:] != classes[1:]:
        raise RuntimeError(f"Expected target size {[scores[0], *scores[2:]]}, got {list(classes)}")


def class_targets(target: Any, weight: Any, ignore_index: int, count: int, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """The targets as one row of indices, and each sample's weight in `dtype` (None where all count alike).

    Those to be left out become class 0 with weight 0. IndexError for a class that is not among `count`.
    """
    classes = target if target.ndim == 1 else reshaped(target, (-1,))
    if classes.dtype is not _INT64:
        classes = in_dtype(classes, np.int64)
    weights = None
    if not decide(_all_count, classes, ignore_index, count):
        kept = classes != ignore_index
        decide(_refuse_outside, classes, kept, count)
        classes = choose(kept, classes, 0)
        weights = in_dtype(kept, dtype)
    if weight is None or not count:
        return classes, weights
    return classes, weight[classes] if weights is None else weight[classes] * weights


def _all_count(classes: Any, ignore_index: int, count: int) -> bool:
    """Whether all classes are among `count`, and none is left out."""
    if not classes.size:
        return True
    # Read as unsigned, a negative index is a large one: one comparison finds both kinds out of bounds.
    unsigned = classes.view(np.uint64)
    # Finding the place of the largest takes half of the time of finding the largest.
    inside = unsigned.item(unsigned.argmax()) < count
    return inside and not (0 <= ignore_index < count and bool((classes == ignore_index).any()))


def _refuse_outside(classes: Any, kept: Any, count: int) -> None:
    outside = ((classes < 0) | (classes >= count)) & kept
    if outside.any():
        raise IndexError(f"Target {classes[outside][0]} is out of bounds.")
