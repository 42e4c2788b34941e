"""The layers of a model as a table, with the shapes they give where the model can be run: on a batch, or on zeros like one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from framework.errors import in_words
from framework.nn.model_summary import Summary, summary_of
from framework.training.checkpoints.generators import generators_kept

if TYPE_CHECKING:
    from framework.nn import Module
    from framework.training.recipe import Recipe

__all__ = ["layers_of", "model_of_shapes", "model_table"]


def model_table(recipe: Recipe) -> tuple[Summary, str | None]:
    """The model's layers with their shapes for the first batch of the training data, and None.

    Where it cannot be run on that: without the shapes, and why.
    """
    from framework.training.parts import batches_of

    def run() -> object:
        batch = next(iter(batches_of(recipe.train, recipe.batch_size)))
        if recipe.step is not None:
            return recipe.step(recipe.model, batch)
        return recipe.model(*batch[:-1])

    with generators_kept():
        return _tried(recipe.model, [run])


def model_of_shapes(model: Module, batch: Any) -> tuple[Summary, str | None]:
    """The same for zeros of the shapes that `samples.shapes_of` noted of a batch; None where nothing was noted."""
    try:
        parts = list(_zeros(batch))
    except (AttributeError, KeyError, TypeError, RuntimeError):  # from a file that may hold anything
        parts = []
    # With a step of its own, a recipe may call its model with more or less of a batch than all but the target.
    ways = [parts[:-1], parts[:1], parts]
    return _tried(model, [partial(model, *inputs) for inputs in ways if inputs])


def layers_of(table: Summary) -> dict[str, Any]:
    """A table as JSON can hold it."""
    return {
        "layers": [
            {
                "name": row.name,
                "class": row.kind,
                "output_shapes": None if row.shapes is None else [list(shape) for shape in row.shapes],
                "parameters": row.parameters,
                "trainable": row.trainable,
            }
            for row in table.rows
        ],
        "parameters": table.parameters,
        "trainable": table.trainable,
        "parameter_bytes": table.parameter_bytes,
        "buffer_bytes": table.buffer_bytes,
        "output_bytes": table.output_bytes,
    }


def _tried(model: Module, ways: list[Callable[[], object]]) -> tuple[Summary, str | None]:
    why = "" if ways else "the shapes of its inputs are not known"
    for run in ways:

        def evaluated(run: Callable[[], object] = run) -> object:
            model.eval()  # a batch of one has no variance; the modes are put back with all else
            return run()

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a recipe's own code, which says so when it trains
                return summary_of(model, evaluated), None
        except Exception as error:
            why = why or in_words(error)
    return summary_of(model, lambda: None), why


def _zeros(batch: Any) -> Iterator[Any]:
    """The parts of a batch, each as zeros, which are an index for any table too."""
    import framework

    for each in batch if isinstance(batch, list) else [batch]:
        if isinstance(each, list):
            yield list(_zeros(each))
        elif "of" in each:
            yield {name: next(_zeros([part])) for name, part in each["of"].items()}
        else:
            yield framework.zeros(each["shape"], dtype=getattr(framework, each["dtype"]))
