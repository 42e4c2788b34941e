"""`Program`: a recorded run as a Python function of NumPy calls, and the memory that each instance of it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any

import numpy as np

from framework.compiler.timing import Timeable
from framework.compiler.tracing.instructions import Assumption, Instruction, Value, Whole, leaves
from framework.compiler.tracing.trace import Trace
from framework.compiler.writing.blocks import blocked
from framework.compiler.writing.buffers import allocated, placeable, placed, planned
from framework.compiler.writing.in_place import with_terms_in_place
from framework.compiler.writing.merging import merged
from framework.compiler.writing.passes import folded, may_refuse, outside, shortened
from framework.compiler.writing.writer import Writer, function_text


@dataclass
class Stage:
    """A part of a run that is called on its own: the forward pass, or the backward pass from its outputs."""

    name: str
    arguments: list[Value]
    results: list[Value]
    instructions: list[Instruction]


@dataclass(frozen=True)
class Explanation:
    """What a program consists of. `str()` of it is a short report."""

    calls: int
    buffers: int
    bytes_unshared: int
    bytes_shared: int
    opaque: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.calls} calls, {self.buffers} buffers of {self.bytes_shared:,} bytes "
            f"({self.bytes_unshared:,} if none were shared)"
        ]
        lines += [f"kept whole: {each}" for each in self.opaque]
        return "\n".join(lines)


class Program:
    """The text of a run, and what it needs. `instance()` gives its functions, with memory of their own."""

    def __init__(self, stages: Sequence[Stage], trace: Trace) -> None:
        instructions = [each for stage in stages for each in stage.instructions]
        results = [each for stage in stages for each in stage.results]
        sizes = [len(stage.results) for stage in stages]
        for number, stage in enumerate(stages):
            for each in stage.instructions:
                each.stage = number
        kept, results = shortened(instructions, results)
        kept = merged(trace, kept, results)
        with_terms_in_place(kept, results)
        kept, constants = folded(kept, results)
        buffers = placeable(kept, results, constants)
        kept = blocked(
            kept,
            lambda value: id(value) in constants or value.memory.kind == "captured" or id(value.memory) in buffers,
        )
        # Whether a run may find out that it does not hold after it has changed something.
        self.late = _asks_late([each for each in kept if each.stage == 0])
        for each in kept:
            if isinstance(each.function, Assumption) and each.function.refuses:
                each.function = each.function.question  # it has no answer to be compared
        plan = planned(kept, buffers)
        writer = Writer(plan, constants)
        self.stages = list(stages)
        self._stage_names = [each.name for each in stages]
        for number, stage in enumerate(self.stages):
            stage.instructions = [each for each in kept if each.stage == number]
            stage.results = results[sum(sizes[:number]) : sum(sizes[: number + 1])]
        body = list(self._functions(writer))
        setup = ["# made once", *writer.setup, ""] if writer.setup else []
        self.source = "\n".join([*setup, *body]).rstrip() + "\n"
        self.names = writer.names
        self.numbers = writer.numbers
        self._buffers, self._sizes = writer.buffers, plan.sizes
        self._code = _compiled(writer.names, self.source)
        self._timeable = Timeable("\n".join(body), partial(_compiled, writer.names))
        self._explanation = Explanation(
            calls=sum(line.startswith("    ") and not line.lstrip().startswith(("#", "return")) for line in body),
            buffers=len(plan.sizes),
            bytes_unshared=plan.unshared,
            bytes_shared=sum(plan.sizes),
            opaque=tuple(_opaque(kept)),
        )

    def _functions(self, writer: Writer) -> Iterator[str]:
        """The text of the stages. The first gives the others what they need besides what stays in place."""
        first, *others = self.stages
        later = [each for stage in others for each in stage.instructions]
        given = {id(each) for stage in others for each in stage.arguments}
        results = [each for stage in others for each in stage.results]
        passed: list[Value] = []
        for stage in self.stages:
            arguments = [writer.argument(each, each.name or "x") for each in stage.arguments]
            parameters = [*map(writer.value, passed), *arguments]
            body = writer.body(stage.instructions)
            returned = list(stage.results)
            if stage is first:
                passed = _crossing(writer, later, given, results)
                returned += passed
            yield from function_text(stage.name, parameters, body, map(writer.value, returned))
            yield ""

    def explain(self) -> Explanation:
        """What it consists of: calls, buffers, their bytes with and without sharing, and what is kept whole, and why."""
        return self._explanation

    def instance(self) -> list[Callable[..., Any]]:
        """The functions of the stages, on buffers of their own."""
        names = dict(self.names)
        blocks = allocated(self._sizes)
        for name, form in self._buffers.items():
            names[name] = placed(form, blocks)
        exec(self._code, names)
        functions = [names[each] for each in self._stage_names]
        self._timeable.add(functions)
        return functions

    def forget(self) -> None:
        """Lets go of the recorded run, and of all its arrays."""
        for stage in self.stages:
            for instruction in stage.instructions:
                instruction.forget()
        self.stages = []


def _compiled(names: dict[str, Any], source: str) -> CodeType:
    return compile(_by_place(source, names), "<program written by framework.compile>", "exec")


def _by_place(source: str, names: dict[str, Any]) -> str:
    """The same text with ufuncs' outputs passed by place, not as `out=`: NumPy is told so 40 ns sooner.

    Not for the few of which it wants the name: with `np.maximum(a, b, c)` people meant the largest of three.
    """
    ufuncs = [
        name
        for name, each in names.items()
        if isinstance(each, np.ufunc) and each not in (np.maximum, np.minimum) and name.isidentifier()
    ]
    return re.sub(rf"^(\s*(?:{'|'.join(ufuncs)})\([^=]*), out=(\w+)\)", r"\1, \2)", source, flags=re.MULTILINE)


def _crossing(writer: Writer, later: Sequence[Instruction], given: set[int], results: Sequence[Value]) -> list[Value]:
    """What later stages read that lies in no fixed place and that they do not make themselves."""
    made = {id(value) for each in later for value in each.outputs} | given
    found: dict[int, Value] = {}
    for each in (*(value for one in later for value in one.inputs()), *results):
        if id(each) not in made and not writer.is_fixed(each):
            found[id(each)] = each
    return list(found.values())


def _asks_late(instructions: Sequence[Instruction]) -> bool:
    changed = False
    # What a question was asked about already: an index that was found to be in range does not raise.
    proven: set[int] = set()
    for each in instructions:
        asks = isinstance(each.function, (Assumption, Whole))
        if isinstance(each.function, Assumption) and each.function.refuses:
            continue
        if isinstance(each.function, Assumption):
            proven.update(id(value.memory) for value in each.inputs())
        index = [value for value in leaves(each.args[1:2], Value) if value.memory.kind == "argument"]
        refuses = may_refuse(each) and not (index and all([id(value.memory) in proven for value in index]))
        if changed and (asks or refuses):
            return True
        changed |= (each.stateful and not asks) or any([outside(value.memory) for value in each.writes])
    return False


def _opaque(instructions: Sequence[Instruction]) -> Iterator[str]:
    for each in instructions:
        if each.opaque:
            function = each.function.function
            name = getattr(function, "__qualname__", repr(function))
            yield f"{getattr(function, '__module__', '')}.{name}: {each.opaque}"
