"""PyTorch's top-level losses. They are those of nn.functional but for the reduction, which is a number: 0 gives all losses
(and is what PyTorch does if nothing is said), 1 their mean, 2 their sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.tensor import Tensor
from framework.operations import binary_loss, likelihood_loss, ranking_loss, regression_loss
from framework.operations.arguments import integer
from framework.operations.ctc_loss import ctc_loss as ctc_loss_by_word

__all__ = [
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "ctc_loss",
    "hinge_embedding_loss",
    "kl_div",
    "margin_ranking_loss",
    "poisson_nll_loss",
    "triplet_margin_loss",
]


def _reduced(loss: Callable[..., Tensor], reduction: int, *args: Any, **kwargs: Any) -> Tensor:
    word = {1: "mean", 2: "sum"}.get(integer(reduction, loss.__name__, "reduction"), "none")
    return loss(*args, reduction=word, **kwargs)


def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """`nn.functional.margin_ranking_loss` with a numbered reduction."""
    return _reduced(ranking_loss.margin_ranking_loss, reduction, input1, input2, target, margin)


def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, reduction: int = 0) -> Tensor:
    """`nn.functional.hinge_embedding_loss` with a numbered reduction."""
    return _reduced(ranking_loss.hinge_embedding_loss, reduction, input, target, margin)


def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, reduction: int = 0
) -> Tensor:
    """`nn.functional.cosine_embedding_loss` with a numbered reduction."""
    return _reduced(ranking_loss.cosine_embedding_loss, reduction, input1, input2, target, margin)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: int = 0,
) -> Tensor:
    """`nn.functional.triplet_margin_loss` with a numbered reduction."""
    return _reduced(ranking_loss.triplet_margin_loss, reduction, anchor, positive, negative, margin, p, eps, swap)


def poisson_nll_loss(input: Tensor, target: Tensor, log_input: bool, full: bool, eps: float, reduction: int) -> Tensor:
    """`nn.functional.poisson_nll_loss` with a numbered reduction."""
    return _reduced(likelihood_loss.poisson_nll_loss, reduction, input, target, log_input, full, eps=eps)


def kl_div(input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False) -> Tensor:
    """`nn.functional.kl_div` with a numbered reduction."""
    if reduction == 1:
        # Without the warning that the word "mean" calls for.
        return regression_loss.kl_div(input, target, reduction="none", log_target=log_target).mean()
    return _reduced(regression_loss.kl_div, reduction, input, target, log_target=log_target)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:
    """`nn.functional.binary_cross_entropy_with_logits` with a numbered reduction."""
    return _reduced(
        binary_loss.binary_cross_entropy_with_logits, reduction, input, target, weight, pos_weight=pos_weight
    )


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int = 0,
    zero_infinity: bool = False,
) -> Tensor:
    """`nn.functional.ctc_loss` with a numbered reduction."""
    return _reduced(
        ctc_loss_by_word,
        reduction,
        log_probs,
        targets,
        input_lengths,
        target_lengths,
        blank,
        zero_infinity=zero_infinity,
    )
