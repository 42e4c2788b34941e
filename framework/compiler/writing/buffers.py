"""Gives every intermediate result a place in memory: buffers that live apart in time share one block."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from framework.compiler.tracing.instructions import Instruction, Memory, Value, pointer
from framework.compiler.writing.blocks import Loop
from framework.compiler.writing.lowering import can_write_into
from framework.compiler.writing.passes import covers, is_elementwise, same_form

ALIGNMENT = 64


@dataclass
class Plan:
    """Which block each memory has (by its id), how large the blocks are, and what they would take if none were shared."""

    block_of: dict[int, int]
    sizes: list[int]
    unshared: int


def placeable(
    instructions: Iterable[Instruction], results: Iterable[Value], constants: dict[int, Value]
) -> dict[int, Memory]:
    """All memory, by its id, that calls can be told to write into, and that is not handed out."""
    handed = {id(each.memory) for each in results}
    found: dict[int, Memory] = {}
    for each in instructions:
        if can_write_into(each):
            value = each.outputs[0]
            memory = value.memory
            whole = covers(value) or memory.flat
            if memory.kind == "fresh" and id(memory) not in handed and id(value) not in constants and whole:
                found[id(memory)] = memory
    return found


def planned(instructions: Sequence[Instruction], buffers: dict[int, Memory]) -> Plan:
    """Blocks for some memories."""
    return _scan(instructions, buffers, _last_uses(instructions))


def _last_uses(instructions: Sequence[Instruction]) -> dict[int, int]:
    """By a memory's id: the number of the instruction that uses it last."""
    last = {}
    for number, each in enumerate(instructions):
        for value in (*each.inputs(), *each.outputs):
            last[id(value.memory)] = number
    return last


def _scan(instructions: Sequence[Instruction], buffers: dict[int, Memory], last: dict[int, int]) -> Plan:
    plan = Plan({}, [], 0)
    free: list[int] = []
    dying: dict[int, list[int]] = {}
    for key in buffers:
        if key in last:  # the others are used inside a loop alone
            dying.setdefault(last[key], []).append(key)
    for number, each in enumerate(instructions):
        released = [key for key in dying.get(number, ()) if key in plan.block_of]
        if isinstance(each, Loop):
            _place_inside(each, buffers, plan)
        for value in each.outputs:
            memory = value.memory
            if id(memory) not in buffers or id(memory) in plan.block_of:
                continue
            plan.unshared += _rounded(memory.owner.nbytes)
            heir = _inherited(each, value, released, plan.block_of)
            if heir is not None:
                released.remove(heir)
                plan.block_of[id(memory)] = plan.block_of[heir]
            else:
                plan.block_of[id(memory)] = _taken(plan.sizes, free, _rounded(memory.owner.nbytes))
            if last[id(memory)] == number:
                free.append(plan.block_of[id(memory)])
        free += [plan.block_of[key] for key in released]
    return plan


def _place_inside(loop: Loop, buffers: dict[int, Memory], plan: Plan) -> None:
    """Blocks of the size of a loop's rows for what it uses inside alone."""
    last = _last_uses(loop.instructions)
    free: list[int] = []
    for number, each in enumerate(loop.instructions):
        released = [key for key in loop.inside if last[key] == number and key in plan.block_of]
        for value in each.outputs:
            key = id(value.memory)
            if key not in loop.inside or key not in buffers:
                continue
            plan.unshared += _rounded(value.memory.owner.nbytes)
            heir = _inherited(each, value, released, plan.block_of)
            if heir is not None:
                released.remove(heir)
                plan.block_of[key] = plan.block_of[heir]
            else:
                rows = loop.rows * math.prod(loop.shape[1:]) * value.array.itemsize
                plan.block_of[key] = _taken(plan.sizes, free, _rounded(rows))
        free += [plan.block_of[key] for key in released]


def _inherited(instruction: Instruction, output: Value, released: list[int], block_of: dict[int, int]) -> int | None:
    """A memory that dies here and that an elementwise call may write its result over."""
    if isinstance(instruction, Loop):
        makers = [each for each in instruction.instructions if any([one is output for one in each.outputs])]
        at = instruction.instructions.index(makers[0])
        later = {id(one.memory) for each in instruction.instructions[at + 1 :] for one in each.inputs()}
        heir = _inherited(makers[0], output, released, block_of)
        return heir if heir not in later else None
    if not is_elementwise(instruction):
        return None
    inputs = list(instruction.inputs())
    for value in inputs:
        memory = id(value.memory)
        if (
            memory in released
            and same_form(value, output)
            and all([same_form(one, output) for one in inputs if id(one.memory) == memory])
        ):
            return memory
    return None


def _taken(sizes: list[int], free: list[int], size: int) -> int:
    """The number of a free block that fits best, one of them grown if none is large enough, or of a new one."""
    if free:
        fitting = [block for block in free if sizes[block] >= size]
        block = min(fitting, key=sizes.__getitem__) if fitting else max(free, key=sizes.__getitem__)
        # A small result in a large block would keep it from a large one.
        if not fitting or sizes[block] <= max(4 * size, 4096):
            free.remove(block)
            sizes[block] = max(sizes[block], size)
            return block
    sizes.append(size)
    return len(sizes) - 1


def _rounded(size: int) -> int:
    return -(-max(size, 1) // ALIGNMENT) * ALIGNMENT


def allocated(sizes: Sequence[int]) -> list[ndarray]:
    """Blocks of these sizes."""
    blocks = []
    for size in sizes:
        raw = np.empty(size + ALIGNMENT, np.uint8)
        start = -raw.__array_interface__["data"][0] % ALIGNMENT
        blocks.append(raw[start : start + size])
    return blocks


Form = tuple[int, Any, tuple[int, ...], tuple[int, ...], int]
"""An array of a program: its block's number, its type, shape and strides, and where in the block it starts."""


def form_of(value: Value, block: int) -> Form:
    """The form of a value that lies in a block."""
    array = value.array
    return block, array.dtype, array.shape, array.strides, start_of(value)


def placed(form: Form, blocks: Sequence[ndarray]) -> ndarray:
    """The array of a form."""
    block, dtype, shape, strides, start = form
    return ndarray(shape, dtype, blocks[block], start, strides)


def start_of(value: Value) -> int:
    """Where in its memory a value begins, in bytes."""
    return pointer(value.array) - pointer(value.memory.owner)
