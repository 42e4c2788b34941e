"""Writes a program as Python: one NumPy call a line, named after the model, with each result's shape and type."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.tensor import wrap
from framework.compiler import nest
from framework.compiler.tracing.instructions import AsTensor, Instruction, Number, Scalar, Value
from framework.compiler.tracing.numpy_calls import getitem, setitem
from framework.compiler.writing.blocks import Loop
from framework.compiler.writing.buffers import Form, Plan, form_of
from framework.compiler.writing.lowering import Call, lowered

WIDTH = 60

DOTS = np.lib.NumpyVersion(np.__version__) >= "2.3.0"
"""Whether ufuncs take `out=...`: the result is an array then, also one of no dimensions."""


class Writer:
    """The text of one program, and the names it refers to: `names` are the same for every instance of it.

    `buffers` names the arrays that each instance has of its own.
    """

    def __init__(self, plan: Plan, constants: dict[int, Value]) -> None:
        self.plan = plan
        self.constants = constants
        self.names: dict[str, Any] = {}
        self.buffers: dict[str, Form] = {}
        self.numbers: dict[str, Scalar] = {}
        self.setup: list[str] = []
        self.arguments: set[int] = set()
        self._taken: set[str] = set()
        self._expressions: dict[int, str] = {}
        self._functions: dict[Any, str] = {}
        self._forms: dict[Any, str] = {}
        self._scalars: dict[Any, str] = {}
        self._kept: list[Any] = []
        # The forms of what lies inside a loop alone, by its memory's id.
        self._inside: dict[int, Form] = {}

    # Names

    def name(self, wanted: str) -> str:
        """A name like the one wanted that nothing has yet."""
        wanted = re.sub(r"\W", "_", wanted)
        if not wanted or wanted[0].isdigit() or keyword.iskeyword(wanted):
            wanted = f"_{wanted}"
        found, number = wanted, 1
        while found in self._taken:
            number += 1
            found = f"{wanted}_{number}"
        self._taken.add(found)
        return found

    def constant(self, wanted: str, value: Any) -> str:
        """A name for something that every instance shares."""
        name = self.name(wanted)
        self.names[name] = value
        return name

    def argument(self, value: Value, wanted: str) -> str:
        """A name for an array that each run is given."""
        self.arguments.add(id(value.memory))
        return self._named(value, self.name(wanted))

    def _named(self, value: Value, name: str) -> str:
        self._expressions[id(value)] = name
        self._kept.append(value)
        return name

    def is_fixed(self, value: Value) -> bool:
        """Whether an array is the same one in every run of an instance."""
        memory = value.memory
        return id(value) in self.constants or memory.kind == "captured" or id(memory) in self.plan.block_of

    def value(self, value: Value) -> str:
        """The name of a value's array."""
        found = self._expressions.get(id(value))
        if found is not None:
            return found
        if id(value) in self.constants or value.memory.kind == "captured":
            array = value.array
            fixed = id(value) in self.constants or not array.flags.writeable
            return self._named(value, self.constant(value.name or _constant_name(array, fixed), array))
        block = self.plan.block_of.get(id(value.memory))
        if block is None:
            return self.local(value)
        form = self._inside.get(id(value.memory)) or form_of(value, block)
        if value.name:
            name = self._named(value, self.name(value.name))
            self.buffers[name] = form
            return name
        if form not in self._forms:
            self._forms[form] = self.name(f"t{block + 1}")
            self.buffers[self._forms[form]] = form
        return self._named(value, self._forms[form])

    def local(self, value: Value) -> str:
        """A name for an array that each run makes anew."""
        return self._named(value, self.name(value.name or "r1"))

    def scalar(self, scalar: Scalar) -> str:
        """The name of a number's 0-d array."""
        number = scalar.number
        key = (id(number) if isinstance(number, Number) else (number.__class__, repr(number)), scalar.dtype)
        if key not in self._scalars:
            self._kept.append(number)
            if isinstance(number, Number):
                name = self.name(number.key or "number")
                self.names[name] = scalar.array
                self.numbers[name] = scalar
            else:
                array = scalar.array
                array.flags.writeable = False
                name = self.constant(_number_name(number), array)
            self._scalars[key] = name
        return self._scalars[key]

    def function(self, function: Any) -> str:
        """The name of a function; NumPy's without its dispatch, which none of a program's arrays needs."""
        owner = getattr(function, "__self__", None)
        key = (id(owner), function.__name__) if isinstance(owner, np.ufunc) else id(function)
        if key not in self._functions:
            wanted = getattr(function, "__name__", type(function).__name__)
            if isinstance(owner, np.ufunc):
                wanted = f"{owner.__name__}_{wanted}"
            elif wanted == "<lambda>":
                wanted = "function"
            self._kept.append(function)
            quick = getattr(function, "_implementation", function)
            self._functions[key] = self.constant(wanted.strip("_"), quick)
        return self._functions[key]

    # Text

    def text(self, each: Any) -> str:
        """A call's argument as text."""
        if isinstance(each, Value):
            return self.value(each)
        if isinstance(each, Scalar):
            return self.scalar(each)
        if isinstance(each, AsTensor):
            return f"{self.function(wrap)}({self.value(each.value)})"
        if each.__class__ in (tuple, list, dict):
            return nest.text(each, self.text)
        if each is None or each.__class__ in (int, str, bool) or (each.__class__ is float and math.isfinite(each)):
            return repr(each)
        if each is Ellipsis:
            return "..."
        if each.__class__ is slice:
            return f"slice({self.text(each.start)}, {self.text(each.stop)}, {self.text(each.step)})"
        if isinstance(each, np.generic):
            array = np.asarray(each)
            array.flags.writeable = False
            return self.constant(_number_name(each.item()), array)
        return self.constant(_word(each), each)

    def index(self, index: Any) -> str:
        """What stands between the brackets."""
        if index.__class__ is tuple and index:
            return ", ".join(map(self.index, index)) + ("," if len(index) == 1 else "")
        if index.__class__ is slice:
            start, stop, step = (
                "" if each is None else self.text(each) for each in (index.start, index.stop, index.step)
            )
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return self.text(index)

    def call(self, call: Call, out: str | None) -> str:
        """A call as text; `out` names the array that it writes into."""
        if call.function is getitem:
            return f"{self.text(call.args[0])}[{self.index(call.args[1])}]"
        if call.function is setitem:
            return f"{self.text(call.args[0])}[{self.index(call.args[1])}] = {self.text(call.args[2])}"
        words = [self.text(each) for each in call.args]
        words += [f"{key}={self.text(each)}" for key, each in call.named.items()]
        if out is not None:
            words.insert(0, out) if call.into == "first" else words.append(f"out={out}")
        return f"{self.function(call.function)}({', '.join(words)})"

    def lines(self, instruction: Instruction) -> list[str]:
        """An instruction as lines; a view of what stays where it is, is made once instead."""
        if isinstance(instruction, Loop):
            return self._loop(instruction)
        structure = instruction.structure
        if instruction.writes or not instruction.outputs:
            return [self.call(each, None) for each in lowered(instruction)]
        if isinstance(structure, Value):
            if structure is not instruction.outputs[0]:
                return []
            if (
                id(structure.memory) in self.plan.block_of
                and instruction is structure.maker
                and not _is_view(instruction)
            ):
                out = self.value(structure)
                return [_noted(self.call(each, out), structure) for each in lowered(instruction)]
            plain = Call(instruction.function, instruction.args, instruction.named)
            if _is_view(instruction) and self.is_fixed(structure) and all(map(self.is_fixed, instruction.inputs())):
                structure.name = structure.name or self._view_name(instruction)
                name = self._named(structure, self.name(structure.name))
                self.setup.append(_noted(f"{name} = {self.call(plain, None)}", structure))
                self.setup += _made_writable(instruction, name)
                return []
            calls = lowered(instruction)
            call = calls[0] if len(calls) == 1 and calls[0].into == "out" else plain
            text = self.call(call, None)
            if structure.array.ndim == 0 and not _is_view(instruction):
                # NumPy gives a number of its own kind, not an array.
                by_dots = DOTS and isinstance(getattr(call.function, "__self__", call.function), np.ufunc)
                text = self.call(call, "...") if by_dots and call.into == "out" else self._as_array(text)
            name = self.local(structure)
            return [_noted(f"{name} = {text}", structure), *_made_writable(instruction, name)]
        return self._several(instruction)

    def _loop(self, loop: Loop) -> list[str]:
        """A loop over blocks: the parts of its arrays are taken once, and named after them."""
        values = {
            id(value): value
            for each in loop.instructions
            for value in (*each.inputs(), each.structure)
            if loop.is_sliced(value)
        }
        step, count = loop.rows, loop.shape[0]
        parts: dict[str, tuple[str, str]] = {}
        for value in values.values():
            inside = id(value.memory) in loop.inside
            if inside:
                self._inside[id(value.memory)] = self._block_form(value, (step, *loop.shape[1:]))
            name = self.value(value)
            flat = f"{name}.reshape(-1)" if not inside and len(loop.shape) == 1 and value.array.ndim > 1 else name
            taken = f"{name}[: {count} - at]" if inside else f"{flat}[at : at + {step}]"
            if name not in parts:
                parts[name] = self.name(f"{name}_part"), taken
        blocks = self.name("blocks")
        self.setup.append(
            f"{blocks} = [({', '.join(taken for _, taken in parts.values())},) for at in range(0, {count}, {step})]"
        )
        names = [part for part, _ in parts.values()]
        lines = [f"for {', '.join(names)}{',' if len(names) == 1 else ''} in {blocks}:"]
        whole = dict(self._expressions)
        self._expressions |= {key: parts[self.value(value)][0] for key, value in values.items()}
        for each in loop.instructions:
            out = None if each.writes else self.value(each.structure)
            lines += [f"    {_noted(self.call(call, out), each.structure)}" for call in lowered(each)]
        self._expressions |= {key: whole[key] for key in values}
        return lines

    def _block_form(self, value: Value, shape: tuple[int, ...]) -> Form:
        """The form of what a loop uses inside alone: an array of a block's rows."""
        dtype = value.array.dtype
        return self.plan.block_of[id(value.memory)], dtype, shape, np.empty(shape, dtype).strides, 0

    def _as_array(self, text: str) -> str:
        return f"{self.function(np.asarray)}({text})"

    def _several(self, instruction: Instruction) -> list[str]:
        """A call that returns a nest of arrays, and the taking apart of it."""
        whole = self.name("results")
        [call] = lowered(instruction)
        lines = [f"{whole} = {self.call(call, None)}"]

        for path, each in nest.paths(instruction.structure, whole):
            if any([each is one for one in instruction.outputs]):
                text = self._as_array(path) if each.array.ndim == 0 else path
                lines.append(_noted(f"{self.local(each)} = {text}", each))
        return lines

    def _view_name(self, instruction: Instruction) -> str:
        base = next(iter(instruction.inputs()))
        name = getattr(instruction.function, "__name__", "view")
        name = name.strip("_")
        suffix = "T" if name == "transpose" and base.array.ndim == 2 else "view" if name == "getitem" else name
        return f"{self.value(base)}_{suffix}"

    def body(self, instructions: Sequence[Instruction]) -> list[str]:
        """The lines of a program, its sections marked."""
        lines: list[str] = []
        section = None
        for each in instructions:
            made = self.lines(each)
            if made and each.section != section:
                section = each.section
                lines.append(f"# {section}")
            lines += made
        return lines


