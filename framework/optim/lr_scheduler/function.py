"""Schedules by a function of yours: a factor of the base rate, or of the rate before."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from framework.optim.lr_scheduler.groups import Number, of_groups
from framework.optim.lr_scheduler.scheduler import LRScheduler
from framework.optim.optimizer import Optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]

Factor = Callable[[int], float]


class _ByFunction(LRScheduler):
    """Has one function a group. What is saved of one is its `__dict__`, if it is an object; of a function, None."""

    lr_lambdas: list[Factor]

    def _take(self, optimizer: Optimizer, lr_lambda: Factor | list[Factor]) -> None:
        self.optimizer = optimizer
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, list | tuple):
            self.lr_lambdas = [lr_lambda] * groups
        elif len(lr_lambda) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        else:
            self.lr_lambdas = list(lr_lambda)

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        functions = state.pop("lr_lambdas")
        state["lr_lambdas"] = [None if isinstance(each, FunctionType) else each.__dict__.copy() for each in functions]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for i, saved in enumerate(state_dict["lr_lambdas"]):
            if saved is not None:
                self.lr_lambdas[i].__dict__.update(saved)


class LambdaLR(_ByFunction):
    """`lr = base_lr * lr_lambda(epoch)`; the function may be a list of them, one a group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1) -> None:
        self._take(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Number]:
        self._warn_outside_step()
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [base_lr * lr_lambda(self.last_epoch) for base_lr, lr_lambda in pairs]


class MultiplicativeLR(_ByFunction):
    """`lr = lr * lr_lambda(epoch)`, from the rate of the epoch before; the function may be a list, one a group.

    Raises TypeError for what can't be called.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1) -> None:
        self._take(optimizer, lr_lambda)
        for each in self.lr_lambdas:
            if not callable(each):
                raise TypeError(f"lr_lambda should be a function, but got {type(each).__name__}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Number]:
        self._warn_outside_step()
        lrs = of_groups(self.optimizer, "lr")
        if self._is_initial:
            return lrs
        return [lr * lr_lambda(self.last_epoch) for lr, lr_lambda in zip(lrs, self.lr_lambdas, strict=True)]
