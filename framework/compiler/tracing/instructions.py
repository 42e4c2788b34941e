"""What a traced run is made of: values that lie in memories, and the calls that made or wrote them, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy import ndarray

from framework.autograd.float_errors import quietly


class Memory:
    """A piece of memory that values are views of.

    `kind` is "argument" (an array given to the function), "captured" (an array that was there before), "literal" (made
    in the run without a traced call: a constant) or "fresh" (a call's result). `before` is what it held before the run
    first wrote to it.
    """

    __slots__ = ("before", "flat", "kind", "owner", "written")

    def __init__(self, kind: str, owner: ndarray) -> None:
        self.kind = kind
        self.owner = owner
        self.before: ndarray | None = None
        self.written = False
        # Made of several results that lie one after the other.
        self.flat = False


class Value:
    """An array of the run: `array` is the one that the traced run computed, whose form every later run's has."""

    __slots__ = ("array", "handle", "maker", "memory", "name")

    def __init__(self, array: ndarray, memory: Memory, maker: Instruction | None = None) -> None:
        self.array = array
        self.memory = memory
        self.maker = maker
        self.name: str | None = None
        self.handle: Any = None

    def __repr__(self) -> str:
        return f"<{self.memory.kind} {self.name or hex(id(self))} {self.array.dtype}{list(self.array.shape)}>"


def pointer(array: ndarray) -> int:
    """The address of an array's first element."""
    address: int = array.__array_interface__["data"][0]
    return address


def moved(array: ndarray, start: int, owner: ndarray) -> ndarray:
    """An array of the same form, that many bytes into another's memory."""
    flat = np.ravel(owner, order="K").view(np.uint8)
    return ndarray(array.shape, array.dtype, flat, start, array.strides)


class Number:
    """A Python number that every run has anew: one of an optimizer's scalars, or made of such by arithmetic.

    `source` and `key` say which scalar it is; `function` and `operands` how it is made of others.
    """

    __slots__ = ("function", "key", "operands", "source", "value")

    def __init__(
        self,
        value: float,
        source: Any = None,
        key: str | None = None,
        function: Callable[..., Any] | None = None,
        operands: tuple[Any, ...] = (),
    ) -> None:
        self.value = value
        self.source = source
        self.key = key
        self.function = function
        self.operands = operands


class AsTensor:
    """A value that a call takes as a Tensor: one inside the arguments of a function that is kept whole."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value


class Scalar:
    """A number as the 0-d array that a call takes: a constant, or a `Number`, in the type in which it meets arrays."""

    __slots__ = ("dtype", "number")

    def __init__(self, number: Any, dtype: np.dtype[Any]) -> None:
        self.number = number
        self.dtype = dtype

    @property
    def array(self) -> ndarray:
        value = self.number.value if isinstance(self.number, Number) else self.number
        return np.array(value, self.dtype)


class Unforeseen(Exception):
    """A run meets what the traced run did not: its program does not hold for it."""


class Assumption:
    """A question about values that every run asks, and must be answered as in the traced run."""

    def __init__(self, question: Callable[..., Any], refuses: bool = False) -> None:
        self.question = question
        self.refuses = refuses
        self.elementwise = getattr(question, "elementwise", False)
        self.__name__ = getattr(question, "__name__", "question").strip("_")
        self.answer: Any = Unforeseen

    def __call__(self, *values: Any) -> Any:
        # A program runs in silence, and asks what refuses itself.
        answer = quietly(self.question, *values) if self.refuses else self.question(*values)
        if self.answer is not Unforeseen and answer != self.answer:
            raise Unforeseen(f"{self.__name__}() answers {answer}, not {self.answer}")
        return answer


class Form:
    """The shape and type of an array."""

    __slots__ = ("dtype", "shape")

    def __init__(self, array: ndarray) -> None:
        self.shape = array.shape
        self.dtype = array.dtype


class Whole:
    """A function kept as one call, whose results must have the form that they had in the traced run."""

    def __init__(self, function: Callable[..., Any], structure: Any) -> None:
        self.function = function
        # The arrays themselves are nobody's business here.
        self.structure = mapped(structure, lambda each: Form(each.array) if isinstance(each, Value) else each)
        self.__name__ = getattr(function, "__name__", type(function).__name__).strip("_")

    def __call__(self, *args: Any, **named: Any) -> Any:
        result = self.function(*args, **named)
        if not _has_form(result, self.structure):
            raise Unforeseen(f"{self.__name__}() returns arrays of another form")
        return result


def _has_form(result: Any, structure: Any) -> bool:
    if isinstance(structure, Form):
        return getattr(result, "shape", None) == structure.shape and result.dtype == structure.dtype
    if structure.__class__ in (tuple, list):
        return len(result) == len(structure) and all(map(_has_form, result, structure))
    return result is None if structure is None else not isinstance(result, ndarray)


class Instruction:
    """One call: `outputs = function(*args, **named)`, its arguments `Value`s, `Scalar`s and plain Python.

    `writes` are the values it writes into. `stateful` calls are never dropped, merged or moved; `opaque` says why a
    call of a whole function was kept instead of its NumPy calls.
    """

    __slots__ = (
        "_inputs",
        "args",
        "function",
        "named",
        "opaque",
        "outputs",
        "section",
        "stage",
        "stateful",
        "structure",
        "writes",
    )

    def __init__(
        self,
        function: Any,
        args: tuple[Any, ...],
        named: dict[str, Any],
        section: str,
        writes: tuple[Value, ...] = (),
        stateful: bool = False,
        opaque: str | None = None,
    ) -> None:
        self.function = function
        self._inputs: list[Value] | None = None
        self.args = args
        self.named = named
        self.section = section
        self.writes = writes
        self.stateful = stateful
        self.opaque = opaque
        self.outputs: list[Value] = []
        # The part of the program that it belongs to.
        self.stage = 0
        # How the outputs stand in what the function returned: None for a single array.
        self.structure: Any = None

    def inputs(self) -> list[Value]:
        """The values among the arguments."""
        if self._inputs is None:
            self._inputs = list(leaves((self.args, self.named), Value))
        return self._inputs

    def take(self, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Takes other arguments."""
        self.args, self.named, self._inputs = args, named, None

    def forget(self) -> None:
        """Lets go of the values, which lead back here."""
        for value in self.outputs:
            value.maker = None
        self.take((), {})
        self.writes, self.outputs, self.structure = (), [], None

    def replace(self, old: Value, new: Value) -> None:
        """Takes another value in one's place."""
        self.take(*mapped((self.args, self.named), lambda each: new if each is old else each))
        self.writes = tuple(new if each is old else each for each in self.writes)

    def __repr__(self) -> str:
        return f"<{getattr(self.function, '__name__', self.function)} -> {self.outputs}>"


def leaves(tree: Any, kind: type) -> Iterator[Any]:
    """The objects of a kind in nested tuples, lists, dicts and slices."""
    if isinstance(tree, kind):
        yield tree
    elif tree.__class__ in (tuple, list):
        for each in tree:
            yield from leaves(each, kind)
    elif tree.__class__ is dict:
        for each in tree.values():
            yield from leaves(each, kind)
    elif tree.__class__ is AsTensor:
        yield from leaves(tree.value, kind)
    elif tree.__class__ is slice:
        yield from leaves((tree.start, tree.stop, tree.step), kind)


def mapped(tree: Any, change: Callable[[Any], Any], as_tensor: Callable[[Any], Any] = AsTensor) -> Any:
    """The same nest with every leaf changed, and what stands for a Tensor made anew by `as_tensor`."""
    if tree.__class__ in (tuple, list):
        return tree.__class__([mapped(each, change, as_tensor) for each in tree])
    if tree.__class__ is dict:
        return {key: mapped(each, change, as_tensor) for key, each in tree.items()}
    if tree.__class__ is AsTensor:
        return as_tensor(mapped(tree.value, change, as_tensor))
    if tree.__class__ is slice:
        return slice(*[mapped(each, change, as_tensor) for each in (tree.start, tree.stop, tree.step)])
    return change(tree)
