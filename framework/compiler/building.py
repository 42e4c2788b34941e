"""From a recording to an `Entry`: what the program is given and gives, what it depends on, what it does besides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from framework.autograd.grad_mode import mode
from framework.autograd.tensor import Tensor
from framework.compiler import nest
from framework.compiler.conditions import Conditions
from framework.compiler.entry import Effects, Entry, Output
from framework.compiler.graph import Graph
from framework.compiler.replay import FinishedNode, SpoiledNode, named
from framework.compiler.tracing.instructions import Value
from framework.compiler.tracing.recording import Recording, survivors
from framework.compiler.tracing.tensors import slot, version_of
from framework.compiler.writing.passes import outside
from framework.compiler.writing.program import Program, Stage


def build(recording: Recording, function: Callable[..., Any], args: Any, kwargs: Any, names: dict[int, str]) -> Entry:
    """The entry for a recorded call, whose effects have been undone. `names` are tensors' names by their ids."""
    return _Builder(recording, function, recording.watch.tensor_names() | names).entry(args, kwargs)


def effects_outside(recording: Recording) -> str | None:
    """What the call did besides computing, that a program cannot repeat; None if nothing."""
    trace, watch = recording.trace, recording.watch
    if recording.unwalkable is not None:
        return recording.unwalkable
    for captured in trace.captured.values():
        changed = captured.changed()
        if changed is not None:
            return changed
    for text in (*watch.changed(), *watch.called):
        return f"it has an effect that a program would not repeat: {text}"
    kept = survivors(recording)
    if kept:
        return (
            f"it keeps a tensor of shape {tuple(kept[0].shape)} that it makes, beyond the call: write into one that "
            "stays (x.copy_(…)) or return it"
        )
    for path, leaf in nest.paths(recording.result, "its result"):
        if not (nest.is_array(leaf) or nest.is_plain(leaf)):
            return f"{path} is a {type(leaf).__name__}: return tensors, numbers, tuples, lists and dicts"
        if isinstance(leaf, Tensor) and trace.has_made(leaf):
            if outside(trace.value_of(slot.__get__(leaf, Tensor)).memory):
                return f"{path} shares the memory of a tensor that was there before: return a copy (.clone())"
    arguments = [value for _, _, value in recording.arguments]
    if len({id(each.memory) for each in arguments}) < len(arguments) or any(
        [each.memory.kind != "argument" for each in arguments]
    ):
        return "arguments share memory with each other, or with a tensor that it uses besides"
    for tensor, gradient in recording.new_gradients:
        if gradient is not None and not trace.has_made(gradient):
            return "it sets a .grad to a tensor that was there before"
        if tensor.grad_fn is not None:
            return "it accumulates a gradient in a tensor that is no leaf"
    if not nest.has_plain_keys(recording.result):
        return "a dict that it returns has keys that are neither str nor int"
    return None


