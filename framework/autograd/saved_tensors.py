"""`saved_tensors_hooks`: what the graph keeps for backward is packed and unpacked by functions of yours."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from framework.autograd.function import FunctionNode
from framework.autograd.grad_mode import mode, watching
from framework.autograd.operation_node import OperationNode, placed
from framework.autograd.tensor import Tensor


class saved_tensors_hooks:
    """Inside, `pack_hook(tensor)` is called with each tensor kept for backward, and `unpack_hook` with what it returned.

    `unpack_hook` must return a tensor of the same values, whenever backward asks for it.
    Source: `torch.autograd.graph.saved_tensors_hooks`.
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self._pack = pack_hook
        self._unpack = unpack_hook
        self._stack = ExitStack()

    def __enter__(self) -> None:
        if mode.hooks_refused is not None:
            raise RuntimeError(mode.hooks_refused)
        self._stack.enter_context(watching(self._on_node))

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _on_node(self, node: Any) -> None:
        inner = [each for each in mode.watchers if getattr(each, "__func__", None) is saved_tensors_hooks._on_node]
        if inner[-1] != self._on_node:
            return
        if isinstance(node, OperationNode):
            # A Python number became an array too, which is nobody's tensor.
            tensors = {*node.guards[2::3], *range(len(node.operation.parameters) + 1, len(node.saved))}
            numbers = [number for number in tensors if hasattr(node.saved[number], "__array_function__")]
            if numbers:
                node.pack(numbers, self._pack, self._unpack)
        elif isinstance(node, FunctionNode):
            node.ctx._saved = [self._repack(each, node) for each in node.ctx._saved]

    def _repack(self, kept: Callable[[], Any], node: FunctionNode) -> Callable[[], Any]:
        tensor = kept()
        if tensor is None:
            return kept
        edge = tensor.edge if tensor.requires_grad else None
        leaf = tensor if tensor.requires_grad and edge is None else None
        # The node's own output is packed outside the graph, for a node that held it would hold itself.
        place = weakref.ref(node) if edge is not None and edge[0] is node else None
        index = tensor.output_nr
        packed = self._pack(tensor if place is None else tensor.detach())
        if place is not None:
            edge = None

        def unpack() -> Any:
            array = self._unpack(packed)._array
            return placed(array, (place(), index) if place is not None else leaf if edge is None else edge)

        return unpack


class save_on_cpu(saved_tensors_hooks):
    """Accepted as in PyTorch: tensors are on the CPU already, so they are kept as they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cpu") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


class disable_saved_tensors_hooks(contextlib.ContextDecorator):
    """Inside, entering `saved_tensors_hooks` raises RuntimeError with this message."""

    def __init__(self, error_message: str) -> None:
        self._message = error_message
        self._before: list[str | None] = []

    def __enter__(self) -> None:
        if any(getattr(each, "__func__", None) is saved_tensors_hooks._on_node for each in mode.watchers):
            raise RuntimeError(self._message)
        self._before.append(mode.hooks_refused)
        mode.hooks_refused = self._message

    def __exit__(self, *exception: object) -> None:
        mode.hooks_refused = self._before.pop()


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Inside, tensors kept for backward may be written to afterwards: backward sees them as they were kept.

    Each is copied when it is kept, where PyTorch copies it when it is written to: the same values, more memory.
    """
    with saved_tensors_hooks(lambda tensor: tensor.detach().clone(), lambda tensor: tensor):
        yield
