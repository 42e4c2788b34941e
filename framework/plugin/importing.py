"""Runs Python files as modules: a plugin's by its own name, and a recipe's with what lies beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["import_file", "import_plugin", "importing_beside"]

_plugins: dict[str, ModuleType] = {}
"""Plugins that were given as files and can be imported by their own names."""

_helpers: dict[str, Path] = {}
"""Modules that recipes imported from beside them, and the folder of each."""


def import_file(path: Path, stands_for: Path | None = None, name: str | None = None) -> ModuleType:
    """Run a Python file as a module of its own.

    Without a `name`, its name is made so that no file can hide a real module, this package least of all.
    A copy of a file may stand for it: `__file__` is then the original's path, so that data beside that is found.
    """
    if name is None:
        name = f"_framework_file_{path.stem}"
        while name in sys.modules:
            name += "_"
    former = sys.modules.get(name)
    module = ModuleType(name)
    module.__file__ = str(stands_for or path)
    sys.modules[name] = module  # dataclasses and annotations look their module up here
    try:
        exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
    except BaseException:
        del sys.modules[name]
        if former is not None:
            sys.modules[name] = former
        raise
    return module


def import_plugin(path: Path, stands_for: Path | None = None) -> ModuleType:
    """A plugin's file as a module; as with any import it runs once in a process, unless it was edited.

    `import <its name>` then gives it too, when no other module has that name; else its `__name__` is another.
    """
    name, path = path.stem, path.resolve()
    imported = sys.modules.get(name)
    if imported is not _plugins.get(name) and _is_at(getattr(imported, "__file__", None), path):
        assert imported is not None
        return imported
    module = _import_once(path, path.stat().st_mtime_ns, stands_for, _is_free(name, path))
    if module.__name__ == name:
        sys.modules[name] = _plugins[name] = module  # another folder's may have been there in between
    return module


@cache
def _import_once(path: Path, changed: int, stands_for: Path | None, free: bool) -> ModuleType:
    return import_file(path, stands_for, path.stem if free else None)


def _is_free(name: str, path: Path) -> bool:
    """Whether a file may be known by its own name: no module but itself, or an earlier plugin, has it."""
    if name in sys.modules:
        return sys.modules[name] is _plugins.get(name)
    specs = (finder.find_spec(name, None) for finder in sys.meta_path if not isinstance(finder, _Copies))
    spec = next((spec for spec in specs if spec is not None), None)
    return spec is None or spec.origin is None or _is_at(spec.origin, path)


def _is_at(file: str | None, path: Path) -> bool:
    return file is not None and Path(file).resolve() == path


class _Copies:
    """Finds, where a module of the original's folder is meant, the copy of it that is in another folder."""

    def __init__(self, folder: Path, original: Path) -> None:
        self.folder, self.original = folder, original

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        copy = self.folder / f"{name}.py"
        if path is not None or not copy.is_file() or not _is_free(name, self.original / copy.name):
            return None
        loader: Any = _Copy(copy)  # which has all that the import system asks of one
        return spec_from_file_location(name, self.original / copy.name, loader=loader)


class _Copy:
    """Runs a copy of a module, whose `__file__` is the original's path, so that data beside that is found."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary one."""

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.file.read_bytes(), str(self.file), "exec", dont_inherit=True), module.__dict__)


@contextmanager
def importing_beside(folder: Path, original: Path) -> Iterator[list[Path]]:
    """Lets a recipe import the modules beside it while it is loaded; a module that is found elsewhere goes first.

    If the recipe is a copy, `original` is the folder that it is from: what was copied with it stands for what is there.
    Gives a list that holds, afterwards, the files of those that it imported.
    """
    here, home = folder.resolve(), original.resolve()
    for name, place in list(_helpers.items()):
        # Another recipe's, of which this one's may have the name; or the original, where a copy is meant.
        if place != here and (place == home or str(place) not in sys.path):
            sys.modules.pop(name, None)
            del _helpers[name]
    before, added = set(sys.modules), [str(home)] if home.is_dir() and str(home) not in sys.path else []
    copies = _Copies(here, home)
    sys.path.extend(added)
    if here != home:
        sys.meta_path.insert(0, copies)
    imported: list[Path] = []
    try:
        yield imported
    finally:
        for each in added:
            sys.path.remove(each)
        if here != home:
            sys.meta_path.remove(copies)
        for name in ((set(sys.modules) - before) | set(_helpers)) - set(_plugins):
            module, top = sys.modules.get(name), name.partition(".")[0]
            file = Path(getattr(module, "__file__", None) or "")
            if file != home / f"{top}.py" and home / top not in file.parents:
                continue
            loader = getattr(module, "__loader__", None)
            copy = loader.file if isinstance(loader, _Copy) else None
            if file.parent == home:
                imported.append(copy or file)
            _helpers[name] = here if copy else home
