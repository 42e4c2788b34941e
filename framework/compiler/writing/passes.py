"""Makes a recorded run shorter: what nobody reads, what is computed twice, what never changes, what is only copied.

Each pass takes the instructions in their order and keeps it: a program writes and reads memory just as the run did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.compiler.tracing.instructions import (
    Assumption,
    Instruction,
    Memory,
    Number,
    Scalar,
    Value,
    leaves,
    moved,
    pointer,
)
from framework.compiler.tracing.numpy_calls import getitem, setitem

# What these make depends on the form of their argument alone.
LIKE = frozenset({np.zeros_like, np.ones_like})
TAKING = frozenset({np.take, np.take_along_axis, np.put_along_axis, np.put, ndarray.take, ndarray.put})
COPIES = frozenset({np.copy, ndarray.copy})


def shortened(instructions: Sequence[Instruction], results: Sequence[Value]) -> tuple[list[Instruction], list[Value]]:
    """The instructions that it takes to make the results and to write what the run wrote, and the results in them."""
    found = list(instructions)
    results = list(results)
    found = with_questions_first(without_unread(found, results))
    found = without_repeats(found, results)
    found = without_copies(found, results)
    found = with_stores_in_place(found, results)
    return without_unread(found, results), results


def may_refuse(instruction: Instruction) -> bool:
    """Whether a call raises for some values, such as an index out of bounds: it does so where nobody reads it too."""
    function, args = instruction.function, instruction.args
    if function is getitem or function is setitem:
        return any([each.array.ndim > 0 for each in leaves(args[1], Value)])
    return function in TAKING


def outside(memory: Memory) -> bool:
    """Whether a memory is there before and after the run."""
    return memory.kind in ("captured", "argument")


def without_unread(instructions: Sequence[Instruction], results: Iterable[Value]) -> list[Instruction]:
    """Drops what nobody reads."""
    values = {id(each) for each in results}
    memories = {id(each.memory) for each in results}
    kept = []
    for each in reversed(instructions):
        wanted = (
            each.stateful
            or each.opaque is not None
            or may_refuse(each)
            or any([outside(value.memory) or id(value.memory) in memories for value in each.writes])
            or any([id(value) in values for value in each.outputs])
        )
        if wanted:
            kept.append(each)
            for value in each.inputs():
                values.add(id(value))
                memories.add(id(value.memory))
    return kept[::-1]


def with_questions_first(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Asks what depends on the arguments alone before anything is computed or changed."""
    written = {id(value.memory) for each in instructions for value in each.writes}
    # What depends on unwritten arguments alone, and the instructions that it takes to make that.
    needs: dict[int, list[Instruction]] = {}
    moved: dict[int, Instruction] = {}
    for each in instructions:
        inputs = list(each.inputs())
        early = all([id(value) in needs or (_is_given(value, written)) for value in inputs])
        if not early:
            continue
        before = [one for value in inputs for one in needs.get(id(value), ())]
        if isinstance(each.function, Assumption):
            moved.update((id(one), one) for one in (*before, each))
        elif not each.stateful and all([value.memory.kind == "argument" for value in each.outputs]):
            needs.update((id(value), [*before, each]) for value in each.outputs)
    return [*moved.values(), *[each for each in instructions if id(each) not in moved]]


def _is_given(value: Value, written: set[int]) -> bool:
    return value.memory.kind == "argument" and value.maker is None and id(value.memory) not in written


def without_repeats(instructions: Sequence[Instruction], results: list[Value]) -> list[Instruction]:
    """Computes what is computed twice once."""
    versions: dict[int, int] = {}
    seen: dict[Any, Value] = {}
    kept = []
    change = _Change(instructions, results)
    for each in instructions:
        for value in each.writes:
            versions[id(value.memory)] = versions.get(id(value.memory), 0) + 1
        name = None if each.stateful or each.opaque or each.writes else _name_of(each, versions)
        if name is None or not isinstance(each.structure, Value) or each.structure.memory.written:
            kept.append(each)
            continue
        # Stages after the first are called alone: one does not find what another computed.
        known = seen.get((0, name)) or seen.get((each.stage, name))
        if known is not None and not (handed_out(each.structure, results) and handed_out(known, results)):
            change.replace(each.structure, known)
        else:
            seen[each.stage, name] = each.structure
            kept.append(each)
    return kept


def _name_of(instruction: Instruction, versions: dict[int, int]) -> Any:
    """What two instructions share that compute the same; None for what has no such name."""

    try:
        named = tuple((key, _word(each, versions)) for key, each in instruction.named.items())
        found = id(instruction.function), _word(instruction.args, versions), named
        hash(found)
    except TypeError:
        return None
    return found


