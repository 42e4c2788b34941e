"""Which code is the user's: what its functions can read, and which of its calls a replay would lose or freeze."""

from __future__ import annotations

import dis
import functools
import io
import os
import random
import sys
import sysconfig
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np

from framework import autograd

USER, FRAMEWORK, LIBRARY = "user", "framework", "library"

FRAMEWORK_FOLDER = os.path.dirname(autograd.__path__[0]) + os.sep
LIBRARY_FOLDERS = tuple(
    os.path.join(folder, "")
    for folder in {
        os.path.dirname(os.__file__),
        os.path.dirname(np.__file__),
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("platstdlib"),
    }
)
INSTALLED = ("site-packages", "dist-packages")

# Names with which code reads or writes attributes whose names it doesn't spell out.
ANY_NAME = frozenset({"__dict__", "asdict", "astuple", "attrgetter", "delattr", "fields", "getattr", "setattr", "vars"})
# Names with which code asks whether there is such an attribute.
ASKING = frozenset({"__dict__", "getattr", "hasattr", "vars"})

BUILTINS = frozenset({"breakpoint", "globals", "input", "open", "print"})
MODULES = frozenset({"logging", "nt", "posix", "random", "secrets", "subprocess", "tempfile", "time", "uuid"})
# Whose objects' methods change something that is not looked into, or go somewhere.
STATEFUL = frozenset(
    {
        "asyncio", "bz2", "concurrent", "csv", "gzip", "http", "lzma", "multiprocessing", "queue", "sched", "shelve",
        "smtplib", "socket", "sqlite3", "tarfile", "threading", "urllib", "weakref", "zipfile",
    }
)  # fmt: skip
# Of these modules are the builtin types whose methods change nothing, or what is looked into.
PLAIN_TYPES = frozenset(
    {
        "_struct", "_thread", "_weakref", "builtins", "collections", "datetime", "decimal", "framework", "functools",
        "itertools", "numpy", "operator", "random", "re", "types", "weakref",
    }
)  # fmt: skip
# Library code that opens and asks for files at the user's call.
FILES = frozenset({"genericpath", "ntpath", "numpy", "pathlib", "posixpath"})
FILE_MODULES = frozenset({"_io", "io", "nt", "posix"})
HARMLESS = frozenset({"cpu_count", "fspath"})
CLOCKS = frozenset({"now", "today", "utcnow"})
FILE: Any = io.IOBase.__base__
IN_MEMORY = (io.BytesIO, io.StringIO)


class Code:
    """What there is to know of a code object."""

    def __init__(self, code: CodeType, kind: str, module: str) -> None:
        count = code.co_argcount + code.co_kwonlyargcount
        stars = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
        self.code = code
        self.kind = kind
        self.module = module
        self.name = code.co_name
        self.arguments = code.co_varnames[:count]
        self.stars = code.co_varnames[count : count + stars]
        self.takes_self = code.co_argcount > 0 and code.co_varnames[0] == "self"
        # Python functions of these modules have their effect in calls of their own.
        room = module.partition(".")[0] if kind == LIBRARY else ""
        self.effect = module if room in MODULES or (room in STATEFUL and self.takes_self) else None
        self.opens_files = kind == LIBRARY and module.partition(".")[0] in FILES
        self.imports_a_module = code.co_name == "_find_and_load" and code.co_filename.startswith("<frozen importlib")
        self.reads_environment = module == "os" and code.co_qualname == "_Environ.__getitem__"
        # A method that says super() or __class__ has a cell for its class, that always holds the same.
        self.free = tuple(name for name in code.co_freevars if name != "__class__")
        self.entered = False
        self.closures: set[tuple[int, ...]] = set()

    @functools.cached_property
    def names(self) -> set[str]:
        """Attributes that it may read: names and strings in it."""
        return {*self.code.co_names, *_strings(self.code.co_consts)}

    @functools.cached_property
    def _instructions(self) -> list[dis.Instruction]:
        return list(dis.get_instructions(self.code))

    def imports(self) -> set[str]:
        """The modules that it imports when it runs, in the words of its import statements."""
        return {each.argval for each in self._instructions if each.opname == "IMPORT_NAME"}

    def globals(self) -> dict[str, bool]:
        """The names of globals that it reads or sets, and whether it sets them."""
        found: dict[str, bool] = {}
        for each in self._instructions:
            if each.opname.endswith("_GLOBAL"):
                found[each.argval] = found.get(each.argval, False) or each.opname == "STORE_GLOBAL"
        return found


