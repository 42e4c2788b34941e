"""`Trace`: records what a run does with arrays, as instructions, while it runs.

While a thread traces, every Tensor hands out its array as a `Traced`, and keeps a plain array all the same: when the
trace ends, nothing is left to undo. Other threads notice nothing.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.float_errors import SILENCE, quietly, restore, silence
from framework.autograd.tensor import Tensor
from framework.compiler.tracing import numpy_calls
from framework.compiler.tracing.conversion import (
    concrete,
    is_array,
    like,
    name,
    owner_of,
    plain,
    traced_in,
    with_scalars,
)
from framework.compiler.tracing.instructions import (
    Assumption,
    AsTensor,
    Instruction,
    Memory,
    Number,
    Value,
    Whole,
    leaves,
    mapped,
)
from framework.compiler.tracing.met import Captured, Gradient, Looked, Source
from framework.compiler.tracing.tensors import begin, end, slot
from framework.compiler.tracing.traced import WRITING, Traced, TracedNumber
from framework.compiler.watch import user_line


class Untraceable(BaseException):
    """Ends the tracing of one operation, which is then kept whole. Nobody else catches it."""


class Trace:
    """One traced run, in one thread."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.section = "forward"
        self.broken: str | None = None
        self.open = False
        # Arrays by their id: `values` keeps each alive, so that no id comes to mean another.
        self.values: dict[int, Value] = {}
        self.memories: dict[int, Memory] = {}
        # Tensors met that were there before the run, each with its value; and those that got an array in the run.
        self.captured: dict[int, Captured] = {}
        self.made: dict[int, weakref.ref[Tensor]] = {}
        self.gradients: dict[int, Gradient] = {}
        self.notes_gradients = True
        # Every tensor that became the `.grad` of another, with that.
        self.writes: list[Value] = []
        self.assigned: list[tuple[Tensor, Value]] = []
        # Stateful objects that were called (generators), with their states before.
        self.states: dict[int, tuple[Any, Any]] = {}
        self.sources: dict[Any, Source] = {}
        # The optimizers in two parts that made a step.
        self.optimizers: dict[int, Any] = {}
        # How deep inside an operation the run is: there, what cannot be traced makes the operation opaque.
        self.depth = 0
        self.quiet: Any = None

    # Values

    def value_of(self, array: Any) -> Value:
        """The value that an array is: one that the run has not made was there before."""
        if type(array) is Traced:
            if array.trace is self:
                return array.value
            array = array.value.array
        found = self.values.get(id(array))
        return self.enter(array, "captured") if found is None else found

    def enter(self, array: ndarray, kind: str, maker: Instruction | None = None) -> Value:
        """A new value; one that shares known memory is a view of that."""
        owner = owner_of(array)
        memory = self.memories.get(id(owner))
        if memory is not None and memory.kind in ("literal", "fresh") and maker is None and kind == "captured":
            # A view that no traced call made: of a constant it is one too.
            if memory.kind == "fresh" or memory.written:
                self.stop("a view that is made past what stands for arrays")
            memory = Memory(kind, array)
        if memory is None:
            memory = self.memories[id(owner)] = Memory(kind, owner)
        value = self.values[id(array)] = Value(array, memory, maker)
        value.handle = Traced(value, self)
        return value

    def enter_argument(self, array: ndarray) -> Value:
        """The value of an array that the function is given."""
        return self.values.get(id(array)) or self.enter(array, "argument")

    def given(self, leaf: Any) -> Any:
        """What the function gets for an argument: arrays are traced, Tensors see to it themselves."""
        return self.value_of(leaf).handle if type(leaf) is ndarray else leaf

    def literal(self, array: ndarray) -> Value:
        """The value of an array that was made in the run by no traced call."""
        value = self.enter(array, "literal")
        if value.memory.kind == "literal":
            # Where it is written to, each run starts from a copy of what it was.
            instruction = Instruction(np.copy, (np.copy(array, order="K"),), {"order": "K"}, self.section)
            instruction.outputs = [value]
            instruction.structure = value
            value.maker = instruction
            self.instructions.append(instruction)
        return value

    def of_tensor(self, tensor: Tensor, array: ndarray) -> Any:
        """What a Tensor hands out for its array while the run is traced."""
        found = self.values.get(id(array))
        if found is None or (found.memory.kind == "captured" and id(tensor) not in self.captured):
            found = found or self.enter(array, "captured")
            if not self.has_made(tensor):
                self.captured[id(tensor)] = Captured(tensor, found)
        return found.handle

    def see_gradient(self, tensor: Tensor, gradient: Tensor | None, read: bool) -> None:
        """The `.grad` of a tensor is read or set: what it was before the run is for the program to be given."""
        if self.open and self.notes_gradients and id(tensor) not in self.gradients and not self.has_made(tensor):
            self.gradients[id(tensor)] = Gradient(tensor, gradient, read)
            array = None if gradient is None else slot.__get__(gradient, Tensor)
            if read and type(array) is ndarray:
                if id(array) in self.values:
                    self.stop("a .grad that shares its memory")
                self.gradients[id(tensor)].value = self.enter(array, "argument")

    def note_assigned(self, tensor: Tensor, gradient: Tensor | None) -> None:
        """A tensor becomes the `.grad` of another."""
        if self.open and gradient is not None and not self.has_made(tensor):
            self.assigned.append((tensor, self.value_of(slot.__get__(gradient, Tensor))))

    def has_made(self, tensor: Tensor) -> bool:
        """Whether a tensor came about in the run."""
        reference = self.made.get(id(tensor))
        return reference is not None and reference() is tensor

    def to_tensor(self, tensor: Tensor, array: Any) -> ndarray:
        """What a Tensor keeps of an array given to it while the run is traced."""
        if id(tensor) not in self.captured and not self.has_made(tensor):
            self.made[id(tensor)] = weakref.ref(tensor)
        if not self.open:
            return array.value.array if type(array) is Traced else array
        if type(array) is Traced:
            return array.value.array
        if type(array) is ndarray and id(array) not in self.values:
            self.literal(array)
        return array

    # Calls

    def call(
        self,
        function: Any,
        args: Any,
        named: Any,
        writes: tuple[Any, ...] = (),
        stateful: bool = False,
        opaque: str | None = None,
    ) -> Any:
        """Runs a call and records it; its arrays come back as traced ones."""
        if not self.open:
            return function(*plain(tuple(args)), **plain(named))
        for each in writes:
            self._about_to_write(each)
        if self._has_ended():
            return function(*plain(tuple(args)), **plain(named))
        args, named = mapped((tuple(args), dict(named)), self._leaf)
        written = tuple(self.value_of(each) for each in writes)
        instruction = Instruction(function, args, named, self.section, written, stateful, opaque)
        if stateful or opaque:
            drawn = len(self.states)
            with self._muted():
                result = function(*concrete(args), **concrete(named))
            instruction.stateful |= len(self.states) > drawn
        else:
            result = function(*concrete(args), **concrete(named))
        if function.__class__ is np.ufunc:
            instruction.args = with_scalars(function, args, named)
        if any(True for _ in leaves((instruction.args, named), Number)):
            self.stop(f"a number that changes from step to step, given to {name(function)}()")
        self.instructions.append(instruction)
        wrapped = self._wrapped(instruction, result)
        if opaque:
            instruction.function = Whole(function, instruction.structure)
        return wrapped

    def _leaf(self, each: Any) -> Any:
        if type(each) is Traced or isinstance(each, ndarray):
            return self.value_of(each)
        if isinstance(each, Tensor):
            return AsTensor(self.value_of(each._array))
        return each.number if type(each) is TracedNumber else each

    def _about_to_write(self, array: Any) -> None:
        value = self.values.get(id(array)) if type(array) is not Traced else self.value_of(array)
        if value is None:
            self.stop("a write into an array that the traced run did not make (out=, or in place)")
            return
        memory = value.memory
        if memory.kind in ("captured", "argument") and memory.before is None:
            memory.before = memory.owner.copy(order="K")
        memory.written = True
        self.writes.append(value)

    def _is_written(self, value: Value) -> bool:
        """Whether the run has written to any part of a value."""
        return any([np.may_share_memory(each.array, value.array) for each in self.writes])

    def _wrapped(self, instruction: Instruction, result: Any) -> Any:
        """The result with each array a traced one, and the instruction told of its outputs."""
        if isinstance(result, (ndarray, np.generic)):
            value = self._output(instruction, result)
            instruction.structure = value
            return value.handle
        if isinstance(result, (tuple, list)):
            values = mapped(tuple(result), lambda each: self._output(instruction, each) if is_array(each) else each)
            instruction.structure = values
            return like(result, mapped(values, lambda each: each.handle if isinstance(each, Value) else each))
        instruction.structure = result
        if result is not None and not instruction.writes and not instruction.stateful:
            self.stop(f"a call whose result is no array ({name(instruction.function)})")
        return result

    def _output(self, instruction: Instruction, array: Any) -> Value:
        if isinstance(array, np.generic):
            array = np.asarray(array)
        elif type(array) is not ndarray:
            array = array.view(ndarray)
        value = self.values.get(id(array))
        if value is None:
            value = self.enter(array, "fresh", instruction)
            instruction.outputs.append(value)
        return value

    def ufunc(self, ufunc: np.ufunc, method: str, inputs: Any, named: Any) -> Any:
        """NumPy's protocol for ufuncs and their methods."""
        if any([isinstance(each, Tensor) for each in inputs]):
            return NotImplemented
        writes = tuple(each for each in named.get("out", ()) if each is not None)
        if method == "at":
            writes = inputs[:1]
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self.call(function, inputs, named, writes)

    def function(self, function: Any, args: Any, named: Any) -> Any:
        """NumPy's protocol for all other functions."""
        if any([isinstance(each, Tensor) for each in args]):
            return NotImplemented
        if function in numpy_calls.OF_FORM:
            return function(*plain(args), **plain(named))
        if numpy_calls.shape_depends_on_values(function, args, named):
            self.stop(f"np.{name(function)}, the shape of whose result depends on values")
        return self.call(function, args, named, numpy_calls.written(function, args, named))

    def method(self, method: Any, name: str, array: Traced, args: Any, named: Any) -> Any:
        """A method of arrays."""
        if name == "nonzero":
            self.stop(".nonzero(), the shape of whose result depends on values")
        return self.call(method, (array, *args), named, (array,) if name in WRITING else ())

    def item(self, array: Traced, index: Any) -> Any:
        """`array[index]`."""
        if numpy_calls.is_mask(index):
            self.stop("an index by a mask, the shape of whose result depends on values")
        return self.call(numpy_calls.getitem, (array, index), {})

    def set_item(self, array: Traced, index: Any, values: Any) -> None:
        """`array[index] = values`."""
        self.call(numpy_calls.setitem, (array, index, values), {}, (array,))

    # What is kept whole

    def run(self, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Runs an operation's function: traced through, or, where that cannot be, as one call of it all."""
        if not self.open or not traced_in((args, named)):
            result = function(*args, **named)
            # A number that meets a tensor becomes an array, the same in every run.
            return self.literal(result).handle if self.open and function is np.array else result
        if isinstance(function, np.ufunc):
            return quietly(function, *args, **named)
        start, states = len(self.instructions), dict(self.states)
        self.depth += 1
        audible = silence(SILENCE)
        try:
            return function(*args, **named)
        except Untraceable as reason:
            why = str(reason)
        except Exception as error:
            # Either the function does not take what stands for arrays, or it would fail on arrays too.
            why = f"{type(error).__name__}: {error}"
        finally:
            self.depth -= 1
            restore(audible)
        self._undo(start, states)
        return self.call(function, args, named, opaque=why)

    def _undo(self, start: int, states: dict[int, tuple[Any, Any]]) -> None:
        """Forgets the instructions from `start` on; generators drawn from first there go back."""
        for key, (generator, state) in list(self.states.items()):
            if key not in states:
                generator.set_state_array(state)
                del self.states[key]
        for instruction in self.instructions[start:]:
            for value in instruction.outputs:
                self.values[id(value.array)] = value
        del self.instructions[start:]

    def draw(self, method: Callable[..., Any], generator: Any, args: Any, named: Any) -> Any:
        """A draw from a generator, made again in every run."""
        if id(generator) not in self.states:
            self.states[id(generator)] = (generator, generator.state_array())
        if not self.open:
            return method(generator, *plain(args), **plain(named))
        return self.call(method, (generator, *args), named, stateful=True)

    @contextlib.contextmanager
    def _muted(self) -> Iterator[None]:
        """Inside, calls run and are not recorded: they belong to one that is."""
        before, self.open = self.open, False
        try:
            yield
        finally:
            self.open = before

    def decide(self, question: Callable[..., Any], values: tuple[Any, ...], refuses: bool = False) -> Any:
        """A plain answer that depends on values: each run asks again, and must hear the same.

        refuses: it has no answer, and what it raises ends the run, with all that was changed before.
        """
        if not self.open:
            return question(*plain(values))
        assumption = Assumption(question, refuses)
        section = self.section
        if refuses and self.instructions:
            self.section = self.instructions[-1].section  # what it looks at comes from there
        answer = self.call(assumption, values, {}, stateful=True)
        self.section = section
        assumption.answer = answer
        return answer

    # Numbers

    def numbers(self, scalars: Callable[..., Any], group: Any, state: dict[str, Any]) -> dict[str, Any]:
        """An optimizer's scalars, whose floats every run has anew; what is no float is the same in every run."""
        if not self.open:
            return scalars(group, plain(state))
        optimizer = getattr(scalars, "__self__", None)
        self.optimizers[id(optimizer)] = optimizer
        looks = self._looks_into(state, scalars, group)
        if looks and any([self._is_written(each.value) for each in state.values() if type(each) is Traced]):
            self.stop("an optimizer's second step, whose scalars depend on the state after the first")
            return scalars(group, plain(state))
        key = (id(getattr(scalars, "__self__", scalars)), id(group), *(map(id, state.values()) if looks else state))
        source = self.sources.get(key)
        if source is None:
            source = self.sources[key] = self._source(scalars, group, state, looks)
        numbers = source.numbers
        return {
            name: TracedNumber(numbers[name], self) if name in numbers else each for name, each in source.found.items()
        }

    def _source(self, scalars: Callable[..., Any], group: Any, state: dict[str, Any], looks: bool) -> Source:
        """A new source, or the one of another parameter at the same step: what is alike can be done in one call."""
        kept = {name: self._leaf(each) for name, each in state.items()}
        source = Source(scalars, group, kept)
        looked = Looked(plain(state))
        with self._muted():
            source.found = scalars(group, looked)
        seen = [kept[name] for name in looked.names] if looks else []
        if all([isinstance(each, Value) and each.array.ndim == 0 for each in seen]):
            source.saw = {name: kept[name].array.item() for name in looked.names if looks}
        for other in self.sources.values():
            if other.serves(source):
                other.alike.append(kept)
                return other
        source.numbers = {
            name: Number(each, source, name) for name, each in source.found.items() if each.__class__ in (int, float)
        }
        return source

    def _looks_into(self, state: dict[str, Any], scalars: Callable[..., Any], group: Any) -> bool:
        """Whether an optimizer's scalars depend on the values of its state."""
        self.depth += 1
        try:
            scalars(group, state)
        except Untraceable:
            return True
        finally:
            self.depth -= 1
        return False

    # What Python comes to know

    def tell(self, value: Value | None, what: str) -> Any:
        """Python is about to see values: inside an operation that makes it opaque, elsewhere it ends the trace."""
        self.stop(what)
        return None if value is None else value.array

    def stop(self, what: str) -> None:
        """Ends the trace for a reason; the run itself goes on, on plain arrays."""
        if not self.open:
            return
        if self.depth:
            raise Untraceable(what)
        self.broken = f"{what} at {user_line() or 'an unknown place'}"
        self.close()

    def _has_ended(self) -> bool:
        return not self.open

    def enter_section(self, section: str | None) -> str:
        """Says what the next instructions are part of; gives the section before."""
        before, self.section = self.section, section or self.section
        return before

    def close(self) -> None:
        """Records no more."""
        self.open = False
        end(self)

    def forget(self) -> None:
        """Lets go of all arrays: values and what stands for them hold each other."""
        for value in self.values.values():
            value.handle = value.maker = None
        for memory in self.memories.values():
            memory.before = None
        for instruction in self.instructions:
            instruction.forget()
        self.values, self.memories, self.captured, self.instructions = {}, {}, {}, []
        self.gradients, self.assigned, self.writes, self.made = {}, [], [], {}

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Inside, this thread's run is recorded."""
        try:
            begin(self)
            self.open = True
            yield
        finally:
            self.close()
