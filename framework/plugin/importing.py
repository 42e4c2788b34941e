"""Runs Python files as modules: a plugin's by its own name, and a recipe's with what lies beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

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
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    spec = next((spec for spec in specs if spec is not None), None)
    return spec is None or spec.origin is None or _is_at(spec.origin, path)


def _is_at(file: str | None, path: Path) -> bool:
    return file is not None and Path(file).resolve() == path


@contextmanager
def importing_beside(*folders: Path) -> Iterator[list[Path]]:
    """Lets a recipe import the modules beside it while it is loaded; a module that is found elsewhere goes first.

    Gives a list that holds, afterwards, the files of those that it imported.
    """
    places = [folder.resolve() for folder in folders if folder.is_dir()]
    for name, folder in list(_helpers.items()):
        if folder not in places:  # another recipe's, of which this one's may have the name
            sys.modules.pop(name, None)
            del _helpers[name]
    before, added = set(sys.modules), [str(place) for place in places if str(place) not in sys.path]
    sys.path.extend(added)
    imported: list[Path] = []
    try:
        yield imported
    finally:
        for each in added:
            sys.path.remove(each)
        for name in ((set(sys.modules) - before) | set(_helpers)) - set(_plugins):
            file = Path(getattr(sys.modules.get(name), "__file__", None) or "")
            top = name.partition(".")[0]
            home = next((each for each in places if file == each / f"{top}.py" or each / top in file.parents), None)
            if home is not None and file.parent == home:
                imported.append(file)
            if home is not None and str(home) in added:
                _helpers[name] = home
