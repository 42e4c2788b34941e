"""Runs a function once under a trace, and tells what came of it: a program, or why there is none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from framework.autograd.nodes import Node, reach
from framework.autograd.operation_node import OperationNode
from framework.autograd.tensor import Tensor
from framework.autograd.views import View
from framework.autograd.walk import Walk, key
from framework.compiler import nest
from framework.compiler.tracing.conversion import plain
from framework.compiler.tracing.instructions import Value, mapped
from framework.compiler.tracing.met import Captured
from framework.compiler.tracing.tensors import slot, version_of
from framework.compiler.tracing.trace import Trace
from framework.compiler.tracing.traced import Traced
from framework.compiler.watch import Watch

MOST_GRAPHS = 4
"""Of more results with a graph, a backward pass from each alone is not written."""

LOOKED_AT = 10_000
"""How many objects are looked at to find what a result holds."""


@dataclass
class Walked:
    """A backward pass from some of the graphs: its part of the instructions, and the gradient of each leaf, if any."""

    graphs: tuple[int, ...]
    start: int
    end: int
    gradients: list[Value | None]


@dataclass
class Recording:
    """What a traced call did. `problem` says why it cannot be repeated by a program; None where it can."""

    trace: Trace
    watch: Any
    arguments: list[tuple[str, Any, Value]]
    versions: dict[int, int]
    result: Any = None
    problem: str | None = None
    # What it raised; why there is no backward pass from its results.
    error: Exception | None = None
    unwalkable: str | None = None
    # Results whose graph a later write has spoiled, by their ids: what their backward pass raises.
    spoiled: dict[int, str] = field(default_factory=dict)
    # Where the graphs of the results start, and what their backward stage is given and gives.
    graphs: list[Tensor] = field(default_factory=list)
    leaves: list[Any] = field(default_factory=list)
    seeds: list[Value] = field(default_factory=list)
    walks: list[Walked] = field(default_factory=list)
    # For each graph, the others (itself too) that it shares a node with: walked once, they are used up.
    shares: list[set[int]] = field(default_factory=list)
    # The same by nodes that keep values for backward: those may not be walked twice.
    frees: list[set[int]] = field(default_factory=list)
    forward_end: int = 0
    # What the run left: the gradients it set, and by how much it raised counts of writes (of a tensor, or an argument).
    new_gradients: list[tuple[Tensor, Tensor | None]] = field(default_factory=list)
    writes: list[tuple[Any, int]] = field(default_factory=list)

    def settle(self) -> None:
        """Takes down what the run left, before that is undone."""
        for each in self.trace.gradients.values():
            now = each.tensor._grad
            if (now is None and (each.before is not None or not each.read)) or (
                now is not None and now is not each.before
            ):
                self.new_gradients.append((each.tensor, now))
        tensors: list[tuple[Any, Tensor, int]] = [
            (each.tensor, each.tensor, each.version) for each in self.trace.captured.values()
        ]
        tensors += [
            (path, leaf, self.versions[id(leaf)]) for path, leaf, _ in self.arguments if isinstance(leaf, Tensor)
        ]
        seen = set()
        for place, tensor, before in tensors:
            if version_of(tensor) != before and id(tensor._storage) not in seen:
                seen.add(id(tensor._storage))
                self.writes.append((place, version_of(tensor) - before))

    def undo(self) -> None:
        """Puts back what the run wrote: memory, gradients, generators, counts of writes."""
        trace = self.trace
        for memory in trace.memories.values():
            if memory.before is not None:
                np.copyto(memory.owner, memory.before)
        for each in trace.gradients.values():
            each.tensor._grad = each.before
        for captured in trace.captured.values():
            if version_of(captured.tensor) != captured.version:
                captured.tensor._storage.version = captured.version
        for _, leaf, _ in self.arguments:
            if isinstance(leaf, Tensor) and version_of(leaf) != self.versions[id(leaf)]:
                leaf._storage.version = self.versions[id(leaf)]
        for generator, state in trace.states.values():
            generator.set_state_array(state)


def record(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str]) -> Recording:
    """Calls the function under a trace."""
    trace = Trace()
    arguments = []
    for place, leaf in [*nest.paths(args, "args"), *nest.paths(kwargs, "kwargs")]:
        if nest.is_array(leaf):
            value = trace.enter_argument(slot.__get__(leaf, Tensor) if isinstance(leaf, Tensor) else leaf)
            value.name = value.name or _argument_name(place, names)
            arguments.append((place, leaf, value))
    versions = {id(leaf): version_of(leaf) for _, leaf, _ in arguments if isinstance(leaf, Tensor)}
    watch = Watch(function)
    recording = Recording(trace, watch, arguments, versions)
    given = mapped(args, trace.given), mapped(kwargs, trace.given)
    with _uncollected(), watch, trace.recording():
        try:
            recording.result = function(*given[0], **given[1])
        except Exception as error:
            recording.error = error
        if trace.open and recording.error is None:
            recording.forward_end = len(trace.instructions)
            _walk_back(recording)
    recording.problem = trace.broken
    recording.settle()
    return recording


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps the garbage collector, and whoever listens to it, from running in the midst of a trace."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _argument_name(place: str, names: list[str]) -> str:
    """A name for an argument: the parameter's, and for one inside a nest, its key or place too."""
    words = place.replace("kwargs[", "args[").removeprefix("args[").replace("'", "").rstrip("]").split("][")
    if words[0].isdigit() and int(words[0]) < len(names):
        words[0] = names[int(words[0])]
    return "_".join(words)


