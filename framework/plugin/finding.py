"""Finds plugins, without importing any yet: first-party, installed, given with `-p`, and beside or in the recipe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from framework.errors import did_you_mean
from framework.plugin.importing import import_plugin
from framework.plugin.registry import PluginError
from framework.plugin.requirements import check_requirements, declared_in

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "BESIDE",
    "LOCAL",
    "QUIET",
    "RECIPE",
    "Candidate",
    "find_first_party",
    "find_given",
    "find_installed",
    "find_local",
    "without_local",
]

ENTRY_POINT_GROUP = "framework.plugins"
LOCAL, RECIPE = "framework_local", "recipe"
QUIET = "no:progress", "no:console"
"""The values of `-p` by which nothing is shown; they belong to a command, not to a run."""
BESIDE = {LOCAL, RECIPE}
"""Names of the plugins that come with a recipe: the file beside it, and its own hooks."""


@dataclass(frozen=True)
class Candidate:
    """A plugin that was found; `load()` imports it. `given` when the person named it, so that it must work."""

    name: str
    origin: str
    load: Callable[[], object]
    given: bool = False
    distribution: str | None = None
    version: str | None = None

    def __str__(self) -> str:
        release = f"{self.release}, " if self.distribution else ""
        return f"{self.name!r} ({release}{self.origin})"

    @property
    def release(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}"


def find_first_party() -> Iterator[Candidate]:
    """The modules of the package `framework_plugins`."""
    from importlib import import_module
    from pkgutil import iter_modules

    import framework

    try:
        package = import_module("framework_plugins")
    except ImportError:  # the framework is usable without its plugins
        return
    for found in iter_modules(package.__path__):
        if not found.name.startswith("_"):
            yield Candidate(
                found.name,
                "first-party",
                partial(import_module, f"framework_plugins.{found.name}"),
                distribution="framework-train",
                version=framework.__version__,
            )


def find_installed() -> Iterator[Candidate]:
    """The entry points that installed distributions declare in the group `framework.plugins`."""
    from importlib.metadata import entry_points

    # In the order of their names: that in which the file system lists them differs from machine to machine.
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: point.name):
        distribution, version = (point.dist.name, point.dist.version) if point.dist else (None, None)
        yield Candidate(
            point.name, "installed", partial(_load_installed, point), distribution=distribution, version=version
        )


def _load_installed(point: EntryPoint) -> object:
    if point.dist is not None:
        check_requirements(point.dist.requires or (), point.dist.name)
    return point.load()


def find_given(values: Iterable[str], found: Iterable[str]) -> Iterator[Candidate]:
    """The plugins of `-p module` and `-p path.py`; one that was `found` by its name anyway is passed over."""
    found = set(found)
    seen = set()
    for value in values:
        if value in found or value in seen:
            continue
        seen.add(value)
        if value.endswith(".py"):
            path = Path(value)
            if not path.is_file():
                raise PluginError(f"-p {value}: there is no such file.")
            yield Candidate(path.stem, f"-p {value}", partial(_load_file, path), given=True)
        else:
            yield Candidate(value, f"-p {value}", partial(_import_module, value, found), given=True)


def _load_file(path: Path, stands_for: Path | None = None) -> ModuleType:
    check_requirements(declared_in(path.read_text("utf-8", errors="replace")))
    return import_plugin(path, stands_for)


def _import_module(name: str, found: set[str]) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # it is there, and imports something that is not
        file = Path(f"{name}.py")
        hint = f" Did you mean {file}?" if file.is_file() else did_you_mean(name, found)
        raise PluginError(f"there is no module {name!r}.{hint}") from None


_local = ContextVar("local", default=True)


@contextmanager
def without_local() -> Iterator[None]:
    """Leaves out, for as long as it lasts, the files `framework_local.py` beside recipes."""
    token = _local.set(False)
    try:
        yield
    finally:
        _local.reset(token)


def find_local(folder: Path, stands_for: Path | None = None) -> Iterator[Candidate]:
    """The file `framework_local.py` of a recipe's folder; in a run's directory it stands for the original."""
    path = folder / f"{LOCAL}.py"
    if _local.get() and path.is_file():
        yield Candidate(LOCAL, str(path), partial(_load_file, path, stands_for), given=True)
