"""One step of training, as the tutorial writes it; run as programs of NumPy calls where that can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import Tensor, no_grad
from framework.autograd.decisions import decide
from framework.compiler import Compiled
from framework.training.checks import loss_number, not_finite
from framework.training.parts import takes_argument

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.parts import Parts
    from framework.training.recipe import Recipe
    from framework.training.trainer import Trainer

__all__ = ["NotFinite", "Steps", "taken"]

Step = Callable[[Any], Mapping[str, Any]]


class NotFinite(Exception):
    """The loss is nan or infinite: nothing was updated."""

    def __init__(self, loss: float) -> None:
        super().__init__(loss)
        self.loss = loss


class Steps:
    """What is done with a batch: all of a training step, its two halves for hooks to stand between, or validation.

    Each is a program once it has been traced, if `compiled`; the check of the loss is part of it.
    """

    def __init__(self, recipe: Recipe, parts: Parts, compiled: bool) -> None:
        self._recipe, self._model, self._parts = recipe, recipe.model, parts
        self._programs: list[Compiled] = []
        made = self._compiled if compiled else lambda step, name: step
        self.train = made(self._train, "training step")
        self.forward_backward = made(self._forward_backward, "forward and backward pass")
        self.validate = made(self._forward, "validation step")
        # An optimizer with a step() of its own is Python of any kind: it stays as it is.
        self._own = not getattr(parts.optimizer, "two_part", False)
        self._by_closure = takes_argument(parts.optimizer)
        self.update = self._update if self._own else made(self._update, "update")

    def between(self, plugins: PluginManager) -> bool:
        """Whether backward pass and update are done apart: hooks stand between, or the optimizer's step is its own."""
        hooks = plugins.caller("after_backward"), plugins.caller("before_step")
        return self._parts.optimizer is not None and (self._own or any(map(bool, hooks)))

    def recheck(self) -> None:
        """Has the next batch of training checked against the step as it is written."""
        for each in self._programs[:2]:
            each.recheck()

    def _compiled(self, step: Callable[..., Any], name: str) -> Any:
        program = Compiled(step, title=f"The recipe's {name}", names=self._names)
        self._programs.append(program)
        return program

    def _names(self) -> list[tuple[str, Tensor]]:
        return [*self._model.named_parameters(), *self._model.named_buffers()]

    def _forward(self, batch: Any) -> Mapping[str, Any]:
        outputs = self._parts.step(self._model, batch)
        loss = outputs["loss"]
        if isinstance(loss, Tensor) and loss.numel() == 1:
            decide(_refuse_nonfinite, loss._array)
        else:
            # Something that stands for a loss, or an error that says what it is.
            _refuse_nonfinite(np.asarray(loss_number(loss, self._recipe)))
        return outputs

    def _forward_backward(self, batch: Any) -> Mapping[str, Any]:
        outputs = self._forward(batch)
        outputs["loss"].backward()
        return outputs

    def update_after(self, outputs: Mapping[str, Any], trainer: Trainer, batch: Any) -> None:
        """`update`; an optimizer that searches for its step, such as LBFGS, has further passes made as it needs."""
        if not self._by_closure:
            self.update()
            return
        optimizer, first = self._parts.optimizer, [outputs]

        def closure() -> Any:
            if first:
                return first.pop()["loss"]
            optimizer.zero_grad()
            return taken(self.forward_backward, trainer, "train", trainer.batch, batch)["loss"]

        optimizer.step(closure)
        optimizer.zero_grad()

    def _update(self) -> None:
        with no_grad():
            self._parts.optimizer.step()
        self._parts.optimizer.zero_grad()

    def _train(self, batch: Any) -> Mapping[str, Any]:
        if self._parts.optimizer is None:
            return self._forward(batch)
        outputs = self._forward_backward(batch)
        self._update()
        return outputs


def taken(step: Step, trainer: Trainer, split: str, number: int, batch: Any) -> Mapping[str, Any]:
    """A step taken with a batch, which is checked first; NonFiniteError, with what is known, where the loss is not."""
    trainer.parts.check(batch)
    try:
        return step(batch)
    except NotFinite as error:
        raise not_finite(trainer, split, number, batch, error.loss) from None


def _refuse_nonfinite(loss: Any) -> None:
    number = loss.item()
    if not math.isfinite(number):
        raise NotFinite(number)