def _word(each: Any, versions: dict[int, int]) -> Any:
    """What two arguments share that are the same."""
    if isinstance(each, Value):
        return id(each), versions.get(id(each.memory), 0)
    if isinstance(each, Scalar):
        number = each.number
        return (id(number.source), number.key, id(number)) if isinstance(number, Number) else repr(number), each.dtype
    if each.__class__ in (tuple, list):
        return tuple([_word(one, versions) for one in each])
    if each.__class__ is slice:
        return "slice", *[_word(one, versions) for one in (each.start, each.stop, each.step)]
    if isinstance(each, np.generic):
        return each.dtype, each.tobytes()
    return each.__class__, each


def without_copies(instructions: Sequence[Instruction], results: list[Value]) -> list[Instruction]:
    """A copy is its source where nobody could tell them apart."""
    change, uses = _Change(instructions, results), _Uses(instructions)
    kept = []
    for number, each in enumerate(instructions):
        if each.function in COPIES and isinstance(each.structure, Value) and isinstance(each.args[0], Value):
            source, copy = each.args[0], each.structure
            if (
                source.memory.kind == "fresh"
                and same_form(source, copy)
                and uses.last_write(source.memory) < number
                and uses.last_write(copy.memory) < number
                and not (handed_out(source, results) and handed_out(copy, results))
            ):
                uses.join(copy.memory, source.memory)
                change.replace(copy, source)
                continue
        kept.append(each)
    return kept


def with_stores_in_place(instructions: Sequence[Instruction], results: list[Value]) -> list[Instruction]:
    """`t = a - b; w[...] = t` becomes `subtract(a, b, out=w)`."""
    change, uses = _Change(instructions, results), _Uses(instructions)
    places = {id(each): number for number, each in enumerate(instructions)}
    dropped = set()
    for number, each in enumerate(instructions):
        store = _store(each)
        if store is None:
            continue
        target, source = store
        maker = source.maker
        if maker is None or id(maker) not in places or not is_elementwise(maker) or handed_out(source, results):
            continue
        if (
            source.memory.kind == "fresh"
            and maker.structure is source
            and same_form(source, target, whole=False)
            and uses.is_one(source)
            and uses.allow_early(source, target, places[id(maker)], number)
            and all([same_form(one, target, whole=False) and _same_place(one, target)
                     for one in maker.inputs() if one.memory is target.memory])
        ):  # fmt: skip
            maker.take(maker.args, {**maker.named, "out": (target,)})
            maker.writes = (target,)
            maker.outputs = []
            maker.structure = target
            uses.join(source.memory, target.memory)
            change.replace(source, target)
            dropped.add(id(each))
    return [each for each in instructions if id(each) not in dropped]


class _Uses:
    """Where in a list of instructions each memory is used: by number, as which value, and whether written."""

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        self._of: dict[int, list[tuple[int, Value, bool]]] = {}
        self._made: dict[int, int] = {}
        for number, each in enumerate(instructions):
            for value in each.outputs:
                self._made.setdefault(id(value.memory), number)
            for value in each.inputs():
                self._of.setdefault(id(value.memory), []).append((number, value, False))
            for value in each.writes:
                self._of.setdefault(id(value.memory), []).append((number, value, True))

    def of(self, memory: Memory) -> list[tuple[int, Value, bool]]:
        return self._of.get(id(memory), [])

    def join(self, old: Memory, new: Memory) -> None:
        """What used one memory uses another from now on."""
        self._of.setdefault(id(new), []).extend(self._of.pop(id(old), []))

    def last_write(self, memory: Memory) -> int:
        """The number of the last instruction that writes a memory; -1 if none does."""
        return max([number for number, _, written in self.of(memory) if written], default=-1)

    def is_one(self, value: Value) -> bool:
        """Whether a memory is used as this one value alone, and written by nobody."""
        return not any([each is not value or written for _, each, written in self.of(value.memory)])

    def allow_early(self, source: Value, target: Value, start: int, end: int) -> bool:
        """Whether what is stored at `end` may be written to the target at `start` already, and read from there."""
        if self._made.get(id(target.memory), -1) > start:
            return False
        last_read = max([number for number, _, _ in self.of(source.memory)], default=end)
        for number, _, written in self.of(target.memory):
            if start < number < end or (written and end < number < last_read):
                return False
        return True


