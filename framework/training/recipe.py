"""A recipe: one function, in one file, that says what to train; its keyword-only parameters are the hyperparameters.

    def recipe(*, lr: float = 0.1, epochs: int = 30) -> Recipe:
        \"\"\"What it is about.\"\"\"
        return Recipe(model=…, loss=…, optimizer=…, train=…, validate=…, epochs=epochs)

`build(recipe, seed=0, lr=0.3)` seeds every generator and calls it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from framework.errors import UserError, listed
from framework.training.data_files import noting_files
from framework.training.hyperparameters import (
    REQUIRED,
    Hyperparameter,
    check_values,
    hyperparameters_of,
)
from framework.training.recipe_checks import problems
from framework.training.recipe_file import RecipeFile, load_recipe
from framework.training.samples import as_dataset
from framework.training.shipped import recipe_path

if TYPE_CHECKING:
    from framework.nn import Module
    from framework.optim import Optimizer
    from framework.plugin.hookspecs.registries import Loss, MetricLike

__all__ = ["REQUIRED", "Hyperparameter", "Recipe", "RecipeFile", "build", "load_recipe", "seed_all"]


@dataclass(kw_only=True)
class Recipe:
    """What to train, with what, on what.

    model: an `nn.Module`.
    train: the training data: a Dataset (shuffled, unless it is an IterableDataset), a DataLoader, or any iterable of
        batches that can be read anew each epoch. A batch is `(*inputs, target)`, unless `step` reads it otherwise. A list of single samples, such
        as `[(x, 0), (x, 1)]`, is a Dataset: each target is a number or a tensor of no dimension, or inputs and target
        are vectors of different lengths. All other lists, and every list when there is a `step`, hold batches.
    epochs: how often to go through it.
    loss: a function `(prediction, target) -> Tensor`, or the name of one: "cross_entropy", or a plugin's.
    optimizer: an Optimizer, or the name of one: "sgd", or a plugin's; None when `step` updates the model itself.
    validate: data to validate on after each epoch; a dict when there are several, each with its name.
    metrics: names, functions `(prediction, target) -> number` over a whole split, or `Metric` objects.
    scheduler: an object whose `step()` sets the learning rate, or the name of one, called every epoch or every step.
        One whose `step(loss)` goes by a metric, as ReduceLROnPlateau, gets the first validation loss, or training's.
    step: replaces forward pass and loss: `step(model, batch)` returns the loss, or a dict with "loss" and, for
        metrics, "prediction" and "target"; "count" is what the loss is a mean over, if not the target's elements.
        It is called for validation too: the model is then in evaluation mode (`model.training` is False).
    inputs, classes: names of the input columns and of the classes, which `framework predict` goes by.
    batch_size: of a Dataset; a DataLoader has its own.
    plugins: objects with hooks that take part in training, such as `EarlyStopping(patience=3)`.
    model_arguments: what the file's function `model` needs besides hyperparameters, as JSON values.

    A part given by name is built with those hyperparameters that it takes by name, as `lr`.

    Beside `recipe` its file may have two functions, which are given by name the hyperparameters and model arguments that
    they have parameters for. `model(…)` makes the network: `framework predict` needs no data then. `dataset(data)` reads
    a data file whole, as samples: `framework evaluate RUN --data FILE` measures the model on all of that.
    """

    model: Module
    train: Any
    epochs: int
    loss: Loss | str | None = None
    optimizer: Optimizer | str | None = None
    validate: Any = None
    metrics: Iterable[MetricLike | str] | Mapping[str, MetricLike | str] = ()
    scheduler: Any = None
    scheduler_every: Literal["epoch", "step"] = "epoch"
    step: Callable[[Any, Any], Any] | None = None
    inputs: Sequence[str] | None = None
    classes: Sequence[str] | None = None
    batch_size: int = 32
    plugins: Sequence[object] = ()
    model_arguments: Mapping[str, Any] = field(default_factory=dict)

    hyperparameters: dict[str, Any] = field(default_factory=dict, init=False)
    origins: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    seed: int | None = field(default=None, init=False)
    file: RecipeFile | None = field(default=None, init=False, repr=False)
    read: list[str] = field(default_factory=list, init=False, repr=False)
    """The files that were opened while the recipe was built."""

    def __post_init__(self) -> None:
        wrong = list(problems(self))
        if wrong:
            raise UserError("This Recipe does not fit together:" + listed(wrong))
        if self.step is None:
            self.train = as_dataset(self.train)
            self.validate = (
                {name: as_dataset(data) for name, data in self.validate.items()}
                if isinstance(self.validate, Mapping)
                else as_dataset(self.validate)
            )

    @property
    def validation(self) -> dict[str, Any]:
        """The validation data by name; a single one is called "validation"."""
        if self.validate is None:
            return {}
        return dict(self.validate) if isinstance(self.validate, Mapping) else {"validation": self.validate}

    @property
    def splits(self) -> dict[str, Any]:
        """The data by the names of its sets, training first."""
        return {"train": self.train, **self.validation}


def build(
    recipe: Callable[..., Recipe] | RecipeFile | str | Path,
    /,
    *,
    seed: int = 0,
    **hyperparameters: Any,
) -> Recipe:
    """Seed every generator, then call a recipe: a function, a path, the name of a shipped one, or a loaded file.

    Raises UserError for a hyperparameter that the recipe does not have, or of the wrong type.
    """
    file = load_recipe(recipe_path(recipe)) if isinstance(recipe, str | Path) else recipe
    if isinstance(file, RecipeFile):
        function, known = file.function, file.hyperparameters
    else:
        function, known = file, hyperparameters_of(file)
    values = check_values(function.__name__, known, hyperparameters)
    seed_all(seed)
    with noting_files() as read:
        built = function(**values)
    if not isinstance(built, Recipe):
        hint = "; is a `return` missing?" if built is None else "."
        raise UserError(f"{function.__name__}() must return a Recipe, but returned {built!r}{hint}")
    built.hyperparameters = values
    built.origins = {name: "given" if name in hyperparameters else "default" for name in values}
    built.seed = seed
    built.file = file if isinstance(file, RecipeFile) else None
    built.read = list(read)
    return built


def seed_all(seed: int) -> None:
    """Seed the framework's generator, Python's and NumPy's global one."""
    import random

    import numpy as np

    from framework.random import manual_seed

    manual_seed(seed)
    random.seed(seed % 2**32)  # Python takes -1 for 1
    np.random.seed(seed % 2**32)
