"""Functions of yours that see, and may change, the gradients of a module's inputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from framework.autograd import Function, Tensor, is_grad_enabled

__all__ = ["WatchedCall"]


class BackwardHookFunction(Function):
    """Passes tensors on; their gradients go through `receive` on the way back."""

    @staticmethod
    def forward(ctx: Any, receive: Callable[[Sequence[Any]], Sequence[Any]], *tensors: Tensor) -> Any:
        ctx.set_materialize_grads(False)
        ctx.receive = receive
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        return (None, *ctx.receive(gradients))


class WatchedCall:
    """One call of a module: its hooks run when the gradients of its outputs and then of its inputs are known."""

    def __init__(self, module: Any, hooks: Iterable[Callable[..., Any]]) -> None:
        self._module = module
        self._hooks = tuple(hooks)
        self._inputs: list[int] = []
        self._count = 0
        self._outputs: tuple[Any, ...] = ()

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments to call forward with."""
        self._count = len(args)
        self._inputs = _differentiable(args)
        return _passed(args, self._inputs, self._receive_inputs)

    def watch_outputs(self, result: Any) -> Any:
        """The result to hand to the caller: watched if it is a tensor or a tuple."""
        values = result if isinstance(result, tuple) else (result,)
        if not isinstance(values[0] if values else None, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                stacklevel=4,
            )
            return result
        places = _differentiable(values)

        def receive(gradients: Sequence[Any]) -> Sequence[Any]:
            self._outputs = _spread(gradients, places, len(values))
            if not self._inputs:
                self._run((None,) * self._count)
            return gradients

        passed = _passed(values, places, receive)
        if not isinstance(result, tuple):
            return passed[0]
        return type(result)(*passed) if hasattr(result, "_fields") else passed

    def _receive_inputs(self, gradients: Sequence[Any]) -> Sequence[Any]:
        changed = self._run(_spread(gradients, self._inputs, self._count))
        return [changed[place] for place in self._inputs]

    def _run(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self._hooks:
            changed = hook(self._module, gradients, self._outputs)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(gradients):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected "
                    f"{len(gradients)}"
                )
            gradients = changed
        return gradients


def _differentiable(values: tuple[Any, ...]) -> list[int]:
    if not is_grad_enabled():
        return []
    return [place for place, each in enumerate(values) if isinstance(each, Tensor) and each.requires_grad]


def _passed(values: tuple[Any, ...], places: list[int], receive: Callable[..., Any]) -> tuple[Any, ...]:
    if not places:
        return values
    passed = list(values)
    tensors = BackwardHookFunction.apply(receive, *[values[place] for place in places])
    for place, each in zip(places, tensors, strict=True):
        passed[place] = each
    return tuple(passed)


def _spread(gradients: Sequence[Any], places: list[int], count: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * count
    for place, each in zip(places, gradients, strict=True):
        spread[place] = each
    return tuple(spread)
