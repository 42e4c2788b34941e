"""`Notes`: the values that a run may read, as they were when it first could, and which of them to guard.

From an object, attributes are followed whose names stand in the user's code that has run so far.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from framework.autograd import Tensor
from framework.compiler.watch.expected import (
    MISSING,
    Absent,
    Contents,
    Count,
    Elements,
    Groups,
    Members,
    Place,
    Sized,
    Value,
    expect,
    is_plain,
    kind_of,
)
from framework.compiler.watch.guards import Guard, Guards
from framework.compiler.watch.objects import (
    HOLDERS,
    Seen,
    classes_of,
    held,
    hooks_in,
    is_followed,
    is_foreign,
    parts,
)
from framework.compiler.watch.user_code import ANY_NAME, ASKING, is_iterator, random_state

# With more objects than this, the notes say that they are not complete.
OBJECTS = 2000
# In a longer container, an item that takes the place of another goes unnoticed.
COPIED = 10_000


class Note(NamedTuple):
    """A guard, which counts if the code that ran has the names `needs`; and what it doesn't hold of the value."""

    guard: Guard
    needs: tuple[str, ...]
    seen: Seen | None
    more: Any


class Notes:
    """All that was noted in one run."""

    def __init__(self) -> None:
        # Names in the user's code that has run, and how often there were more of them.
        self.names: set[str] = set()
        self.version = 0
        self.known: dict[int, Seen] = {}
        # Ids of objects made in the run: none is the id of an object that was there before.
        self.born: set[int] = set()
        # Names in the code of `framework.nn` that has run: a module may be read by them.
        self.module_names: set[str] = set()
        self.functions: dict[int, list[FunctionType]] = {}
        self.incomplete: str | None = None
        self._notes: dict[Any, Note] = {}
        self._paths: dict[int, str] = {}
        self._constants: dict[Any, set[str]] = {}

    def read(self, names: set[str]) -> None:
        """Takes in the names of some more of the user's code: what is known will be looked at again by them."""
        if not names <= self.names:
            self.names |= names
            self.version += 1

    def note(self, place: Place, value: Any, needs: tuple[str, ...] = (), seen: Seen | None = None) -> None:
        """Notes a value, if it is the first found at its place."""
        if (id(place.owner), place.key) not in self._notes:
            expected = expect(value)
            self._add(place, expected, needs, seen, _items(value) if type(expected) is Sized else random_state(value))

    def _add(
        self, place: Place, expected: Value, needs: tuple[str, ...] = (), seen: Seen | None = None, more: Any = None
    ) -> None:
        key = (id(place.owner), place.key)
        if key not in self._notes:
            self._notes[key] = Note(Guard(place, expected), needs, seen, more)
            if seen is not None:
                seen.noted.append(key)

    def note_global(self, space: dict[str, Any], name: str, is_set: bool) -> None:
        """Notes a global that the user's code reads or sets."""
        place = Place(space, name, name, kind="the global ")
        if name in space:
            if not issubclass(type(space[name]), ModuleType):
                self.note(place, space[name])
            self.follow(space[name], name)
        elif is_set:
            self._add(place, Absent())

    def note_environment(self, environment: Any, name: str) -> None:
        """Notes a variable of the environment that the run looks up, wherever it does."""
        space, key = environment._data, environment.encodekey(name)
        place = Place(space, key, f"os.environ[{name!r}]")
        if key in space:
            self.note(place, space[key])
        else:
            self._add(place, Absent())

    def follow(self, value: Any, path: str, loose: bool = False) -> None:
        """Notes what can be reached from a value."""
        work = [(value, path)]
        opened = set()
        while work:
            value, path = work.pop()
            if is_plain(type(value)) or id(value) in opened or id(value) in self.born:
                continue
            opened.add(id(value))
            for name in () if loose else held(value):
                item = getattr(value, name)
                if not expect(item).is_fixed():
                    self.note(Place(value, name, f"{path}.{name}", "attribute"), item)
            work += parts(value, path)
            if is_followed(value):
                seen = self.known.get(id(value)) or self._see(value, path, loose)
                if seen is not None and seen.version != self.version:
                    seen.version = self.version
                    work += self._children(seen)

    def called(self, value: Any, names: set[str]) -> None:
        """Notes a module or an optimizer when its method runs in the framework, and what other known objects' read."""
        if id(value) not in self.known:
            stranger = Seen(value, kind_of(value), True)
            if stranger.special:
                self.follow(value, stranger.path, loose=True)
        seen = self.known.get(id(value))
        if seen is not None and not seen.is_optimizer:
            seen.names |= names

    def _see(self, value: Any, path: str, loose: bool) -> Seen | None:
        """Notes an object's attributes, all of them: which ones are read turns out later."""
        if len(self.known) >= OBJECTS:
            self.incomplete = f"it can reach more than {OBJECTS} objects, {path} among them"
            return None
        path = self._paths.get(id(value), path)
        seen = self.known[id(value)] = Seen(value, path, loose)
        if type(value) is FunctionType and not loose:
            self.functions.setdefault(id(value.__code__), []).append(value)
        if issubclass(type(value), ModuleType):
            return seen
        if seen.is_module:
            self._see_module(seen)
        if seen.is_optimizer:
            self._see_groups(seen)
        if seen.special:
            self._see_hooks(seen)
        for name, item in list(seen.entries.items()):
            if seen.is_noted(name):
                self.note(Place(seen.entries, name, f"{path}.{name}"), item, (name,), seen)
        for name in seen.slots:
            if (item := seen.slot(name)) is not MISSING:
                self.note(Place(value, name, f"{path}.{name}", "attribute"), item, (name,), seen)
        for each in classes_of(value) if seen.is_instance else ():
            for name in self._constants_of(each) - seen.before:
                self._add(Place(seen.entries, name, f"{path}.{name}"), Absent(), (name,), seen)
        return seen

    def _constants_of(self, kind: type) -> set[str]:
        found = self._constants.get(kind)
        if found is None:
            seen = Seen(kind, "", False)
            found = self._constants[kind] = {name for name in seen.entries if seen.is_noted(name)}
        return found

    def _see_module(self, seen: Seen) -> None:
        seen.names = self.module_names
        for name in HOLDERS:
            self._add(Place(seen.entries, name, seen.path), Members(seen.entries[name]), seen=seen)
        for key, child in seen.entries["_modules"].items():
            self._paths.setdefault(id(child), f"{seen.path}.{key}")

    def _see_hooks(self, seen: Seen) -> None:
        for name, hooks in hooks_in(seen.entries):
            self._add(Place(seen.entries, name, seen.path), Members(hooks, hooks=True), seen=seen)
        # Those of all modules, or of all optimizers, stand in the module of the class that looks whether there are any.
        for base in type(seen.object).__mro__:
            space = vars(sys.modules[base.__module__]) if "_hooked" in vars(base) else {}
            for name, hooks in hooks_in(space):
                self._add(
                    Place(space, name, f"all {'modules' if seen.is_module else 'optimizers'}"), Members(hooks, True)
                )

    def _see_groups(self, seen: Seen) -> None:
        groups = seen.entries["param_groups"]
        self._add(Place(seen.entries, "param_groups", seen.path), Groups(groups), seen=seen)
        # The numbers of an optimizer in two parts are the program's inputs, unless the user's code reads them too.
        is_custom = getattr(seen.object, "two_part", True) is False
        for number, group in enumerate(groups):
            for name, value in group.items():
                if name not in ("params", "param_names"):
                    place = Place(group, name, f"{seen.path}.param_groups[{number}][{name!r}]")
                    self.note(place, value, () if is_custom else ("param_groups", name), seen)

    def _children(self, seen: Seen) -> Iterator[tuple[Any, str]]:
        """What the code that has run may read from an object."""
        yield from ((each, each.__name__) for each in classes_of(seen.object))
        for name in self._read_among(seen.entries, seen) - seen.special:
            item = seen.entries[name]
            if issubclass(type(seen.object), ModuleType) and seen.is_noted(name):
                self.note(Place(seen.entries, name, f"{seen.path}.{name}"), item, (name,), seen)
            yield item, f"{seen.path}.{name}"
        for name in self._read_among(seen.slots, seen):
            yield seen.slot(name), f"{seen.path}.{name}"
        if seen.is_module:
            children = seen.entries["_modules"]
            read = self._read_among(children, seen)
            # The parts of a list have no names to be read by.
            names = [name for name in children if name in read or name.isdigit()]
            yield from ((children[name], f"{seen.path}.{name}") for name in names)

    def _read_among(self, entries: Mapping[str, Any], seen: Seen) -> set[str]:
        """The names among an object's that the code that has run may read."""
        if self._reads_all(seen):
            return set(entries)
        return (entries.keys() & self.names) | (entries.keys() & seen.names)

    def _reads_all(self, seen: Seen) -> bool:
        return not self.names.isdisjoint(ANY_NAME) and not is_foreign(type(seen.object).__module__)

    # What came of it

    def drop_made(self) -> None:
        """Forgets arguments of functions that are gone by now: the run made them."""
        for key, seen in list(self.known.items()):
            # Held by `seen`, by the places of its slots, and as getrefcount's argument.
            if seen.loose and sys.getrefcount(seen.object) <= 2 + len(seen.slots):
                del self.known[key]
                for noted in seen.noted:
                    del self._notes[noted]

    def _counting(self) -> Iterator[Note]:
        for note in self._notes.values():
            seen = note.seen
            if seen is None or all([name in self.names or name in seen.names for name in note.needs]):
                yield note
            elif self._reads_all(seen):
                yield note

    def changed(self) -> list[str]:
        """What is not as it was noted, in words."""
        found = [self.incomplete] if self.incomplete else []
        for guard, _, _, more in self._counting():
            live = guard.place.read()
            if not guard.holds():
                found += guard.words()
            elif type(guard.expected) is Sized:
                if not all(map(operator.is_, more, _items(live))):
                    found.append(f"the {kind_of(live)} {guard.place.path} holds other items than before")
            elif type(guard.expected) is Elements and guard.expected.kept is None:
                found.append(f"the {kind_of(live)} {guard.place.path} is too large to be compared at every call")
            elif more is not None and random_state(live) != more:
                found.append(f"{guard.place.path} has drawn random numbers")
            elif is_iterator(live):
                found.append(f"the {kind_of(live)} {guard.place.path} moves on when it is read")
        for seen in self.known.values():
            new = self._read_among(seen.entries, seen) - seen.before - seen.special
            found += [f"{seen.path}.{name} is new" for name in sorted(new)]
        return list(dict.fromkeys(found))

    def guards(self) -> Guards:
        """The conditions under which the run would have read the same."""
        found = [each.guard for each in self._counting()]
        if not self.names.isdisjoint(ASKING):
            for seen in self.known.values():
                if seen.is_instance and seen.before:
                    found.append(Guard(Place(seen.entries, None, seen.path, "itself"), Count(len(seen.entries))))
        return Guards(found)

    def tensor_names(self) -> dict[int, str]:
        """Names for tensors by their ids: those of parameters and buffers in their model, and of variables."""
        found: dict[int, str] = {}
        for (place, expected), _, _, _ in self._counting():
            # Without the model's own name, or `self`.
            path = place.path.partition(".")[2] if place.how == "key" and not place.kind else place.path
            if isinstance(expected, Members):
                pairs = [(f"{path}.{key}" if path else key, each) for key, each in expected.copy.items()]
            elif isinstance(expected, Contents):
                pairs = [(f"{path}[{key}]", each.value) for key, each in expected.items.items()]
            else:
                pairs = [(path, expected.value)]
            for name, each in pairs:
                if issubclass(type(each), Tensor):
                    found.setdefault(id(each), name)
        return found


def _items(container: Any) -> tuple[Any, ...]:
    if len(container) > COPIED:
        return ()
    return (*container, *container.values()) if isinstance(container, dict) else tuple(container)
