"""What a guard expects of a value: by content where it is plain Python data, by identity where it is anything else."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from enum import Enum
from types import BuiltinFunctionType, EllipsisType, FunctionType, MethodType, NoneType
from typing import Any, NamedTuple

import numpy as np

from framework.autograd import Tensor
from framework.autograd.dtypes import dtype

# Containers up to this size and depth are guarded by what they hold, others by identity and length.
ITEMS = 64
NESTING = 3
# Of arrays up to this size, in bytes, the numbers are compared at every call.
ARRAY = 1 << 20

MISSING: Any = object()

PLAIN = frozenset({bool, int, float, complex, str, bytes, range, NoneType, EllipsisType, dtype})
INEXACT = (float, complex, np.inexact)
IMMUTABLE = (tuple, frozenset)
SETS = (set, frozenset)
CONTAINERS = (list, dict, tuple, *SETS, deque)
ARRAYS = (np.ndarray, array, bytearray)


def is_plain(kind: type) -> bool:
    """Whether values of a type are guarded by what they are, not by who they are."""
    return kind in PLAIN or issubclass(kind, (Enum, np.generic, np.dtype))


def same(live: Any, kept: Any) -> bool:
    """Whether a plain value is still the one kept: 1, 1.0 and True differ, 0.0 and -0.0 too, and nan is nan."""
    kind = type(kept)
    if live is kept:
        return True
    if type(live) is not kind or not is_plain(kind):
        return False
    return repr(live) == repr(kept) if issubclass(kind, INEXACT) else bool(live == kept)


class Names:
    """The namespace of an expression: a name for each object that it mentions."""

    def __init__(self, prefix: str) -> None:
        self.same = f"{prefix}same"
        self.space: dict[str, Any] = {self.same: same}
        self._prefix = prefix
        self._known: dict[int, str] = {}

    def of(self, value: Any, letter: str) -> str:
        """The name of an object."""
        name = self._known.get(id(value))
        if name is None:
            name = self._known[id(value)] = f"{self._prefix}{letter}{len(self._known)}"
            self.space[name] = value
        return name

    def key(self, key: Any) -> str:
        """A dict's key or a list's place, as an expression."""
        return repr(key) if type(key) in (str, int, bool, NoneType) else self.of(key, "o")


class Place(NamedTuple):
    """Where a value is: under a key of `owner`, in its attribute, in the cell that it is, or itself.

    `path` says so to people, with `kind` before it.
    """

    owner: Any
    key: Any
    path: str
    how: str = "key"
    kind: str = ""

    def read(self) -> Any:
        """The value there now, or MISSING."""
        try:
            if self.how == "key":
                return self.owner[self.key]
            if self.how == "cell":
                return self.owner.cell_contents
            return getattr(self.owner, self.key) if self.how == "attribute" else self.owner
        except (LookupError, AttributeError, ValueError):
            return MISSING

    def text(self, names: Names) -> str:
        """The lookup as an expression."""
        if self.how == "key":
            return f"{names.of(self.owner, 'd')}[{names.key(self.key)}]"
        if self.how == "cell":
            return f"{names.of(self.owner, 'c')}.cell_contents"
        name = names.of(self.owner, "o")
        return f"{name}.{self.key}" if self.how == "attribute" else name

    def below(self, suffix: str) -> Place:
        """The same with a longer path, for words about a part of the value."""
        return self._replace(path=self.path + suffix)


class Value:
    """One value: the same by type and content if it is plain, else the same object."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.plain = is_plain(type(value))

    def holds(self, live: Any) -> bool:
        """Whether this value will do."""
        return live is self.value or (self.plain and same(live, self.value))

    def at(self, where: str, names: Names) -> str:
        """That the very object is found there, as an expression."""
        singleton = self.value is None or type(self.value) is bool
        return f"{where} is {self.value if singleton else names.of(self.value, 'o')}"

    def inside(self, names: Names) -> list[str] | None:
        """That the object holds what it held, as expressions; None if that takes `holds`."""
        return []

    def is_fixed(self) -> bool:
        """Whether the object can't come to hold anything else."""
        return True

    def condition(self, place: Place, names: Names) -> str:
        """`holds` as an expression, which may raise instead of being false."""
        where = place.text(names)
        quick = " and ".join([self.at(where, names), *(self.inside(names) or ())])
        if not self.plain or quick.endswith((" True", " False", " None")):
            return quick
        return f"({quick} or {names.same}({where}, {names.of(self.value, 'o')}))"

    def words(self, place: Place, live: Any) -> Iterator[str]:
        """What is wrong with this value."""
        where = place.kind + place.path
        if live is MISSING:
            yield f"{where} is gone"
        elif type(live) is type(self.value) and not self.plain:
            yield f"{where} is another {kind_of(live)}"
        else:
            yield f"{where} is {_shown(live)}, was {_shown(self.value)}"