class _Builder:
    """What `build` needs at hand."""

    def __init__(self, recording: Recording, function: Callable[..., Any], names: dict[int, str]) -> None:
        self.names = names
        self.recording = recording
        self.function = function
        self.trace = recording.trace
        self.results: list[Value] = []

    def entry(self, args: Any, kwargs: Any) -> Entry:
        recording, trace = self.recording, self.trace
        self._name_captured()
        outputs = self._outputs()
        effects = Effects(self._gradients(), recording.writes)
        end = recording.forward_end
        given = [value for _, _, value in recording.arguments]
        given += [each.value for each in trace.gradients.values() if each.value is not None]
        stages = [Stage("program", list(dict.fromkeys(given)), self.results, trace.instructions[:end])]
        for number, walk in enumerate(recording.walks):
            name = "backward" if len(recording.graphs) == 1 else f"backward_{number}"
            seeds = [recording.seeds[each] for each in walk.graphs]
            gradients = [each for each in walk.gradients if each is not None]
            stages.append(Stage(name, seeds, gradients, trace.instructions[walk.start : walk.end]))
        program = Program(stages, trace)
        graph = Graph(self.function, recording, program) if recording.graphs else None
        if graph is not None:
            for output in outputs.values():
                output.guarded = output.number is not None and id(self.results[output.number].memory) in graph.read
        return Entry(program, (args, kwargs), self._conditions(program), effects, outputs, recording.result, graph)

    def _name_captured(self) -> None:
        """Names captured values after the model's parameters and buffers, gradients and optimizer state after theirs."""
        names = self.names
        for optimizer in self.trace.optimizers.values():
            for parameter, state in optimizer.state.items():
                for key, each in state.items():
                    if isinstance(each, Tensor):
                        names.setdefault(id(each), f"{names.get(id(parameter), '')}.{key}".removeprefix("."))
        for captured in self.trace.captured.values():
            name = names.get(id(captured.tensor))
            if name is not None:
                captured.value.name = captured.value.name or name
                for value in (each for tensor, each in self.trace.assigned if tensor is captured.tensor):
                    value.name = value.name or f"grad_{name}"
                gradient = self.trace.gradients.get(id(captured.tensor))
                if gradient is not None and gradient.value is not None:
                    gradient.value.name = f"grad_{name}"

    def _result(self, value: Value) -> int:
        """The number of a value among the program's results."""
        for number, each in enumerate(self.results):
            if each is value:
                return number
        self.results.append(value)
        return len(self.results) - 1

    def _outputs(self) -> dict[int, Output]:
        """How each tensor or array that the call returned is made of the program's results, by its id."""
        found = {}
        paths = {id(leaf): path for path, leaf, _ in self.recording.arguments}
        for place, leaf in nest.paths(self.recording.result, ""):
            if not nest.is_array(leaf) or id(leaf) in found:
                continue
            if id(leaf) in paths:
                found[id(leaf)] = Output(path=paths[id(leaf)])
            elif isinstance(leaf, Tensor) and not self.trace.has_made(leaf):
                found[id(leaf)] = Output(tensor=leaf)
            else:
                array = slot.__get__(leaf, Tensor) if isinstance(leaf, Tensor) else leaf
                value = self.trace.value_of(array)
                value.name = value.name or "_".join(re.findall(r"\w+", f"result{place}")).removeprefix("result_")
                output = found[id(leaf)] = Output(number=self._result(value))
                if isinstance(leaf, Tensor):
                    output.kind, output.version = type(leaf), version_of(leaf)
                    graphs = [number for number, each in enumerate(self.recording.graphs) if each is leaf]
                    if graphs:
                        output.graph = graphs[0]
                    elif leaf.requires_grad and leaf.grad_fn is not None:
                        spoiled = self.recording.spoiled.get(id(leaf))
                        kind = FinishedNode if spoiled is None else SpoiledNode
                        output.finished, output.error = named(kind, leaf.grad_fn.name()), spoiled
        return found

    def _gradients(self) -> list[tuple[Tensor, int | None, int]]:
        """The `.grad`s that the call sets: the numbers of the results that they are, and how often they were written."""
        found: list[tuple[Tensor, int | None, int]] = []
        for tensor, now in self.recording.new_gradients:
            if now is None:
                found.append((tensor, None, 0))
                continue
            number = self._result(self.trace.value_of(slot.__get__(now, Tensor)))
            found.append((tensor, number, version_of(now)))
        return found

    def _conditions(self, program: Program) -> Conditions:
        trace = self.trace
        memories = {
            id(each.memory): each.memory for stage in program.stages for i in stage.instructions for each in i.writes
        }
        written = [each for each in memories.values() if outside(each)]
        shared = [each.value.memory for each in trace.captured.values()]
        arguments_written = any([each.kind == "argument" for each in written])
        return Conditions(
            recording=bool(mode.recording),
            inference=mode.inference,
            captured=[(each.tensor, each.value.array) for each in trace.captured.values()],
            gradients=[(each.tensor, each.value) for each in trace.gradients.values() if each.read],
            python=self.recording.watch.expression(),
            explain=self.recording.watch.explain,
            written=written,
            foreign=[each.owner for each in dict.fromkeys(shared if arguments_written else written)],
            arguments_written=arguments_written,
            sources=list(dict.fromkeys(trace.sources.values())),
            optimizers=list(trace.optimizers.values()),
            generators=[generator for generator, _ in trace.states.values()],
        )
