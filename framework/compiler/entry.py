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
from framework.autograd.decisions import Refused
from framework.autograd.float_errors import SILENCE, restore, silence
from framework.autograd.grad_mode import mode
from framework.autograd.nodes import new, sequence
from framework.autograd.storage import INFERENCE, storage_of
from framework.autograd.tensor import Tensor, wrap
from framework.compiler import nest
from framework.compiler.conditions import Checks, Conditions, Names
from framework.compiler.graph import Graph, guard, reached
from framework.compiler.numbers import Renewal
from framework.compiler.tracing.instructions import Unforeseen, Value
from framework.compiler.tracing.transaction import Snapshot
from framework.compiler.writing.program import Program

MISS: Any = object()


@dataclass
class Effects:
    """What a call does besides computing."""

    # A tensor, the number of the result that its new gradient is (None where the gradient is dropped), and how often
    # that was written to.
    gradients: list[tuple[Tensor, int | None, int]]
    # A tensor, or the path to an argument, and by how much its count of writes grows.
    versions: list[tuple[Any, int]]


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
    # What a backward pass from it raises, where that is something else.
    error: str | None = None
    # How often it was written to.
    version: int = 0
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
        self._paths = [
            (place, leaf)
            for part, path in zip(arguments, ("args", "kwargs"), strict=True)
            for place, leaf in nest.paths(part, path)
        ]
        names = Names(
            INFERENCE=INFERENCE, MISS=MISS, Refused=Refused, SILENCE=SILENCE, Tensor=Tensor, Unforeseen=Unforeseen,
            default=dtypes._Default, fresh=program.instance, guard=guard, mode=mode, ndarray=ndarray, new=new,
            pool=self.pool, restore=restore, silence=silence, snapshot=self.snapshot, storage_of=storage_of, wrap=wrap,
        )  # fmt: skip
        self.constant = names.constant
        self._checks = Checks(conditions, self._paths, names)
        self.source = self._text(self._checks.lines(arguments), outputs, result)
        exec(compile(self.source, "<a call written by framework.compile>", "exec"), names.objects)
        self.call: Callable[[Any, Any], Any] = names.objects["call"]
        # What answers calls: `call`, or what checks it first.
        self.serve = self.call
        self.accepts: Callable[[Any, Any], bool] = names.objects["accepts"]
        self._forget()

    def _text(self, checks: list[str], outputs: dict[int, Output], result: Any) -> str:
        """The text of `call` and of `accepts`."""
        graph, late = self.graph, self.program.late
        changes = bool(self.conditions.written or self.conditions.generators)
        # A call may have to be undone: by a question asked late, or by a second walk of what it returns.
        undoable = late or (graph is not None and changes)
        body = [
            "try:",
            *[f"    {line}" for line in checks],
            "except Exception:",
            # What it looks at is gone, or of another kind.
            "    return MISS",
            *self._renewed(),
            *(["before = snapshot(args, kwargs)"] if undoable else ["before = None"] if graph else []),
            "instance = pool.pop() if pool else fresh()",
            "token = silence(SILENCE)",
            "try:",
            f"    results = instance[0]({', '.join(self._given())})",
            "except Refused:",
            "    raise",
            "except Exception as error:",
            *(["    before.restore()"] if late else []),
            "    raise Unforeseen(str(error)) from error",
            "finally:",
            "    restore(token)",
            *(["pool.append(instance)"] if graph is None else []),
            *self._after(),
            *([self._node(graph)] if graph is not None else []),
            *self._made(outputs),
            f"return {nest.text(result, lambda leaf: self._leaf_text(leaf, outputs))}",
        ]
        text = ["def call(args, kwargs):", *[f"    {line}" for line in body], "def accepts(args, kwargs):", "    try:"]
        text += [f"        {line.replace('MISS', 'False')}" for line in checks]
        return "\n".join([*text, "    except Exception:", "        return False", "    return True", ""])

    def _forget(self) -> None:
        """Lets go of the traced call and its arrays: what is asked of later ones is in the text."""
        conditions, effects = self.conditions, self.effects
        self.program.forget()
        self._tensor_paths = [reached(place, None) for place, leaf in self._paths if isinstance(leaf, Tensor)]
        given = {id(leaf) for _, leaf in self._paths}
        touched = [each for each, _ in conditions.gradients] + [each for each, _, _ in effects.gradients]
        self._with_gradients = [tensor for tensor in dict.fromkeys(touched) if id(tensor) not in given]
        self._given_gradients = [tensor for tensor, value in conditions.gradients if value is not None]
        conditions.gradients, effects.gradients = [], []
        for source in conditions.sources:
            source.state, source.alike = {}, []
        del self._paths, self._checks, self._shapes

    def explain(self) -> str:
        """Which condition on Python's values no longer holds, or that another does not."""
        return self.conditions.explain() or "an argument, a tensor or a mode is another"

    # The call

    def _given(self) -> list[str]:
        """What the program is given: the arguments' arrays, and those of gradients."""
        found = dict(self._checks.arrays)
        for tensor, gradient in self.conditions.gradients:
            if gradient is not None:
                found[id(gradient.array)] = f"{self._checks.place(tensor)}._grad._array"
        return [found[id(value.array)] for value in self.program.stages[0].arguments]

    def _renewed(self) -> list[str]:
        """Computes the optimizers' scalars of this run, and hands the program those that changed."""
        lines = []
        for source in self.conditions.sources:
            scalars, group = self.constant("scalars", source.scalars), self.constant("group", source.group)
            state = {name: each.array if isinstance(each, Value) else each for name, each in source.state.items()}
            renewal = Renewal(source, self.program)
            kept, renew = self.constant("last", renewal.last), self.constant("renew", renewal.renew)
            for other in source.alike:
                same = [
                    f"{self.constant('own', state[name])}.item() == {self.constant('other', other[name].array)}.item()"
                    for name in source.saw
                ]
                lines.append(f"if not ({' and '.join(same)}): return MISS")
            lines += [
                f"found = {scalars}({group}, {self.constant('state', state)})",
                f"if found != {kept}[0] and not {renew}(found): return MISS",
            ]
        return lines

    def _node(self, graph: Graph) -> str:
        make, entry = self.constant("node", graph.node), self.constant("entry", self)
        return f"node = {make}({entry}, instance, results, before, args, kwargs)"

    def _after(self) -> list[str]:
        lines = []
        for place, times in self.effects.versions:
            if place.__class__ is str:
                lines.append(f"storage_of({place}).version += {times}")
            elif place._storage is not INFERENCE:
                lines.append(f"{self.constant('storage', storage_of(place))}.version += {times}")
        for tensor, result, version in self.effects.gradients:
            name = self._checks.place(tensor)
            lines.append(f"{name}._grad = " + ("None" if result is None else f"wrap(results[{result}])"))
            if version:
                lines.append(f"storage_of({name}._grad).version = {version}")
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
            if output.version:
                lines.append(f"storage_of({name}).version = {output.version}")
            if output.guarded:
                lines.append(f"guard(node, {name})")
            if output.graph is None and output.finished is not None:
                # One node serves all calls: nothing can be done with it but to be refused.
                edge = self.constant("edge", (_finished(output, self._shapes[output.number]), 0))
                lines += [f"{name}._edge = {edge}", f"{name}._requires_grad = True"]
        return lines

    def _leaf_text(self, leaf: Any, outputs: dict[int, Output]) -> str:
        output = outputs.get(id(leaf))
        if output is None:
            return self.constant("value", leaf)
        if output.path is not None:
            return output.path
        return f"o{id(leaf)}" if output.number is not None else self.constant("tensor", output.tensor)

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


def _finished(output: Output, array: ndarray) -> Any:
    """A node where a graph was that is used up."""
    node = new(output.finished)
    node.edges = ()
    node.saved, node.outputs = output.error, None
    node.shape, node.dtype = array.shape, array.dtype
    node.sequence = next(sequence)
    return node
