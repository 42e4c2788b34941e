"""Updates by the gradient of several batches together, as if they were one: large batches in little memory.

    framework train --accumulate 8 recipe.py

Exact, also for the last, shorter update of an epoch and for batches of different sizes: the gradient is that of one
batch with all their samples. A loss that is a mean counts by what it is a mean over (`count` where a recipe's own step
says so), one that adds up is added. What a batch changes in the forward pass, such as batch norm's statistics, goes by
each batch on its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framework.extend import (
    Register,
    Tensor,
    Trainer,
    UserError,
    hookimpl,
    no_grad,
    takes_closure,
    updated_parameters,
)


class Accumulate:
    """Lets an update wait for so many `batches`. One that is owed at the end of an epoch is made then."""

    def __init__(self, batches: int) -> None:
        if not isinstance(batches, int) or isinstance(batches, bool) or batches < 1:
            raise UserError(f"Gradients are accumulated over 1 batch or more, such as --accumulate 4, not {batches!r}.")
        self.batches = batches
        self._clear()

    def _clear(self) -> None:
        # Sums of gradients, each times its batch's count; of a single batch the gradient itself, as it is.
        self.sums: dict[Tensor, Tensor] = {}
        self.taken = 0
        self.count = 0.0

    @hookimpl
    def train_start(self, trainer: Trainer) -> None:
        self._clear()
        if trainer.optimizer is None:
            raise UserError("The recipe's step updates the model itself, so nothing can be accumulated between steps.")
        if takes_closure(trainer.optimizer):
            kind = type(trainer.optimizer).__name__
            raise UserError(
                f"{kind} evaluates the loss of one batch as often as it needs, so an update cannot be made of several: "
                "use a larger batch size in place of --accumulate."
            )

    @hookimpl(trylast=True)
    @no_grad()
    def should_update(self, trainer: Trainer) -> bool | None:
        count = 1.0 if trainer.summed else float(trainer.count)
        if self.taken == 1:
            for total in self.sums.values():
                total.mul_(self.count)
        for parameter in updated_parameters(trainer):
            gradient, parameter.grad = parameter.grad, None
            if gradient is None:
                continue
            if parameter in self.sums:
                self.sums[parameter].add_(gradient, alpha=count)
            else:
                self.sums[parameter] = gradient.mul_(count) if self.taken else gradient
        self.taken += 1
        self.count += count
        return None if self.taken >= self.batches else False

    @hookimpl(tryfirst=True)
    @no_grad()
    def before_step(self, trainer: Trainer) -> None:
        # Where nothing counted, as a step of the recipe's own may say, the sums are zeros.
        divided = self.taken > 1 and not trainer.summed and self.count != 0
        for parameter, total in self.sums.items():
            parameter.grad = total.div_(self.count) if divided else total
        self._clear()

    @hookimpl
    def save_state(self, trainer: Trainer) -> Mapping[str, Any]:
        sums = [self.sums.get(parameter) for parameter in updated_parameters(trainer)]
        return {"sums": sums, "taken": self.taken, "count": self.count}

    @hookimpl
    def load_state(self, trainer: Trainer, state: Mapping[str, Any]) -> None:
        pairs = zip(updated_parameters(trainer), state["sums"], strict=True)
        self.sums = {parameter: total for parameter, total in pairs if total is not None}
        self.taken, self.count = state["taken"], state["count"]


@hookimpl
def register_options(register: Register[Any]) -> None:
    import click

    register(
        "accumulate",
        click.Option(["--accumulate"], type=int, metavar="N", help="Update by the gradient of N batches together."),
    )


@hookimpl
def make_plugins(options: Mapping[str, Any]) -> object:
    batches = options["accumulate"]
    return Accumulate(batches) if batches is not None else None
