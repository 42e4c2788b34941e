"""Computes a term of an update where its result will be: one array less that the calls of a step keep in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from framework.compiler.tracing.instructions import Instruction, Value
from framework.compiler.writing.passes import handed_out, is_elementwise, same_form


def with_terms_in_place(instructions: Sequence[Instruction], results: Iterable[Value]) -> None:
    """`t = b * w; u = r * g; add(t, u, out=w)` becomes `multiply(b, w, out=w); u = r * g; add(w, u, out=w)`."""
    results = list(results)
    numbers = {id(each): number for number, each in enumerate(instructions)}
    uses: dict[int, list[int]] = {}
    for number, each in enumerate(instructions):
        for value in (*each.inputs(), *each.outputs, *each.writes):
            uses.setdefault(id(value.memory), []).append(number)
    for number, each in enumerate(instructions):
        if not _is_update(each):
            continue
        target = each.writes[0]
        for term in each.inputs():
            start = numbers.get(id(term.maker), number)
            if not _can_move(term, target, each) or handed_out(term, results):
                continue
            between = instructions[start + 1 : number]
            if (
                uses[id(term.memory)] == [start, number]
                and not any([start < use < number for use in uses[id(target.memory)]])
                and not any([one.stateful or one.opaque or one.stage != each.stage for one in between])
            ):
                _move(term, target, each)
                uses[id(target.memory)].append(start)
                break


def _is_update(instruction: Instruction) -> bool:
    """Whether an instruction is an elementwise call into an array of its operands' form, and nothing else of that."""
    function, writes = instruction.function, instruction.writes
    if not isinstance(function, np.ufunc) or function.signature is not None or len(writes) != 1:
        return False
    target = writes[0]
    return instruction.named.keys() == {"out"} and not any(
        [value.memory is target.memory for value in instruction.inputs() if value is not target]
    )


def _can_move(term: Value, target: Value, update: Instruction) -> bool:
    """Whether what makes a term may write it into the target, of which it reads each element at most in its place."""
    maker = term.maker
    return (
        term is not target
        and maker is not None
        and term.memory.kind == "fresh"
        and is_elementwise(maker)
        and maker.structure is term
        and maker.stage == update.stage
        and same_form(term, target, whole=False)
        and not any([value is target for value in update.args])
        and all([value is target for value in maker.inputs() if value.memory is target.memory])
    )


def _move(term: Value, target: Value, update: Instruction) -> None:
    maker = term.maker
    assert maker is not None
    maker.take(maker.args, {**maker.named, "out": (target,)})
    maker.writes, maker.outputs, maker.structure = (target,), [], target
    update.replace(term, target)
