"""Setting some names of a module or object for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def switched(owner: Any, values: dict[str, Any]) -> Iterator[None]:
    """Inside, these attributes of the owner have these values."""
    before = {name: getattr(owner, name) for name in values}
    vars(owner).update(values)
    try:
        yield
    finally:
        vars(owner).update(before)
