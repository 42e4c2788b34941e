"""One step of training, as the tutorial writes it; run as programs of NumPy calls where that can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import Tensor, no_grad
from framework.autograd.decisions import Refused, insist
from framework.compiler import Compiled
from framework.training.checks import loss_number
from framework.training.parts import takes_argument

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.parts import Parts
    from framework.training.recipe import Recipe

__all__ = ["NotFinite", "Steps"]


class NotFinite(Refused):
    """The loss, or a gradient, is nan or infinite: nothing was updated."""

    def __init__(self, loss: float) -> None:
        super().__init__(loss)
        self.loss = loss


class Steps:
    """What is done with a batch: all of a training step, its two halves for hooks to stand between, or validation.

    Each is a program once it has been traced, if `compiled`; the check of loss and gradients is part of it.
    """

    def __init__(self, recipe: Recipe, parts: Parts, compiled: bool) -> None:
        self._recipe, self._model, self._parts = recipe, recipe.model, parts
        self._compile = compiled
        self._without_checks: Steps | None = None
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
        hooks = map(plugins.caller, ("after_backward", "should_update", "before_step", "all_gather"))
        return self._parts.optimizer is not None and (self._own or any(map(bool, hooks)))

    @property
    def unchecked(self) -> Steps:
        """The same steps without the check of loss and gradients."""
        if self._without_checks is None:
            self._without_checks = _UncheckedSteps(self._recipe, self._parts, self._compile)
        return self._without_checks

    def recheck(self) -> None:
        """Has the next batch of training checked against the step as it is written."""
        for each in self._programs[:2]:
            each.recheck()
        if self._without_checks is not None:
            self._without_checks.recheck()

    def is_finite(self, outputs: Mapping[str, Any], backward: bool) -> bool:
        """Whether the loss of a step that was taken unchecked is finite and, of a backward pass, all gradients are."""
        try:
            self._check_loss(outputs["loss"])
            if backward:
                self._check_gradients()
        except NotFinite:
            return False
        return True

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
            self._check_loss(loss)
        else:
            # Something that stands for a loss, or an error that says what it is.
            self._check_number(loss_number(loss, self._recipe))
        return outputs

    def _forward_backward(self, batch: Any) -> Mapping[str, Any]:
        outputs = self._forward(batch)
        outputs["loss"].backward()
        self._check_gradients()
        return outputs

    def _check_loss(self, loss: Tensor) -> None:
        insist(_refuse_nonfinite, loss._array)

    def _check_number(self, loss: float) -> None:
        _refuse_nonfinite(np.asarray(loss))

    def _check_gradients(self) -> None:
        insist(_refuse_nonfinite_gradients, *self._gradients())

    def _gradients(self) -> list[Any]:
        """The gradients of what the optimizer updates; of the model's parameters, if it does not say."""
        groups = getattr(self._parts.optimizer, "param_groups", None)
        if groups is None:
            groups = [{"params": self._model.parameters()}]
        return [each._grad._array for group in groups for each in group["params"] if each._grad is not None]

    def update_after(self, loss: Tensor, again: Callable[[], Tensor]) -> None:
        """`update`; an optimizer that searches for its step, such as LBFGS, has further passes made `again` as it needs."""
        if not self._by_closure:
            self.update()
            return
        optimizer, first = self._parts.optimizer, [loss]

        def closure() -> Tensor:
            if first:
                return first.pop()
            optimizer.zero_grad()
            return again()

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


class _UncheckedSteps(Steps):
    """Steps that take what comes."""

    @property
    def unchecked(self) -> Steps:
        return self

    def _check_loss(self, loss: Tensor) -> None:
        pass

    def _check_number(self, loss: float) -> None:
        pass

    def _check_gradients(self) -> None:
        pass


def _refuse_nonfinite_gradients(*gradients: Any) -> None:
    for each in gradients:
        flat = each.ravel("K")
        # Squares may overflow where what they are of does not.
        if not math.isfinite(flat.dot(flat)) and not np.isfinite(flat).all():
            raise NotFinite(math.nan)


_refuse_nonfinite_gradients.elementwise = True  # type: ignore[attr-defined]


def _refuse_nonfinite(loss: Any) -> None:
    number = loss.item()
    if not math.isfinite(number):
        raise NotFinite(number)