class Elements(Value):
    """An array of numbers: the same object, and the same numbers in it."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.kept = _bytes_of(value) if memoryview(value).nbytes <= ARRAY else None

    def holds(self, live: Any) -> bool:
        return live is self.value and (self.kept is None or _bytes_of(live) == self.kept)

    def inside(self, names: Names) -> list[str] | None:
        return [f"{names.of(_bytes_of, 'b')}({names.of(self.value, 'h')}) == {names.of(self.kept, 'o')}"]

    def is_fixed(self) -> bool:
        return False

    def words(self, place: Place, live: Any) -> Iterator[str]:
        if live is self.value:
            yield f"the {kind_of(live)} {place.path} holds other numbers than before"
        else:
            yield from super().words(place, live)


def _bytes_of(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytearray) else value.tobytes()


class Sized(Value):
    """A container that is too large or too odd to be looked into: the same object, of the same length."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.length = len(value)

    def holds(self, live: Any) -> bool:
        return live is self.value and len(live) == self.length

    def inside(self, names: Names) -> list[str] | None:
        return [] if self.is_fixed() else [f"len({names.of(self.value, 'h')}) == {self.length}"]

    def is_fixed(self) -> bool:
        return isinstance(self.value, IMMUTABLE)

    def words(self, place: Place, live: Any) -> Iterator[str]:
        where = f"the {kind_of(live)} {place.path}"
        if type(live) is not type(self.value):
            yield from super().words(place, live)
        elif len(live) != self.length:
            yield f"{where} has {len(live)} items, had {self.length}"
        else:
            yield f"{where} holds other items than before"


class Contents(Sized):
    """A small container: of the same type and length, and what is expected of each of its items."""

    def __init__(self, value: Any, items: dict[Any, Value]) -> None:
        super().__init__(value)
        self.items = items

    def holds(self, live: Any) -> bool:
        return type(live) is type(self.value) and len(live) == self.length and not any(self._wrong(live))

    def _wrong(self, live: Any) -> Iterator[tuple[Any, Value, Any]]:
        for (key, expected), (now, item) in zip(self.items.items(), items_of(live), strict=True):
            if not same(now, key) or not expected.holds(item):
                yield key, expected, item

    def is_fixed(self) -> bool:
        return isinstance(self.value, IMMUTABLE) and all([each.is_fixed() for each in self.items.values()])

    def inside(self, names: Names) -> list[str] | None:
        fixed = isinstance(self.value, IMMUTABLE)
        # A subclass may look its items up as it likes, and sets have no places.
        if not fixed and type(self.value) not in (list, dict):
            return None
        name = names.of(self.value, "h")
        found = [] if fixed else [f"len({name}) == {self.length}"]
        for key, expected in self.items.items():
            if not fixed:
                # Of the order of a dict's keys only `holds` takes notice.
                found.append(expected.at(f"{name}[{names.key(key)}]", names))
            below = [] if expected.is_fixed() else expected.inside(names)
            if below is None:
                return None
            found += below
        return found

    def condition(self, place: Place, names: Names) -> str:
        where = place.text(names)
        inside = self.inside(names)
        slow = f"{names.of(self, 'e')}.holds({where})"
        if inside is None:
            return slow
        return f"({' and '.join([self.at(where, names), *inside])} or {slow})"

    def words(self, place: Place, live: Any) -> Iterator[str]:
        alike = type(live) is type(self.value) and len(live) == self.length and not isinstance(live, SETS)
        wrong = [each for each in self._wrong(live) if not each[1].holds(each[2])] if alike else []
        for key, expected, item in wrong:
            yield from expected.words(place.below(f"[{key!r}]"), item)
        if not wrong:
            yield from super().words(place, live)


class Absent(Value):
    """Nothing under this key, where something would hide what the run has read."""

    def __init__(self) -> None:
        super().__init__(MISSING)

    def condition(self, place: Place, names: Names) -> str:
        return f"{names.key(place.key)} not in {names.of(place.owner, 'd')}"

    def words(self, place: Place, live: Any) -> Iterator[str]:
        yield f"{place.kind}{place.path} is new"


