"""Functions of yours that see, and may change, the gradients of a module's inputs and outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from framework.autograd import Function, Tensor, is_grad_enabled
from framework.operations import zeros

__all__ = ["WatchedCall", "watch_last_node"]

_Hook = Callable[..., Any]


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
    """One call of a module: its hooks run when the gradients of its outputs, and then of its inputs, are known."""

    def __init__(self, module: Any, hooks: Sequence[_Hook], before: Sequence[_Hook] = ()) -> None:
        self._module = module
        self._hooks = hooks
        self._before = before
        self._inputs: list[int] = []
        self._count = 0
        # Of every tensor among the inputs: its place, shape and type.
        self._tensors: list[tuple[int, Any, Any]] = []
        # The gradients of the outputs, between their arrival and that of the inputs'.
        self._outputs: tuple[Any, ...] | None = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments to call forward with."""
        self._count = len(args)
        self._inputs = _differentiable(args)
        self._tensors = [(place, each.shape, each.dtype) for place, each in enumerate(args) if isinstance(each, Tensor)]
        return _passed(args, self._inputs, self._receive_inputs)

    def watch_outputs(self, result: Any) -> Any:
        """The result to hand to the caller: watched if it is a tensor or a tuple."""
        if not isinstance(result, Tensor | tuple):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                stacklevel=5,
            )
            return result
        values = result if isinstance(result, tuple) else (result,)
        places = _differentiable(values)

        def receive(gradients: Sequence[Any]) -> Sequence[Any]:
            self._outputs = self._run_before(_spread(gradients, places, len(values)))
            changed = [self._outputs[place] for place in places]
            if not self._inputs:
                self._run_without_inputs()
            return changed

        passed = _passed(values, places, receive)
        if not isinstance(result, tuple):
            return passed[0]
        return passed if type(result) is tuple else type(result)(*passed)

    def _run_before(self, gradients: Any) -> Any:
        for hook in self._before:
            changed = hook(self._module, gradients)
            if changed is None:
                continue
            if len(changed) != len(gradients):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, got "
                    f"{len(changed)}, but expected {len(gradients)}"
                )
            gradients = changed
        return gradients

    def _run_without_inputs(self) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        for hook in self._hooks:
            changed = hook(self._module, (None,) * self._count, self._outputs)
            if changed is not None and not (isinstance(changed, tuple) and all([each is None for each in changed])):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )
        self._outputs = None

    def _receive_inputs(self, gradients: Sequence[Any]) -> Sequence[Any]:
        if self._outputs is None:
            # They came by another way than through the outputs.
            return gradients
        spread: Any = self._filled(gradients)
        for hook in self._hooks:
            changed = hook(self._module, spread, self._outputs)
            if changed is None:
                continue
            if len(changed) != len(spread):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected "
                    f"{len(spread)}"
                )
            spread = changed
        self._outputs = None
        return [spread[place] for place in self._inputs]

    def _filled(self, gradients: Sequence[Any]) -> tuple[Any, ...]:
        """As PyTorch has them: zeros where a tensor has no gradient, None where there is no tensor."""
        spread = list(_spread(gradients, self._inputs, self._count))
        for place, shape, dtype in self._tensors:
            if spread[place] is None:
                spread[place] = zeros(shape, dtype=dtype)
        return tuple(spread)


def watch_last_node(module: Any, hooks: Sequence[_Hook], args: Any, result: Any) -> None:
    """Calls hooks of PyTorch's older kind with the gradients of the node that made the (first) result."""
    first = result
    while not isinstance(first, Tensor):
        if isinstance(first, dict):
            first = next(each for each in first.values() if isinstance(each, Tensor))
        else:
            first = first[0]
    node = first.grad_fn
    if node is None:
        return
    for hook in hooks:
        node.register_hook(partial(hook, module))
    trouble = _trouble(args, result, node)
    if trouble is not None:
        warnings.warn(trouble, FutureWarning, stacklevel=4)


_ADVICE = " Please use register_full_backward_hook to get the documented behavior."


def _trouble(args: Any, result: Any, node: Any) -> str | None:
    """Which gradients a hook of the older kind does not see, if any."""
    outputs = result if isinstance(result, tuple) else (result,)
    if not all([isinstance(each, Tensor) for each in outputs]):
        return (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors is "
            f"deprecated and will be removed in future versions. This hook will be missing some of the grad_output.{_ADVICE}"
        )
    if not all([isinstance(each, Tensor) for each in args]):
        return (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
            "Tensors is deprecated and will be removed in future versions. This hook will be missing some of the "
            f"grad_input.{_ADVICE}"
        )
    makers = {each.grad_fn for each in outputs if each.grad_fn is not None}
    if not makers or (len(makers) == 1 and node not in makers):
        return (
            "Using a non-full backward hook when outputs are nested in python data structure is deprecated and will be "
            "removed in future versions. This hook will be missing some grad_output."
        )
    if len(makers) > 1:
        return (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes is deprecated and "
            f"will be removed in future versions. This hook will be missing some grad_output.{_ADVICE}"
        )
    if {each.grad_fn for each in args if each.grad_fn is not None} != {each for each, _ in node.next_functions}:
        return (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes is deprecated and will be "
            f"removed in future versions. This hook will be missing some grad_input.{_ADVICE}"
        )
    return None


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
