"""The recorded graph, and the walk that computes gradients along it.

A `Node` stands for one recorded operation. It keeps arrays, never the tensors it made, so a graph holds no reference
cycle and goes when its last tensor goes. An edge says where the gradient of an input goes next: `(node, output
number)` for a computed tensor, the tensor itself for a leaf, None where no gradient is needed.

Nodes are numbered as they are made, and every edge points to an older node: walking from the newest to the oldest
visits each node once, after everything that used it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.autograd.hooks import RemovableHandle

if TYPE_CHECKING:
    from framework.autograd.tensor import Tensor

# The newest node has the smallest number, so that a heap gives it first.
sequence = count(0, -1)
new = object.__new__


class Node:
    """One recorded operation: the `grad_fn` of the tensors it made.

    `shape` and `dtype` describe its output, by which gradients that arrive are undone of broadcasting and cast;
    with several outputs (`outputs` is not None) they are tuples.
    """

    __slots__ = ("__dict__", "__weakref__", "dtype", "edges", "outputs", "saved", "sequence", "shape")

    edges: Any
    outputs: int | None
    saved: Any
    shape: Any
    dtype: Any
    sequence: int

    # Kept in the instance's __dict__ only where one is added: most nodes have none. `watched` is set with them.
    watched = False
    hooks: dict[int, Callable[..., Any]] | None = None
    prehooks: dict[int, Callable[..., Any]] | None = None
    tensor_hooks: dict[int, dict[int, Callable[..., Any]]] | None = None
    retained: dict[int, Any] | None = None
    _metadata: dict[Any, Any] | None = None
    trace: str | None = None

    def name(self) -> str:
        """The name PyTorch prints, such as `AddBackward0`."""
        return type(self).__name__

    def title(self) -> str:
        """The name in messages, such as `Add`."""
        name = self.name()
        return name if "::" in name else name.replace("Backward", "").removesuffix("0")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for the user's own notes."""
        if self._metadata is None:
            self._metadata = {}
        return self._metadata

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """Where the gradients go: a (node, output number) for each input, (None, 0) where none is needed."""
        return tuple(
            (None, 0) if edge is None else edge if edge.__class__ is tuple else (AccumulateGrad.of(edge), 0)
            for edge in self.edges
        )

    requires_grad = True

    def __dir__(self) -> list[str]:
        return [*_NAMES, *[name for name in self.__dict__ if name not in vars(Node)]]

    def __call__(self, *gradients: Any) -> Any:
        """The gradients of the inputs from those of the outputs, as Tensors."""
        expected = self.outputs or 1
        if len(gradients) != expected:
            raise TypeError(f"expected {expected} arguments, got {len(gradients)} instead")
        return called(self, gradients)

    def _sequence_nr(self) -> int:
        """A number that grows from one recorded operation to the next."""
        return -self.sequence

    def backward(self, gradient: Any, wanted: Sequence[bool] | None, create_graph: bool) -> list[Any]:
        """The gradients for `edges`, in their order, from the gradient of the output.

        `wanted` tells which are needed (None: all that have an edge). With several outputs `gradient` is a list, None
        where nothing arrived. With `create_graph`, gradients are Tensors, otherwise arrays.
        """
        raise NotImplementedError(f"{self.name()} does not define backward()")

    def release(self) -> None:
        """Drops what was kept for backward."""
        self.saved = None

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(grad_inputs, grad_outputs)` after this node ran; what it returns replaces `grad_inputs`."""
        self.watched = True
        if self.hooks is None:
            self.hooks = {}
        return RemovableHandle(self.hooks, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(grad_outputs)` before this node runs; what it returns replaces `grad_outputs`."""
        self.watched = True
        if self.prehooks is None:
            self.prehooks = {}
        return RemovableHandle(self.prehooks, hook)


_NAMES = "_sequence_nr metadata name next_functions register_hook register_prehook requires_grad".split()
"""What a node shows of itself."""


class GradientEdge(NamedTuple):
    """A place in the graph: a node and the number of its output."""

    node: Node
    output_nr: int


class AccumulateGrad(Node):
    """What stands for a leaf at the end of the graph, where its `.grad` is filled."""

    __slots__ = ("variable",)

    variable: Tensor

    def __dir__(self) -> list[str]:
        return [*_NAMES, "variable"]

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    @staticmethod
    def of(leaf: Tensor) -> AccumulateGrad:
        """The accumulator of a leaf: the same object for as long as somebody holds it."""
        hooks = leaf._hooks
        if hooks is None:
            hooks = leaf._hooks = LeafHooks()
        node = hooks.accumulator() if hooks.accumulator is not None else None
        if node is None:
            node = new(AccumulateGrad)
            node.variable = leaf
            node.edges = node.saved = ()
            node.outputs = None
            node.shape, node.dtype = leaf._array.shape, leaf._array.dtype
            node.sequence = sys.maxsize
            node.prehooks, node.hooks = hooks.before, hooks.after
            hooks.accumulator = weakref.ref(node)
        return node


class LeafHooks:
    """The hooks of one leaf, in the order they run."""

    __slots__ = ("accumulated", "accumulator", "after", "before", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, Callable[..., Any]] = {}
        self.before: dict[int, Callable[..., Any]] = {}
        self.accumulated: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.accumulator: weakref.ref[AccumulateGrad] | None = None


def reach(roots: list[Node]) -> tuple[list[Node], dict[int, int]]:
    """Every node reachable from the roots, oldest first, and how many edges lead to each leaf (by its id)."""
    seen: set[Node] = set()
    leaves: dict[int, int] = {}
    while roots:
        node = roots.pop()
        if node in seen:
            continue
        seen.add(node)
        for edge in node.edges:
            if edge is None:
                continue
            if edge.__class__ is tuple:
                roots.append(edge[0])
            else:
                leaves[id(edge)] = leaves.get(id(edge), 0) + 1
    return sorted(seen, key=_by_sequence, reverse=True), leaves


def nodes_from(roots: Iterable[Node]) -> list[Node]:
    """Every node reachable from the roots, oldest first."""
    seen = set(roots)
    waiting = list(seen)
    while waiting:
        for edge in waiting.pop().edges:
            if edge.__class__ is tuple and edge[0] not in seen:
                seen.add(edge[0])
                waiting.append(edge[0])
    return sorted(seen, key=_by_sequence, reverse=True) if len(seen) > 1 else list(seen)


_by_sequence = attrgetter("sequence")


_renamed: dict[tuple[type, str], type] = {}


def rename(node: Node, name: str) -> None:
    """Gives one node another name than its class has."""
    key = type(node), name
    if key not in _renamed:
        _renamed[key] = type(name, (type(node),), {"__slots__": ()})
    node.__class__ = _renamed[key]


def renamed(tensor: Any, before: str, after: str) -> Any:
    """A result whose node, if it has the first name, is given the second: PyTorch counts the forms of some functions."""
    edge = tensor._edge
    if edge is not None and type(edge[0]).__name__ == before:
        rename(edge[0], after)
    return tensor


def called(node: Node, gradients: tuple[Any, ...]) -> Any:
    """What calling a node gives."""
    from framework.autograd.walk import call

    return call(node, gradients)
