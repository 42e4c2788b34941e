"""What training gave, epoch by epoch, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["History"]


@dataclass
class History:
    """What training gave: a record an epoch, and how it ended. `history["validation/loss"]` is a list, one an epoch.

    `notes` are sentences of plugins' on what came of it, such as which epoch's weights were kept.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    status: str = "running"
    reason: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def final(self) -> dict[str, Any]:
        """The last epoch's record."""
        return self.records[-1]

    def __getitem__(self, name: str) -> list[Any]:
        return [record[name] for record in self.records]
