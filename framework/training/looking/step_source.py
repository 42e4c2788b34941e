"""Shows the training step of a recipe as the NumPy program that it runs as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from framework.compiler import Compiled
from framework.errors import UserError
from framework.training.trainer import Trainer

if TYPE_CHECKING:
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe

__all__ = ["step_source"]


def step_source(recipe: Recipe, plugins: PluginManager | Iterable[object] = ()) -> str:
    """The programs of a training step, traced on the first batches; UserError where the step cannot be one.

    The recipe's model is trained by these steps: build it anew to train it.
    """
    trainer = Trainer(recipe, plugins=plugins)
    steps, between = trainer.steps, trainer.steps.between(trainer.plugins)
    trainer.model.train()
    for batch in _batches(trainer.parts.train, 3):
        if between:
            steps.forward_backward(batch)
            steps.update()
        else:
            steps.train(batch)
    parts = [steps.forward_backward, steps.update] if between else [steps.train]
    return "\n".join(_text(each) for each in parts)


def _batches(data: Iterable[Any], count: int) -> Iterator[Any]:
    """The first batch, so many times: what a first step makes anew, such as momentum, later ones find."""
    for batch in data:
        yield from [batch] * count
        return
    raise UserError("The train data gave no batch: it is empty.")


def _text(step: Any) -> str:
    if not isinstance(step, Compiled):
        return "# The optimizer's step is Python of its own, and runs as it is written.\n"
    if step.eager:
        raise UserError(f"{step.title} runs as it is written: {step.eager}.")
    explanation = "\n".join(f"# {line}" for line in str(step.program.explain()).splitlines())
    return f"{explanation}\n\n{step.program.source}"
