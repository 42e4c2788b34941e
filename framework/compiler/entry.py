"""`Entry`: one program of a compiled function, the conditions under which it holds, and what a call of it does.

The call is written as Python too: the conditions are checked, the program is run, and what the traced run did besides
is done again: gradients are set, versions counted, results wrapped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy import ndarray

from framework.autograd import dtypes
from framework.autograd.float_errors import SILENCE, restore, silence
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import new, sequence
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.compiler import nest
from framework.compiler.graph import Graph, guard, reached
from framework.compiler.numbers import Renewal
from framework.compiler.tracing.instructions import Memory, Unforeseen, Value
from framework.compiler.tracing.met import Source
from framework.compiler.tracing.tensors import slot
from framework.compiler.tracing.transaction import Snapshot
from framework.compiler.writing.program import Program

MISS: Any = object()


@dataclass
class Effects:
    """What a call does besides computing."""

    # A tensor and the number of the result that its new gradient is, or None where the gradient is dropped.
    gradients: list[tuple[Tensor, int | None]]
    # A tensor, or the path to an argument, and by how much its count of writes grows.
    versions: list[tuple[Any, int]]


@dataclass
class Conditions:
    """Under what a program holds, besides the form of its arguments."""

    recording: bool
    inference: bool
    captured: list[tuple[Tensor, ndarray]]
    # Tensors whose gradient the run looked at: what it is given of it, None where there was none.
    gradients: list[tuple[Tensor, Any]]
    # The text of what holds for Python's own values, and the objects that it names.
    python: tuple[str, dict[str, Any]]
    explain: Callable[[], str | None]
    # Memory from outside that it writes, and the arrays that no argument may share memory with.
    written: list[Memory]
    foreign: list[ndarray]
    arguments_written: bool
    sources: list[Source]
    optimizers: list[Any]
    generators: list[Any]


@dataclass
class Output:
    """How a returned tensor or array is made: an argument, a tensor that was there, or a numbered result."""

    path: str | None = None
    tensor: Tensor | None = None
    number: int | None = None
    kind: type[Tensor] | None = None
    # Its place among the outputs that carry a graph; the node of one whose graph is used up.
    graph: int | None = None
    finished: Any = None
    # Whether the backward stage reads it: a write to it before then must be noticed.
    guarded: bool = False


class Entry:
    """A program with its conditions and effects. `call(args, kwargs)` gives the results, or MISS."""

    def __init__(
        self,
        program: Program,
        arguments: tuple[Any, Any],
        conditions: Conditions,
        effects: Effects,
        outputs: dict[int, Output],
        result: Any,
        graph: Graph | None,
    ) -> None:
        self.program = program
        self.conditions = conditions
        self.effects = effects
        self.graph = graph
        self.pool: list[list[Callable[..., Any]]] = []
        self._shapes = [value.array for value in program.stages[0].results]
        self.names: dict[str, Any] = {
            "INFERENCE": INFERENCE, "MISS": MISS, "SILENCE": SILENCE, "Tensor": Tensor, "default": dtypes._Default, "guard": guard,
            "fresh": program.instance, "mode": mode, "ndarray": ndarray, "new": new, "pool": self.pool, "restore": restore,
            "silence": silence, "snapshot": self.snapshot, "storage_of": storage_of, "wrap": wrap,
            "Unforeseen": Unforeseen,
        }  # fmt: skip
        self._paths = [
            (place, leaf)
            for part, path in zip(arguments, ("args", "kwargs"), strict=True)
            for place, leaf in nest.paths(part, path)
        ]
        checks = self._checked(arguments)
        given = self._given()
        body = [
            "try:",
            *[f"    {line}" for line in checks],
            "except Exception:",
            # What it looks at is gone, or of another kind.
            "    return MISS",
            *self._renewed(),
            *(
                ["before = snapshot(args, kwargs)"]
                if self._needs_snapshot(graph)
                else ["before = None"]
                if graph
                else []
            ),
            "instance = pool.pop() if pool else fresh()",
            "token = silence(SILENCE)",
            "try:",
            f"    results = instance[0]({', '.join(given)})",
            "except Exception as error:",
            *(["    before.restore()"] if program.late else []),
            "    raise Unforeseen(str(error)) from error",
            "finally:",
            "    restore(token)",
            *(["pool.append(instance)"] if graph is None else []),
            *self._after(),
            *([f"node = {self._node(graph)}"] if graph is not None else []),
            *self._made(outputs),
            f"return {nest.text(result, lambda leaf: self._leaf_text(leaf, outputs))}",
        ]
        text = ["def call(args, kwargs):", *[f"    {line}" for line in body]]
        text += [
            "def accepts(args, kwargs):",
            "    try:",
            *[f"        {line.replace('MISS', 'False')}" for line in checks],
        ]
        text += ["    except Exception:", "        return False", "    return True", ""]
        self.source = "\n".join(text)
        exec(compile(self.source, "<a call written by framework.compile>", "exec"), self.names)
        self.call: Callable[[Any, Any], Any] = self.names["call"]
        # What answers calls: `call`, or what checks it first.
        self.serve = self.call
        self.accepts: Callable[[Any, Any], bool] = self.names["accepts"]
        program.forget()
        self._shapes = []
        # The arguments of the traced call go: what is asked of later ones is in the text.
        self._tensor_paths = [reached(place, None) for place, leaf in self._paths if isinstance(leaf, Tensor)]
        arguments_ids = {id(leaf) for _, leaf in self._paths}
        self._with_gradients = [
            tensor
            for tensor in dict.fromkeys([each for each, _ in (*conditions.gradients, *effects.gradients)])
            if id(tensor) not in arguments_ids
        ]
        self._paths = []
        self._given_gradients = [tensor for tensor, value in conditions.gradients if value is not None]
        conditions.gradients = effects.gradients = []
        for source in conditions.sources:
            source.state = {}

    def constant(self, wanted: str, value: Any) -> str:
        """A name for an object that the text refers to."""
        name = f"{wanted}_{len(self.names)}"
        self.names[name] = value
        return name

    # Conditions

    def _checked(self, arguments: tuple[Any, Any]) -> list[str]:
        """The lines that return MISS where a condition does not hold; they name the leaves and their arrays."""
        conditions = self.conditions
        # What Python itself makes of a call is a tuple and a dict.
        forms = [
            f"len(args) == {len(arguments[0])}",
            "not kwargs" if not arguments[1] else f"len(kwargs) == {len(arguments[1])}",
        ]
        for part, path in zip(arguments, ("args", "kwargs"), strict=True):
            forms += list(nest.checks(part, path))[1:]
        if arguments[1]:
            forms.append(f"list(kwargs) == {list(arguments[1])!r}")
        lines = [f"if not ({' and '.join(f'({each})' for each in forms)}): return MISS"]
        found = [
            f"mode.recording is {conditions.recording}",
            f"mode.inference is {conditions.inference}",
            f"default.float is {self.constant('type', dtypes._Default.float)}",
        ]
        self._arrays: dict[int, str] = {}
        for number, (place, leaf) in enumerate(self._paths):
            name = f"x{number}"
            lines.append(f"{name} = {place}")
            if nest.is_array(leaf):
                lines.append(f"a{number} = {name}._array" if isinstance(leaf, Tensor) else f"a{number} = {name}")
                self._arrays[id(slot.__get__(leaf, Tensor) if isinstance(leaf, Tensor) else leaf)] = f"a{number}"
            found.append(self._of_leaf(name, f"a{number}", leaf))
        if conditions.arguments_written:
            owners = [f"id({_owner(array)})" for array in self._arrays.values()]
            found.append(f"len({{{', '.join(owners)}}}) == {len(owners)}")
        for tensor, array in conditions.captured:
            name = self.constant("tensor", tensor)
            found.append(f"{name}._array is {self.constant('array', array)}")
            found.append(f"{name}.{_grad_flag(tensor)} is {tensor.requires_grad}")
            if tensor._requires_grad:
                found += self._of_hooks(name, tensor)
        for tensor, value in conditions.gradients:
            name = self._place(tensor)
            if value is None:
                found.append(f"{name}._grad is None")
            else:
                found.append(f"{name}._grad is not None and {self._form(f'{name}._grad._array', value.array)}")
        for optimizer in conditions.optimizers:
            found += self._of_state(optimizer)
        text, names = conditions.python
        if text:
            self.names.update(names)
            found.append(text)
        return [*lines, f"if not ({' and '.join(f'({each})' for each in found)}): return MISS"]

    def _of_hooks(self, name: str, tensor: Tensor) -> list[str]:
        """The condition that a leaf has the same hooks, which were traced."""
        hooks = tensor._hooks
        found = [f"{name}._hooks is {self.constant('hooks', hooks)}"]
        if hooks is not None:
            known = self.constant("hooks", hooks)
            for kind in ("tensor", "before", "accumulated", "after"):
                found.append(f"{known}.{kind} == {self.constant(kind, dict(getattr(hooks, kind)))}")
        return found

    def _of_state(self, optimizer: Any) -> list[str]:
        """The condition that an optimizer keeps for its parameters what it kept."""
        name, state = self.constant("optimizer", optimizer), self.constant("states", optimizer.state)
        if not optimizer.state:
            return [f"{name}.state is {state} and not {state}"]
        kept = list(optimizer.state.values())
        ids = self.constant("ids", [id(each) for each in kept])
        found = [f"{name}.state is {state} and list(map(id, {state}.values())) == {ids}"]
        for each in kept:
            entries = self.constant("entries", [id(value) for value in each.values()])
            found.append(f"list(map(id, {self.constant('kept', each)}.values())) == {entries}")
        return found

    def _place(self, tensor: Tensor) -> str:
        """Where a call finds a tensor: among its arguments, or where it was."""
        path = next((path for path, leaf in self._paths if leaf is tensor), None)
        return path or self.constant("tensor", tensor)

    def _of_leaf(self, name: str, array: str, leaf: Any) -> str:
        """The condition on one argument, by the names of it and of its array."""
        if isinstance(leaf, Tensor):
            kind = "Tensor" if type(leaf) is Tensor else self.constant("kind", type(leaf))
            form = self._form(array, leaf._array)
            return f"{name}.__class__ is {kind} and {name}.{_grad_flag(leaf)} is {leaf.requires_grad} and {form}"
        if isinstance(leaf, ndarray):
            return f"{name}.__class__ is ndarray and {self._form(array, leaf)}"
        known = self.constant("value", leaf)
        if not nest.is_plain(leaf):
            return f"{name} is {known}"
        same = f"({name} == {known} or {name} != {name})" if leaf != leaf else f"{name} == {known}"
        return f"{name} is {known} or ({name}.__class__ is {known}.__class__ and {same})"

    def _form(self, path: str, array: ndarray) -> str:
        dtype = self.constant("dtype", array.dtype)
        text = f"{path}.shape == {array.shape!r} and {path}.strides == {array.strides!r} and {path}.dtype is {dtype}"
        foreign = self.conditions.foreign
        if len(foreign) > 2:
            text += f" and id({_owner(path)}) not in {self.constant('foreign', frozenset(map(id, foreign)))}"
        else:
            for each in foreign:
                owner = self.constant("owner", each)
                text += f" and {path} is not {owner} and {path}.base is not {owner}"
        return text

    def explain(self) -> str:
        """Which condition on Python's values no longer holds, or that another does not."""
        return self.conditions.explain() or "an argument, a tensor or a mode is another"

    # The call

    def _given(self) -> list[str]:
        """What the program is given: the arguments' arrays, and those of gradients."""
        found = dict(self._arrays)
        for tensor, gradient in self.conditions.gradients:
            if gradient is not None:
                found[id(gradient.array)] = f"{self._place(tensor)}._grad._array"
        return [found[id(value.array)] for value in self.program.stages[0].arguments]

    def _renewed(self) -> list[str]:
        """Computes the optimizers' scalars of this run, and hands the program those that changed."""
        lines = []
        for source in self.conditions.sources:
            scalars, group = self.constant("scalars", source.scalars), self.constant("group", source.group)
            state = {name: each.array if isinstance(each, Value) else each for name, each in source.state.items()}
            renewal = Renewal(source, self.program)
            kept, renew = self.constant("last", renewal.last), self.constant("renew", renewal.renew)
            lines += [
                f"found = {scalars}({group}, {self.constant('state', state)})",
                f"if found != {kept}[0] and not {renew}(found): return MISS",
            ]
        return lines

    def _node(self, graph: Graph) -> str:
        return f"{self.constant('node', graph.node)}({self.constant('entry', self)}, instance, results, before, args, kwargs)"

    def _after(self) -> list[str]:
        lines = []
        for place, times in self.effects.versions:
            if place.__class__ is str:
                lines.append(f"storage_of({place}).version += {times}")
            elif place._storage is not INFERENCE:
                lines.append(f"{self.constant('storage', storage_of(place))}.version += {times}")
        for tensor, result in self.effects.gradients:
            name = self._place(tensor)
            lines.append(f"{name}._grad = " + ("None" if result is None else f"wrap(results[{result}])"))
        return lines

    def _made(self, outputs: dict[int, Output]) -> list[str]:
        """Makes the tensors that are returned."""
        lines = []
        for key, output in outputs.items():
            if output.number is None:
                continue
            name, value = f"o{key}", f"results[{output.number}]"
            if output.kind is None:
                lines.append(f"{name} = {value}")
                continue
            kind = "Tensor" if output.kind is Tensor else self.constant("kind", output.kind)
            lines += [
                f"{name} = new({kind})",
                f"{name}._array = {value}",
                f"{name}._grad = {name}._hooks = {name}._view = {name}._edge = None",
                f"{name}._requires_grad = False",
                f"{name}._storage = {'INFERENCE' if self.conditions.inference else None}",
            ]
            if output.graph is not None:
                lines += [f"{name}._edge = (node, {output.graph})", f"{name}._requires_grad = True"]
            if output.guarded:
                lines.append(f"guard(node, {name})")
            if output.graph is None and output.finished is not None:
                # One node serves all calls: nothing can be done with it but to be refused.
                edge = self.constant("edge", (_finished(output.finished, self._shapes[output.number]), 0))
                lines += [f"{name}._edge = {edge}", f"{name}._requires_grad = True"]
        return lines

    def _leaf_text(self, leaf: Any, outputs: dict[int, Output]) -> str:
        output = outputs.get(id(leaf))
        if output is None:
            return self.constant("value", leaf)
        if output.path is not None:
            return output.path
        return f"o{id(leaf)}" if output.number is not None else self.constant("tensor", output.tensor)

    def _needs_snapshot(self, graph: Graph | None) -> bool:
        """Whether a call may have to be undone: by a question asked late, or by a second walk of what it returns."""
        changes = bool(self.conditions.written or self.conditions.generators)
        return self.program.late or (graph is not None and changes)

    def snapshot(self, args: Any, kwargs: Any) -> Snapshot:
        """The state of all that a call changes."""
        conditions = self.conditions
        arrays = [each.owner for each in conditions.written if each.kind == "captured"]
        tensors = [tensor for tensor, _ in conditions.captured]
        tensors += self._with_gradients
        for path in self._tensor_paths:
            given = path(args, kwargs)
            tensors.append(given)
            if conditions.arguments_written:
                arrays.append(given._array)
        arrays += [tensor._grad._array for tensor in self._given_gradients if tensor._grad is not None]
        return Snapshot(arrays, dict.fromkeys(tensors), conditions.generators)


def _grad_flag(tensor: Tensor) -> str:
    """How a tensor tells whether it requires grad: a view's place in the graph may have to be told anew."""
    return "_requires_grad" if tensor._view is None else "requires_grad"


def _owner(path: str) -> str:
    return f"{path} if {path}.base is None else {path}.base"


def _finished(kind: Any, array: ndarray) -> Any:
    """A node where a graph was that is used up."""
    node = new(kind)
    node.edges = ()
    node.saved = node.outputs = None
    node.shape, node.dtype = array.shape, array.dtype
    node.sequence = next(sequence)
    return node
