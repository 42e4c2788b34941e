"""Losses of scores and distances that should differ by a margin: ranking, embeddings, triplets."""

from __future__ import annotations

from collections.abc import Callable

from framework.autograd.tensor import Tensor
from framework.operations.arguments import check_tensors
from framework.operations.bounds import clamp_min, minimum
from framework.operations.creation import full_like, zeros_like
from framework.operations.loss_reduction import read_reduction
from framework.operations.masking import where
from framework.operations.similarity import pairwise_distance

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "reduce_losses",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def reduce_losses(losses: Tensor, reduction: str) -> Tensor:
    """The mean, the sum, or all of the losses, as PyTorch's graph has them."""
    if reduction == "mean":
        return losses.mean()
    return losses.sum() if reduction == "sum" else losses


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much `input1` fails to be over `input2` by `margin` where `target` is 1, and under it where it is -1."""
    reduction = read_reduction(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    difference = input1 - input2
    return reduce_losses(clamp_min(-target * difference + margin, 0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The distance `input` where `target` is 1; by how much it is under `margin` where `target` is -1."""
    reduction = read_reduction(reduction, size_average, reduce)
    check_tensors("hinge_embedding_loss", input=input, target=target)
    # In the input's type, as in PyTorch, where that makes the margin a whole number.
    missing = clamp_min(full_like(input, margin) - input, 0)
    zeros = zeros_like(input)
    return reduce_losses(where(target != 1, missing, zeros) + where(target != -1, input, zeros), reduction)


_TINY = 1e-12


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 less the cosine of two vectors where `target` is 1; by how much it is over `margin` where `target` is -1.

    Inputs are (N, D) with targets (N,), or (D,) with a target of no dimensions. RuntimeError for other shapes.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    check_tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    ndim = target.dim()
    if ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != ndim + 1 or input2.dim() != ndim + 1:
        raise RuntimeError(
            f"{ndim}D target tensor expects {ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    products = (input1 * input2).sum(ndim)
    lengths = ((input1 * input1).sum(ndim) + _TINY) * ((input2 * input2).sum(ndim) + _TINY)
    cosine = products / lengths.sqrt()
    zeros = zeros_like(cosine)
    alike, apart = 1 - cosine, clamp_min(cosine - margin, 0)
    return reduce_losses(where(target == 1, alike, zeros) + where(target == -1, apart, zeros), reduction)


def _check_triplet(anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    a, p, n = anchor.ndim, positive.ndim, negative.ndim
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {a}D, positive {p}D, and negative {n}D inputs"
        )


def _check_margin(margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """By how much `negative` fails to be further from `anchor` than `positive` is, by `margin`.

    Distances are `p`-norms over the last dimension. With `swap` that of `negative` is its distance to `anchor` or to
    `positive`, whichever is less. ValueError for a margin that is not over 0.
    """
    reduction = read_reduction(reduction, size_average, reduce)
    _check_margin(margin)
    check_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    _check_triplet(anchor, positive, negative)

    # `eps` keeps the derivative finite where two points meet.
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduce_losses(clamp_min(margin + near - far, 0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with any function of two tensors for the distance; the 2-norm if none is given."""
    reduction = read_reduction(reduction)
    _check_margin(margin)
    _check_triplet(anchor, positive, negative)
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduce_losses(clamp_min(margin + near - far, 0), reduction)
