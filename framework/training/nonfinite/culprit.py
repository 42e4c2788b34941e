"""Watches one batch run, and finds the operation that nan or infinity first came from.

watch = Watch(model, loss)
with watch:
    loss = step(model, batch)["loss"]
    loss.backward()
watch.forward_culprit(loss), watch.backward_culprit()
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from framework.autograd.nodes import sequence
from framework.autograd.observing import Observed, observing

__all__ = ["Call", "Place", "Watch"]

_OURS = str(Path(__file__).resolve().parents[2]) + "/"
_RECIPES = _OURS + "_recipes/"
# The most operations that are followed back from a loss: beyond that nobody would read the way.
_FAR = 10_000


@dataclass(frozen=True)
class Place:
    """Where an operation was called: the person's own line, and the module that ran, by its path and class."""

    file: str | None = None
    line: int = 0
    module: str | None = None

    @property
    def text(self) -> str:
        """The line itself."""
        if not self.file:
            return ""
        linecache.checkcache(self.file)  # a recipe may have been edited since it was last looked at
        return linecache.getline(self.file, self.line).strip()

    @property
    def where(self) -> str:
        """File and line, as a person would give them from here; "" where the line is not a person's."""
        return f"{_short(self.file)}:{self.line}" if self.file else ""


@dataclass(eq=False)
class Call:
    """An operation that gave something not finite: what it was given, as it was then, and where it was called."""

    name: str
    phase: str
    place: Place
    arguments: tuple[Any, ...]
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    node: Any = None
    saved: dict[str, Any] = field(default_factory=dict)
    spoiled: tuple[Any, ...] = ()
    """Those of the inputs that were not finite already."""

    @property
    def makes_nan(self) -> bool:
        """Whether there is a nan in its outputs and none in its inputs."""
        return any(map(_has_nan, self.outputs)) and not any(map(_has_nan, self.inputs))


