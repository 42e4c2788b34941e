"""The layer that lets grouped convolutions see each other's channels."""

from __future__ import annotations

from framework.autograd import Tensor
from framework.nn import functional as F
from framework.nn.module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Deals the channels (dimension 1) out from `groups` groups in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