def _is_view(instruction: Instruction) -> bool:
    """Whether an instruction's result shows the memory of one of its inputs."""
    value = instruction.structure
    return (
        isinstance(value, Value)
        and not instruction.opaque
        and any([each.memory is value.memory for each in instruction.inputs()])
    )


def _made_writable(instruction: Instruction, name: str) -> list[str]:
    """A diagonal comes read-only from NumPy, and may have been made writable since."""
    value = instruction.structure
    return (
        [f"{name}.flags.writeable = True"]
        if instruction.function is np.diagonal and value.array.flags.writeable
        else []
    )


def _noted(line: str, value: Value) -> str:
    array = value.array
    shape = "×".join(map(str, array.shape)) or "0-d"
    return f"{line:<{WIDTH}}  # {shape} {array.dtype}"


def _number_name(number: Any) -> str:
    """A name for a constant: `c0_5` is 0.5, `m1` is -1."""
    text = f"{number:g}" if number.__class__ is float else str(number)
    return ("m" if text.startswith("-") else "c") + text.lstrip("-").replace("+", "").replace(".", "_").replace(
        "-", "m"
    )


def _constant_name(array: ndarray, fixed: bool) -> str:
    """A name for an array without one: what it holds if it never changes, or `array`."""
    if fixed and array.ndim == 0:
        return _number_name(array.item())
    return "ones" if fixed and array.size and bool((array == 1).all()) else "array"


def _word(each: Any) -> str:
    if isinstance(each, np.dtype):
        return each.name
    if isinstance(each, ndarray):
        return "array"
    return type(each).__name__.lower() if not isinstance(each, type) else each.__name__


def function_text(name: str, arguments: Iterable[str], body: Sequence[str], returned: Iterable[str]) -> list[str]:
    """A function of lines."""
    found = list(returned)
    end = f"return {', '.join(found)}{',' if len(found) == 1 else ''}" if found else "return ()"
    return [f"def {name}({', '.join(arguments)}):", *[f"    {line}" for line in [*body, end]]]
