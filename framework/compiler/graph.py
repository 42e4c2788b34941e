"""What a call needs to put its results in the graph, so that `backward()` runs the program's backward stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framework.autograd.differentiate import grad
from framework.autograd.grad_mode import enable_grad
from framework.autograd.nodes import new, sequence
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.compiler import nest
from framework.compiler.replay import ReplayNode, named
from framework.compiler.tracing.recording import Recording
from framework.compiler.tracing.transaction import Snapshot
from framework.compiler.writing.program import Program


class Graph:
    """Makes the node of each call: its edges lead to the arguments and parameters that need gradients."""

    def __init__(self, function: Callable[..., Any], recording: Recording, program: Program) -> None:
        self.function = function
        self.results = len(program.stages[0].results)
        paths = {id(leaf): path for path, leaf, _ in recording.arguments}
        columns = list(zip(*[walk.gradients for walk in recording.walks], strict=True))
        needed = [number for number, column in enumerate(columns) if any([each is not None for each in column])]
        leaves = [recording.leaves[number] for number in needed]
        self.leaves = [reached(paths.get(id(leaf)), leaf) for leaf in leaves]
        self.shares, self.frees = recording.shares, recording.frees
        # By the results that are walked back from: the stage's number, and which leaves its gradients are of.
        self.stages = {
            walk.graphs: (stage, [place for place, number in enumerate(needed) if walk.gradients[number] is not None])
            for stage, walk in enumerate(recording.walks, 1)
        }
        graphs = recording.graphs
        places = {id(each): path for path, each in nest.paths(recording.result, "result")}
        self.outputs = [_getter("result", places[id(each)]) for each in graphs]
        self.several = len(graphs) > 1
        first = graphs[0].grad_fn
        assert first is not None
        self.kind = named(ReplayNode, "CompiledFunctionBackward" if self.several else first.name())
        arrays = [each.array for each in recording.seeds]
        self.shape: Any = [each.shape for each in arrays] if self.several else arrays[0].shape
        self.dtype: Any = [each.dtype for each in arrays] if self.several else arrays[0].dtype
        read = {
            id(value.memory) for stage in program.stages[1:] for each in stage.instructions for value in each.inputs()
        }
        self.read = read
        self.guarded = [reached(path, leaf) for path, leaf, value in recording.arguments
                        if id(value.memory) in read and isinstance(leaf, Tensor)]  # fmt: skip
        self.guarded += [reached(None, each.tensor) for each in recording.trace.captured.values()
                         if id(each.value.memory) in read]  # fmt: skip

    def node(
        self,
        entry: Any,
        instance: Any,
        results: tuple[Any, ...],
        before: Snapshot | None,
        args: Any,
        kwargs: Any,
    ) -> ReplayNode:
        """The node of one call."""
        node: Any = new(self.kind)
        leaves = [leaf(args, kwargs) for leaf in self.leaves]
        node.edges = tuple([leaf if leaf.edge is None else leaf.edge for leaf in leaves])
        node.saved = ()
        node.outputs = len(self.outputs) if self.several else None
        node.shape = self.shape
        node.dtype = self.dtype
        node.sequence = next(sequence)
        node.graph = self
        node.used, node.freed = set(), set()
        node.instance = instance
        node.pool = entry.pool
        node.passed = results[self.results :]
        node.guards = ()
        for each in self.guarded:
            guard(node, each(args, kwargs))
        node.again = lambda gradients, create_graph: self._again(
            entry, leaves, args, kwargs, before, gradients, create_graph
        )
        return node

    def _again(
        self,
        entry: Any,
        leaves: list[Tensor],
        args: Any,
        kwargs: Any,
        before: Snapshot | None,
        gradients: list[Any],
        create_graph: bool,
    ) -> list[Any]:
        """The gradients by running the function as it is written, from the state that the call found."""
        now = entry.snapshot(args, kwargs)
        if before is not None:
            before.restore()
        with enable_grad():
            result = self.function(*args, **kwargs)
        now.restore()
        outputs = [each(result) for each in self.outputs]
        wanted = [each if each is None or isinstance(each, Tensor) else wrap(each) for each in gradients]
        pairs = [(a, b) for a, b in zip(outputs, wanted, strict=True) if b is not None]
        found = grad([a for a, _ in pairs], leaves, [b for _, b in pairs], create_graph=create_graph, allow_unused=True)
        return [each if create_graph or each is None else each._array for each in found]


def guard(node: ReplayNode, tensor: Tensor) -> None:
    """Has backward refuse to run once a tensor was written to. The node must not hold the tensor itself."""
    storage = storage_of(tensor)
    if storage is not INFERENCE:
        array = tensor._array
        node.guards += ((storage, storage.version, array.shape, array.dtype),)


def reached(path: str | None, leaf: Any) -> Callable[[Any, Any], Any]:
    """What finds an argument in a call's arguments, or a tensor that is no argument."""
    if path is None:
        return lambda args, kwargs: leaf
    return eval(f"lambda args, kwargs: {path}")


def _getter(name: str, path: str) -> Callable[[Any], Any]:
    return eval(f"lambda {name}: {path}")
