"""Turns a recipe into what the training loop runs: names looked up, datasets in loaders, the step as one function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.errors import UserError
from framework.training.checks import check_batch_labels, check_labels
from framework.training.decisions import gives_probabilities
from framework.training.metrics import Metric, named_metrics
from framework.training.samples import known_length, samples_in

if TYPE_CHECKING:
    from framework.autograd import Tensor
    from framework.plugin.manager import PluginManager
    from framework.training.recipe import Recipe

__all__ = ["Parts", "Step", "batches_of", "call_by_name", "prepare"]

Step = Callable[[Any, Any], Mapping[str, Any]]


@dataclass
class Parts:
    """The parts of a recipe, ready to run; `step(model, batch)` returns a dict with the loss and what metrics need.

    `check(batch)` comes before a step; `count(batch, outputs)` is what its loss is a mean over.
    """

    step: Step
    check: Callable[[Any], None]
    count: Callable[[Any, Mapping[str, Any]], float]
    optimizer: Any
    scheduler: Any
    metrics: Mapping[str, Metric]
    train: Iterable[Any]
    validation: Mapping[str, Iterable[Any]]
    summed: bool

    @property
    def splits(self) -> dict[str, Iterable[Any]]:
        """The batches by the names of their sets, training first."""
        return {"train": self.train, **self.validation}

    @property
    def batches(self) -> int | None:
        """Batches of training in an epoch; None where it is a stream that does not say."""
        return known_length(self.train)

    def step_scheduler(self, metrics: Mapping[str, float]) -> None:
        """End an epoch. A scheduler that goes by a metric is told the loss: of the first validation set, or training."""
        if takes_argument(self.scheduler):
            split = next(iter(self.validation), "train")
            self.scheduler.step(metrics[f"{split}/loss"])
        else:
            self.scheduler.step()


def prepare(recipe: Recipe, plugins: PluginManager) -> Parts:
    """The recipe's parts; UserError for a name that is not known or data that cannot be right."""
    values = recipe.hyperparameters
    loss, optimizer, scheduler = recipe.loss, recipe.optimizer, recipe.scheduler
    if isinstance(loss, str):
        found = plugins.registry("losses")[loss]
        loss = call_by_name(found, values=values) if inspect.isclass(found) else found
    if isinstance(optimizer, str):
        found = plugins.registry("optimizers")[optimizer]
        optimizer = call_by_name(found, recipe.model.parameters(), values=values)
    if isinstance(scheduler, str):
        scheduler = call_by_name(plugins.registry("schedulers")[scheduler], optimizer, values=values)
    if recipe.scheduler_every == "step" and takes_argument(scheduler):
        raise UserError(f"{type(scheduler).__name__} goes by the loss of an epoch: leave scheduler_every='step' out.")
    metrics = named_metrics(recipe.metrics, plugins.registry("metrics"))
    if "loss" in metrics:
        raise UserError("No metric can be called 'loss': that is the loss itself.")
    for metric in metrics.values():
        metric.of_probabilities = gives_probabilities(loss)
    checked = [check_labels(name, data, loss) for name, data in recipe.splits.items()]
    return Parts(
        step=_own_step(recipe) if recipe.step else _default_step(loss),
        check=(lambda batch: None) if recipe.step else _default_check(loss, labels=not all(checked)),
        count=_own_count if recipe.step else _default_count(loss),
        optimizer=optimizer,
        scheduler=scheduler,
        metrics=metrics,
        train=batches_of(recipe.train, recipe.batch_size, shuffle=True),
        validation={name: batches_of(data, recipe.batch_size) for name, data in recipe.validation.items()},
        summed=getattr(loss, "reduction", "mean") == "sum",
    )


