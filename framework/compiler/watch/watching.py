"""`Watch`: finds the plain Python values that a run may have read from outside, and what the run did to them.

While it is on, a profile hook sees each call. When the user's code is called, the values that it can reach are noted:
its globals, its closure, its arguments, and what can be read from them by the names that stand in the code.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from types import CellType, CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

from framework.compiler.watch.expected import MISSING, Place, kind_of
from framework.compiler.watch.guards import Guards
from framework.compiler.watch.notes import Notes
from framework.compiler.watch.objects import content_of, is_followed, is_foreign
from framework.compiler.watch.user_code import (
    FILE_MODULES,
    FRAMEWORK,
    LIBRARY,
    USER,
    Code,
    effect_of,
    frozen_state,
    kind_of_frame,
    place_of,
    user_frame,
)

__all__ = ["Watch"]


class Watch:
    """Watches the calls that this thread makes in a `with` block; then says what to guard, and what was changed.

    `function` is what will be called there: it need not be searched for then.
    """

    def __init__(self, function: Any = None) -> None:
        self._function = function
        # Calls whose effect or result a replay would lose or repeat: "print at train.py:12".
        self.called: list[str] = []
        self._notes = Notes()
        self._codes: dict[int, Code] = {}
        self._inside: set[int] = set()
        self._importing: FrameType | None = None
        self._methods: set[tuple[int, int]] = set()
        self._former: Any = None
        self._collecting = False
        self._streams: Any = None
        self._guards: Guards | None = None

    def __enter__(self) -> Watch:
        self._streams = _random_streams()
        try:
            owner = getattr(self._function, "__self__", None)
            self._notes.follow(owner, "self")
            self._notes.follow(self._function, getattr(self._function, "__name__", kind_of(self._function)))
        except Exception as error:
            self._missed("the function", error)
        self._former = sys.getprofile()
        if self._former is not None and not callable(self._former):
            # cProfile's, before Python 3.12.
            self._former.disable()
        # What a collection calls (a finalizer, somebody's callback) is no part of the run.
        self._collecting = gc.isenabled()
        gc.disable()
        sys.setprofile(self._hook)
        return self

    def __exit__(self, *exception: object) -> None:
        if sys.getprofile() == self._hook:
            sys.setprofile(self._former if callable(self._former) else None)
            if self._former is not None and not callable(self._former):
                self._former.enable()
        else:
            self._notes.incomplete = "it starts or stops a profiler"
        if self._collecting:
            gc.enable()
        self._former = self._function = None
        self._notes.drop_made()
        names = ("the module random", "numpy.random")
        for name, before, now in zip(names, self._streams, _random_streams(), strict=True):
            if before != now:
                self.called.append(f"random numbers of {name}")

    # What is known afterwards

    def changed(self) -> list[str]:
        """What the run changed outside, in words: "self.count is 4, was 3", "the list history has 3 items, had 2"."""
        return self._notes.changed()

    def guards(self) -> Guards:
        """The conditions under which another run would read the same."""
        if self._guards is None:
            self._guards = self._notes.guards()
        return self._guards

    def expression(self) -> tuple[str, dict[str, Any]]:
        """The guards as one Python expression, and the names that it needs."""
        return self.guards().expression()

    @property
    def explain(self) -> Callable[[], str | None]:
        """Says which guard fails now, in words. The function holds the guards, not this watch."""
        return self.guards().explain

    def tensor_names(self) -> dict[int, str]:
        """Names for tensors, by their ids: `encoder.weight` for a parameter, `scale` for a variable."""
        return self._notes.tensor_names()

    # While it is on

    def _hook(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" and event != "c_call":
            if frame is self._importing and event == "return":
                self._importing = None
            return
        if self._importing is not None:
            return
        try:
            code = self._codes.get(id(frame.f_code)) or self._new_code(frame)
            if code.imports_a_module:
                # Whatever finds and runs it, such as an import hook of pytest's, is no part of the run.
                self._importing = frame
            elif event == "c_call":
                # A library's may write a file for the user's.
                writes = code.kind == LIBRARY and argument.__name__.startswith("write")
                if code.kind == USER or writes or (code.opens_files and argument.__module__ in FILE_MODULES):
                    self._effect(effect_of(argument, code.kind == USER), frame)
            elif code.kind == USER:
                self._enter(frame, code)
            elif code.kind == FRAMEWORK:
                if code.takes_self:
                    self._enter_method(frame.f_locals["self"], code)
            elif code.reads_environment:
                self._notes.note_environment(frame.f_locals["self"], frame.f_locals["key"])
            elif code.effect is not None:
                if frame.f_back is not None and kind_of_frame(frame.f_back) == USER:
                    self._effect(f"{code.effect}.{code.name}", frame)
        except Exception as error:
            # The user's run must not notice.
            self._missed(frame.f_code.co_name, error)

    def _missed(self, name: str, error: Exception) -> None:
        self._notes.incomplete = f"{type(error).__name__} while {name} was looked at: {error}"

    def _new_code(self, frame: FrameType) -> Code:
        code = Code(frame.f_code, kind_of_frame(frame), str(frame.f_globals.get("__name__")))
        self._codes[id(frame.f_code)] = code
        if code.module.startswith("framework.nn"):
            self._notes.module_names |= code.names
        return code

    def _effect(self, name: str | None, frame: FrameType) -> None:
        caller = None if name is None else user_frame(frame)
        if caller is not None:
            text = f"{name} at {place_of(caller)}"
            if text not in self.called:
                self.called.append(text)

    def _enter_method(self, owner: Any, code: Code) -> None:
        """A method of the framework's: modules are noted, whoever calls them."""
        key = (id(owner), id(code.code))
        if key in self._methods or not is_followed(owner):
            return
        if code.name == "__init__":
            self._made(owner)
        if id(owner) not in self._notes.born:
            self._notes.called(owner, code.names)
            if id(owner) in self._notes.known:
                self._methods.add(key)

    def _enter(self, frame: FrameType, code: Code) -> None:
        """A function of the user's: all that it can read is noted."""
        notes, variables = self._notes, frame.f_locals
        if not code.entered:
            code.entered = True
            notes.read(code.names)
            self._inside.update([id(each) for each in code.code.co_consts if isinstance(each, CodeType)])
            for name, is_set in code.globals().items():
                notes.note_global(frame.f_globals, name, is_set)
            for name in code.imports():
                self._import(name, frame)
        if code.name == "__init__" and code.arguments:
            self._made(variables.get(code.arguments[0]))
        for name in (*code.arguments, *code.stars):
            notes.follow(variables.get(name), name, loose=True)
        if code.free:
            self._enter_closure(code, [variables.get(name, MISSING) for name in code.free])

    def _import(self, name: str, frame: FrameType) -> None:
        """A module that the user's code imports when it runs is followed like a global."""
        package = frame.f_globals.get("__package__")
        found = [each for each in (name, name.partition(".")[0], f"{package}.{name}") if each in sys.modules]
        for each in found:
            self._notes.follow(sys.modules[each], each)
        if not found and not is_foreign(name):
            # What it holds can be seen from the next call on.
            self._effect(f"the first import of {name or package}", frame)

    def _made(self, value: Any) -> None:
        if id(value) not in self._notes.known:
            self._notes.born.add(id(value))

    def _enter_closure(self, code: Code, values: list[Any]) -> None:
        key = tuple(map(id, values))
        if key in code.closures:
            return
        code.closures.add(key)
        functions = self._functions(code, values)
        for function in functions:
            cells = _cells(function)
            for name, value in zip(code.free, values, strict=True):
                if value is not MISSING:
                    self._notes.note(Place(cells[name], None, name, "cell", "the variable "), value)
        for name, value in zip(code.free, values, strict=True):
            self._notes.follow(value, name, loose=not functions)

    def _functions(self, code: Code, values: list[Any]) -> list[FunctionType]:
        """The functions that a frame may run, by their code and what is in their cells: the frame doesn't say which."""

        def fits(function: FunctionType) -> bool:
            cells = _cells(function)
            return all([content_of(cells[name]) is value for name, value in zip(code.free, values, strict=True)])

        found = [each for each in self._notes.functions.get(id(code.code), ()) if fits(each)]
        if not found and id(code.code) not in self._inside:
            # It wasn't made in this run, so somebody has it.
            found = [each for each in gc.get_referrers(code.code) if type(each) is FunctionType and fits(each)]
            self._notes.functions.setdefault(id(code.code), []).extend(found)
        return found


def _cells(function: FunctionType) -> dict[str, CellType]:
    return dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))


def _random_streams() -> tuple[Any, Any]:
    return random.getstate(), frozen_state(np.random.get_state(legacy=False))
