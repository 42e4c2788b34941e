"""Loads plugins, each on its own, and calls their hooks so that whoever fails is named.

`PluginManager.load(given=["-p values"], recipe=file)` finds all there are; `register` adds an object by hand.
"""

from __future__ import annotations

import contextlib
import inspect
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from framework.errors import did_you_mean, listed
from framework.plugin import finding
from framework.plugin.calling import Guard, describe, line_of
from framework.plugin.checks import SPECS, has_hooks, marked, parts_of, problems
from framework.plugin.finding import BESIDE, LOCAL, RECIPE, Candidate
from framework.plugin.hookspecs import observers, participants, registries
from framework.plugin.markers import PROJECT
from framework.plugin.ordering import Implementation, arrange, implementations
from framework.plugin.registry import FRAMEWORK, PluginError, Registry
from framework.plugin.watching import Around, watch_part

if TYPE_CHECKING:
    from framework.training.recipe import RecipeFile

__all__ = ["KINDS", "MADE", "Failure", "Plugin", "PluginError", "PluginManager", "PluginWarning", "import_local"]

MADE = "made for the run"
"""The origin of an object that a recipe or an option has made a plugin of."""

KINDS = tuple(name.removeprefix("register_") for name, spec in SPECS.items() if spec.kind == "registry")


class PluginWarning(UserWarning):
    """Something about a plugin that a person should know and that does not stop the work."""


@dataclass(frozen=True)
class Plugin:
    """A plugin in use: its module or object, and where it came from."""

    name: str
    origin: str
    distribution: str | None
    version: str | None
    given: bool
    parts: Mapping[str, object] = field(repr=False)
    seconds: float = 0.0
    """How long it took to import."""

    @property
    def hooks(self) -> list[str]:
        """The names of the hooks that it implements, sorted."""
        return sorted({name for part in self.parts.values() for name, _, _ in marked(part)})


@dataclass(frozen=True)
class Failure:
    """A plugin that could not be used, and why."""

    name: str
    origin: str
    distribution: str | None
    version: str | None
    message: str


class NameTaken(PluginError):
    """Two plugins of one name; `by` is the one in use."""

    def __init__(self, by: Plugin) -> None:
        place = f"from {by.distribution} {by.version}" if by.origin == "installed" else by.origin
        super().__init__(f"a plugin of this name is in use already, {place}.")
        self.by = by


def _warn(message: str) -> None:
    warnings.warn(message, PluginWarning, stacklevel=3)