def _walk_back(recording: Recording) -> None:
    """Traces the backward pass from the results that carry a graph, for gradients yet to be given."""
    trace = recording.trace
    outputs = [each for _, each in nest.paths(recording.result, "") if isinstance(each, Tensor)]
    graphs = [each for each in dict.fromkeys(outputs) if trace.has_made(each) and carries_graph(each)]
    if not graphs:
        return
    ends = [leaf for _, leaf, _ in recording.arguments if isinstance(leaf, Tensor) and leaf.requires_grad]
    ends += [each.tensor for each in trace.captured.values() if each.requires_grad]
    recording.graphs, recording.leaves = graphs, list(dict.fromkeys(ends))
    for number, each in enumerate(graphs):
        array = slot.__get__(each, Tensor)
        # Uneven, so that a wrong program does not look right by chance.
        seed = np.linspace(0.5, 1.5, max(array.size, 1), dtype=array.dtype)[: array.size].reshape(array.shape)
        value = trace.enter(seed, "argument")
        value.name = f"grad_{number}" if len(graphs) > 1 else "grad"
        recording.seeds.append(value)
    nodes = [set(reach([each.edge[0]])[0]) for each in graphs]
    recording.shares = [{other for other, theirs in enumerate(nodes) if ours & theirs} for ours in nodes]
    nodes = [{node for node in each if _keeps(node)} for each in nodes]
    recording.frees = [{other for other, theirs in enumerate(nodes) if ours & theirs} for ours in nodes]
    # Often only one of several results is walked back from, the loss among what a step returns.
    chosen = [tuple(range(len(graphs)))]
    if 1 < len(graphs) <= MOST_GRAPHS:
        chosen += [(number,) for number in range(len(graphs))]
    trace.notes_gradients = False
    with _without_hooks(recording.leaves):
        try:
            recording.walks = [_walk(recording, each) for each in chosen]
        except Exception as error:
            _find_spoiled(recording, error)


def _find_spoiled(recording: Recording, error: Exception) -> None:
    """Which results' graphs cannot be walked back, where there is another reason than that: all is forgotten."""
    recording.unwalkable = f"the graph of its result cannot be walked back: {error}"
    graphs, recording.graphs, recording.walks = recording.graphs, [], []
    start = len(recording.trace.instructions)
    for number, each in enumerate(graphs):
        recording.graphs = graphs
        try:
            _walk(recording, (number,))
        except RuntimeError as one:
            recording.spoiled[id(each)] = str(one)
    del recording.trace.instructions[start:]
    recording.graphs = []
    if len(recording.spoiled) == len(graphs):
        # Nothing else is left to be walked back from.
        del recording.trace.instructions[recording.forward_end :]
        recording.unwalkable = None


