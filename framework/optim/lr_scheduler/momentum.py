"""Cycles an optimizer's momentum, or its first beta, opposite to the learning rate."""

from __future__ import annotations

from typing import Any

from framework.optim.lr_scheduler.groups import Number, one_a_group
from framework.optim.lr_scheduler.scheduler import LRScheduler
from framework.optim.optimizer import Optimizer

__all__ = ["MomentumCycle"]


class MomentumCycle(LRScheduler):
    """A schedule that may change the momentum too."""

    use_beta1: bool

    def _start_momentum(
        self, optimizer: Optimizer, lowest: Any, highest: Any, starts: bool
    ) -> tuple[list[Number], list[Number]]:
        """The bounds of the cycle, one a group; where training starts, groups take the highest and note both.

        Raises ValueError for an optimizer that has no momentum.
        """
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.use_beta1 = "betas" in optimizer.defaults
        base = one_a_group("base_momentum", optimizer, lowest)
        top = one_a_group("max_momentum", optimizer, highest)
        if starts:
            for group, high, low in zip(optimizer.param_groups, top, base, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"] = high
                group["base_momentum"] = low
        return base, top

    def _set_momentum(self, group: dict[str, Any], momentum: Number) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum
