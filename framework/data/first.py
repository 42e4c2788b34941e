"""The first batches of other data, pass by pass, which is otherwise as that data is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

__all__ = ["FirstBatches"]


class FirstBatches:
    """At most `count` batches of a pass over `data`. All else asked of it, such as `num_workers`, is the data's."""

    def __init__(self, data: Iterable[Any], count: int) -> None:
        self.data, self.count = data, count
        self._given = 0
        self._pass: _First | None = None

    def __iter__(self) -> Iterator[Any]:
        self._pass = _First(iter(self.data), self.count, self._given)
        self._given = 0
        return self._pass

    def __len__(self) -> int:
        return min(self.count, len(self.data))  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        # Only if the data has it: whoever resumes a pass asks first.
        if name in ("data", "count") or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        found = getattr(self.data, name)
        return getattr(self, f"_{name}") if name in ("state_dict", "load_state_dict") else found

    def _state_dict(self) -> dict[str, Any]:
        given = self._given if self._pass is None else self._pass.given
        return {"given": given, "data": self.data.state_dict()}  # type: ignore[attr-defined]

    def _load_state_dict(self, state: dict[str, Any]) -> None:
        self._given, self._pass = state["given"], None
        self.data.load_state_dict(state["data"])  # type: ignore[attr-defined]


class _First:
    """One pass; it can skip batches where the data's own can."""

    def __init__(self, iterator: Iterator[Any], count: int, given: int) -> None:
        self._iterator, self._count, self.given = iterator, count, given

    def __iter__(self) -> _First:
        return self

    def __next__(self) -> Any:
        self._take(1)
        return next(self._iterator)

    @property
    def skip(self) -> Callable[[int], None]:
        inner = self._iterator.skip  # type: ignore[attr-defined]

        def skip(batches: int) -> None:
            self._take(batches)
            inner(batches)

        return skip

    def _take(self, batches: int) -> None:
        if self.given + batches > self._count:
            raise StopIteration
        self.given += batches
