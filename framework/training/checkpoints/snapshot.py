"""All that a run must know to go on as if it had never been interrupted: taken from a Trainer, and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd import Tensor
from framework.errors import UserError, listed
from framework.training.checkpoints.generators import generator_states, set_generator_states
from framework.training.checkpoints.module_state import module_state, set_module_state
from framework.training.checkpoints.overrides import apply_overrides
from framework.training.epoch import Epoch
from framework.training.own_state.roots import keeps_itself
from framework.training.passes import has_live_workers, start_workers
from framework.training.rebuild import extra_of, weights_of

if TYPE_CHECKING:
    from framework.training.trainer import Trainer

__all__ = ["check_kinds", "check_weights", "moving", "restore", "take"]

COUNTERS = ("epoch", "step", "batch", "stop_reason", "loss")


def take(trainer: Trainer) -> dict[str, Any]:
    """The state of training beside the weights: a tree of plain values, arrays and tensors, none of them copied."""
    within = trainer.within
    return {
        **{name: getattr(trainer, name) for name in COUNTERS},
        "seconds": trainer.saving.seconds,
        "history": trainer.history.records,
        **(within.before_validation if within is not None and within.before_validation else moving(trainer)),
        "unkept": trainer.saving.own.left_out,
        "extra": extra_of(trainer.model),
        "data": trainer.saving.digests,
        "workers": [name for name, data in trainer.parts.splits.items() if has_live_workers(data)],
        "model": module_state(trainer.model),
        "kinds": _kinds(trainer),
        "optimizer": _optimizer_state(trainer),
        "scheduler": trainer.scheduler.state_dict() if keeps_itself(trainer.scheduler) else None,
        "built": trainer.saving.built,
        "within": within.state_dict() if within is not None else None,
        "plugins": trainer.plugins.save_states(trainer),
    }


def moving(trainer: Trainer) -> dict[str, Any]:
    """The part of the state that validation changes too; one that is interrupted must find it again as it was."""
    return {
        "generators": generator_states(),
        "own": trainer.saving.own.changed(),
        "on_nan": trainer.on_nan.state_dict(),
    }


def restore(trainer: Trainer, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
    """Put a state that was taken into a Trainer whose recipe was built anew; UserError where it does not fit."""
    _check_data(trainer, state)
    _load_weights(trainer.model, arrays, state["extra"])
    set_module_state(trainer.model, state["model"])
    if state["optimizer"] is not None:
        _load_optimizer(trainer, state["optimizer"])
        trainer.optimizer._opt_called = bool(state["step"])  # which a schedule asks of it
    if state["scheduler"] is not None:
        trainer.scheduler.load_state_dict(state["scheduler"])
    apply_overrides(trainer.optimizer, trainer.scheduler, state["built"], trainer.saving.built)
    for name in COUNTERS:
        setattr(trainer, name, state[name])
    trainer.history.records[:] = state["history"]
    trainer.on_nan.load_state_dict(state["on_nan"])
    trainer.plugins.load_states(trainer, state["plugins"])
    for name, data in trainer.parts.splits.items():
        begun = name == "train" and state["within"] is not None and state["within"]["trained"] is None
        if name in state["workers"] and not begun:  # a pass that was begun starts them itself
            start_workers(data)
    own = trainer.saving.own
    if state["within"] is not None:
        # What had changed when the pass began, and since then back again, is not among what has changed.
        begun = state["within"].get("pass")
        built = own.present(begun["start"]["own"]) if begun else {}
        trainer.within = Epoch(trainer.parts, own, state["within"])
        own.restore(built)
    own.restore(state["own"])
    set_generator_states(state["generators"])


def _check_data(trainer: Trainer, state: Mapping[str, Any]) -> None:
    digests = trainer.saving.digests
    changed = [name for name, digest in state["data"].items() if digest is not None and digests.get(name) != digest]
    if changed:
        raise UserError(
            f"The {' and the '.join(changed)} data is not what it was when the run began: the recipe makes other rows, "
            "or another order of them. Does a hyperparameter given on resume change it, or does it go by something that is new each time, such as the order of a set "
            "(PYTHONHASHSEED), the time, or what it finds on a disk?"
        )


def check_weights(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """UserError, naming the parameters, where a model is not of the shape that it was."""
    check_shapes(weights_of(model), arrays)


def check_shapes(here: Mapping[str, Any], there: Mapping[str, Any]) -> None:
    """UserError where the model's tensors by name are not of the shapes of those that there were."""
    shapes = [(name, _shape(here.get(name)), _shape(there.get(name))) for name in dict.fromkeys([*here, *there])]
    wrong = [f"{name} is {now}, and was {then}." for name, now, then in shapes if now != then]
    if wrong:
        raise UserError(
            "The model is not the one that was trained:"
            + listed(wrong)
            + "\nDid the recipe change, or a hyperparameter that the model goes by?"
        )


