"""Averages of a model's weights over its training: equal ones (SWA), or such that forget (EMA).

The averaged model is a Module, and finding its statistics again needs to know layers: this one file of optim
imports nn. It is loaded when it is used, so an optimizer still comes without any layer.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal

from framework import nn
from framework.autograd import Tensor, no_grad
from framework.coverage import explain_missing_names
from framework.operations import tensor
from framework.optim.lr_scheduler.groups import Number, one_a_group
from framework.optim.lr_scheduler.scheduler import LRScheduler
from framework.optim.optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

explain_missing_names(__name__)

Average = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A function that gives `decay * average + (1 - decay) * current`. ValueError unless decay is from 0 to 1."""
    _check_decay(decay)

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        return decay * averaged + (1 - decay) * current

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` for lists of tensors: the averages are changed in place."""
    _check_decay(decay)

    @no_grad()
    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(mean * decay + value * (1 - decay))

    return average


def get_swa_avg_fn() -> Average:
    """A function that gives the mean of `num_averaged` values and one more."""

    @no_grad()
    def average(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        return averaged + (current - averaged) / (num_averaged + 1)

    return average


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` for lists of tensors: the averages are changed in place."""

    @no_grad()
    def average(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, float(1 / (num_averaged + 1)))
            elif isinstance(num_averaged, Tensor):
                mean.addcdiv_(value - mean, num_averaged + 1)
            else:
                mean.add_(value - mean, alpha=1.0 / (num_averaged + 1))

    return average


class AveragedModel(nn.Module):
    """A copy of a model (`module`) whose parameters are averages of those that the model has had.

    `update_parameters(model)` counts the model's present ones in: by default all count the same; or by `avg_fn`, from
    (average, current, how many so far) to the new average, or by `multi_avg_fn`, which changes a list of them in place.
    With `use_buffers` the buffers are averaged too, otherwise they are the model's. Called, it is the averaged model.
    Raises AssertionError for both functions. Izmailov et al., "Averaging weights leads to wider optima and better
    generalization", 2018.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: nn.Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: nn.Module) -> None:
        """Count the present parameters of a model in; the first are taken as they are."""
        pairs = [
            (mean.detach(), value.detach())
            for mean, value in zip(self._averaged(self.module), self._averaged(model), strict=False)
        ]
        if self.n_averaged == 0:
            for mean, value in pairs:
                mean.copy_(value)
        elif self.multi_avg_fn is not None:
            for means, values in _by_dtype(pairs):
                self.multi_avg_fn(means, values, self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for mean, value in pairs:
                mean.copy_(average(mean, value, self.n_averaged))
        if not self.use_buffers:
            for mean, value in zip(self.module.buffers(), model.buffers(), strict=True):
                mean.detach().copy_(value.detach())
        self.n_averaged += 1

    def _averaged(self, model: nn.Module) -> Iterator[Tensor]:
        return itertools.chain(model.parameters(), model.buffers() if self.use_buffers else ())


@no_grad()
def update_bn(loader: Iterable[Any], model: nn.Module, device: Any = None) -> None:
    """Find the running statistics of a model's batch norms again, in one pass over a loader of inputs.

    A batch that is a list or tuple starts with the input. The model's mode stays as it was.
    """
    norms = [module for module in model.modules() if _is_batch_norm(module)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
    was_training = model.training
    model.train()
    for norm in norms:
        # The mean of all batches, instead of one that forgets.
        norm.momentum = None
    for batch in loader:
        inputs = batch[0] if isinstance(batch, list | tuple) else batch
        model(inputs if device is None else inputs.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Takes each group's rate to `swa_lr` in `anneal_epochs` epochs, by "cos" or "linear", and keeps it there.

    `swa_lr` may be a list, one a group.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        for group, rate in zip(optimizer.param_groups, one_a_group("swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How much of the way to `swa_lr` is gone after a part `t` of the epochs; both from 0 to 1."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Number]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, alpha = self._way(step - 1), self._way(step)
        rates = []
        for group in self.optimizer.param_groups:
            lr, swa_lr = group["lr"], group["swa_lr"]
            # The rate that the way here must have started from.
            start = swa_lr if before == 1 else (lr - before * swa_lr) / (1 - before)
            rates.append(swa_lr * alpha + start * (1 - alpha))
        return rates

    def _way(self, step: int) -> float:
        return self.anneal_func(max(0, min(1, step / max(1, self.anneal_epochs))))


def _by_dtype(pairs: list[tuple[Tensor, Tensor]]) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
    """Lists of both sides of the pairs, for each type of the first."""
    for dtype in dict.fromkeys(mean.dtype for mean, _ in pairs):
        chosen = [pair for pair in pairs if pair[0].dtype == dtype]
        yield [mean for mean, _ in chosen], [value for _, value in chosen]


def _is_batch_norm(module: Any) -> bool:
    # Asked for by name: a layer may be loaded when it is first used.
    names = "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"
    kinds = [getattr(nn, name, None) for name in names]
    return isinstance(module, tuple(kind for kind in kinds if kind is not None))


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
