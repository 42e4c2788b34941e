"""Says what is wrong with the parts of a recipe, before anything is trained: each problem with the right call."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from framework.training.checks import wrong_inputs
from framework.training.samples import known_length

if TYPE_CHECKING:
    from framework.training.recipe import Recipe

__all__ = ["problems"]


def problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with a recipe, a sentence for each problem."""
    yield from _wrong_parts(recipe)
    yield from _missing_parts(recipe)
    yield from _wrong_data(recipe)
    yield from _wrong_names(recipe)


def _wrong_parts(recipe: Any) -> Iterator[str]:
    if inspect.isclass(recipe.model):
        yield f"model is the class {recipe.model.__name__}; make one: model={recipe.model.__name__}(…)."
    elif not callable(recipe.model) or not hasattr(recipe.model, "state_dict"):
        yield f"model must be an nn.Module, not {recipe.model!r}."
    for name in ("epochs", "batch_size"):
        number = getattr(recipe, name)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            yield f"{name} must be a whole number from 1 up, not {number!r}."
    yield from _wrong_part("loss", recipe.loss, (), "a function (prediction, target), such as nn.CrossEntropyLoss()")
    yield from _wrong_part(
        "optimizer",
        recipe.optimizer,
        ("step", "zero_grad"),
        "an Optimizer, such as optim.SGD(…)",
        "model.parameters(), ",
    )
    yield from _wrong_part("scheduler", recipe.scheduler, ("step",), "an object with step()", "optimizer, ")
    if recipe.step is not None and not callable(recipe.step):
        yield f"step must be a function (model, batch), not {recipe.step!r}."
    metrics = recipe.metrics
    if not isinstance(metrics, Iterable) and not callable(metrics) and not hasattr(metrics, "update"):
        yield f'metrics must be a list of names, functions or Metrics, such as ["accuracy"], not {metrics!r}.'


def _wrong_part(name: str, part: Any, methods: tuple[str, ...], right: str, first: str = "") -> Iterator[str]:
    if part is None or isinstance(part, str):
        return
    if inspect.isclass(part):
        yield f"{name} is the class {part.__name__}; make one: {name}={part.__name__}({first}…)."
    elif not (all(hasattr(part, method) for method in methods) if methods else callable(part)):
        yield f"{name} must be {right}, or a name, not {part!r}."


def _missing_parts(recipe: Any) -> Iterator[str]:
    if recipe.loss is None and recipe.step is None:
        yield "there is neither loss nor step; give loss=nn.CrossEntropyLoss(), say, or a step of your own."
    if recipe.optimizer is None and recipe.step is None:
        yield "there is no optimizer; leave it out only when your step updates the model itself."
    if recipe.scheduler is not None and recipe.optimizer is None:
        yield "a scheduler needs an optimizer."
    if recipe.scheduler_every not in ("epoch", "step"):
        yield f"scheduler_every must be 'epoch' or 'step', not {recipe.scheduler_every!r}."


def _wrong_data(recipe: Any) -> Iterator[str]:
    if "train" in recipe.validation:
        yield "validate has a set called 'train', which is the training data's name; call it otherwise."
    for name, data in recipe.splits.items():
        if isinstance(data, str | bytes) or not (hasattr(data, "__iter__") or hasattr(data, "__getitem__")):
            yield f"the {name} data must be a Dataset, a DataLoader or an iterable of batches, not {data!r}."
        elif known_length(data) == 0:
            way = "" if name == "train" else ", or leave it out"
            yield f"the {name} data is empty: a split of too few samples leaves none. Give more{way}."
    if not isinstance(recipe.model_arguments, Mapping):
        yield f"model_arguments must be a dict of JSON values by name, not {recipe.model_arguments!r}."


def _wrong_names(recipe: Any) -> Iterator[str]:
    for what in ("inputs", "classes"):
        names = getattr(recipe, what)
        if names is None:
            continue
        if (
            isinstance(names, str)
            or not isinstance(names, Collection)
            or not all(isinstance(name, str) for name in names)
        ):
            yield f"{what} must be a list of names, not {names!r}."
        elif what == "inputs" and recipe.step is None:
            features = _features(recipe.train)
            wrong = None if features is None else wrong_inputs(names, features)
            if wrong:
                yield wrong


def _features(data: Any) -> int | None:
    """How many a sample has, where that is plain to see without reading one."""
    from framework.data import Subset, TensorDataset

    while type(data) is Subset:
        data = data.dataset
    if type(data) is not TensorDataset or len(data.tensors) != 2 or data.tensors[0].ndim != 2:
        return None
    return int(data.tensors[0].shape[1])