def check_kinds(trainer: Trainer, state: Mapping[str, Any]) -> None:
    """UserError where the optimizer or the schedule is of another class than the state is of."""
    now = _kinds(trainer)
    wrong = [
        f"the {part} is {now[part]}, and was {then}." for part, then in state["kinds"].items() if now[part] != then
    ]
    if wrong:
        raise UserError(
            "The state of training does not fit the recipe as it is now:"
            + listed(wrong)
            + "\nPut it back, or train anew."
        )


def _kinds(trainer: Trainer) -> dict[str, str]:
    parts = {"optimizer": trainer.optimizer, "scheduler": trainer.scheduler}
    return {name: "none" if part is None else type(part).__name__ for name, part in parts.items()}


def _load_weights(model: Any, arrays: Mapping[str, np.ndarray], extra: Mapping[str, Any]) -> None:
    from framework.operations import from_numpy

    check_weights(model, arrays)
    model.load_state_dict({**{name: from_numpy(array) for name, array in arrays.items()}, **extra})


def _shape(value: Any) -> str:
    return "missing" if value is None else f"of shape {tuple(value.shape)}"


def _optimizer_state(trainer: Trainer) -> dict[str, Any] | None:
    optimizer = trainer.optimizer
    if not hasattr(optimizer, "state_dict"):
        return None
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    groups = [[names.get(id(each)) for each in group["params"]] for group in getattr(optimizer, "param_groups", ())]
    return {"state": optimizer.state_dict(), "groups": groups}


def _load_optimizer(trainer: Trainer, saved: Mapping[str, Any]) -> None:
    """PyTorch's way of loading, but for two things: groups that were added while training, and types of state.

    A state of another type than its parameter would be cast.
    """
    optimizer, parameters = trainer.optimizer, dict(trainer.model.named_parameters())
    groups = getattr(optimizer, "param_groups", [])
    for names in saved["groups"][len(groups) :]:
        if any(name not in parameters for name in names):
            raise UserError(
                "The optimizer had a group of parameters that are not the model's; it cannot be made again."
            )
        optimizer.add_param_group({"params": [parameters[name] for name in names]})
    try:
        optimizer.load_state_dict(saved["state"])
    except (ValueError, KeyError) as error:
        raise UserError(f"The optimizer is not the one that the run was trained with: {error}") from error
    for parameter, key, value in _states(optimizer, saved["state"]):
        if isinstance(value, Tensor) and optimizer.state[parameter][key].dtype != value.dtype:
            optimizer.state[parameter][key] = value


def _states(optimizer: Any, saved: Mapping[str, Any]) -> Iterator[tuple[Any, str, Any]]:
    """Parameter, key and value of each piece of state in a `state_dict` in PyTorch's format."""
    if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
        return
    numbered = {
        number: parameter
        for group, packed in zip(optimizer.param_groups, saved["param_groups"], strict=True)
        for number, parameter in zip(packed["params"], group["params"], strict=True)
    }
    for number, entries in saved["state"].items():
        if number in numbered:
            for key, value in entries.items():
                yield numbered[number], key, value