class Count(Value):
    """As many attributes, where the run asked whether there is one of some name."""

    def holds(self, live: Any) -> bool:
        return len(live) == self.value

    def condition(self, place: Place, names: Names) -> str:
        return f"len({place.text(names)}) == {self.value}"

    def words(self, place: Place, live: Any) -> Iterator[str]:
        yield f"{place.path} has {len(live)} attributes, had {self.value}"


class Members(Value):
    """The parameters, buffers, parts or hooks of a module: the same objects under the same names."""

    def __init__(self, value: dict[Any, Any], hooks: bool = False) -> None:
        super().__init__(value)
        self.hooks = hooks
        self.copy = dict(value)

    def holds(self, live: Any) -> bool:
        return live is not MISSING and not any(self._wrong(live))

    def _wrong(self, live: Any) -> Iterator[tuple[Any]]:
        for key in dict.fromkeys((*self.copy, *live)):
            if self.copy.get(key, MISSING) is not live.get(key, MISSING):
                yield (key,)

    def condition(self, place: Place, names: Names) -> str:
        """What has to be true besides the two dicts' `==`, which `Guards` asks of all such at once."""
        places = [(Place(self.value, key, ""), each) for key, each in self.copy.items() if not _is_told_apart(each)]
        return " and ".join([Value(each).at(place.text(names), names) for place, each in places])

    def words(self, place: Place, live: Any) -> Iterator[str]:
        if self.hooks:
            yield f"the hooks of {place.path} are others than before"
            return
        for (key,) in self._wrong(live):
            expected = Value(self.copy[key]) if key in self.copy else Absent()
            yield from expected.words(place.below(f".{key}"), live.get(key, MISSING))


def _is_told_apart(value: Any) -> bool:
    """Whether `value == other` is true of no other object, or raises, as it does for tensors of several elements."""
    kind: Any = type(value)
    if issubclass(kind, Tensor):
        return bool(value.numel() != 1)
    return kind.__eq__ is object.__eq__ or kind in (NoneType, FunctionType, BuiltinFunctionType, MethodType)


class Groups(Value):
    """An optimizer's groups: the same list, and in each the same list of as many parameters."""

    def __init__(self, value: list[dict[str, Any]]) -> None:
        super().__init__(value)
        self.groups = [(group["params"], len(group["params"])) for group in value]

    def holds(self, live: Any) -> bool:
        return live is self.value and [(id(g["params"]), len(g["params"])) for g in live] == [
            (id(params), length) for params, length in self.groups
        ]

    def condition(self, place: Place, names: Names) -> str:
        name = names.of(self.value, "h")
        found = [f"{place.text(names)} is {name} and len({name}) == {len(self.groups)}"]
        for number, (params, length) in enumerate(self.groups):
            each = names.of(params, "h")
            found.append(f"{name}[{number}]['params'] is {each} and len({each}) == {length}")
        return " and ".join(found)

    def words(self, place: Place, live: Any) -> Iterator[str]:
        yield f"{place.path} holds other parameters than before"


def expect(value: Any, nesting: int = NESTING) -> Value:
    """What to expect where this value was found."""
    kind = type(value)
    if issubclass(kind, ARRAYS):
        return Elements(value)
    if not issubclass(kind, CONTAINERS):
        return Value(value)
    if not nesting or len(value) > ITEMS:
        return Sized(value)
    items: dict[Any, Value] = {}
    for key, item in items_of(value):
        items[key] = expect(item, nesting - 1)
        if not is_plain(type(key)) or _size(items.values()) > ITEMS:
            return Sized(value)
    return Contents(value, items)


def _size(expected: Iterable[Value]) -> int:
    return sum([_size(each.items.values()) if isinstance(each, Contents) else 1 for each in expected])


def items_of(container: Any) -> Iterator[tuple[Any, Any]]:
    """Keys and items of a container, whatever its class makes of them."""
    if isinstance(container, dict):
        return zip(dict.keys(container), dict.values(container), strict=True)
    if isinstance(container, SETS):
        # In an order that two equal sets of plain values have in common.
        container = sorted(container, key=lambda each: (kind_of(each), repr(each) if is_plain(type(each)) else ""))
    kind = next(each for each in (list, deque, tuple) if isinstance(container, each) or each is tuple)
    return enumerate(kind.__iter__(container))


def kind_of(value: Any) -> str:
    """The name of a value's type."""
    return type(value).__name__


def _shown(value: Any) -> str:
    """A value in a message: in full if that is short."""
    if is_plain(type(value)):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}…"
    return f"a {kind_of(value)}"
