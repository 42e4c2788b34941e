"""Keeps the gradients within bounds: all of them by their common norm, or each number by its size.

    framework train --clip-norm 1.0 recipe.py
    framework train --clip-value 0.5 recipe.py

Clipped is what the optimizer uses: with accumulation, the gradient of all batches of an update, once. A gradient that
is not finite has no norm to clip by; what becomes of it is for `--on-nan` to say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from framework.extend import Register, Trainer, UserError, hookimpl, takes_closure, updated_parameters
from framework.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm

MARGIN = 1e-5
"""More than PyTorch adds to a norm before it divides by it."""


class ClipNorm:
    """Scales all gradients by one factor, so that their common norm is at most `norm`."""

    def __init__(self, norm: float, norm_type: float = 2.0) -> None:
        _check("norm", norm)
        if not isinstance(norm_type, int | float) or math.isnan(norm_type) or norm_type <= 0:
            raise UserError(f"norm_type must be a number above 0, such as 2 or math.inf, not {norm_type!r}.")
        self.norm, self.norm_type = float(norm), float(norm_type)

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        _check_optimizer(trainer)

    @hookimpl(trylast=True)
    def before_step(self, trainer: Trainer) -> None:
        parameters = updated_parameters(trainer)
        total = get_total_norm([each.grad for each in parameters if each.grad is not None], self.norm_type)
        if not total.item() <= self.norm - MARGIN:  # else `clip_grad_norm_` would multiply by 1
            clip_grads_with_norm_(parameters, self.norm, total)


class ClipValue:
    """Brings each number of each gradient to between -`value` and `value`."""

    def __init__(self, value: float) -> None:
        _check("value", value)
        self.value = float(value)

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        _check_optimizer(trainer)

    @hookimpl(trylast=True)
    def before_step(self, trainer: Trainer) -> None:
        clip_grad_value_(updated_parameters(trainer), self.value)


def _check(name: str, bound: Any) -> None:
    if not isinstance(bound, int | float) or isinstance(bound, bool) or not 0 < bound < math.inf:
        raise UserError(f"Gradients are clipped to a {name} above 0, such as --clip-{name} 1.0, not {bound!r}.")


def _check_optimizer(trainer: Trainer) -> None:
    if trainer.optimizer is None:
        raise UserError("The recipe's step updates the model itself, so gradients must be clipped there.")
    if takes_closure(trainer.optimizer):
        kind = type(trainer.optimizer).__name__
        raise UserError(
            f"{kind} evaluates the loss several times a step and compares the gradients, of which only the first "
            "would be clipped. Train without clipping, with a smaller lr or line_search_fn='strong_wolfe'."
        )


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "clip_norm",
        click.Option(["--clip-norm"], type=float, metavar="NORM", help="Scale the gradients to this norm at most."),
    )
    register(
        "clip_value",
        click.Option(
            ["--clip-value"], type=float, metavar="VALUE", help="Bring each gradient's numbers to within ±VALUE."
        ),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    norm, value = options["clip_norm"], options["clip_value"]
    if norm is not None and value is not None:
        raise UserError("Clip gradients by their norm or by their values: --clip-norm or --clip-value, not both.")
    if norm is not None:
        return ClipNorm(norm)
    return ClipValue(value) if value is not None else None