class PluginManager:
    """The plugins of one run; `report(message)` receives what a person should know, and warns when it is not given."""

    def __init__(self, report: Callable[[str], None] = _warn) -> None:
        self.report = report
        self.failures: list[Failure] = []
        self.given: list[str] = []
        """The values of `-p` that it was loaded with; a file's path is absolute."""
        self._plugins: dict[str, Plugin] = {}
        self._owners: dict[str, str] = {}
        self._registered: dict[str, list[tuple[str, str, Any]]] = {}
        self._registries: dict[str, Registry[Any]] = {}
        self._watchers: list[tuple[contextlib.ExitStack, Around]] = []
        self._pluggy = pluggy.PluginManager(PROJECT)
        for specifications in (registries, participants, observers):
            self._pluggy.add_hookspecs(specifications)

    @classmethod
    def load(
        cls,
        given: Iterable[str] = (),
        recipe: RecipeFile | None = None,
        report: Callable[[str], None] = _warn,
        *,
        first_party: bool = True,
        installed: bool = True,
    ) -> PluginManager:
        """Load every plugin there is.

        `given` holds the values of `-p` in their order: a module, a path ending in .py, or `no:NAME`, which leaves a
        plugin out before it is imported. What was given, and what stands beside or in the recipe, must work, or a
        PluginError says why; what was merely found and is broken is reported, kept in `failures` and left out.
        """
        manager = cls(report)
        given = list(given)
        manager.given = [str(Path(each).absolute()) if each.endswith(".py") else each for each in given]
        blocked = [value.removeprefix("no:") for value in given if value.startswith("no:")]
        candidates = list(finding.find_first_party()) if first_party else []
        candidates += finding.find_installed() if installed else ()
        wanted = [value for value in given if not value.startswith("no:")]
        candidates += finding.find_given(wanted, [candidate.name for candidate in candidates])
        candidates += _local_of(recipe) if recipe is not None else ()
        if recipe is not None and recipe.has_hooks:
            candidates.append(Candidate(RECIPE, str(recipe.path), lambda: recipe.module, given=True))
        _check_blocked(blocked, candidates)
        for candidate in candidates:
            if candidate.name in blocked:
                continue
            manager._load(candidate)
            if candidate.name == LOCAL:
                report(f"Using the plugin {candidate.origin}.{_how_to_leave_out(candidate)}")
            if candidate.origin.endswith(".py"):
                manager._check_importable(candidate.name)
        return manager

    @property
    def plugins(self) -> list[Plugin]:
        """The plugins in use, in the order in which they were loaded."""
        return list(self._plugins.values())

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def register(self, plugin: object, name: str | None = None, origin: str = "registered") -> None:
        """Add a module or an object with hook implementations; a class is refused, an object of it is meant."""
        if inspect.isclass(plugin):
            raise PluginError(
                f"{plugin.__name__} is a class: register an object of it, {plugin.__name__}(…), "
                "since hooks are its methods."
            )
        own = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__
        name = name or _free_name(own, self._plugins)
        self._load(Candidate(name, origin, lambda: plugin, given=True))

    def unregister(self, name: str) -> None:
        """Take a plugin out again."""
        for part in self._plugins.pop(name).parts:
            self._pluggy.unregister(name=part)
            del self._owners[part]
        self._forget_registered()

    def caller(self, hook: str) -> Callable[..., Any] | None:
        """What calls every implementation of `hook`, by keyword; None when there is none, so that it costs nothing."""
        caller = getattr(self._pluggy.hook, hook)
        return caller if caller.get_hookimpls() else None

    def order(self, hook: str) -> list[Implementation]:
        """Who implements a hook, in the order in which they are called."""
        return implementations(getattr(self._pluggy.hook, hook), self._owners)

    def is_implemented(self, hook: str, beside: str) -> bool:
        """Whether a plugin other than the one named `beside` implements a hook."""
        return any(self._owners[part] != beside for part, _ in self._implementations(hook))

    @contextlib.contextmanager
    def watching(self, around: Around) -> Iterator[None]:
        """Has each call of a plugin's hook run in `around(hook, plugin)`, to time it; outside it costs nothing.

        Who begins to watch last ends first.
        """
        with contextlib.ExitStack() as stack:
            watcher = stack, around
            self._watchers.append(watcher)
            try:
                for part in self._owners:
                    self._watch_part(part, watcher)
                yield
            finally:
                self._watchers.remove(watcher)

    def _watch_part(self, part: str, watcher: tuple[contextlib.ExitStack, Around]) -> None:
        """Puts a watcher around the hooks of a plugin's part."""
        if self._pluggy.has_plugin(part):
            (stack, around), owner = watcher, self._owners[part]
            watch_part(self._pluggy, part, lambda hook: around(hook, owner), stack)

    def call(self, hook: str, **arguments: object) -> Any:
        """Call every implementation of `hook`, for hooks that are called seldom."""
        return getattr(self._pluggy.hook, hook)(**arguments)

    def answers(self, hook: str, **arguments: object) -> Iterator[tuple[str, Any]]:
        """Call the implementations of `hook`, and give what each returned, if anything, with its plugin's name."""
        for part, implementation in self._implementations(hook):
            returned = implementation(**arguments)
            if returned is not None:
                yield self._owners[part], returned

    def fold(self, hook: str, argument: str, value: Any, **arguments: object) -> Any:
        """Call the implementations of `hook` in pluggy's order, each with what the one before made of `argument`."""
        for _, implementation in reversed([*self._implementations(hook)]):
            returned = implementation(**arguments, **{argument: value})
            value = value if returned is None else returned
        return value

    def registry(self, kind: str) -> Registry[Any]:
        """The things of one kind by name: "operations", "losses", "optimizers", … as in `KINDS`.

        A name that two plugins claim is a PluginError at once if one of them was given. If both were merely found,
        it is reported, and an error for whoever asks for that name: the command line goes on without it.
        """
        if kind not in self._registries:
            self._registries[kind] = registry = Registry[Any](kind)
            for plugin, name, thing in self.registrations(kind):
                try:
                    registry.add(name, thing, plugin)
                except PluginError as error:
                    if self._plugins[plugin].given or self._plugins[registry.source(name)].given:
                        del self._registries[kind]
                        raise
                    registry.contest(name, str(error))
                    self.report(str(error))
        return self._registries[kind]

    def adds(self) -> dict[str, dict[str, list[str]]]:
        """What each plugin registers: plugin, then kind, then names; a name that two of them claim is reported."""
        added: dict[str, dict[str, list[str]]] = {name: {} for name in self._plugins}
        for kind in KINDS:
            for plugin, name, _ in self.registrations(kind):
                added[plugin].setdefault(kind, []).append(name)
            try:
                self.registry(kind)
            except PluginError as error:
                self.report(str(error))
        return added

    def save_states(self, trainer: Any) -> dict[str, Mapping[str, Any]]:
        """Each plugin's own state, by the plugin's name (and the object's, for an object of a module)."""
        states = {}
        loaders = {name for name, _ in self._implementations("load_state")}
        for name, implementation in self._implementations("save_state"):
            state = implementation(trainer=trainer)
            if state is None:
                continue
            if name not in loaders:
                raise PluginError(
                    f"Plugin {name!r} has save_state without load_state: what it saves could not be given back."
                )
            states[name] = state
        return states

    def load_states(self, trainer: Any, states: Mapping[str, Mapping[str, Any]]) -> None:
        """Give each plugin its own state back; a PluginError names the plugins that are missing."""
        loaders = dict(self._implementations("load_state"))
        missing = sorted(set(states) - set(loaders))
        if missing:
            raise PluginError(
                f"There is saved state of {', '.join(map(repr, missing))}, "
                "but no such plugin with `load_state` is in use."
            )
        for name, state in states.items():
            loaders[name](trainer=trainer, state=state)

    def _load(self, candidate: Candidate) -> None:
        began = time.perf_counter()
        try:
            self._add(candidate, candidate.load(), began)
        except (Exception, SystemExit) as error:
            if candidate.given:
                raise _unusable(candidate, error) from error
            self._failed(candidate, _why_unusable(candidate, error), error)

    def _check_importable(self, name: str) -> None:
        """Say so when a plugin's file has the name of another module, which `import` then gives."""
        plugin = self._plugins[name]
        module = plugin.parts[name]
        if plugin.origin.startswith("-p ") and isinstance(module, ModuleType) and module.__name__ != name:
            self.report(
                f"The plugin {plugin.origin.removeprefix('-p ')} is used, but `import {name}` gives another module "
                "of that name: rename the file to import from it."
            )

    def _add(self, candidate: Candidate, plugin: object, began: float) -> None:
        name, seconds = candidate.name, time.perf_counter() - began
        if name in self._plugins:
            raise NameTaken(self._plugins[name])
        parts = dict(parts_of(name, plugin() if inspect.isclass(plugin) else plugin))
        # A recipe may well have a function `log` of its own, which is no hook.
        wrong = [problem for part in parts.values() for problem in problems(part, allow_unmarked=name == RECIPE)]
        if not wrong and not has_hooks(parts[name]):
            wrong = ["it implements no hook; mark its functions with @hookimpl (from framework.extend)."]
        if wrong:
            raise PluginError(listed(wrong))
        self._plugins[name] = Plugin(
            name,
            candidate.origin,
            candidate.distribution,
            candidate.version,
            candidate.given and name != FRAMEWORK,
            parts,
            seconds,
        )
        guard = Guard(name, self.report)
        for part_name, part in parts.items():
            self._owners[part_name] = name
            self._pluggy.register(guard.of(part), part_name)
            for watcher in self._watchers:
                self._watch_part(part_name, watcher)
        self._forget_registered()
        try:
            for hook in self._plugins[name].hooks:
                arrange(getattr(self._pluggy.hook, hook), self._owners, self._parts())
        except PluginError:
            self.unregister(name)
            raise

    def _parts(self) -> dict[str, object]:
        """The modules and objects in use, by their names."""
        return {part: thing for plugin in self._plugins.values() for part, thing in plugin.parts.items()}

    def _failed(self, candidate: Candidate | Plugin, message: str, error: BaseException) -> None:
        self.failures.append(
            Failure(candidate.name, candidate.origin, candidate.distribution, candidate.version, message)
        )
        if isinstance(error, NameTaken) and error.by.distribution is not None:
            way = (
                f"-p no:{candidate.name} leaves out both; "
                f"uninstall {candidate.distribution} or {error.by.distribution} to keep the other."
            )
        else:
            way = f"to silence this: -p no:{candidate.name}"
        self.report(f"{message} Going on without it; {way}")

    def registrations(self, kind: str) -> list[tuple[str, str, Any]]:
        """Plugin, name and thing of everything registered of one kind, whoever else has the name, too."""
        if kind not in self._registered:
            self._registered[kind] = []
            for part, implementation in self._implementations(f"register_{kind}"):
                plugin = self._plugins[self._owners[part]]
                added: list[tuple[str, str, Any]] = []

                def register(name: str, thing: object, /, plugin: str = plugin.name, added: list[Any] = added) -> None:
                    if not isinstance(name, str) or not name:
                        raise TypeError(f"register(name, thing) takes the name first, a text, not {name!r}")
                    added.append((plugin, name, thing))

                try:
                    returned = implementation(register=register)
                    if returned is not None:
                        raise TypeError(f"it must call register(name, thing) and return nothing, not {returned!r}")
                except Exception as error:
                    message = describe(error, f"register_{kind}", plugin.name)
                    if plugin.given:
                        raise PluginError(message) from error
                    self._failed(plugin, message + ".", error)
                else:
                    self._registered[kind] += added
        return self._registered[kind]

    def _forget_registered(self) -> None:
        self._registered.clear()
        self._registries.clear()

    def _implementations(self, hook: str) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Each implementation of a hook on its own, with the name of the plugin's part, in order of loading."""
        for implementation in getattr(self._pluggy.hook, hook).get_hookimpls():

            def call(implementation: pluggy.HookImpl = implementation, **arguments: object) -> Any:
                names = (*implementation.argnames, *implementation.kwargnames)
                return implementation.function(**{name: arguments[name] for name in names})

            yield implementation.plugin_name, call


