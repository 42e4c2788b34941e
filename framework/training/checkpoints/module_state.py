"""What a module holds that its `state_dict` doesn't tell: non-persistent buffers, and of parameters what backward left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from framework.errors import UserError

if TYPE_CHECKING:
    from framework.autograd import Tensor
    from framework.nn import Module

__all__ = ["module_state", "set_module_state"]


def module_state(model: Module) -> dict[str, Any]:
    """Non-persistent buffers by name, and of each parameter whether it requires grad and its `.grad`.

    The arrays are the model's own, in their order of memory. Its plain attributes are `OwnState`'s.
    """
    return {
        "buffers": {name: None if buffer is None else buffer._array for name, buffer in _unsaved(model)},
        "parameters": {
            name: {
                "requires_grad": parameter.requires_grad,
                "grad": None if parameter.grad is None else parameter.grad._array,
            }
            for name, parameter in model.named_parameters()
        },
    }


def set_module_state(model: Module, state: Mapping[str, Any]) -> None:
    """Puts what `module_state` gave into a model built alike; UserError, naming it, for what the model doesn't have."""
    from framework.operations import from_numpy

    parameters, owners = dict(model.named_parameters()), _owners(model)
    for kind, wanted, found in (
        ("buffer", state["buffers"], owners),
        ("parameter", state["parameters"], parameters),
    ):
        for name in wanted:
            if name not in found:
                raise UserError(
                    f"The model has no {kind} {name!r} any more, of which there is a state: it was changed."
                )
    for name, array in state["buffers"].items():
        buffers, short = owners[name]
        _put_buffer(buffers, short, array)
    for name, each in state["parameters"].items():
        parameter = parameters[name]
        grad = each["grad"]
        if parameter.requires_grad != each["requires_grad"]:
            parameter.requires_grad_(each["requires_grad"])
        parameter.grad = None if grad is None else from_numpy(grad.copy(order="K"))


def _unsaved(model: Module) -> list[tuple[str, Tensor | None]]:
    return [(name, buffers[short]) for name, (buffers, short) in _owners(model).items()]


def _owners(model: Module) -> dict[str, tuple[dict[str, Tensor | None], str]]:
    """By name each non-persistent buffer's place: the dict that it is in, and its name there."""
    return {
        f"{path}.{name}" if path else name: (module._buffers, name)
        for path, module in model.named_modules()
        for name in module._buffers
        if name in module._non_persistent_buffers_set
    }


def _put_buffer(buffers: dict[str, Tensor | None], name: str, array: Any) -> None:
    from framework.autograd import no_grad
    from framework.operations import from_numpy

    present = buffers[name]
    if array is None:
        buffers[name] = None
    elif present is not None and present.shape == array.shape and present._array.dtype == array.dtype:
        with no_grad():
            present.copy_(from_numpy(array.copy(order="K")))
    else:
        buffers[name] = from_numpy(array.copy(order="K"))
