"""The hooks that a walk runs on its way: of tensors, before and after nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framework.autograd.grad_mode import mode
from framework.autograd.gradients import as_gradient, as_tensor
from framework.autograd.nodes import Node
from framework.autograd.tensor import Tensor, wrap

if TYPE_CHECKING:
    from framework.autograd.walk import Walk


def run_hooks(hooks: Iterable[Callable[..., Any]], gradient: Any, walk: Walk) -> Any:
    """Calls each hook with the gradient as a Tensor; a hook's result, if any, takes its place."""
    tensor = as_tensor(gradient)
    for hook in hooks:
        before, mode.walk = mode.walk, walk
        try:
            result = hook(tensor)
        finally:
            mode.walk = before
        if result is None:
            continue
        if not isinstance(result, Tensor):
            raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
        name = getattr(hook, "__name__", "<unknown>")
        if result._array.dtype != tensor._array.dtype:
            raise RuntimeError(
                f"hook '{name}' has changed the type of value (was torch.{tensor.dtype.scalar_name}Tensor got "
                f"torch.{result.dtype.scalar_name}Tensor)"
            )
        if result._array.shape != tensor._array.shape:
            raise RuntimeError(f"hook '{name}' has changed the size of value")
        tensor = result
    return tensor if isinstance(gradient, Tensor) else tensor._array


def at_outputs(node: Node, gradient: Any, walk: Walk) -> Any:
    """Runs the hooks of the tensors that the node made, and keeps the gradients of those that asked for theirs."""
    if not (node.tensor_hooks or node.retained):
        return gradient
    several = node.outputs is not None
    gradients = list(gradient) if several else [gradient]
    for index, each in enumerate(gradients):
        hooks = (node.tensor_hooks or {}).get(index)
        if hooks and each is not None:
            gradients[index] = run_hooks(list(hooks.values()), each, walk)
    for index, reference in (node.retained or {}).items():
        tensor = reference()
        if tensor is not None and gradients[index] is not None:
            _retain(tensor, gradients[index])
    return gradients if several else gradients[0]


def run_prehooks(hooks: dict[int, Callable[..., Any]], gradients: Sequence[Any]) -> list[Any]:
    """Hooks that see all gradients arriving at a node."""
    found = list(gradients)
    for hook in list(hooks.values()):
        result = hook(tuple(as_tensor(each) for each in found))
        if result is not None:
            found = _replaced(hook, result, found, found)
    return found


def _replaced(hook: Callable[..., Any], result: Any, gradients: Sequence[Any], like: Sequence[Any]) -> list[Any]:
    """What a hook of a node returned, in the form that the walk carries."""
    if not isinstance(result, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(result).__name__}'")
    if len(result) != len(gradients):
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', '<unknown>')}' has returned an incorrect number of values "
            f"(got {len(result)}, but expected {len(gradients)})"
        )
    return [as_gradient(each, like[0]) for each in result]


def _retain(tensor: Tensor, gradient: Any) -> None:
    present = tensor._grad
    total = gradient if present is None else present + as_tensor(gradient)
    tensor._grad = total if isinstance(total, Tensor) else wrap(np.copy(total))


def after_node(hooks: dict[int, Callable[..., Any]], gradients: list[Any], gradient: Any) -> list[Any]:
    outputs = gradient if isinstance(gradient, list) else [gradient]
    for hook in list(hooks.values()):
        result = hook(tuple(as_tensor(each) for each in gradients), tuple(as_tensor(each) for each in outputs))
        if result is not None:
            gradients = _replaced(hook, result, gradients, outputs)
    return gradients
