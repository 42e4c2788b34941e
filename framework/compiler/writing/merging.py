"""Updates all parameters of a group at once: what is done to each alike, element by element, is done to all in one call.

For that, parameters, gradients and the optimizer's arrays of a group each come to lie in one flat array, one after the
other. A parameter that somebody else holds the memory of stays where it is, and so does its group. Gradients that are
given, or handed out, are copied together where that costs less than the calls that it saves.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.tensor import Tensor
from framework.compiler.tracing.instructions import (
    Assumption,
    Instruction,
    Memory,
    Number,
    Scalar,
    Value,
    moved,
    pointer,
)
from framework.compiler.tracing.tensors import slot
from framework.compiler.tracing.trace import Trace
from framework.compiler.writing.lowering import can_write_into
from framework.compiler.writing.passes import handed_out

COPIED = 1 << 17
"""Up to so many bytes are copied together."""


def merged(trace: Trace, instructions: Sequence[Instruction], results: Iterable[Value]) -> list[Instruction]:
    """The instructions with like updates done in one call each."""
    found = list(instructions)
    results = list(results)
    for group in _groups(_chains(found)):
        if len(group) > 1:
            found = _Merge(trace, found, results, group).done()
    used = {
        (id(value.memory), pointer(value.array), value.array.shape): value for one in found for value in one.inputs()
    }
    for each in found:
        if isinstance(each.function, Assumption) and each.function.elementwise:
            joined = _joined(each.args)
            each.take(tuple([used.get((id(v.memory), pointer(v.array), v.array.shape), v) for v in joined]), {})
    return found


def _joined(values: Sequence[Value]) -> list[Value]:
    """Arrays of which those that lie one after the other are one."""
    found: list[list[Value]] = []
    for each in sorted(values, key=lambda value: pointer(value.array)):
        if found and _is_flat([*found[-1], each]) and each.array.flags.c_contiguous:
            found[-1].append(each)
        else:
            found.append([each])
    return [_whole(each) if len(each) > 1 else each[0] for each in found]


def _whole(column: Sequence[Value]) -> Value:
    """Arrays that lie one after the other, as one."""
    first = column[0]
    owner = first.memory.owner
    start = (_address([first]) - pointer(owner)) // first.array.itemsize
    flat = Value(np.reshape(owner, -1)[start : start + sum([each.array.size for each in column])], first.memory)
    flat.name = _common_name(column)
    return flat


Chain = list[Instruction]


def _is_update(instruction: Instruction) -> bool:
    """Whether an instruction works on whole arrays of one form, element by element."""
    function = instruction.function
    if not isinstance(function, np.ufunc) or function.signature is not None or function.nout != 1:
        return False
    if instruction.section != "update" or not instruction.named.keys() <= {"out"}:
        return False
    target = instruction.structure
    if not isinstance(target, Value) or any([value is not target for value in instruction.writes]):
        return False
    values = [*instruction.inputs(), target]
    return all([each.array.flags.c_contiguous and each.array.shape == target.array.shape for each in values]) and all(
        [isinstance(each, (Value, Scalar)) for each in instruction.args]
    )


def _chains(instructions: Sequence[Instruction]) -> list[Chain]:
    """The updates, each with those that it shares an array with."""
    chain_of: dict[int, Chain] = {}
    for each in filter(_is_update, instructions):
        values = [*each.inputs(), each.structure]
        touched = {id(chain): chain for value in values if (chain := chain_of.get(id(value))) is not None}
        chain = [one for other in touched.values() for one in other]
        chain.append(each)
        for one in chain:
            for value in (*one.inputs(), one.structure):
                chain_of[id(value)] = chain
    order = {id(each): number for number, each in enumerate(instructions)}
    unique = {id(each): each for each in chain_of.values()}.values()
    return [sorted(chain, key=lambda each: order[id(each)]) for chain in unique]


def _values(chain: Chain) -> list[Value]:
    """The arrays of a chain, in the order in which they turn up."""
    return list({id(value): value for each in chain for value in (*each.inputs(), each.structure)}.values())


def _signature(chain: Chain) -> Any:
    """What chains share that do the same."""
    values = {id(value): number for number, value in enumerate(_values(chain))}

    def name(each: Any) -> Any:
        if isinstance(each, Value):
            return values[id(each)], each.array.dtype, each.memory.kind
        number = each.number
        return (id(number) if isinstance(number, Number) else repr(number)), each.dtype

    return tuple(
        [(each.function, tuple(map(name, each.args)), name(each.structure), bool(each.writes)) for each in chain]
    )


def _groups(chains: Iterable[Chain]) -> list[list[Chain]]:
    groups: dict[Any, list[Chain]] = {}
    for chain in chains:
        groups.setdefault(_signature(chain), []).append(chain)
    return list(groups.values())


class _Merge:
    """One group of like chains on its way to be one."""

    def __init__(self, trace: Trace, instructions: list[Instruction], results: list[Value], group: list[Chain]) -> None:
        self.trace = trace
        self.instructions = instructions
        self.results = results
        self.members = {id(each) for chain in group for each in chain}
        # By their place in a chain: the arrays of all chains.
        rows = sorted((_values(chain) for chain in group), key=_address)
        self.columns = [list(column) for column in zip(*rows, strict=True)]
        self.chain = next(chain for chain in group if _values(chain)[0] is rows[0][0])
        self.written = {id(value) for chain in group for each in chain for value in each.writes}
        self.gathered: list[Instruction] = []
        self.made = {id(each.structure) for chain in group for each in chain if not each.writes}
        # By their memory: all values, so that they can be moved with it; by their base: how many views there are.
        self.of_memory: dict[int, dict[int, Value]] = {}
        self.views = Counter(id(each.array.base) for each in trace.values.values())
        for each in trace.values.values():
            self.of_memory.setdefault(id(each.memory), {})[id(each)] = each
        for one in instructions:
            for each in (*one.inputs(), *one.outputs):
                self.of_memory.setdefault(id(each.memory), {})[id(each)] = each
        self.tensors: dict[int, list[Tensor]] = {}
        for captured in trace.captured.values():
            self.tensors.setdefault(id(captured.value), []).append(captured.tensor)

    def done(self) -> list[Instruction]:
        """The instructions after the merge; as they were where something stands against it."""
        places = [number for number, each in enumerate(self.instructions) if id(each) in self.members]
        if self._disturbed(places[0], places[-1]) or not all(map(self._can_be_flat, self.columns)):
            return self.instructions
        flat = {id(column[0]): self._flat(column) for column in self.columns}
        for each in self.chain:
            each.take(tuple([flat[id(one)] if isinstance(one, Value) else one for one in each.args]), each.named)
            target = flat[id(each.structure)]
            if each.writes:
                each.take(each.args, {"out": (target,)})
                each.writes = (target,)
            else:
                each.outputs, target.maker = [target], each
            each.structure = target
        kept = {id(each) for each in self.chain}
        before = [each for each in self.instructions[: places[-1] + 1] if id(each) not in self.members]
        after = self.instructions[places[-1] + 1 :]
        return [*before, *self.gathered, *self.chain, *after] if kept else self.instructions

    def _disturbed(self, start: int, end: int) -> bool:
        """Whether anything between the first and the last of the updates uses what they use."""
        memories = {id(value.memory) for column in self.columns for value in column}
        return any(
            [
                id(value.memory) in memories
                for each in self.instructions[start:end]
                if id(each) not in self.members
                for value in (*each.inputs(), *each.outputs)
            ]
        )

    def _can_be_flat(self, column: list[Value]) -> bool:
        """Whether arrays lie, or can be brought to lie, one after the other."""
        return self._can_lie_flat(column) or self._can_be_copied(column)

    def _can_be_copied(self, column: list[Value]) -> bool:
        """Whether arrays are read alone, and small."""
        size = sum([each.array.nbytes for each in column])
        return size <= COPIED and not any([id(each) in self.written or id(each) in self.made for each in column])

    def _can_lie_flat(self, column: list[Value]) -> bool:
        if all([id(each) in self.made for each in column]):
            return not any([handed_out(each, self.results) for each in column])
        if _is_flat(column):
            return True
        if len({id(each.memory) for each in column}) < len(column) or not all(map(_is_all, column)):
            return False
        if column[0].memory.kind == "captured":
            return all([self._may_move(each) for each in column])
        # A memory is made by the first that has it; views of it come after.
        makers = {id(value.memory): one for one in reversed(self.instructions) for value in one.outputs}
        return all(
            [
                each.memory.kind == "fresh"
                and not handed_out(each, self.results)
                and id(each.memory) in makers
                and can_write_into(makers[id(each.memory)])
                and not any(
                    [one.memory is other.memory for one in makers[id(each.memory)].inputs() for other in column]
                )
                for each in column
            ]
        )

    def _may_move(self, value: Value) -> bool:
        """Whether a tensor's array is held by that one tensor alone, and its base, if it shows another, by it alone."""
        tensors = self.tensors.get(id(value), [])
        array, base = value.array, value.array.base
        if len(tensors) != 1 or not array.flags.writeable:
            return False
        # Held by: the memory, its views, this variable and the call of getrefcount.
        if base is not None and (base is not value.memory.owner or sys.getrefcount(base) > 3 + self.views[id(base)]):
            return False
        # Held by: the tensor, the value, this variable, the call of getrefcount, and its memory if it is all of that.
        ours = (5 if base is None else 4) + self.views[id(array)]
        return sys.getrefcount(array) <= ours

    def _flat(self, column: list[Value]) -> Value:
        """All arrays of a column as one."""
        first = column[0]
        sizes = [each.array.size for each in column]
        if _is_flat(column):
            return _whole(column)
        owner = np.empty(sum(sizes), first.array.dtype)
        if not self._can_lie_flat(column):
            return self._copied(column, owner)
        memory = Memory(first.memory.kind, owner)
        name = _common_name(column)
        memory.written = memory.flat = True
        at = 0
        for each, size in zip(column, sizes, strict=True):
            if id(each) not in self.made:
                self._move(each, memory, owner[at : at + size])
            at += size
        flat = Value(owner, memory)
        flat.name = name
        return flat

    def _copied(self, column: list[Value], owner: ndarray) -> Value:
        """The arrays copied together."""
        flat = Value(owner, Memory("fresh", owner))
        flat.name = _common_name(column)
        copy = Instruction(np.concatenate, (tuple(column),), {"axis": None}, self.chain[0].section)
        copy.stage, copy.outputs, copy.structure, flat.maker = self.chain[0].stage, [flat], flat, copy
        self.gathered.append(copy)
        return flat

    def _move(self, value: Value, memory: Memory, place: ndarray) -> None:
        """Puts an array, and all views of it, in another place."""
        before = value.memory
        start = pointer(before.owner)
        place[...] = value.array.reshape(-1)
        for each in self.of_memory.get(id(before), {}).values():
            array = each.array
            each.array = moved(array, pointer(array) - start, place)
            each.memory = memory
        for tensor in self.tensors.get(id(value), []):
            slot.__set__(tensor, value.array)


def _common_name(column: Sequence[Value]) -> str | None:
    """A name for all arrays of a column: parameters, their gradients, or what the optimizer keeps for each."""
    if column[0].memory.kind in ("fresh", "argument"):
        return "gradients" if any([each.name and each.name.startswith("grad_") for each in column]) else None
    kept = {each.name.rpartition(".")[2] for each in column if each.name}
    return f"{kept.pop()}s" if len(kept) == 1 else "parameters"


def _address(row: Sequence[Value]) -> int:
    """Where a row lies: by what stays in its place, which another program may have brought together already."""
    return pointer(next((each for each in row if each.memory.kind == "captured"), row[0]).array)


def _is_all(value: Value) -> bool:
    """Whether a value is all of its memory."""
    return value.array.nbytes == value.memory.owner.nbytes


def _is_flat(column: Sequence[Value]) -> bool:
    """Whether arrays lie one after the other in one memory."""
    at = pointer(column[0].array)
    for each in column:
        if each.memory is not column[0].memory or pointer(each.array) != at:
            return False
        at += each.array.nbytes
    return True
