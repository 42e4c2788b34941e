"""Reads the pickle programs of PyTorch's files without running code.

A pickle is a program for a machine with a stack. This machine knows its instructions of protocols 0 to 5, and none
that imports: a program names what it calls, `find` gives what stands for that name or refuses it, and only what is
marked as `Call` is called. Damaged and hostile programs end in a LoadError, after work and memory of the order of
their own length.
"""

from __future__ import annotations

import codecs
import pickle
import struct
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from framework.serialization.errors import LoadError

__all__ = ["Call", "Machine", "Names", "check_keys"]

_LONGEST_LINE = 1 << 16
_LARGEST_KEY = 256
# What an instruction raises that finds other things than it needs.
_FAILURES = (
    AttributeError, IndexError, KeyError, MemoryError, OverflowError, RecursionError, TypeError, ValueError,
    struct.error,
)  # fmt: skip
_COPIED = (bytes, bytearray, str, tuple, list, dict, OrderedDict, defaultdict, Counter, set, frozenset)


class Call:
    """Something that a program may call: `make` does what is meant, on arguments that it checks itself.

    `value` is what it stands for where the program only hands it on: a class, most often. `new`, if given, makes an
    object of the class without its `__init__`.
    """

    __slots__ = ("make", "name", "new", "value")

    def __init__(
        self, name: str, make: Callable[..., Any], value: Any = None, new: Callable[..., Any] | None = None
    ) -> None:
        self.name = name
        self.make = make
        self.value = value
        self.new = new


class Names(NamedTuple):
    """What a program's names stand for: `find` gives it or refuses it, `build` gives an object a state and gives it
    back, and `value` is what the program's result holds for something that was found."""

    find: Callable[[str, str], Any]
    build: Callable[[Any, Any], Any]
    value: Callable[[Any], Any]


class Machine:
    """Runs one pickle program after the other out of a file, up to `end`."""

    def __init__(
        self,
        file: IO[bytes],
        end: int,
        names: Names,
        persistent: Callable[[Any], Any],
        encoding: str = "utf-8",
    ) -> None:
        self._file = file
        self._end = end
        self._find, self._build, self._value = names
        self._persistent = persistent
        self._encoding = encoding
        # What calls may copy altogether: a program made by pickle gives each call arguments of its own.
        self._allowance = 8 * end + _LONGEST_LINE

    def run(self) -> Any:
        """What the next program makes."""
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        start = self._file.tell()
        try:
            while (code := self._take(1)) != pickle.STOP:
                do = _INSTRUCTIONS.get(code)
                if do is None:
                    raise LoadError(f"it is damaged: {code!r} is no instruction of a pickle")
                do(self)
            return self._value(self._stack.pop())
        except LoadError:
            raise
        except _FAILURES as error:
            place = self._file.tell() - start
            raise LoadError(f"it is damaged: its pickle fails at byte {place} ({type(error).__name__})") from error

    # What it reads

    def _take(self, count: int) -> bytes:
        if count > self._end - self._file.tell():
            raise LoadError("it is damaged: its pickle ends too early")
        return self._file.read(count)

    def _number(self, format: str) -> Any:
        return struct.unpack(format, self._take(struct.calcsize(format)))[0]

    def _line(self, limit: int = _LONGEST_LINE) -> bytes:
        line = self._file.readline(limit)
        if not line.endswith(b"\n"):
            raise LoadError("it is damaged: its pickle ends too early, or a line of it never does")
        return line[:-1]

    def _sized(self, format: str) -> bytes:
        return self._take(self._number(format))

    def _old_text(self, data: bytes) -> Any:
        """A string of Python 2: bytes or text, as `encoding` says."""
        if self._encoding == "bytes":
            return data
        try:
            return data.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise LoadError(
                f"a string of Python 2 in it is no {self._encoding}. Say what it is: encoding='latin1', or 'bytes'"
            ) from error

    # What it does with the stack

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        return self._stack.pop()

    def mark(self) -> None:
        self._marks.append(self._stack)
        self._stack = []

    def pop_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def drop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self.pop_mark()

    def replace(self, count: int) -> None:
        """Makes a tuple of the topmost values."""
        values = tuple(self._stack[-count:])
        if len(values) < count:
            raise IndexError
        self._stack[-count:] = [values]

    def remember(self, number: int) -> None:
        self._memo[number] = self._stack[-1]

    def recall(self, number: int) -> None:
        self.push(self._memo[number])

    # What it makes

    def append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise LoadError(f"it is damaged: its pickle appends to a {type(target).__name__}")
        target.extend(map(self._value, items))

    def set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) not in (dict, OrderedDict, defaultdict, Counter):
            raise LoadError(f"it is damaged: its pickle sets items of a {type(target).__name__}")
        if len(items) % 2:
            raise IndexError
        check_keys(items[::2])
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[self._value(key)] = self._value(value)

    def add_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not set:
            raise LoadError(f"it is damaged: its pickle adds to a {type(target).__name__}")
        check_keys(items)
        target.update(items)

    def frozen(self) -> None:
        items = self.pop_mark()
        check_keys(items)
        self.push(frozenset(items))

    def pairs(self) -> None:
        items = self.pop_mark()
        self.push({})
        self.set_items(items)

    def find(self, module: str, name: str) -> None:
        self.push(self._find(module, name))

    def find_on_stack(self) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError
        self.find(module, name)

    def find_in_lines(self) -> tuple[str, str]:
        return self._line().decode(), self._line().decode()

    def call(self, target: Any, arguments: Any, new: bool = False, named: Any = ()) -> None:
        if not isinstance(target, Call):
            raise LoadError(f"it is damaged: its pickle calls a {type(target).__name__}")
        if type(arguments) is not tuple:
            raise TypeError
        for each in arguments:
            self._pay(each)
        make = target.new if new and target.new is not None else target.make
        try:
            made = make(*arguments, **dict(named))
        except TypeError as error:
            raise LoadError(f"it is damaged: its pickle calls {target.name} wrongly") from error
        self.push(made)

    def build(self) -> None:
        state = self.pop()
        self._pay(state)
        for each in state if type(state) is tuple else ():
            self._pay(each)
        self._stack[-1] = self._build(self._stack[-1], state)

    def _pay(self, value: Any) -> None:
        """Counts what a call may copy against what the program may copy altogether."""
        self._allowance -= len(value) if type(value) in _COPIED else 1
        if self._allowance < 0:
            raise LoadError("it is damaged: its pickle copies the same values over and over")

    def load_persistent(self, name: Any) -> None:
        self.push(self._persistent(name))

    def refuse(self, what: str) -> None:
        raise LoadError(f"its pickle uses {what}, which PyTorch never writes and which is not read here")