def _store(instruction: Instruction) -> tuple[Value, Value] | None:
    """The target and source of an instruction that copies one array into another of its form."""
    args = instruction.args
    if instruction.function is np.copyto and not instruction.named and len(args) == 2:
        target, source = args
    elif instruction.function is setitem and args[1] is Ellipsis:
        target, _, source = args
    else:
        return None
    return (target, source) if isinstance(source, Value) and isinstance(target, Value) else None


def is_elementwise(instruction: Instruction) -> bool:
    """Whether it is a plain call of a ufunc that makes one fresh array, element by element."""
    function = instruction.function
    return (
        isinstance(function, np.ufunc)
        and function.signature is None
        and function.nout == 1
        and not instruction.writes
        and not instruction.stateful
        and isinstance(instruction.structure, Value)
        and not {"where", "order", "casting", "subok"} & instruction.named.keys()
    )


def same_form(a: Value, b: Value, whole: bool = True) -> bool:
    """Whether two arrays have one type, shape and order in memory, and, if asked, are all of their memory."""
    one, other = a.array, b.array
    return (
        one.dtype == other.dtype
        and one.shape == other.shape
        and strides(one) == strides(other)
        and (not whole or (covers(a) and covers(b)))
    )


def _same_place(a: Value, b: Value) -> bool:
    return a.array.__array_interface__["data"] == b.array.__array_interface__["data"]


def covers(value: Value) -> bool:
    """Whether a value is all of its memory."""
    return value.array.nbytes == value.memory.owner.nbytes


def strides(array: ndarray) -> tuple[int, ...]:
    """The steps that matter: those of dimensions with more than one element."""
    return tuple([step for step, size in zip(array.strides, array.shape, strict=True) if size > 1])


def handed_out(value: Value, results: Iterable[Value]) -> bool:
    """Whether a value's memory is among the results."""
    return any([each.memory is value.memory for each in results])


class _Change:
    """Puts one value, and its memory, in another's place everywhere."""

    def __init__(self, instructions: Sequence[Instruction], results: list[Value]) -> None:
        self.results = results
        self.users: dict[int, list[Instruction]] = {}
        self.members: dict[int, dict[int, Value]] = {}
        for each in instructions:
            for value in each.inputs():
                self.users.setdefault(id(value), []).append(each)
                self.members.setdefault(id(value.memory), {})[id(value)] = value
            for value in each.outputs:
                self.members.setdefault(id(value.memory), {})[id(value)] = value

    def replace(self, old: Value, new: Value) -> None:
        for each in self.users.get(id(old), []):
            each.replace(old, new)
            self.users.setdefault(id(new), []).append(each)
        self.results[:] = [new if each is old else each for each in self.results]
        new.name = new.name or old.name
        if old.memory is new.memory:
            return
        start = pointer(new.array) - pointer(new.memory.owner) - pointer(old.memory.owner)
        for value in self.members.pop(id(old.memory), {}).values():
            value.array = moved(value.array, start + pointer(value.array), new.memory.owner)
            value.memory = new.memory
            self.members.setdefault(id(new.memory), {})[id(value)] = value
        new.memory.written |= old.memory.written


def folded(instructions: Sequence[Instruction], results: Iterable[Value]) -> tuple[list[Instruction], dict[int, Value]]:
    """Takes out what is the same in every run; gives the constants by the ids of their values."""
    constants: dict[int, Value] = {}
    kept = []
    handed = {id(each.memory) for each in results}

    for each in instructions:
        outputs = [value.memory for value in each.outputs]
        if (
            not (each.stateful or each.opaque or each.writes)
            and outputs
            and not any([memory.written or id(memory) in handed or outside(memory) for memory in outputs])
            and (_is_constant((*each.args, *each.named.values()), constants) or each.function in LIKE)
        ):
            constants.update((id(value), value) for value in each.outputs)
        else:
            kept.append(each)
    return kept, constants


def _is_constant(each: Any, constants: dict[int, Value]) -> bool:
    if each.__class__ in (tuple, list):
        return all([_is_constant(one, constants) for one in each])
    if each.__class__ is slice:
        return _is_constant((each.start, each.stop, each.step), constants)
    if not isinstance(each, Value):
        return not (isinstance(each, Number) or (isinstance(each, Scalar) and isinstance(each.number, Number)))
    return id(each) in constants or _never_changes(each)


def _never_changes(value: Value) -> bool:
    """Whether a captured array can hold nothing else: nobody may write to it."""
    array = value.array
    return value.memory.kind == "captured" and not array.flags.writeable and array.base is None