def _strings(constants: Any) -> set[str]:
    found: set[str] = set()
    for each in constants:
        if type(each) is str and each.isidentifier():
            found.add(each)
        elif type(each) in (tuple, frozenset):
            found |= _strings(each)
    return found


@functools.lru_cache(maxsize=4096)
def kind_of_code(filename: str, module: str) -> str:
    """Whose a code object is, by its file, or for generated code by its module."""
    if filename.startswith("<"):
        if filename.startswith("<frozen") or is_library(module):
            return LIBRARY
        # "<written by framework.autograd.straight>", for one.
        return FRAMEWORK if module.partition(".")[0] == "framework" or " by framework." in filename else USER
    if filename.startswith(FRAMEWORK_FOLDER):
        return FRAMEWORK
    for folder in LIBRARY_FOLDERS:
        if filename.startswith(folder) and not filename.startswith(INSTALLED, len(folder)):
            return LIBRARY
    return USER


def is_library(module: str) -> bool:
    """Whether a module is NumPy's or the standard library's."""
    top = module.partition(".")[0]
    return top == "numpy" or top in sys.stdlib_module_names


def kind_of_frame(frame: FrameType) -> str:
    """Whose code a frame runs."""
    return kind_of_code(frame.f_code.co_filename, str(frame.f_globals.get("__name__", "")))


def user_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the user's code, from this one outward."""
    while frame is not None and kind_of_frame(frame) != USER:
        frame = frame.f_back
    return frame


def frames_to_user() -> int:
    """How many frames the user's code is above the caller, for the `stacklevel` of a warning."""
    frame, count = sys._getframe(1), 0
    while frame.f_back is not None and kind_of_frame(frame) != USER:
        frame, count = frame.f_back, count + 1
    return count


def place_of(frame: FrameType) -> str:
    """File and line, as `train.py:12`."""
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def user_line() -> str | None:
    """Where in the user's code the caller was called from: `train.py:12 in forward`."""
    frame = user_frame(sys._getframe(1))
    return None if frame is None else f"{place_of(frame)} in {frame.f_code.co_name}"


def effect_of(function: Any, by_user: bool) -> str | None:
    """The name of a builtin function if what it does or gives is not the same when it is called again.

    Of what the user's code calls itself, that is every method of a builtin type that is not known for harmless.
    """
    name, module, owner = function.__name__, function.__module__, getattr(function, "__self__", None)
    if module in ("builtins", "io", "_io"):
        return name if name in BUILTINS else None
    if module in MODULES:
        return None if name in HARMLESS else f"{'os' if module in ('nt', 'posix') else module}.{name}"
    kind: Any = owner if issubclass(type(owner), type) else type(owner)
    if issubclass(kind, random.Random):
        return f"random.{name}"
    clock = kind.__module__ == "datetime" and name in CLOCKS
    file = issubclass(kind, FILE) and not issubclass(kind, IN_MEMORY)
    if clock or file or kind.__module__ in ("_contextvars", "_socket"):
        return f"{kind.__name__}.{name}"
    if not by_user or issubclass(kind, ModuleType) or kind is owner:
        return None
    definer = next((base for base in kind.__mro__ if name in vars(base)), kind)
    return None if definer.__module__.partition(".")[0] in PLAIN_TYPES else f"{kind.__name__}.{name}"


def is_iterator(value: Any) -> bool:
    """Whether reading a value moves it on in a way that cannot be seen: a generator, `iter(…)`, `itertools.count()`."""
    kind = type(value)
    return hasattr(kind, "__next__") and is_library(kind.__module__) and not issubclass(kind, FILE)


def random_state(generator: Any) -> Any:
    """Where a random generator of Python's or NumPy's stands; None for anything else."""
    kind = type(generator)
    if issubclass(kind, random.Random):
        return generator.getstate()
    if issubclass(kind, np.random.RandomState):
        return frozen_state(generator.get_state(legacy=False))
    return frozen_state(generator.bit_generator.state) if issubclass(kind, np.random.Generator) else None


def frozen_state(state: Any) -> Any:
    """A generator's state as something that `==` compares."""
    if isinstance(state, dict):
        return tuple([(key, frozen_state(value)) for key, value in state.items()])
    return state.tobytes() if isinstance(state, np.ndarray) else state