def check_keys(keys: Any) -> None:
    """Raises for keys whose hash might take for ever: tuples that hold each other many times over."""
    for key in keys:
        waiting = [key] if type(key) is tuple else []
        seen = 0
        while waiting:
            inner = waiting.pop()
            seen += len(inner) + 1
            if seen > _LARGEST_KEY:
                raise LoadError(
                    f"one of its keys is a tuple of more than {_LARGEST_KEY} values, which is not read here"
                )
            waiting.extend([each for each in inner if type(each) in (tuple, frozenset)])


def _whole_number(text: bytes) -> int:
    # Python itself refuses to read more than some thousand digits.
    return int(text.rstrip(b"L"))


def _old_number(machine: Machine) -> None:
    text = machine._line()
    booleans = {b"00": False, b"01": True}
    machine.push(booleans[text] if text in booleans else _whole_number(text))


def _quoted(machine: Machine) -> None:
    text = machine._line()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise ValueError
    machine.push(machine._old_text(codecs.escape_decode(text[1:-1])[0]))


def _instance(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.call(items[0], tuple(items[1:]))


def _named_instance(machine: Machine) -> None:
    module, name = machine.find_in_lines()
    arguments = tuple(machine.pop_mark())
    machine.call(machine._find(module, name), arguments)


def _reduce(machine: Machine) -> None:
    arguments = machine.pop()
    machine.call(machine.pop(), arguments)


def _new(machine: Machine) -> None:
    arguments = machine.pop()
    machine.call(machine.pop(), arguments, True)


def _new_with_names(machine: Machine) -> None:
    named, arguments = machine.pop(), machine.pop()
    machine.call(machine.pop(), arguments, True, named)


def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


_INSTRUCTIONS: dict[bytes, Callable[[Machine], Any]] = {
    pickle.PROTO: lambda m: m._take(1),
    pickle.FRAME: lambda m: m._take(8),
    # Constants
    pickle.NONE: lambda m: m.push(None),
    pickle.NEWTRUE: lambda m: m.push(True),
    pickle.NEWFALSE: lambda m: m.push(False),
    pickle.INT: _old_number,
    pickle.LONG: lambda m: m.push(_whole_number(m._line())),
    pickle.BININT: lambda m: m.push(m._number("<i")),
    pickle.BININT1: lambda m: m.push(m._number("B")),
    pickle.BININT2: lambda m: m.push(m._number("<H")),
    pickle.LONG1: lambda m: m.push(int.from_bytes(m._sized("B"), "little", signed=True)),
    pickle.LONG4: lambda m: m.push(int.from_bytes(m._sized("<I"), "little", signed=True)),
    pickle.FLOAT: lambda m: m.push(float(m._line())),
    pickle.BINFLOAT: lambda m: m.push(m._number(">d")),
    pickle.STRING: _quoted,
    pickle.BINSTRING: lambda m: m.push(m._old_text(m._sized("<I"))),
    pickle.SHORT_BINSTRING: lambda m: m.push(m._old_text(m._sized("B"))),
    pickle.UNICODE: lambda m: m.push(m._line(m._end).decode("raw-unicode-escape")),
    pickle.BINUNICODE: lambda m: m.push(_text(m._sized("<I"))),
    pickle.SHORT_BINUNICODE: lambda m: m.push(_text(m._sized("B"))),
    pickle.BINUNICODE8: lambda m: m.push(_text(m._sized("<Q"))),
    pickle.BINBYTES: lambda m: m.push(m._sized("<I")),
    pickle.SHORT_BINBYTES: lambda m: m.push(m._sized("B")),
    pickle.BINBYTES8: lambda m: m.push(m._sized("<Q")),
    pickle.BYTEARRAY8: lambda m: m.push(bytearray(m._sized("<Q"))),
    # Containers
    pickle.EMPTY_TUPLE: lambda m: m.push(()),
    pickle.EMPTY_LIST: lambda m: m.push([]),
    pickle.EMPTY_DICT: lambda m: m.push({}),
    pickle.EMPTY_SET: lambda m: m.push(set()),
    pickle.TUPLE1: lambda m: m.replace(1),
    pickle.TUPLE2: lambda m: m.replace(2),
    pickle.TUPLE3: lambda m: m.replace(3),
    pickle.TUPLE: lambda m: m.push(tuple(m.pop_mark())),
    pickle.LIST: lambda m: m.push(list(map(m._value, m.pop_mark()))),
    pickle.DICT: lambda m: m.pairs(),
    pickle.FROZENSET: lambda m: m.frozen(),
    pickle.APPEND: lambda m: m.append([m.pop()]),
    pickle.APPENDS: lambda m: m.append(m.pop_mark()),
    pickle.SETITEM: _set_item,
    pickle.SETITEMS: lambda m: m.set_items(m.pop_mark()),
    pickle.ADDITEMS: lambda m: m.add_items(m.pop_mark()),
    # The stack and the memo
    pickle.MARK: lambda m: m.mark(),
    pickle.POP: lambda m: m.drop(),
    pickle.POP_MARK: lambda m: m.pop_mark(),
    pickle.DUP: lambda m: m.push(m._stack[-1]),
    pickle.PUT: lambda m: m.remember(_whole_number(m._line())),
    pickle.BINPUT: lambda m: m.remember(m._number("B")),
    pickle.LONG_BINPUT: lambda m: m.remember(m._number("<I")),
    pickle.MEMOIZE: lambda m: m.remember(len(m._memo)),
    pickle.GET: lambda m: m.recall(_whole_number(m._line())),
    pickle.BINGET: lambda m: m.recall(m._number("B")),
    pickle.LONG_BINGET: lambda m: m.recall(m._number("<I")),
    # Names, calls, and what lies outside the pickle
    pickle.GLOBAL: lambda m: m.find(*m.find_in_lines()),
    pickle.STACK_GLOBAL: lambda m: m.find_on_stack(),
    pickle.REDUCE: _reduce,
    pickle.NEWOBJ: _new,
    pickle.NEWOBJ_EX: _new_with_names,
    pickle.OBJ: _instance,
    pickle.INST: _named_instance,
    pickle.BUILD: lambda m: m.build(),
    pickle.PERSID: lambda m: m.load_persistent(m._line().decode()),
    pickle.BINPERSID: lambda m: m.load_persistent(m.pop()),
    pickle.EXT1: lambda m: m.refuse("the extension registry"),
    pickle.EXT2: lambda m: m.refuse("the extension registry"),
    pickle.EXT4: lambda m: m.refuse("the extension registry"),
    pickle.NEXT_BUFFER: lambda m: m.refuse("buffers outside of it"),
    pickle.READONLY_BUFFER: lambda m: m.refuse("buffers outside of it"),
}
