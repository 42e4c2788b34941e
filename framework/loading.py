"""Names that are loaded when first used.

    __getattr__, __dir__, __all__ = from_stub(__name__)

The stub beside a module (`__init__.pyi` beside `__init__.py`) imports each name that the module offers, one by one:
editors and type checkers know them all, and a reader sees where each is. At run time the same stub says which module
to load when somebody first asks for a name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

__all__ = ["Place", "from_stub", "places"]

_IMPORT = re.compile(r"^from (\S+) import \(?\s*(\w+) as (\w+)", re.MULTILINE)
_ALIAS = re.compile(r"^(\w+) = (\w+)$", re.MULTILINE)


class Place(NamedTuple):
    """Where a name is defined: a module, and its name there."""

    module: str
    name: str


@cache
def places(module: str) -> Mapping[str, Place]:
    """Where each name of a module is, as its stub says."""
    path = sys.modules[module].__file__
    with open(f"{path}i", encoding="utf-8") as stub:
        text = stub.read()
    found = {public: Place(source, name) for source, name, public in _IMPORT.findall(text)}
    return found | {alias: found[name] for alias, name in _ALIAS.findall(text)}


def from_stub(
    module: str, missing: Callable[[str], Any] | None = None, finish: Callable[[str, Any], Any] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a module whose stub says where its names are.

    `missing` is called with a name that the stub has not; `finish` makes of a name and what it stands for what is kept.
    """
    names = vars(sys.modules[module])
    where = places(module)

    def __getattr__(name: str) -> Any:
        place = where.get(name)
        if place is None:
            if missing is not None:
                return missing(name)
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if place.module == module:
            return import_module(f"{module}.{place.name}")
        value = getattr(import_module(place.module), place.name)
        names[name] = value = value if finish is None else finish(name, value)
        return value

    return __getattr__, lambda: sorted({*names, *where}), [name for name in where if name[0] != "_"]