def _local_of(recipe: RecipeFile) -> Iterator[Candidate]:
    original = recipe.stands_for
    return finding.find_local(recipe.path.parent, original and original.with_name(f"{finding.LOCAL}.py"))


def import_local(folder: Path, stands_for: Path | None = None) -> ModuleType | None:
    """The file `framework_local.py` of a folder, imported; None without one. PluginError when it cannot be."""
    for candidate in finding.find_local(folder, stands_for):
        try:
            module = candidate.load()
        except (Exception, SystemExit) as error:
            raise _unusable(candidate, error) from error
        return module if isinstance(module, ModuleType) else None
    return None


def _unusable(candidate: Candidate, error: BaseException) -> PluginError:
    return PluginError(_why_unusable(candidate, error) + _how_to_leave_out(candidate))


def _why_unusable(candidate: Candidate, error: BaseException) -> str:
    return f"Plugin {candidate} cannot be used:{_reason(error)}"


def _how_to_leave_out(candidate: Candidate) -> str:
    """Advice for a plugin that is there without having been asked for on the command line."""
    return f" To leave it out: -p no:{candidate.name}" if candidate.name in BESIDE else ""


def _reason(error: BaseException) -> str:
    """Why a plugin cannot be used, to stand after a colon."""
    text = str(error)
    if not isinstance(error, PluginError):
        place = "" if isinstance(error, SyntaxError) else line_of(error)
        text = f"{type(error).__name__}: {text.removesuffix('.')}{place}."
    return text if text[:1].isspace() else f" {text}"


def _free_name(name: str, taken: Iterable[str]) -> str:
    taken, number, free = set(taken), 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _check_blocked(blocked: Iterable[str], candidates: Iterable[Candidate]) -> None:
    names = {candidate.name for candidate in candidates} | BESIDE
    for name in blocked:
        if name not in names:
            raise PluginError(f"-p no:{name}: there is no plugin {name!r}.{did_you_mean(name, names)}")
