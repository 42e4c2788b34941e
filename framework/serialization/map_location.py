"""Where a file's tensors go: the CPU, wherever they were saved from, once the caller says that this is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from framework.autograd.size import device
from framework.operations.storage import UntypedStorage
from framework.serialization.errors import LoadError, shown
from framework.serialization.storages import Memory

__all__ = ["MapLocation", "Places", "default_restore_location", "location_tag"]

MapLocation = Callable[[UntypedStorage, str], Any] | device | str | dict[str, str] | None


def location_tag(storage: Any) -> str:
    """Where a storage lies, as files say it: "cpu"."""
    return "cpu"


def default_restore_location(storage: Any, location: str) -> Any:
    """The storage, if `location` is the CPU; PyTorch's error for a place that is not here."""
    _check(location, storage)
    return storage


def _check(location: str, storage: Any) -> None:
    name = location.partition(":")[0]
    if location == "cpu":
        return
    if name.rstrip("0123456789") in ("cuda", "hpu", "xpu", "mtia"):
        kind = name.rstrip("0123456789")
        raise LoadError(
            f"Attempting to deserialize object on a {kind.upper()} device but torch.{kind}.is_available() is False. If "
            "you are running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map "
            "your storages to the CPU."
        )
    raise LoadError(
        f"don't know how to restore data location of {type(storage).__module__}.{type(storage).__name__} "
        f"(tagged with {shown(location)}). Tensors live on the CPU here: map_location='cpu'"
    )


class Places:
    """Applies a `map_location` to the storages of a file."""

    def __init__(self, map_location: MapLocation) -> None:
        self._given = map_location
        if isinstance(map_location, (str, device)):
            _check(str(map_location), None)
        elif not (map_location is None or isinstance(map_location, dict) or callable(map_location)):
            raise TypeError(
                "load(): argument 'map_location' must be a device, a string, a dict or a function, not "
                f"{type(map_location).__name__}"
            )
        self._asked: list[tuple[Memory, str]] = []

    def check(self, location: str, memory: Memory) -> None:
        """Raises for a place that is not here. A function is asked by `finish`, once everything is read."""
        if callable(self._given):
            self._asked.append((memory, location))
        elif isinstance(self._given, dict):
            _check(str(self._given.get(location, location)), memory)
        elif self._given is None:
            _check(location, memory)

    def finish(self) -> None:
        """Asks the function about each storage: None leaves it where it was, another one gives its values."""
        ask: Any = self._given
        for memory, location in self._asked:
            given = UntypedStorage(memory.raw)
            result = ask(given, location)
            if result is None:
                _check(location, memory)
            elif not isinstance(result, UntypedStorage):
                raise TypeError(
                    f"map_location gave a {type(result).__name__}, not a storage: return the one it is given"
                )
            elif result != given:
                source: Any = result._array
                memory.overwrite(np.frombuffer(source.tobytes("A"), np.uint8))
