"""`saved_tensors_hooks`: what the graph keeps for backward is packed and unpacked by functions of yours."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from framework.autograd.function import FunctionNode
from framework.autograd.grad_mode import mode, watching
from framework.autograd.operation_node import OperationNode, placed
from framework.autograd.tensor import Tensor, wrap


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
            saved = list(node.saved)
            for number in numbers:
                saved[number] = self._pack(_original(node, number))
            node.saved = saved
            node.guards = ()
            if numbers:
                node.unpack = lambda saved: self._unpacked(saved, numbers)
        elif isinstance(node, FunctionNode):
            node.ctx._saved = [self._repack(each, node) for each in node.ctx._saved]

    def _unpacked(self, saved: list[Any], numbers: list[int]) -> list[Any]:
        result = list(saved)
        for number in numbers:
            tensor = self._unpack(saved[number])
            if not isinstance(tensor, Tensor):
                raise TypeError(
                    f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                    f"{type(tensor).__name__}"
                )
            result[number] = tensor._array
        return result

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


def _original(node: OperationNode, number: int) -> Tensor:
    """A kept value as the tensor it was: an input in its place in the graph."""
    array = node.saved[number]
    edge = node.edges[node.operation.positions[number]] if number in node.operation.positions else None
    if isinstance(edge, Tensor) and edge._array is array:
        return edge
    tensor = wrap(array) if edge is None else placed(array, edge)
    return tensor


class save_on_cpu(saved_tensors_hooks):
    """Accepted as in PyTorch: tensors are on the CPU already, so they are kept as they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cpu") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)
