"""A schedule that goes up and down between two rates, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any, Literal

from framework.optim.lr_scheduler.groups import Number, one_a_group, set_in_group
from framework.optim.lr_scheduler.momentum import MomentumCycle
from framework.optim.lr_scheduler.scheduler import check_optimizer
from framework.optim.optimizer import Optimizer

__all__ = ["CyclicLR"]


class CyclicLR(MomentumCycle):
    """`lr = base_lr + (max_lr - base_lr) * height * scale`, a step every batch.

    `height` goes from 0 to 1 in `step_size_up` steps and back in `step_size_down`. `scale` is by `mode` 1
    ("triangular"), halved each cycle ("triangular2") or `gamma ** steps` ("exp_range"); or it is `scale_fn` of the
    cycle, from 1, or with `scale_mode="iterations"` of the steps. Momentum goes the other way, between its own bounds.
    Smith, "Cyclical learning rates for training neural networks", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = one_a_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                set_in_group(group, "lr", lr)
        self.max_lrs = one_a_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            bounds = self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch == -1)
            self.base_momentums, self.max_momentums = bounds
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """How much of the height is left in cycle `x`, from 1, or after `x` steps."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / (2.0 ** (x - 1)) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[Number]:
        self._warn_outside_step()
        steps = self.last_epoch
        cycle = math.floor(1 + steps / self.total_size)
        x = 1.0 + steps / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scaled = cycle if self.scale_mode == "cycle" else steps
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            momentums = [high - (high - low) * height * self.scale_fn(scaled) for low, high in bounds]
            for group, momentum in zip(self.optimizer.param_groups, momentums, strict=True):
                self._set_momentum(group, momentum)
        bounds = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height * self.scale_fn(scaled) for low, high in bounds]

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule keeps; of a `scale_fn` its `__dict__`, if it is an object, and of a function None."""
        state = super().state_dict()
        scale = state.pop("_scale_fn_custom")
        plain = scale is None or isinstance(scale, FunctionType)
        state["_scale_fn_custom"] = None if plain else scale.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_scale_fn_custom"})
        saved = state_dict["_scale_fn_custom"]
        if saved is not None:
            self._scale_fn_custom.__dict__.update(saved)
