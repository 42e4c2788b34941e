"""Under what a program holds, as data and as the Python that checks it at every call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from numpy import ndarray

from framework.autograd import dtypes
from framework.autograd.tensor import Tensor
from framework.compiler import nest
from framework.compiler.tracing.instructions import Memory
from framework.compiler.tracing.met import Source
from framework.compiler.tracing.tensors import slot


@dataclass
class Conditions:
    """Under what a program holds, besides the form of its arguments."""

    recording: bool
    inference: bool
    captured: list[tuple[Tensor, ndarray]]
    # Tensors whose gradient the run looked at: what it is given of it, None where there was none.
    gradients: list[tuple[Tensor, Any]]
    # The text of what holds for Python's own values, and the objects that it names.
    python: tuple[str, dict[str, Any]]
    explain: Callable[[], str | None]
    # Memory from outside that it writes, and the arrays that no argument may share memory with.
    written: list[Memory]
    foreign: list[ndarray]
    arguments_written: bool
    sources: list[Source]
    optimizers: list[Any]
    generators: list[Any]


class Names:
    """The objects that a text refers to, by their names in it."""

    def __init__(self, **objects: Any) -> None:
        # A plain dict: Python is slow to look a name up in any other.
        self.objects = objects

    def constant(self, wanted: str, value: Any) -> str:
        """A name for an object."""
        name = f"{wanted}_{len(self.objects)}"
        self.objects[name] = value
        return name


class Checks:
    """Writes the conditions on a call like the one that was traced."""

    def __init__(self, conditions: Conditions, paths: list[tuple[str, Any]], names: Names) -> None:
        self.conditions = conditions
        self.paths = paths
        self.names = names
        self.constant = names.constant
        # By the ids of the traced call's arrays: what the text calls those of a call.
        self.arrays: dict[int, str] = {}

    def lines(self, arguments: tuple[Any, Any]) -> list[str]:
        """The lines that return MISS where a condition does not hold; they name the leaves and their arrays."""
        conditions = self.conditions
        lines = [_unless(_forms(arguments))]
        found = [
            f"mode.recording is {conditions.recording}",
            # In inference mode nothing is recorded.
            *([] if conditions.recording else [f"mode.inference is {conditions.inference}"]),
            f"default.float is {self.constant('type', dtypes._Default.float)}",
        ]
        for number, (place, leaf) in enumerate(self.paths):
            name = f"x{number}"
            lines.append(f"{name} = {place}")
            if nest.is_array(leaf):
                lines.append(f"a{number} = {name}._array" if isinstance(leaf, Tensor) else f"a{number} = {name}")
                self.arrays[id(slot.__get__(leaf, Tensor) if isinstance(leaf, Tensor) else leaf)] = f"a{number}"
            found.append(self._of_leaf(name, f"a{number}", leaf))
        if conditions.arguments_written:
            owners = [f"id({_owner(array)})" for array in self.arrays.values()]
            found.append(f"len({{{', '.join(owners)}}}) == {len(owners)}")
        for tensor, array in conditions.captured:
            name = self.constant("tensor", tensor)
            found.append(f"{name}._array is {self.constant('array', array)}")
            found.append(f"{name}.{_grad_flag(tensor)} is {tensor.requires_grad}")
            if tensor._requires_grad:
                found += self._of_hooks(name, tensor)
        for tensor, value in conditions.gradients:
            found.append(self._of_gradient(self.place(tensor), value))
        for optimizer in conditions.optimizers:
            found += self._of_state(optimizer)
        text, names = conditions.python
        if text:
            self.names.objects.update(names)
            found.append(text)
        return [*lines, _unless(found)]

    def _of_gradient(self, name: str, value: Any) -> str:
        """The condition on a tensor's gradient: there is none, or one of this form."""
        if value is None:
            return f"{name}._grad is None"
        return f"{name}._grad is not None and {self._form(f'{name}._grad._array', value.array)}"

    def _of_hooks(self, name: str, tensor: Tensor) -> list[str]:
        """The condition that a leaf has the same hooks, which were traced."""
        hooks = tensor._hooks
        found = [f"{name}._hooks is {self.constant('hooks', hooks)}"]
        if hooks is not None:
            known = self.constant("hooks", hooks)
            for kind in ("tensor", "before", "accumulated", "after"):
                found.append(f"{known}.{kind} == {self.constant(kind, dict(getattr(hooks, kind)))}")
        return found

    def _of_state(self, optimizer: Any) -> list[str]:
        """The condition that an optimizer keeps for its parameters what it kept."""
        name, state = self.constant("optimizer", optimizer), self.constant("states", optimizer.state)
        if not optimizer.state:
            return [f"{name}.state is {state} and not {state}"]
        # Python compares by identity first, so that equal lists of the same objects are told in one look each.
        kept = self.constant("kept", list(optimizer.state.values()))
        copies = self.constant("copies", [dict(each) for each in optimizer.state.values()])
        return [f"{name}.state is {state} and [*{state}.values()] == {kept} and {kept} == {copies}"]

    def place(self, tensor: Tensor) -> str:
        """Where a call finds a tensor: among its arguments, or where it was."""
        path = next((path for path, leaf in self.paths if leaf is tensor), None)
        return path or self.constant("tensor", tensor)

    def _of_leaf(self, name: str, array: str, leaf: Any) -> str:
        """The condition on one argument, by the names of it and of its array."""
        if isinstance(leaf, Tensor):
            kind = "Tensor" if type(leaf) is Tensor else self.constant("kind", type(leaf))
            form = self._form(array, leaf._array)
            return f"{name}.__class__ is {kind} and {name}.{_grad_flag(leaf)} is {leaf.requires_grad} and {form}"
        if isinstance(leaf, ndarray):
            return f"{name}.__class__ is ndarray and {self._form(array, leaf)}"
        known = self.constant("value", leaf)
        if not nest.is_plain(leaf):
            return f"{name} is {known}"
        same = f"({name} == {known} or {name} != {name})" if leaf != leaf else f"{name} == {known}"
        return f"{name} is {known} or ({name}.__class__ is {known}.__class__ and {same})"

    def _form(self, path: str, array: ndarray) -> str:
        dtype = self.constant("dtype", array.dtype)
        text = f"{path}.shape == {array.shape!r} and {path}.strides == {array.strides!r} and {path}.dtype is {dtype}"
        foreign = self.conditions.foreign
        if len(foreign) > 2:
            text += f" and id({_owner(path)}) not in {self.constant('foreign', frozenset(map(id, foreign)))}"
        else:
            for each in foreign:
                owner = self.constant("owner", each)
                text += f" and {path} is not {owner} and {path}.base is not {owner}"
        return text


def _forms(arguments: tuple[Any, Any]) -> Iterator[str]:
    """The conditions on how a call's arguments nest. What Python itself makes of a call is a tuple and a dict."""
    args, kwargs = arguments
    yield f"len(args) == {len(args)}"
    yield f"list(kwargs) == {list(kwargs)!r}" if kwargs else "not kwargs"
    for part, path in ((args, "args"), (kwargs, "kwargs")):
        yield from list(nest.checks(part, path))[1:]


def _unless(conditions: Iterable[str]) -> str:
    return f"if not ({' and '.join(f'({each})' for each in conditions)}): return MISS"


def _grad_flag(tensor: Tensor) -> str:
    """How a tensor tells whether it requires grad: a view's place in the graph may have to be told anew."""
    return "_requires_grad" if tensor._view is None else "requires_grad"


def _owner(path: str) -> str:
    return f"{path} if {path}.base is None else {path}.base"
