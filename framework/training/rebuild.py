"""Makes a trained model again from the copy of its recipe: by the file's function `model`, without the data.

`model` is given, by name, what it has parameters for: first `Recipe(model_arguments=…)`, then the hyperparameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.autograd import Tensor
from framework.errors import UserError
from framework.plugin.finding import BESIDE
from framework.plugin.manager import MADE, PluginManager
from framework.plugin.registry import FRAMEWORK, PluginError, UnknownName
from framework.training.checkpoints.generators import generators_kept
from framework.training.parts import call_by_name

if TYPE_CHECKING:
    import numpy as np

    from framework.nn import Module
    from framework.training.recipe import Recipe
    from framework.training.recipe_file import RecipeFile

__all__ = [
    "check_rebuild",
    "described",
    "extra_of",
    "load_plugins",
    "load_weights",
    "missing_plugins",
    "rebuild",
    "weights_of",
]


def rebuild(file: RecipeFile, config: Mapping[str, Any], seed: int) -> Module:
    """The model, not trained, that a run's recipe and its config.json describe."""
    from framework.training.recipe import build

    if file.model is not None:
        return _call_model(file, config["hyperparameters"], config["model_arguments"])
    try:
        return build(file, seed=seed, **config["hyperparameters"]).model
    except Exception as error:
        raise UserError(
            f"The model can only be rebuilt by the whole recipe, data included, and that fails now: "
            f"{type(error).__name__}: {error}. A recipe with a function `model(…)` that makes the network alone does "
            "not need its data again."
        ) from error


def check_rebuild(recipe: Recipe) -> None:
    """UserError when the file's `model` does not make what the recipe trains: better now than after the training."""
    file = recipe.file
    if file is None or file.model is None:
        return
    with generators_kept():
        made = _call_model(file, recipe.hyperparameters, recipe.model_arguments)
    wanted, found = _shapes(recipe.model), _shapes(made)
    if wanted != found:
        name = next(name for name in [*wanted, *found] if wanted.get(name) != found.get(name))
        here, there = found.get(name, "missing"), wanted.get(name, "missing")
        raise UserError(
            f"model() in {file.path} does not make the model that recipe() returns: {name!r} is {here} in the one, "
            f"{there} in the other. It is called again to predict; what it needs beyond hyperparameters goes into "
            "Recipe(model_arguments={…})."
        )


def load_plugins(given: Iterable[str], loaded: PluginManager) -> list[str]:
    """Load what a run was given with `-p`, as far as it is there, besides what is loaded; the names of all in use then."""
    names = [plugin.name for plugin in loaded.plugins]
    for each in given:
        if each.startswith("no:") or each in loaded:
            continue
        # Each on its own: a logger that is gone leaves out no operation.
        with suppress(PluginError):
            found = PluginManager.load([each], report=loaded.report, first_party=False, installed=False)
            names += [plugin.name for plugin in found.plugins]
    return names


def missing_plugins(error: BaseException, info: Mapping[str, Any], loaded: Iterable[str]) -> list[str]:
    """Which plugins a run was trained with, by its run.json, that are not loaded, if `error` is for want of one.

    That is so when an operation's name or a module was not found.
    """
    loaded = {*loaded, *BESIDE, FRAMEWORK}
    found = [plugin for plugin in info.get("plugins") or () if plugin["origin"] != MADE]
    missing = [plugin for plugin in found if plugin["name"] not in loaded]
    modules = {plugin["name"] for plugin in missing}
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnknownName) or (isinstance(cause, ImportError) and cause.name in modules):
            return [described(plugin) for plugin in missing]
        cause = cause.__cause__ or cause.__context__
    return []


def described(plugin: Mapping[str, Any]) -> str:
    """What run.json says of a plugin: its name, and how to install it, or where it was."""
    if plugin["distribution"]:
        return f"{plugin['name']}: pip install {plugin['distribution']}=={plugin['version']}"
    return f"{plugin['name']} ({plugin['origin']})"


def weights_of(model: Module) -> dict[str, np.ndarray]:
    """The model's parameters and buffers by name, as arrays."""
    return {name: value.detach().numpy() for name, value in model.state_dict().items() if isinstance(value, Tensor)}


def extra_of(model: Module) -> dict[str, Any]:
    """What else the model's `state_dict` holds: the extra state of its modules."""
    return {name: value for name, value in model.state_dict().items() if not isinstance(value, Tensor)}


def load_weights(model: Module, arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Put saved arrays into a model, which takes their precision; UserError when they do not fit."""
    from framework.operations import from_numpy

    weights = {name: from_numpy(array) for name, array in arrays.items()}
    for name, own in model.state_dict(keep_vars=True).items():
        saved = weights.get(name)
        if isinstance(own, Tensor) and saved is not None and _are_fractions(own, saved):
            own.data = own.data.to(saved.dtype)
    try:
        model.load_state_dict({**extra_of(model), **weights})
    except RuntimeError as error:
        raise UserError(f"{path} does not fit the model: {error}") from error


def _are_fractions(*tensors: Tensor) -> bool:
    return all(each.dtype.is_floating_point for each in tensors)


def _call_model(file: RecipeFile, hyperparameters: Mapping[str, Any], arguments: Mapping[str, Any]) -> Module:
    assert file.model is not None
    model: Module = call_by_name(file.model, values={**hyperparameters, **arguments})
    if not hasattr(model, "state_dict"):
        raise UserError(f"model() in {file.path} must return an nn.Module, not {model!r}.")
    return model


def _shapes(model: Module) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in weights_of(model).items()}