def call_by_name(function: Callable[..., Any], *arguments: Any, values: Mapping[str, Any]) -> Any:
    """Call `function`, giving it those of `values` that it has parameters for; UserError when one is missing."""
    parameters = list(inspect.signature(function).parameters.values())[len(arguments) :]
    plain = [each for each in parameters if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)]
    missing = [each.name for each in plain if each.name not in values and each.default is each.empty]
    if missing:
        known = f"there are {', '.join(values)}" if values else "there are none"
        raise UserError(f"{function.__name__}() needs {', '.join(map(repr, missing))} by name; {known}.")
    return function(*arguments, **{each.name: values[each.name] for each in plain if each.name in values})


def takes_argument(part: Any) -> bool:
    """Whether `part.step` must be told something: a metric, as ReduceLROnPlateau's, or a closure, as LBFGS's."""
    # Of the class: a schedule wraps its optimizer's step, in what has another signature.
    step = getattr(type(part), "step", None)
    try:
        parameters = inspect.signature(step.__get__(part) if step else part.step).parameters.values()
    except (AttributeError, TypeError, ValueError):
        return False
    return any(each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD for each in parameters)


def batches_of(data: Any, batch_size: int, shuffle: bool = False) -> Iterable[Any]:
    """The batches of data: those of a Dataset, else what it gives itself."""
    from framework.data import DataLoader, Dataset, IterableDataset

    if not isinstance(data, Dataset):
        return data
    # A stream has an order of its own.
    return DataLoader(data, batch_size=batch_size, shuffle=shuffle and not isinstance(data, IterableDataset))


def _default_check(loss: Any, labels: bool) -> Callable[[Any], None]:
    def check(batch: Any) -> None:
        if not isinstance(batch, list | tuple) or len(batch) < 2:
            raise UserError(
                f"A batch must be (*inputs, target), not {type(batch).__name__}; for another kind, "
                "give the recipe its own step: Recipe(step=lambda model, batch: …)."
            )
        if labels:
            check_batch_labels(batch[-1], loss)

    return check


def _default_step(loss: Any) -> Step:
    def step(model: Any, batch: Any) -> Mapping[str, Any]:
        *inputs, target = batch
        prediction = model(*inputs)
        return {"loss": loss(prediction, target), "prediction": prediction, "target": target}

    return step


def _default_count(loss: Any) -> Callable[[Any, Mapping[str, Any]], float]:
    count = _counter(loss)
    return lambda batch, outputs: count(batch[-1])


def _own_step(recipe: Recipe) -> Step:
    own = recipe.step
    assert own is not None
    wanted = {"prediction", "target"} if recipe.metrics else set()

    def step(model: Any, batch: Any) -> Mapping[str, Any]:
        outputs = own(model, batch)
        if not isinstance(outputs, Mapping):
            outputs = {"loss": outputs}
        outputs = {"prediction": None, "target": None, **outputs}
        loss = outputs.get("loss")
        if not hasattr(loss, "backward"):
            raise UserError(
                f"The recipe's step must return the loss, a Tensor, or a dict with it as 'loss', not {loss!r}."
            )
        missing = sorted(name for name in wanted if outputs[name] is None)
        if missing:
            raise UserError(
                f"For its metrics, the recipe's step must return a dict with {' and '.join(map(repr, missing))}."
            )
        return outputs

    return step


def _own_count(batch: Any, outputs: Mapping[str, Any]) -> float:
    if "count" in outputs:
        return float(outputs["count"])
    target = outputs["target"]
    return samples_in(batch) if target is None else target.numel()


def _counter(loss: Any) -> Callable[[Tensor], float]:
    """What a batch's loss is a mean over: its target's elements, or those not ignored, each by its class's weight."""
    ignored = getattr(loss, "ignore_index", None)
    if ignored is None:
        return lambda target: target.numel()
    weight = getattr(loss, "weight", None)

    def count(target: Tensor) -> float:
        classes = target.detach().numpy()
        if classes.dtype.kind == "f":  # probabilities, of which none is ignored
            return classes.size
        kept = classes != ignored
        if weight is None:
            return int(np.count_nonzero(kept))
        return float(weight.detach().numpy()[classes[kept]].sum())

    return count
