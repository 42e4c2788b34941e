"""Runs of elementwise calls over large arrays, done block by block: each block stays in the cache from call to call."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from framework.compiler.tracing.instructions import Instruction, Value
from framework.compiler.writing.passes import is_elementwise

LARGE = 1 << 17
"""Below so many elements an array stays in the cache anyway."""

BLOCKS = (1 << 14, 1 << 16)
"""How many elements may be done at a time."""


@functools.cache
def best_block(power: int) -> int | None:
    """The number of elements to do at a time in arrays of 2 ** power, measured once; None where blocks are no quicker.

    It depends on the processor's caches alone: results are the same to the bit either way.
    """
    size = 1 << power
    a, b, c = (np.ones(size, np.float32) for _ in range(3))

    def seconds(block: int) -> float:
        parts = [(a[at : at + block], b[at : at + block], c[at : at + block]) for at in range(0, size, block)]
        best = math.inf
        for _ in range(4):
            start = time.perf_counter()
            for one, two, three in parts:
                np.multiply(one, one, out=two)
                np.add(two, one, out=two)
                np.multiply(two, one, out=three)
                np.subtract(three, two, out=two)
            best = min(best, time.perf_counter() - start)
        return best

    times = {block: seconds(block) for block in (*BLOCKS, size)}
    quickest = min(times, key=times.__getitem__)
    return quickest if times[quickest] < 0.9 * times[size] else None


class Loop(Instruction):
    """Several elementwise calls done on some rows at a time. What is used inside alone has the size of a block."""

    __slots__ = ("inside", "instructions", "rows", "shape")

    def __init__(self, instructions: Sequence[Instruction], shape: tuple[int, ...], block: int) -> None:
        super().__init__(None, (), {}, instructions[0].section)
        self.instructions = list(instructions)
        self.stage = instructions[0].stage
        # Rows of the first dimension, or of all elements where every array is of one form.
        self.shape = (math.prod(shape),) if all(_is_even(each, shape) for each in instructions) else shape
        self.rows = max(1, block // math.prod(self.shape[1:]))
        self.writes = tuple([value for each in instructions for value in each.writes])
        self.inside: set[int] = set()
        self.outputs = [value for each in instructions for value in each.outputs]

    def inputs(self) -> list[Value]:
        made = {id(value) for each in self.instructions for value in each.outputs}
        return [value for each in self.instructions for value in each.inputs() if id(value) not in made]

    def forget(self) -> None:
        for each in self.instructions:
            each.forget()
        super().forget()

    def keep_inside(self, outside: set[int]) -> None:
        """Says which memories (by id) are used elsewhere: the others need no more than a block."""
        self.inside = {id(value.memory) for value in self.outputs} - outside
        self.outputs = [value for value in self.outputs if id(value.memory) not in self.inside]

    def is_sliced(self, value: Value) -> bool:
        """Whether each block has rows of its own of an array."""
        array = value.array
        if len(self.shape) == 1:
            return array.ndim > 0 and array.size == self.shape[0]
        return array.ndim == len(self.shape) and array.shape[0] == self.shape[0]


def blocked(instructions: Sequence[Instruction], is_fixed: Callable[[Value], bool]) -> list[Instruction]:
    """The instructions with runs of elementwise calls on large arrays as loops over blocks."""
    found: list[Instruction] = []
    run: list[Instruction] = []

    def close() -> None:
        block = best_block(min(run[0].structure.array.size.bit_length() - 1, 22)) if len(run) > 1 else None
        if block is not None:
            found.append(Loop(run, run[0].structure.array.shape, block))
        else:
            found.extend(run)
        run.clear()

    for each in instructions:
        if not _fits(each, is_fixed):
            close()
            found.append(each)
            continue
        if run and not _follows(run, each):
            close()
        run.append(each)
    close()
    _settle(found)
    return found


def _fits(instruction: Instruction, is_fixed: Callable[[Value], bool]) -> bool:
    """Whether an instruction is an elementwise call on a large array that is the same in every run."""
    target = instruction.structure
    if not isinstance(target, Value) or target.array.size < LARGE or not target.array.flags.c_contiguous:
        return False
    is_update = (
        isinstance(instruction.function, np.ufunc)
        and instruction.function.signature is None
        and instruction.named.keys() == {"out"}
        and instruction.writes == (target,)
    )
    if not (is_elementwise(instruction) or is_update):
        return False
    return is_fixed(target) and all(map(is_fixed, instruction.inputs()))


def _follows(run: Sequence[Instruction], instruction: Instruction) -> bool:
    """Whether an instruction can join a run: its rows depend on the same rows of what the run makes."""
    shape = run[0].structure.array.shape
    target = instruction.structure
    if target.array.shape != shape or instruction.section != run[0].section or instruction.stage != run[0].stage:
        return False
    made = {id(value): value for each in run for value in (*each.outputs, *each.writes)}
    memories = {id(value.memory) for value in made.values()}
    read = {id(value.memory) for each in run for value in each.inputs()}
    used = [*instruction.inputs(), target]
    if any([id(value.memory) in memories and id(value) not in made for value in used]):
        return False
    # Writing over what the run has read is fine in place, row by row, and not elsewhere in that memory.
    whole = {id(value) for each in run for value in each.inputs()}
    return not any([id(value.memory) in read and id(value) not in whole for value in instruction.writes])


def _is_even(instruction: Instruction, shape: tuple[int, ...]) -> bool:
    """Whether all arrays of an instruction are of one shape and lie row after row."""
    arrays = [value.array for value in (*instruction.inputs(), instruction.structure)]
    return all([each.ndim == 0 or (each.shape == shape and each.flags.c_contiguous) for each in arrays])


def _settle(instructions: Sequence[Instruction]) -> None:
    """Tells each loop what of its results is used elsewhere."""
    for loop in instructions:
        if isinstance(loop, Loop):
            others = [each for each in instructions if each is not loop]
            loop.keep_inside({id(value.memory) for each in others for value in (*each.inputs(), *each.outputs)})
