"""What the losses share: how one number is made of many, and weights."""

from __future__ import annotations

from framework.autograd import Tensor
from framework.nn.module import Module
from framework.operations.loss_reduction import read_reduction

__all__: list[str] = []


class _Loss(Module):
    """A loss that is averaged ("mean"), summed ("sum") or given per element ("none").

    `size_average` and `reduce` are PyTorch's older arguments for that; any word is taken until it is used.
    """

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = read_reduction(reduction, size_average, reduce)
        self.reduction = reduction


class _WeightedLoss(_Loss):
    """A loss with a buffer of weights."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
