"""Gives every intermediate result a place in memory: buffers that live apart in time share one block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import ndarray

from framework.compiler.instructions import Instruction, Memory, Value, pointer
from framework.compiler.lowering import can_write_into
from framework.compiler.passes import covers, is_elementwise, same_form

ALIGNMENT = 64


@dataclass
class Plan:
    """Which block each memory has (by its id), how large the blocks are, and what they would take if none were shared."""

    block_of: dict[int, int]
    sizes: list[int]
    unshared: int


def planned(instructions: Sequence[Instruction], results: Iterable[Value], constants: dict[int, Value]) -> Plan:
    """Blocks for all memory that calls can be told to write into; what is handed out or has no such call gets none."""
    handed = {id(each.memory) for each in results}
    last = _last_uses(instructions)
    buffers: dict[int, Memory] = {}
    for each in instructions:
        if can_write_into(each):
            value = each.outputs[0]
            memory = value.memory
            whole = covers(value) or memory.flat
            if memory.kind == "fresh" and id(memory) not in handed and id(value) not in constants and whole:
                buffers[id(memory)] = memory
    return _scan(instructions, buffers, last)


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
        dying.setdefault(last[key], []).append(key)
    for number, each in enumerate(instructions):
        released = [key for key in dying.get(number, ()) if key in plan.block_of]
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


def _inherited(instruction: Instruction, output: Value, released: list[int], block_of: dict[int, int]) -> int | None:
    """A memory that dies here and that an elementwise call may write its result over."""
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