def _keeps(node: Node) -> bool:
    """Whether a node keeps values for backward, which go when it has run."""
    return not isinstance(node, OperationNode) or bool(node.guards or node.plan.keeps_values)


def _walk(recording: Recording, chosen: tuple[int, ...]) -> Walked:
    trace = recording.trace
    start = len(trace.instructions)
    targets = [leaf if leaf.edge is None else leaf.edge for leaf in recording.leaves]
    walk = Walk(True, False, targets, accumulate=False)
    walk.run([(recording.graphs[each].edge, recording.seeds[each].handle) for each in chosen])
    assert walk.captured is not None
    found = [walk.captured[key(target)] for target in targets]
    gradients = [None if each is None else trace.value_of(each) for each in found]
    return Walked(chosen, start, len(trace.instructions), gradients)


@contextlib.contextmanager
def _without_hooks(leaves: list[Tensor]) -> Iterator[None]:
    """Keeps the hooks of what the graph leads to silent: the walk that goes on from there runs them."""
    nodes = [leaf.edge[0] for leaf in leaves if leaf.edge is not None]
    before = [leaf._hooks for leaf in leaves], [(node.tensor_hooks, node.retained) for node in nodes]
    for leaf in leaves:
        leaf._hooks = None
    for node in nodes:
        node.tensor_hooks = node.retained = None
    try:
        yield
    finally:
        for leaf, hooks in zip(leaves, before[0], strict=True):
            leaf._hooks = hooks
        for node, (tensor_hooks, retained) in zip(nodes, before[1], strict=True):
            node.tensor_hooks, node.retained = tensor_hooks, retained


def carries_graph(tensor: Tensor) -> bool:
    """Whether a backward pass can start from a tensor: nobody has walked its graph yet."""
    edge = tensor.edge
    if edge is None or not tensor.requires_grad:
        return False
    nodes, _ = reach([edge[0]])
    return all([node.saved is not None for node in nodes])


def freed(recording: Recording) -> Any:
    """The traced call's own result, with nothing traced left in it: for a caller whom no program serves."""
    roots = []
    for reference in recording.trace.made.values():
        tensor = reference()
        if tensor is not None:
            if isinstance(tensor._view, View) and type(tensor._view.form) is Traced:
                tensor._view.form = tensor._view.form.value.array
            if tensor._edge.__class__ is tuple:
                roots.append(tensor._edge[0])
    for node in reach(roots)[0]:
        if node.saved.__class__ in (tuple, list):
            node.saved = plain(list(node.saved))
    return plain(recording.result)


def survivors(recording: Recording) -> list[Tensor]:
    """Tensors made in the run that somebody keeps besides its caller."""
    trace = recording.trace
    known = {id(each) for _, each in nest.paths(recording.result, "")}
    known |= {id(each.tensor._grad) for each in trace.gradients.values()}
    kept = [tensor for key, reference in trace.made.items() if key not in known and (tensor := reference()) is not None]
    if kept:
        held = _held([each for _, each in nest.paths(recording.result, "") if isinstance(each, Tensor)])
        kept = [each for each in kept if id(each) not in held]
    return kept


def _held(tensors: list[Tensor]) -> set[int]:
    """The ids of all that some tensors hold: their graphs and bases, and what hangs on those."""
    seen: set[int] = set()
    rest: list[Any] = list(tensors)
    while rest and len(seen) < LOOKED_AT:
        each = rest.pop()
        if id(each) in seen or isinstance(each, (type, ModuleType)) or "_parameters" in getattr(each, "__dict__", ()):
            continue
        seen.add(id(each))
        if isinstance(each, FunctionType):
            # Not its globals: they lead everywhere.
            rest += each.__closure__ or ()
        elif isinstance(each, (Trace, Captured, Value)):
            continue
        elif isinstance(each, (Tensor, Node)) or gc.is_tracked(each):
            rest += gc.get_referents(each)
    return seen