class Watch:
    """Observes what runs inside; arrays that are not finite are kept, with the operation that each came from."""

    def __init__(self, model: Any, loss: Any = None) -> None:
        self._modules = {id(each): (name, each) for name, each in model.named_modules()}
        if hasattr(loss, "named_modules") and id(loss) not in self._modules:
            self._modules |= {id(each): ("the loss", each) for each in loss.modules()}
        self._calls: list[Call] = []
        # By the id of an array that is not finite: the number of the operation that gave it last.
        self._made: dict[int, int] = {}
        # By the number of the node that an operation is recorded in, if it is: where it was called.
        self._places: dict[int, Place] = {}
        self._backward: Call | None = None
        self._top: Any = None

    def __enter__(self) -> Watch:
        self._top = sys._getframe(1)
        self._observing = observing(self._see)
        self._observing.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._observing.__exit__(*error)
        self._top = None

    def forward_culprit(self, loss: Any) -> Call | None:
        """The operation from which what is not finite came into the loss; None where no operation is to blame."""
        way = list(self._way(loss))
        if not way:
            return None
        first = way[-1]
        if not first.spoiled and not _given_infinity(first):
            return first
        # What it started from was not finite already. An infinity may be meant, as in a mask: a nan made of it is not.
        made = [each for each in way if each.makes_nan]
        return made[-1] if made and not any(map(_has_nan, first.spoiled)) else None

    def start(self, loss: Any) -> Any:
        """The array, not finite and made by no operation, that the loss's nan or infinity goes back to, or None."""
        way = list(self._way(loss))
        if not way:
            return None
        return way[-1].spoiled[0] if way[-1].spoiled else None

    def last_call(self, loss: Any) -> Call | None:
        """The operation, on the way to the loss, that was given what no operation made."""
        way = list(self._way(loss))
        return way[-1] if way else None

    def backward_culprit(self) -> Call | None:
        """The first backward of an operation that gave a gradient that is not finite, though all that arrived was."""
        return self._backward

    def _way(self, array: Any) -> Iterator[Call]:
        """From an array that is not finite back to where that came from: an operation for each step of the way."""
        end = len(self._calls)
        for _ in range(_FAR):
            number = self._maker(array, end)
            if number is None:
                return
            call = self._calls[number]
            yield call
            if not call.spoiled:
                return
            # Of several that are not finite, one that an operation made, and that has a nan.
            made = [each for each in call.spoiled if self._maker(each, number) is not None]
            choice = [each for each in made if _has_nan(each)] or made
            if not choice or any(_has_nan(each) for each in call.spoiled) > any(map(_has_nan, choice)):
                return
            array, end = choice[0], number

    def _maker(self, array: Any, end: int) -> int | None:
        """The number of the last operation before `end` that gave this array, or one of the same values."""
        known = self._made.get(id(array), end)
        if known < end:
            return known
        for number in range(end - 1, -1, -1):
            for each in self._calls[number].outputs:
                if each is array or (each.shape == array.shape and np.array_equal(each, array, equal_nan=True)):
                    return number
        return None

    def _see(self, observed: Observed) -> None:
        if observed.node is not None:
            self._see_backward(observed)
        elif observed.phase == "forward":
            # The next node, if the operation is recorded, is its own.
            place = self._places[_next_number()] = self._place()
            if not all(map(_finite, observed.outputs)):
                call = _call(observed, place)
                self._made.update(dict.fromkeys(map(id, call.outputs), len(self._calls)))
                self._calls.append(call)

    def _see_backward(self, observed: Observed) -> None:
        if self._backward is not None or all(map(_finite, observed.outputs)):
            return
        if all(map(_finite, observed.inputs)):
            place = self._places.get(observed.node.sequence, Place())
            self._backward = _call(observed, place)
            self._backward.saved = _saved(observed.node)

    def _place(self) -> Place:
        """Where the operation that runs was called."""
        frame: Any = sys._getframe(2)
        file, line, module = None, 0, None
        while frame is not None and frame is not self._top:
            if file is None and _is_a_persons(frame):
                file, line = frame.f_code.co_filename, frame.f_lineno
            if module is None and frame.f_code.co_argcount:
                found = self._modules.get(id(frame.f_locals.get(frame.f_code.co_varnames[0])))
                if found is not None:
                    path, what = found
                    module = f"{path} ({type(what).__name__})" if path else f"the model ({type(what).__name__})"
            if file is not None and module is not None:
                break
            frame = frame.f_back
        return Place(file, line, module)


def _call(observed: Observed, place: Place) -> Call:
    spoiled = tuple([each for each in observed.inputs if not _finite(each)])
    # In-place forms write over what they were given.
    return Call(
        observed.name, observed.phase, place, observed.arguments, observed.inputs,
        tuple([None if each is None else np.array(each) for each in observed.outputs])
        if observed.name.endswith("_")
        else observed.outputs,
        observed.node, spoiled=spoiled,
    )  # fmt: skip


def _saved(node: Any) -> dict[str, Any]:
    """What a node kept of its operation's call, by name."""
    operation = getattr(node, "operation", None)
    if operation is None or node.saved is None:
        return {}
    return {name: value for name, value in zip(operation.values, node.saved, strict=False) if value is not None}


def _next_number() -> int:
    """The number that the next node will have."""
    return int(repr(sequence).removeprefix("count(").removesuffix(")").partition(",")[0])


def _is_a_persons(frame: FrameType) -> bool:
    file, module = frame.f_code.co_filename, str(frame.f_globals.get("__name__"))
    ours = file.startswith(("<", _OURS)) or module.startswith("framework_plugins.")
    return not ours or file.startswith(_RECIPES)


def _short(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file


def _finite(value: Any) -> bool:
    """Whether an array has neither nan nor infinity; what is no array of fractions has none."""
    array = getattr(value, "_array", value)
    return getattr(getattr(array, "dtype", None), "kind", "") != "f" or bool(np.isfinite(array).all())


def _has_nan(value: Any) -> bool:
    return not _finite(value) and bool(np.isnan(getattr(value, "_array", value)).any())


def _given_infinity(call: Call) -> bool:
    """Whether a number that is not finite is among the arguments, as in masked_fill(mask, -inf)."""
    return any(isinstance(each, float) and not np.isfinite(each) for each in call.arguments)
